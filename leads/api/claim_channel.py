"""How a claim arrives: through the API or the admin."""

from typing import Any

from api.internal_client import FULL_ACCESS
from leads.models import Lead


def claim_channel(request: Any) -> Lead.ClaimedThrough:
    """Return how the request claims. The admin calls the same resources with its own authorization."""
    is_admin = request.auth is FULL_ACCESS
    return Lead.ClaimedThrough.ADMIN if is_admin else Lead.ClaimedThrough.API
