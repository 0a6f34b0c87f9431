"""The admin site, and its model pages as a client of the API."""

from api.admin import parked_rows

__all__ = ["parked_rows"]
