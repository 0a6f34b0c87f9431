"""Offer leads to teams, one row per member with the time of their turn, and follow fallbacks.

Leads are processed team by team: the number of statements does not depend on the number of leads.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final, cast

from django.conf import settings
from django.db import connection

from core import scheduler
from core.db.bulk import bulk_insert_sql, bulk_update_sql
from core.reasons import Reason
from leads.distribution.fallback import POND, TEAM, USER, FallbackPolicy, FallbackStep, next_fallback
from leads.distribution.offer_plan import Plan
from leads.distribution.process import return_to_claimer
from leads.distribution.roster import load_roster, lock_round_robins, save_rotation
from leads.history.trace_log import trace, trace_all, trace_entry, with_alerts
from leads.lifecycle.claims import LEAD_CLAIMED, assign_claims, cancel_claim_alerts, end_other_offers
from leads.models import Lead, LeadOffer, TraceEntry
from leads.notifications import notices
from leads.reasons import EventCode, FallbackReason
from teams.models import Team, User
from teams.setup_warnings import fallback_user_reason
from teams.visibility import in_ids

Status = LeadOffer.Status
Kind = TraceEntry.Kind

PLANNED_COLUMNS: Final = {
    "user_id": "bigint",
    "team_id": "bigint",
    "rank": "int",
    "position": "int",
    "notify_at": "timestamptz",
    "closes_at": "timestamptz",
    "assign_automatically": "boolean",
    "has_call_alert": "boolean",
    "has_text_alert": "boolean",
    "has_email_alert": "boolean",
}
OFFER_COLUMNS: Final = (
    {"lead_id": "bigint", "round": "smallint"}
    | PLANNED_COLUMNS
    | {"created_at": "timestamptz", "status": "text", "end_code": "text", "reply_phone": "text"}
)
offer_values: Final = attrgetter(*PLANNED_COLUMNS)

# The progress of a lead in distribution.
PROGRESS_COLUMNS: Final = {
    "id": "bigint",
    "team_id": "bigint",
    "fallback_count": "smallint",
    "falls_back_at": "timestamptz",
    "alarm_at": "timestamptz",
    "ponded_at": "timestamptz",
}
progress_values: Final = attrgetter(*PROGRESS_COLUMNS)


@dataclass(slots=True)
class OfferHistory:
    """Earlier recipients of a lead."""

    user_ids: set[int] = field(default_factory=set)  # offered in this round, or declined or returned in any
    team_ids: set[int] = field(default_factory=set)  # offered in this round
    returned_user_ids: set[int] = field(default_factory=set)  # lost or returned the lead after a claim
    claimer_user_id: int | None = None  # earlier claimer who gets the lead when it starts


OfferHistories = dict[int, OfferHistory]  # by lead id
HISTORY_COLUMNS: Final = ("lead_id", "user_id", "team_id", "round", "status")

STEP_KINDS: Final = {TEAM: Kind.FELL_BACK, POND: Kind.IN_POND, USER: Kind.ASSIGNED, None: Kind.NO_MEMBER}


def distribute(lead: Lead, histories: OfferHistories, *, is_returning: bool, start: datetime, now: datetime) -> Plan:
    """Offer a lead to its team, or assign it to the contact's last claimer, if its route has that option."""
    if is_returning and assign_to_earlier_claimer(lead, histories[lead.pk], start=start, now=now):
        return Plan()
    return offer_all([lead], histories, now=now, start=start)[lead.pk]


