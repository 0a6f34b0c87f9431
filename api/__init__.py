"""How this service speaks HTTP: the dialect of LionDesk's API."""
