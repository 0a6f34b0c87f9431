"""The page behind the link in an alert: claim a lead with one tap, without log-in or script.

A GET changes nothing, because mail scanners and previews follow links. Only the button (POST) claims.
"""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from core import clock
from core.db.retry import retry_transaction
from core.errors import DomainError
from leads.alert_replies import alert_text_of
from leads.lifecycle.claims import AlreadyClaimed, claim, decline
from leads.models import Lead, LeadOffer
from leads.notifications import claim_links
from leads.notifications.alert_text import LeadAlertText

Status = LeadOffer.Status
NO_CHOICE = "Send claim or decline. Nothing has changed."


# No cookie is read, so a forged request is impossible: the link itself is the permission to claim.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class ClaimPage(View):
    """`/c/<token>`: GET shows the preview of the team, POST claims or declines the lead."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        if (found := self.found(token, clock.now())) is None:
            return self.unknown(request)
        offer, _ = found
        return self.page(request, offer, heading=heading_of(offer))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        now = clock.now()
        if (found := self.found(token, now)) is None:
            return self.unknown(request)
        offer, through = found
        try:
            if not self.act(request, offer, through, now):
                return self.page(request, offer, heading=heading_of(offer), status=400, notice=NO_CHOICE)
        except AlreadyClaimed:
            return self.page(
                request, offer, heading="Already claimed", status=409, notice=alert_text_of(offer).already_claimed_text
            )
        except DomainError as refusal:
            return self.page(request, offer, heading="No longer open", status=refusal.status, notice=str(refusal))
        if offer.status == Status.CLAIMED:
            return self.page(request, offer, heading="The lead is yours", details=LeadAlertText(offer.lead))
        return self.page(request, offer, heading="You declined this lead")

    def found(self, token: str, now: datetime) -> tuple[LeadOffer, Lead.ClaimedThrough] | None:
        """Return the offer and the kind of its link; None if the link is invalid or expired."""
        if (reference := claim_links.read_token(token)) is None:
            return None
        offers = LeadOffer.objects.select_related("user", "team", "lead__contact", "lead__source")
        offer = offers.filter(pk=reference[0], user__is_active=True).first()
        return (offer, reference[1]) if offer and not claim_links.is_expired(offer, now) else None

    @retry_transaction
    def act(self, request: HttpRequest, offer: LeadOffer, through: Lead.ClaimedThrough, now: datetime) -> bool:
        """Claim or decline. Return False if the body names neither or both."""
        match "claim" in request.POST, "decline" in request.POST:
            case True, False:
                claim(offer, through=through, now=now)
            case False, True:
                decline(offer, now=now)
            case _:
                return False
        return True

    def unknown(self, request: HttpRequest) -> HttpResponse:
        return self.page(request, None, heading="This link does not work", status=404)

    def page(self, request: HttpRequest, offer: LeadOffer | None, *, status: int = 200, **context: Any) -> HttpResponse:
        story = alert_text_of(offer) if offer else None
        is_mine = offer is not None and offer.status == Status.CLAIMED
        is_open = offer is not None and offer.status == Status.SENT and offer.lead.claimed_by_user_id is None
        context |= {"offer": offer, "story": story, "is_mine": is_mine, "is_open": is_open and status == 200}
        answer = render(request, "leads/claim.html", context, status=status)
        answer["Referrer-Policy"] = "no-referrer"  # the URL is the key
        answer["X-Robots-Tag"] = "noindex"
        return answer


def heading_of(offer: LeadOffer) -> str:
    """Return a heading about the state of the offer."""
    if offer.status == Status.SENT and offer.lead.claimed_by_user_id is None:
        return "A lead for you"
    if offer.status == Status.CLAIMED:
        return "The lead is yours"
    if offer.status == Status.DECLINED:
        return "You declined this lead"
    return "Already claimed" if offer.lead.claimed_by_user_id else "No longer open"
