"""The pond: leads that nobody of a team claimed in time. Any member may take one, whenever they like."""

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

TAKEN_FROM_POND: Final = Reason(EndReason.TAKEN_FROM_POND)


class NotInPond(Conflict):
    """This lead is not in the pond."""


def pond_leads(user: User) -> "LeadQuerySet":
    """The leads that this user may take: those in the ponds of the teams they created or belong to."""
    waiting = PondLead.objects.filter(ponded_at__isnull=False, claimed_by_user=None, merged_into=None)
    return waiting.filter(in_team_of(user))


def team_leads(user: User) -> LeadQuerySet:
    """The leads that are or were with this user's teams, taken or not: whoever is too late is told so."""
    was_theirs = LeadOffer.objects.filter(in_team_of(user), lead=OuterRef("pk"))
    return Lead.objects.filter(in_team_of(user) | Exists(was_theirs))


def in_team_of(user: User) -> Q:
    """Whether the team of a lead or an offer is one that the user created or is in, also where its creator has left."""
    accepted = TeamMember.objects.accepted().filter(user=user)
    return Q(team__in=accepted.values("team")) | Q(team__in=Team.objects.filter(creator=user).values("pk"))


@transaction.atomic
def claim_from_pond(lead: Lead, user: User, *, through: Lead.ClaimedThrough, now: datetime, via: str = "") -> Lead:
    """Give a lead of the pond to a member of its team, or say why not. Their taking it again changes nothing."""
    lead = lock_lead(lead.pk)
    require_not_merged(lead)
    if lead.claimed_by_user_id == user.pk:
        return lead
    if lead.claimed_by_user_id is not None:
        raise AlreadyClaimed
    if not pond_leads(user).filter(pk=lead.pk).exists():  # asked anew: it is held now
        raise NotInPond
    cancel_claim_alerts(lead.offers.all(), reason=LEAD_CLAIMED, now=now)
    offer = claim_own_offer(lead, user, now)
    assign_claim(lead, user, through=through, via=via or default_claim_channel(offer), now=now)
    end_other_offers([lead.pk], now=now)
    return lead


def claim_own_offer(lead: Lead, user: User, now: datetime) -> LeadOffer:
    """Their offer of this round, claimed; one that was never made is made now."""
    place = {"team_id": lead.team_id, "position": lead.offers.count(), "notify_at": now, "created_at": now}
    taken = {"status": Status.CLAIMED, "settled_at": now} | end_columns(TAKEN_FROM_POND)
    own = {"lead": lead, "user": user, "round": lead.round}
    offer, _ = LeadOffer.objects.update_or_create(**own, defaults=taken, create_defaults=place | taken)
    return offer
