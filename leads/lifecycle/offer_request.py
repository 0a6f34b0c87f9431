"""Offering a lead because somebody asks for it: `POST /leads/:id/offers`."""

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
    """The offers of a lead, and whether they were only now made."""

    offers: list[LeadOffer]
    is_new: bool


@transaction.atomic
def offer_lead(lead: Lead, *, caller: User, now: datetime) -> Rollout:
    """Offer a lead to its team on request; while a rollout stands, that is the answer."""
    lead = lock_lead(lead.pk)
    if lead.is_duplicate and lead.merged_into_id is not None:  # the first lead's offers are the answer
        lead = lock_lead(lead.merged_into_id)
    require_not_merged(lead)
    team = require_team(lead, caller)
    standing = list(lead.offers.filter(round=lead.round))
    is_automatic = was_offered_automatically(lead, standing)
    if lead.claimed_by_user_id is not None and not is_automatic:
        raise AlreadyClaimed
    if lead.claimed_by_user_id is not None or any(offer.status == Status.PENDING for offer in standing):
        return Rollout(standing, is_new=False)
    is_open = any(offer.status == Status.SENT for offer in standing)  # somebody may still claim it
    pasts, start = load_histories([lead]), first_offer_at(lead, now)
    if (is_open or is_automatic) and load_roster(team, start).plan(pasts[lead.pk].user_ids, start).is_empty:
        return Rollout(standing, is_new=False)
    is_returning = lead.route is not None and lead.route.is_returning_to_claimer
    asked = trace(lead, Kind.PLANNED, EventCode.OFFERS_REQUESTED, now=now, actor=caller, team_id=team.pk)
    plan = distribute(lead, pasts, is_returning=is_returning, start=start, now=now)
    if plan.is_empty and team.fallback_target is None and lead.claimed_by_user_id is None:
        reason = no_recipients(team, plan)
        raise CannotOffer(reason_text(*reason), data=reason.as_json())  # which undoes what was done
    save_plan(lead, asked, plan, is_automatic=is_automatic)
    made = lead.offers.filter(round=lead.round).exclude(pk__in=[offer.pk for offer in standing])
    return Rollout(list(made), is_new=True)


def require_team(lead: Lead, caller: User) -> Team:
    """The lead's team, if this caller may offer it there; else the condition that is not met."""
    if lead.owner_user_id != caller.pk:
        raise CannotOffer("Only the user who created this lead can offer it.")
    if lead.distribution_target != DistributionTarget.TEAM_ROLLOUT or lead.team is None:
        raise CannotOffer(f"The distribution target of this lead is {lead.distribution_target}, not Team Rollout.")
    if lead.team.creator_id != caller.pk:
        raise CannotOffer(f"The team {lead.team.name} was not created by you.")
    return lead.team


def was_offered_automatically(lead: Lead, standing: Collection[LeadOffer]) -> bool:
    """Whether the server itself offered this lead when it came in."""
    return bool(standing) and RoutingTrace.objects.filter(lead=lead, decision__is_automatic=True).exists()


def first_offer_at(lead: Lead, now: datetime) -> datetime:
    """When the first turn is: a lead that came in outside the open hours of its route may be held until they begin."""
    trace = RoutingTrace.objects.filter(lead=lead).values_list("decision__starts_at", flat=True).first()
    return max(now, datetime.fromisoformat(trace)) if trace else now


def no_recipients(team: Team, plan: Plan) -> Reason:
    """Why no member of the team can be offered the lead."""
    if not plan.skipped:
        return Reason(NoRecipients.NONE_SET_UP, {"team_id": team.pk})
    skipped = [each.as_json() for each in plan.skipped]
    return Reason(NoRecipients.ALL_SKIPPED, {"team_id": team.pk, "skipped": skipped})


def save_plan(lead: Lead, asked: TraceEntry, plan: Plan, *, is_automatic: bool) -> None:
    """Note what came of the request for offers: with it, and with the routing of a lead that had no plan yet."""
    if not plan.is_empty:  # else the entry of its fallback tells
        asked.details |= plan_json(plan)
        asked.save(update_fields=["details"])
    if not is_automatic:
        RoutingTrace.objects.filter(lead=lead).update(**plan_json(plan))
