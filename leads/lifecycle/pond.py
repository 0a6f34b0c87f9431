"""The pond: leads that no member claimed in time. Any member of the team may claim one."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from core.errors import Conflict
from core.reasons import Reason
from leads.lifecycle.claims import (
    LEAD_CLAIMED,
    AlreadyClaimed,
    assign_claim,
    cancel_claim_alerts,
    default_claim_channel,
    end_columns,
    end_other_offers,
    lock_lead,
    require_not_merged,
)
from leads.models import Lead, LeadOffer, LeadQuerySet, PondLead
from leads.reasons import EndReason
from teams.models import Team, TeamMember, User

Status = LeadOffer.Status

CLAIMED_FROM_POND: Final = Reason(EndReason.TAKEN_FROM_POND)


class NotInPond(Conflict):
    """This lead is not in the pond."""


def pond_leads(user: User) -> "LeadQuerySet":
    """Return the leads that this user may claim: the ponds of the teams they created or belong to."""
    waiting = PondLead.objects.filter(ponded_at__isnull=False, claimed_by_user=None, merged_into=None)
    return waiting.filter(in_team_of(user))


def team_leads(user: User) -> LeadQuerySet:
    """Return the leads that are or were with this user's teams, also claimed ones, for which the answer is a 409."""
    was_theirs = LeadOffer.objects.filter(in_team_of(user), lead=OuterRef("pk"))
    return Lead.objects.filter(in_team_of(user) | Exists(was_theirs))


def in_team_of(user: User) -> Q:
    """Match leads or offers of teams that the user created, or is an accepted member of."""
    accepted = TeamMember.objects.accepted().filter(user=user)
    return Q(team__in=accepted.values("team")) | Q(team__in=Team.objects.filter(creator=user).values("pk"))


@transaction.atomic
def claim_from_pond(lead: Lead, user: User, *, through: Lead.ClaimedThrough, now: datetime, via: str = "") -> Lead:
    """Claim a lead of the pond for a member of its team. Claiming it again changes nothing.

    Raises LeadIsMerged, AlreadyClaimed or NotInPond.
    """
    lead = lock_lead(lead.pk)
    require_not_merged(lead)
    if lead.claimed_by_user_id == user.pk:
        return lead
    if lead.claimed_by_user_id is not None:
        raise AlreadyClaimed
    if not pond_leads(user).filter(pk=lead.pk).exists():  # checked again after the lock
        raise NotInPond
    cancel_claim_alerts(lead.offers.all(), reason=LEAD_CLAIMED, now=now)
    offer = claim_own_offer(lead, user, now)
    assign_claim(lead, user, through=through, via=via or default_claim_channel(offer), now=now)
    end_other_offers([lead.pk], now=now)
    return lead


def claim_own_offer(lead: Lead, user: User, now: datetime) -> LeadOffer:
    """Mark the user's offer of this round as claimed, or create it."""
    defaults = {"team_id": lead.team_id, "position": lead.offers.count(), "notify_at": now, "created_at": now}
    claim = {"status": Status.CLAIMED, "settled_at": now} | end_columns(CLAIMED_FROM_POND)
    key = {"lead": lead, "user": user, "round": lead.distribution_round}
    offer, _ = LeadOffer.objects.update_or_create(**key, defaults=claim, create_defaults=defaults | claim)
    return offer
