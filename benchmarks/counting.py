"""The service for gunicorn, were it to count the contacts of every list instead of keeping their totals."""

from config.wsgi import application
from crm import contact_counts

__all__ = ["application"]

contact_counts.is_maintained = lambda query: False
