"""The service for gunicorn, were it to count the contacts of every list instead of keeping their totals."""

from config.wsgi import application
from crm import totals

__all__ = ["application"]

totals.is_maintained = lambda query: False
