"""Leads taken or turned down by the people they are offered to, in the admin."""