def assign_to_earlier_claimer(lead: Lead, history: OfferHistory, *, start: datetime, now: datetime) -> bool:
    """Assign the lead to the member who claimed the contact's last one, if they can take it. Trace either result.

    If the lead is held until an opening and they are available then, they get the first turn.
    """
    previous_lead = earlier_claim(lead)
    if previous_lead is None or previous_lead.claimed_by_user_id is None:
        return False
    user_id = previous_lead.claimed_by_user_id
    unavailable = load_roster(require_team(lead), now).skip_reason(user_id, now)

    def is_available_at_start() -> bool:
        return user_id not in history.user_ids and not load_roster(require_team(lead), start).skip_reason(
            user_id, start
        )

    code = return_to_claimer(unavailable, is_available_at_start, start=start, now=now)
    if unavailable is None:
        message_ids = assign(lead, cast(User, previous_lead.claimed_by_user), now=now)
        ids: dict[str, Any] = {"user_id": user_id, "earlier_lead_id": previous_lead.pk}
        trace(lead, Kind.ASSIGNED, code, now=now, alerts=message_ids, **ids)
        return True
    if code == EventCode.EARLIER_CLAIMER_LATER:
        history.claimer_user_id = user_id
    ids = {"earlier_claimer_user_id": user_id, "earlier_lead_id": previous_lead.pk}
    trace(lead, Kind.PLANNED, code, now=now, because=unavailable.as_json(), **ids)
    return False


def earlier_claim(lead: Lead) -> Lead | None:
    """Return the contact's last lead that a member of a team claimed. Leads without a team do not count."""
    claimed = Lead.objects.filter(contact=lead.contact_id, claimed_by_user__isnull=False, team__isnull=False)
    return claimed.exclude(pk=lead.pk).select_related("claimed_by_user").order_by("-claimed_at", "-pk").first()


def offer_all(
    leads: Sequence[Lead], histories: OfferHistories, *, now: datetime, start: datetime | None = None
) -> dict[int, Plan]:
    """Offer locked leads to their teams; if no member is available, follow the fallbacks.

    `start`: time of the first turns; None means `now`. Returns the plan of each lead's own team by lead id, for the
    caller to trace. A round robin processes the leads in this order.
    """
    first_of = {lead.team_id or 0: lead for lead in reversed(leads)}
    if any(may_use_round_robin(require_team(lead)) for lead in first_of.values()):
        lock_round_robins(first_of)
    with saving_progress(leads):
        planned = offer_to_teams(leads, histories, start or now, now)
        follow_fallbacks([(lead, plan) for lead, plan in planned if plan.is_empty], histories, start or now, now)
    return {lead.pk: plan for lead, plan in planned}


def may_use_round_robin(team: Team) -> bool:
    """Whether a lead of this team may use a round robin, in this team or in a fallback."""
    return team.order_method == Team.OrderMethod.ROUND_ROBIN or team.fallback_team_id is not None


def fall_back(leads: Sequence[Lead], *, now: datetime) -> None:
    """Move locked leads to the fallbacks of their teams after their last offers ended."""
    lock_round_robins({lead.team_id or 0 for lead in leads})
    with saving_progress(leads):
        follow_fallbacks([(lead, None) for lead in leads], load_histories(leads), now, now)


def follow_fallbacks(
    unoffered: Sequence[tuple[Lead, Plan | None]], histories: OfferHistories, start: datetime, now: datetime
) -> None:
    """Follow fallbacks until a member is available or there is no further team. First turns are at `start`."""
    while unoffered:
        moved = move_to_fallbacks(unoffered, histories, now)
        planned = offer_to_teams(moved, histories, start, now)
        offered = [(lead, plan) for lead, plan in planned if not plan.is_empty]
        trace_all([trace_entry(lead, Kind.PLANNED, offered_to_team_reason(lead), now, plan) for lead, plan in offered])
        unoffered = [(lead, plan) for lead, plan in planned if plan.is_empty]


def offered_to_team_reason(lead: Lead) -> Reason:
    return Reason(EventCode.OFFERED_TO_TEAM, {"team_id": lead.team_id})


