"""Offering a lead to a team: one row a member, with the moment of their turn (design 6)."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.db.models import Exists, OuterRef

from config import due
from config.errors import DomainError
from leads.claims import AlreadyClaimed, hold_lead
from leads.models import DistributionTarget, Lead, LeadOffer, RoutingTrace
from leads.rollout import Option, Plan, RolloutTeam, plan_rollout
from messaging import consent
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User


class CannotOffer(DomainError):
    """This lead cannot be offered."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """The offers of a lead, and whether they were only now made."""

    offers: list[LeadOffer]
    is_new: bool


@transaction.atomic
def offer_lead(lead: Lead, *, caller: User, now: datetime) -> Rollout:
    """Offer a lead to its team on request; while a rollout stands, that is the answer."""
    lead = hold_lead(lead.pk)
    team = team_to_offer_to(lead, caller)
    standing = list(lead.offers.all())
    is_automatic = was_offered_unasked(lead, standing)
    if lead.claimed_by_user_id is not None and not is_automatic:
        raise AlreadyClaimed
    if lead.claimed_by_user_id is not None or any(offer.status == LeadOffer.Status.PENDING for offer in standing):
        return Rollout(standing, is_new=False)
    plan = plan_for(team, {offer.user_id for offer in standing}, now)
    is_open = any(offer.status == LeadOffer.Status.SENT for offer in standing)  # somebody may still claim it
    if not plan.offers and (is_open or is_automatic):
        return Rollout(standing, is_new=False)
    if not plan.offers:
        raise CannotOffer(nobody_to_tell(team, plan))
    note_skipped(lead, plan)
    return Rollout(make_offers(lead, plan, now=now), is_new=True)


def team_to_offer_to(lead: Lead, caller: User) -> Team:
    """The lead's team, if this caller may offer it there; else the condition that is not met."""
    if lead.owner_user_id != caller.pk:
        raise CannotOffer("Only the user who created this lead can offer it.")
    if lead.distribution_target != DistributionTarget.TEAM_ROLLOUT or lead.team is None:
        raise CannotOffer(f"The distribution target of this lead is {lead.distribution_target}, not Team Rollout.")
    if lead.team.creator_id != caller.pk:
        raise CannotOffer(f"The team {lead.team.name} was not created by you.")
    return lead.team


def was_offered_unasked(lead: Lead, standing: Collection[LeadOffer]) -> bool:
    """Whether the server itself offered this lead when it came in."""
    return bool(standing) and RoutingTrace.objects.filter(lead=lead, decision__is_automatic=True).exists()


def nobody_to_tell(team: Team, plan: Plan) -> str:
    """Why no member of the team can be offered the lead."""
    reasons = "; ".join(f"user {skipped.user_id}: {skipped.reason}" for skipped in plan.skipped)
    return f"No member of the team {team.name} can be told: {reasons or 'it has no distribution options'}."


def note_skipped(lead: Lead, plan: Plan) -> None:
    """Keep in the lead's trace who was passed over this time."""
    RoutingTrace.objects.filter(lead=lead).update(skipped=[asdict(skipped) for skipped in plan.skipped])


def plan_for(team: Team, already_offered: Collection[int], now: datetime) -> Plan:
    """The turns of this team's members."""
    as_planned = RolloutTeam(team.pk, team.order_method, team.mins_until_next_alert)
    return plan_rollout(as_planned, options_of(team), already_offered, now)


def options_of(team: Team) -> list[Option]:
    """The team's distribution options, with what decides whether each member can be told."""
    accepted = TeamMember.objects.accepted().filter(team=team, user=OuterRef("user"))
    rows = list(
        TeamMemberDistributionOption.objects.filter(team=team)
        .select_related("user")
        .annotate(is_accepted=Exists(accepted))
        .order_by("pk")
    )
    phones = {row.user.phone_e164 for row in rows if row.has_text_alert and row.user.phone_e164}
    states = consent.states_of(phones)
    return [
        Option(
            id=row.pk,
            user_id=row.user_id,
            rank=row.rank,
            mins_until_lead_offer=row.mins_until_lead_offer,
            assign_automatically=row.assign_automatically,
            has_call_alert=row.has_call_alert,
            has_text_alert=row.has_text_alert,
            has_email_alert=row.has_email_alert,
            is_accepted=cast(Any, row).is_accepted,  # annotated above
            is_active=row.user.is_active,
            phone=row.user.phone_e164,
            has_opted_out=states.get(row.user.phone_e164, consent.NOTHING_KNOWN).opted_out,
            email=row.user.email,
        )
        for row in rows
    ]


def make_offers(lead: Lead, plan: Plan, *, now: datetime) -> list[LeadOffer]:
    """Write the plan down, and wake the engine if somebody's turn has come."""
    offers = LeadOffer.objects.bulk_create(
        LeadOffer(lead=lead, created_at=now, **asdict(planned)) for planned in plan.offers
    )
    if any(offer.notify_at <= now for offer in offers):
        due.nudge("leads.engine")
    return offers
