"""By which door a request of ours comes in: over HTTP, or from a page of the admin."""

from typing import Any

from api.internal_client import FULL_ACCESS
from leads.models import Lead


def claim_channel(request: Any) -> Lead.ClaimedThrough:
    """Return how a claim by this request of the API really came: the admin asks the same resources in its own name."""
    is_admin = request.auth is FULL_ACCESS
    return Lead.ClaimedThrough.ADMIN if is_admin else Lead.ClaimedThrough.API
