"""Pridedesk's frame: settings, URLs, the clock, due work, and how the service speaks HTTP."""
