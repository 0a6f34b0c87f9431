"""Receive a lead: route it, record consent, distribute it and start its campaign."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from campaigns.enrollment import enroll
from campaigns.models import Campaign
from core.reasons import Reason
from crm.models import Contact
from leads.distribution.offer_plan import Plan
from leads.history.trace_log import plan_json, trace_all, trace_entry
from leads.lifecycle.claims import assign_or_share_contact, mark_claimed
from leads.lifecycle.duplicates import find_original
from leads.lifecycle.merge import DETAIL_FIELDS, TEXT_FIELDS, fill_blanks
from leads.lifecycle.offers import OfferHistory, distribute
from leads.models import DistributionTarget, Lead, LeadRoute, RoutingTrace, TraceEntry
from leads.notifications import notices
from leads.reasons import EventCode
from leads.routing.matching import Calendar, Inquiry, normalize_postal_codes
from leads.routing.price_parsing import parse_price
from leads.routing.router import Decision, Rule, TeamServiceArea, pick_route
from leads.routing.routes import load_routes, rule_from_route
from messaging import consent
from teams.models import Team, User


@transaction.atomic(savepoint=False)
def receive_lead(
    *,
    owner: User,
    contact: Contact,
    now: datetime,
    auto_distribute: bool = False,
    numbers: Sequence[str] | None = None,
    **fields: Any,
) -> Lead:
    """Receive a lead for `owner` and distribute it by their routes.

    `auto_distribute`: offer it and start its campaign even if the route is not automatic, as for a texted lead.
    `numbers`: the phone numbers in the inquiry; None means all numbers of the contact.
    """
    routes = load_routes(owner)
    lead = Lead(owner_user=owner, contact=contact, created_at=now, modified_at=now, **fields)
    decision = decide_route(lead, routes, now)
    is_automatic = auto_distribute or any(route.is_automatic for route in routes if route.pk == decision.route_id)
    apply_decision(lead, decision, now=now)
    original = find_original(lead)
    lead.merged_into, lead.is_duplicate = original, original is not None
    lead.save()
    record_consent(lead, contact.numbers if numbers is None else numbers, now=now)
    if original is not None:
        add_to_original(lead, original, decision, now=now)
        return lead
    plan, message_ids = distribute_or_notify(lead, decision, is_automatic=is_automatic, now=now)
    if is_automatic and decision.campaign_id is not None:
        start_campaign(lead, decision.campaign_id, now=now)
    RoutingTrace.objects.create(
        lead=lead,
        decided_at=now,
        decision=decision.as_json() | {"is_automatic": is_automatic, "alerts": message_ids},
        **plan_json(plan),
    )
    return lead


def add_to_original(lead: Lead, original: Lead, decision: Decision, *, now: datetime) -> None:
    """Add what is new in an inquiry that was sent again to the first lead, and trace it on both.

    The duplicate is offered to no member, starts no campaign and notifies no user: the first lead does.
    """
    fill_blanks(original, lead)
    original.save(update_fields=[*DETAIL_FIELDS, *TEXT_FIELDS])
    RoutingTrace.objects.create(
        lead=lead, decided_at=now, decision=decision.as_json() | {"is_automatic": False, "alerts": []}
    )
    reason = Reason(EventCode.DUPLICATE, {"lead_id": lead.pk, "into_lead_id": original.pk})
    trace_all([trace_entry(each, TraceEntry.Kind.MERGED, reason, now) for each in (lead, original)])


def decide_route(lead: Lead, routes: list[LeadRoute], now: datetime) -> Decision:
    """Return the routing decision for the lead."""
    rules = [rule_from_route(route) for route in routes]
    return pick_route(build_inquiry(lead, now), rules, load_service_areas(lead.owner_user, rules))


def build_inquiry(lead: Lead, at: datetime) -> Inquiry:
    """Return the lead as routing sees it, received at that time."""
    return Inquiry(
        lead_source_id=lead.source_id,
        contact_source=lead.contact.source.name if lead.contact.source else "",
        type=lead.type,
        zipcode=lead.zipcode,
        city=lead.city,
        listing_status=lead.listing_status,
        price=parse_price(lead.listing_price),
        at=at,
    )


def load_service_areas(owner: User, rules: list[Rule]) -> list[TeamServiceArea]:
    """Return the service areas of the owner's teams; [] if no rule selects a team by ZIP code."""
    if not any(rule.team_selection_method == LeadRoute.TeamSelection.ZIPCODE for rule in rules):
        return []
    return service_areas(Team.objects.filter(creator=owner).exclude(distribution_zipcodes=""), owner)


def service_areas(teams: Iterable[Team], owner: User) -> list[TeamServiceArea]:
    """Return the service areas of these teams of the owner."""
    return [
        TeamServiceArea(team.pk, normalize_postal_codes(team.distribution_zipcodes), team_calendar(team, owner))
        for team in teams
    ]


def team_calendar(team: Team, owner: User) -> Calendar:
    """Return the calendar of a team that the owner created."""
    return Calendar(ZoneInfo(team.timezone or owner.timezone), frozenset(team.holidays))


def apply_decision(lead: Lead, decision: Decision, *, now: datetime) -> None:
    """Set the destination of the lead. A lead that stays with its owner is claimed by them immediately."""
    lead.route_id = decision.route_id
    lead.team_id = decision.team_id
    lead.distribution_target = decision.target
    if decision.target == DistributionTarget.MYSELF:
        posted = lead.claimed_via if lead.claimed_via != Lead.ClaimedVia.NONE else ""
        mark_claimed(lead, lead.owner_user, through=Lead.ClaimedThrough.ASSIGNMENT, via=posted, now=now)


def record_consent(lead: Lead, numbers: Sequence[str], *, now: datetime) -> None:
    """Record that the person inquired: they may be texted about it at these numbers."""
    source = lead.source.name if lead.source else "no named source"
    text = lead.text_body or lead.html_body
    consent.grant(numbers, f"lead {lead.pk} from {source}", text, lead.contact, now)


def distribute_or_notify(
    lead: Lead, decision: Decision, *, is_automatic: bool, now: datetime
) -> tuple[Plan, list[int]]:
    """Notify the owner, or offer an automatic lead to its team. Return the plan and the ids of the messages."""
    if lead.distribution_target == DistributionTarget.MYSELF:
        assign_or_share_contact(lead, lead.owner_user, now=now)
        return Plan(), notices.notify_owner(lead, now=now)[lead.pk]
    if not is_automatic:
        return Plan(), []
    start, is_returning = decision.starts_at or now, decision.is_returning_to_claimer
    return distribute(lead, {lead.pk: OfferHistory()}, is_returning=is_returning, start=start, now=now), []


def start_campaign(lead: Lead, campaign_id: int, *, now: datetime) -> None:
    """Start the campaign of the route, if its owner may still use it."""
    campaign = Campaign.objects.visible_to(lead.owner_user).filter(pk=campaign_id).first()
    if campaign is not None:
        enroll(campaign=campaign, contact=lead.contact, started_by=lead.owner_user, now=now)
