"""Decide which lead route a lead takes, and keep the routes in order."""
