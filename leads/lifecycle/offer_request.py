"""Offer a lead on request: `POST /leads/:id/offers`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.errors import DomainError
from core.reasons import Reason, reason_text
from leads.distribution.offer_plan import Plan
from leads.distribution.roster import load_roster
from leads.history.trace_log import plan_json, trace
from leads.lifecycle.claims import AlreadyClaimed, lock_lead, require_not_merged
from leads.lifecycle.offers import distribute, load_histories
from leads.models import DistributionTarget, Lead, LeadOffer, RoutingTrace, TraceEntry
from leads.reasons import EventCode, NoRecipients
from teams.models import Team, User

Status = LeadOffer.Status
Kind = TraceEntry.Kind


class CannotOffer(DomainError):
    """This lead cannot be offered."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """The offers of a lead, and whether this request created them."""

    offers: list[LeadOffer]
    is_new: bool


@transaction.atomic
def offer_lead(lead: Lead, *, caller: User, now: datetime) -> Rollout:
    """Offer a lead to its team on request. If a rollout is in progress, return it.

    Raises CannotOffer, AlreadyClaimed or LeadIsMerged.
    """
    lead = lock_lead(lead.pk)
    if lead.is_duplicate and lead.merged_into_id is not None:  # return the offers of the first lead
        lead = lock_lead(lead.merged_into_id)
    require_not_merged(lead)
    team = require_team(lead, caller)
    current_offers = list(lead.offers.filter(round=lead.distribution_round))
    is_automatic = was_offered_automatically(lead, current_offers)
    if lead.claimed_by_user_id is not None and not is_automatic:
        raise AlreadyClaimed
    if lead.claimed_by_user_id is not None or any(offer.status == Status.PENDING for offer in current_offers):
        return Rollout(current_offers, is_new=False)
    is_open = any(offer.status == Status.SENT for offer in current_offers)
    histories, start = load_histories([lead]), first_offer_at(lead, now)
    if (is_open or is_automatic) and load_roster(team, start).plan(histories[lead.pk].user_ids, start).is_empty:
        return Rollout(current_offers, is_new=False)
    is_returning = lead.route is not None and lead.route.is_returning_to_claimer
    request_entry = trace(lead, Kind.PLANNED, EventCode.OFFERS_REQUESTED, now=now, actor=caller, team_id=team.pk)
    plan = distribute(lead, histories, is_returning=is_returning, start=start, now=now)
    if plan.is_empty and team.fallback_target is None and lead.claimed_by_user_id is None:
        reason = no_recipients(team, plan)
        raise CannotOffer(reason_text(*reason), data=reason.as_json())  # rolls back
    save_plan(lead, request_entry, plan, is_automatic=is_automatic)
    new_offers = lead.offers.filter(round=lead.distribution_round).exclude(
        pk__in=[offer.pk for offer in current_offers]
    )
    return Rollout(list(new_offers), is_new=True)


def require_team(lead: Lead, caller: User) -> Team:
    """Return the lead's team; raise CannotOffer if this caller may not offer the lead to it."""
    if lead.owner_user_id != caller.pk:
        raise CannotOffer("Only the user who created this lead can offer it.")
    if lead.distribution_target != DistributionTarget.TEAM_ROLLOUT or lead.team is None:
        raise CannotOffer(f"The distribution target of this lead is {lead.distribution_target}, not Team Rollout.")
    if lead.team.creator_id != caller.pk:
        raise CannotOffer(f"The team {lead.team.name} was not created by you.")
    return lead.team


def was_offered_automatically(lead: Lead, current_offers: Collection[LeadOffer]) -> bool:
    """Whether the lead was offered automatically when it was received."""
    return bool(current_offers) and RoutingTrace.objects.filter(lead=lead, decision__is_automatic=True).exists()


def first_offer_at(lead: Lead, now: datetime) -> datetime:
    """Return the time of the first turn: a lead may be held until its route opens."""
    trace = RoutingTrace.objects.filter(lead=lead).values_list("decision__starts_at", flat=True).first()
    return max(now, datetime.fromisoformat(trace)) if trace else now


def no_recipients(team: Team, plan: Plan) -> Reason:
    """Return why no member of the team can be offered the lead."""
    if not plan.skipped:
        return Reason(NoRecipients.NONE_SET_UP, {"team_id": team.pk})
    skipped = [each.as_json() for each in plan.skipped]
    return Reason(NoRecipients.ALL_SKIPPED, {"team_id": team.pk, "skipped": skipped})


def save_plan(lead: Lead, request_entry: TraceEntry, plan: Plan, *, is_automatic: bool) -> None:
    """Save the plan in the entry of the request, and in the routing trace of a lead that had no plan yet."""
    if not plan.is_empty:  # otherwise the entry of the fallback has it
        request_entry.details |= plan_json(plan)
        request_entry.save(update_fields=["details"])
    if not is_automatic:
        RoutingTrace.objects.filter(lead=lead).update(**plan_json(plan))