def load_histories(leads: Sequence[Lead]) -> OfferHistories:
    """Return the history of each lead, from its offers."""
    histories = {lead.pk: OfferHistory() for lead in leads}
    rounds = {lead.pk: lead.distribution_round for lead in leads}
    offers = LeadOffer.objects.filter(in_ids("lead_id", list(histories)))
    for lead_id, user_id, team_id, number, status in offers.order_by().values_list(*HISTORY_COLUMNS):
        history, is_now = histories[lead_id], number == rounds[lead_id]
        if is_now or status in (Status.DECLINED, Status.RETURNED):
            history.user_ids.add(user_id)
        if is_now:
            history.team_ids.add(team_id)
        if status == Status.RETURNED:
            history.returned_user_ids.add(user_id)
    return histories


def offer_to_teams(
    leads: Sequence[Lead], histories: OfferHistories, start: datetime, now: datetime
) -> list[tuple[Lead, Plan]]:
    """Plan and save the offers of these leads. Return each lead with its plan. The round robins are locked."""
    by_team: dict[int, list[Lead]] = defaultdict(list)
    for lead in leads:
        by_team[lead.team_id or 0].append(lead)
    planned = [pair for team_id in sorted(by_team) for pair in plan_for_team(by_team[team_id], histories, start, now)]
    create_offers(planned, histories, now=now)
    return planned


def plan_for_team(
    leads: Sequence[Lead], histories: OfferHistories, start: datetime, now: datetime
) -> list[tuple[Lead, Plan]]:
    """Plan the offers of these leads of one team, one lead after the other."""
    team = require_team(leads[0])
    roster = load_roster(team, start)
    planned: list[tuple[Lead, Plan]] = []
    for lead in leads:
        plan = roster.plan(histories[lead.pk].user_ids, start, histories[lead.pk].claimer_user_id)
        planned.append((lead, plan))
        histories[lead.pk].team_ids.add(team.pk)
        roster = roster.with_plan_applied(plan, start)
        lead.team = team
        set_deadlines(lead, team, plan, now)
    save_rotation(roster)
    return planned


def require_team(lead: Lead) -> Team:
    if lead.team is None:
        raise ValueError(f"Lead {lead.pk} has no team.")  # a programming error
    return lead.team


def set_deadlines(lead: Lead, team: Team, plan: Plan, now: datetime) -> None:
    """Set when an unclaimed lead falls back, and when its team lead is alerted."""
    is_followed = team.fallback_target is not None or team.is_exclusive_window
    lead.falls_back_at = plan.ends_at if is_followed else None
    if team.mins_until_alarm is not None and lead.alarm_at is None and plan.offers:
        lead.alarm_at = max(now, plan.offers[0].notify_at) + timedelta(minutes=team.mins_until_alarm)


def create_offers(planned: Sequence[tuple[Lead, Plan]], histories: OfferHistories, *, now: datetime) -> None:
    """Save the planned offers, and trigger the jobs if one is due."""
    rows = [(lead.pk, lead.distribution_round, *offer_values(offer)) for lead, plan in planned for offer in plan.offers]
    if not rows:
        return
    columns = [*zip(*rows, strict=True), *([value] * len(rows) for value in (now, Status.PENDING, "", ""))]
    statement, parameters = bulk_insert_sql(LeadOffer._meta.db_table, OFFER_COLUMNS, columns)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    for lead, plan in planned:
        histories[lead.pk].user_ids.update(offer.user_id for offer in plan.offers)
    if any(offer.notify_at <= now for _, plan in planned for offer in plan.offers):
        scheduler.trigger("leads.jobs")


def move_to_fallbacks(
    unoffered: Sequence[tuple[Lead, Plan | None]], histories: OfferHistories, now: datetime
) -> list[Lead]:
    """Move each lead to its fallback. Return the leads that are now with another team."""
    leads = [lead for lead, _ in unoffered]
    fallbacks = load_fallback_policies({lead.team_id or 0 for lead in leads})
    moves = [(lead, plan, next_step(lead, histories[lead.pk], fallbacks)) for lead, plan in unoffered]
    waiting = [
        notices.UnclaimedLead(lead, is_never_offered(lead, plan), bool(histories[lead.pk].returned_user_ids))
        for lead, plan, step in moves
        if step.target is None
    ]
    entries = [trace_entry(lead, STEP_KINDS[step.target], step.reason, now, plan) for lead, plan, step in moves]
    for lead, _, step in moves:
        apply_fallback(lead, step, now)
    message_ids = assign_to_users([(lead, step.user_id or 0) for lead, _, step in moves if step.target == USER], now)
    message_ids |= notices.notify_pond([lead for lead, _, step in moves if step.target == POND], now=now)
    trace_all(with_alerts(entries, message_ids | notices.notify_owners(waiting, now=now)))
    return [lead for lead, _, step in moves if step.target == TEAM]


