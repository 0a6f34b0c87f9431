"""Business time. Every `*_at` column, due time, lease and expiry is measured by it.

It is read once, at an entry point, and handed down as `now`. In the sandbox it can be moved forward.
Wall time (`time.time`, `timezone.now`) stays for OAuth tokens, web sessions, throttles and `/readyz`.
"""

from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string


def now() -> datetime:
    """The present moment of the business, aware, in UTC."""
    moment: datetime = import_string(settings.CLOCK)()
    return moment