def next_step(lead: Lead, history: OfferHistory, fallbacks: Mapping[int, FallbackPolicy]) -> FallbackStep:
    """Return the next step of this lead. A user who lost or returned it does not get it again."""
    step = next_fallback(lead.team_id or 0, history.team_ids, lead.fallback_count, settings.MOST_FALLBACKS, fallbacks)
    if step.target == USER and step.user_id in history.returned_user_ids:
        details = {"from_team_id": lead.team_id, "fallback_user_id": step.user_id}
        return FallbackStep(Reason(FallbackReason.USER_HAD_LEAD, details))
    return step


def is_never_offered(lead: Lead, plan: Plan | None) -> bool:
    """Whether no member has ever been offered this lead."""
    return plan is not None and lead.fallback_count == 0 and lead.distribution_round == 0


def apply_fallback(lead: Lead, step: FallbackStep, now: datetime) -> None:
    """Set the destination of a lead. Leads for users are assigned together, by the caller."""
    lead.falls_back_at = None
    if step.target == TEAM:
        lead.team_id, lead.fallback_count = step.team_id, lead.fallback_count + 1
    elif step.target == POND:
        lead.ponded_at = now


def assign_to_users(assignments: Sequence[tuple[Lead, int]], now: datetime) -> notices.MessageIds:
    """Assign each lead to the user with this id."""
    ids = {user_id for _, user_id in assignments}
    users = {user.pk: user for user in User.objects.filter(in_ids("pk", ids))} if ids else {}
    return assign_all([(lead, users[user_id]) for lead, user_id in assignments], now=now)


def assign(lead: Lead, user: User, *, now: datetime) -> list[int]:
    """Assign a lead to a user without a claim, and notify them. Return the ids of the messages."""
    return assign_all([(lead, user)], now=now)[lead.pk]


def assign_all(assignments: Sequence[tuple[Lead, User]], *, now: datetime) -> notices.MessageIds:
    """Assign each lead to a user without a claim, and notify them. The caller has locked leads and contacts."""
    if not assignments:
        return {}
    lead_ids = [lead.pk for lead, _ in assignments]
    cancel_claim_alerts(LeadOffer.objects.filter(in_ids("lead_id", lead_ids)), reason=LEAD_CLAIMED, now=now)
    end_other_offers(lead_ids, now=now)
    assign_claims(assignments, through=Lead.ClaimedThrough.ASSIGNMENT, now=now)
    return notices.notify_assigned(assignments, now=now)


def load_fallback_policies(team_ids: Collection[int]) -> dict[int, FallbackPolicy]:
    """Return the fallback policy of each team, by team id."""
    teams = Team.objects.filter(in_ids("pk", team_ids)).with_fallback_user()
    return {team.pk: fallback_policy(team) for team in teams}


def fallback_policy(team: Team) -> FallbackPolicy:
    return FallbackPolicy(
        team.fallback_target, team.fallback_team_id, team.fallback_user_id, fallback_user_reason(team)
    )


@contextmanager
def saving_progress(leads: Sequence[Lead]) -> Iterator[None]:
    """Save the progress of these leads at the end, where it changed."""
    before = [progress_values(lead) for lead in leads]
    yield
    moved = [now for lead, then in zip(leads, before, strict=True) if (now := progress_values(lead)) != then]
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(*bulk_update_sql(Lead._meta.db_table, PROGRESS_COLUMNS, list(zip(*moved, strict=True))))
