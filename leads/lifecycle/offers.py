"""Offering leads to teams: one row a member, with the moment of their turn; and where a lead goes that nobody takes.

What is done to many leads at once costs as many statements as for one: they are taken team by team.
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
from leads.distribution.roster import load_roster, lock_round_robins, save_rotation
from leads.history.trace_log import trace, trace_all, trace_entry, with_alerts
from leads.lifecycle.claims import LEAD_CLAIMED, assign_claims, cancel_claim_alerts, end_other_offers
from leads.models import Lead, LeadOffer, TraceEntry
from leads.notifications import notices
from leads.reasons import EventCode, FallbackReason
from teams.models import Team, User
from teams.setup_warnings import fallback_user_reason
from teams.visibility import any_of

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

# How far a lead has come.
PROGRESS_COLUMNS: Final = {
    "id": "bigint",
    "team_id": "bigint",
    "hop": "smallint",
    "falls_back_at": "timestamptz",
    "alarm_at": "timestamptz",
    "ponded_at": "timestamptz",
}
progress_values: Final = attrgetter(*PROGRESS_COLUMNS)


@dataclass(slots=True)
class OfferHistory:
    """What a lead has behind it."""

    user_ids: set[int] = field(default_factory=set)  # who had it in this round, said no, or gave it back
    team_ids: set[int] = field(default_factory=set)  # to which it was offered in this round
    returned_user_ids: set[int] = field(default_factory=set)  # users from whom it was taken, or who gave it back
    claimer_user_id: int | None = None  # who claimed the contact's last one, if this one is to be theirs when it starts


OfferHistories = dict[int, OfferHistory]  # by lead
HISTORY_COLUMNS: Final = ("lead_id", "user_id", "team_id", "round", "status")

STEP_KINDS: Final = {TEAM: Kind.FELL_BACK, POND: Kind.IN_POND, USER: Kind.GIVEN, None: Kind.NOBODY}


def distribute(lead: Lead, pasts: OfferHistories, *, is_returning: bool, start: datetime, now: datetime) -> Plan:
    """Offer a lead to its team, or, where its route says so, give it to whoever claimed the contact's last one."""
    if is_returning and assign_to_earlier_claimer(lead, pasts[lead.pk], start=start, now=now):
        return Plan()
    return offer_all([lead], pasts, now=now, start=start)[lead.pk]


def assign_to_earlier_claimer(lead: Lead, past: OfferHistory, *, start: datetime, now: datetime) -> bool:
    """Give the lead to the member who claimed the contact's last one, if they can take it, and trace either.

    Of a lead that is held for later their turn may come first then.
    """
    earlier = earlier_claim(lead)
    if earlier is None or earlier.claimed_by_user_id is None:
        return False
    user_id = earlier.claimed_by_user_id
    reason = load_roster(require_team(lead), now).skip_reason(user_id, now)
    if reason is None:
        told = assign(lead, cast(User, earlier.claimed_by_user), now=now)
        ids: dict[str, Any] = {"user_id": user_id, "earlier_lead_id": earlier.pk}
        trace(lead, Kind.GIVEN, EventCode.EARLIER_CLAIM, now=now, alerts=told, **ids)
        return True
    code = EventCode.EARLIER_CLAIMER_UNAVAILABLE
    if (
        start > now
        and user_id not in past.user_ids
        and not load_roster(require_team(lead), start).skip_reason(user_id, start)
    ):
        past.claimer_user_id, code = user_id, EventCode.EARLIER_CLAIMER_LATER
    ids = {"earlier_claimer_user_id": user_id, "earlier_lead_id": earlier.pk}
    trace(lead, Kind.PLANNED, code, now=now, because=reason.as_json(), **ids)
    return False


def earlier_claim(lead: Lead) -> Lead | None:
    """The last lead of this contact that a member of a team claimed; its owner's own do not count."""
    earlier = Lead.objects.filter(contact=lead.contact_id, claimed_by_user__isnull=False, team__isnull=False)
    return earlier.exclude(pk=lead.pk).select_related("claimed_by_user").order_by("-claimed_at", "-pk").first()


def offer_all(
    leads: Sequence[Lead], pasts: OfferHistories, *, now: datetime, start: datetime | None = None
) -> dict[int, Plan]:
    """Offer leads, which the caller holds, to their teams; where nobody can be told, along the teams' fallbacks.

    `pasts`: what they have behind them; `start`: when the first turns are, else at once.
    Answers the plan of each lead's own team, by lead, for the caller to trace. A round robin takes the leads in the
    order given.
    """
    first_of = {lead.team_id or 0: lead for lead in reversed(leads)}
    if any(may_use_round_robin(require_team(lead)) for lead in first_of.values()):
        lock_round_robins(first_of)
    with saving_progress(leads):
        tried = offer_to_teams(leads, pasts, start or now, now)
        follow_fallbacks([(lead, plan) for lead, plan in tried if plan.is_empty], pasts, start or now, now)
    return {lead.pk: plan for lead, plan in tried}


def may_use_round_robin(team: Team) -> bool:
    """Whether a lead of this team may take a turn in a round robin: here, or where it falls back to."""
    return team.order_method == Team.OrderMethod.ROUND_ROBIN or team.fallback_team_id is not None


def fall_back(leads: Sequence[Lead], *, now: datetime) -> None:
    """The time of these leads' last offers is over: on to their teams' fallbacks. The caller holds them."""
    lock_round_robins({lead.team_id or 0 for lead in leads})
    with saving_progress(leads):
        follow_fallbacks([(lead, None) for lead in leads], load_histories(leads), now, now)


def follow_fallbacks(
    stranded: Sequence[tuple[Lead, Plan | None]], pasts: OfferHistories, start: datetime, now: datetime
) -> None:
    """From team to team, until somebody can be told or there is no further one. None is told before `start`."""
    while stranded:
        onward = move_to_fallbacks(stranded, pasts, now)
        tried = offer_to_teams(onward, pasts, start, now)
        told = [(lead, plan) for lead, plan in tried if not plan.is_empty]
        trace_all([trace_entry(lead, Kind.PLANNED, offered_to_team_reason(lead), now, plan) for lead, plan in told])
        stranded = [(lead, plan) for lead, plan in tried if plan.is_empty]


def offered_to_team_reason(lead: Lead) -> Reason:
    return Reason(EventCode.OFFERED_TO_TEAM, {"team_id": lead.team_id})


def load_histories(leads: Sequence[Lead]) -> OfferHistories:
    """What these leads have behind them, by their offers."""
    pasts = {lead.pk: OfferHistory() for lead in leads}
    rounds = {lead.pk: lead.round for lead in leads}
    offers = LeadOffer.objects.filter(any_of("lead_id", list(pasts)))
    for lead_id, user_id, team_id, number, status in offers.order_by().values_list(*HISTORY_COLUMNS):
        past, is_now = pasts[lead_id], number == rounds[lead_id]
        if is_now or status in (Status.DECLINED, Status.RETURNED):
            past.user_ids.add(user_id)
        if is_now:
            past.team_ids.add(team_id)
        if status == Status.RETURNED:
            past.returned_user_ids.add(user_id)
    return pasts


def offer_to_teams(
    leads: Sequence[Lead], pasts: OfferHistories, start: datetime, now: datetime
) -> list[tuple[Lead, Plan]]:
    """Each lead with the plan of its team, which is written down. Their round robins are held."""
    by_team: dict[int, list[Lead]] = defaultdict(list)
    for lead in leads:
        by_team[lead.team_id or 0].append(lead)
    planned = [pair for team_id in sorted(by_team) for pair in plan_for_team(by_team[team_id], pasts, start, now)]
    create_offers(planned, pasts, now=now)
    return planned


def plan_for_team(
    leads: Sequence[Lead], pasts: OfferHistories, start: datetime, now: datetime
) -> list[tuple[Lead, Plan]]:
    """These leads' turns in their team, one lead after the other."""
    team = require_team(leads[0])
    roster = load_roster(team, start)
    planned: list[tuple[Lead, Plan]] = []
    for lead in leads:
        plan = roster.plan(pasts[lead.pk].user_ids, start, pasts[lead.pk].claimer_user_id)
        planned.append((lead, plan))
        pasts[lead.pk].team_ids.add(team.pk)
        roster = roster.with_plan_applied(plan, start)
        lead.team = team
        set_deadlines(lead, team, plan, now)
    save_rotation(roster)
    return planned


def require_team(lead: Lead) -> Team:
    if lead.team is None:
        raise ValueError(f"Lead {lead.pk} has no team.")  # callers ask for leads of teams alone
    return lead.team


def set_deadlines(lead: Lead, team: Team, plan: Plan, now: datetime) -> None:
    """When this lead falls back, and when its team's creator hears of it, if nobody claims it."""
    is_followed = team.fallback_target is not None or team.is_exclusive_window
    lead.falls_back_at = plan.ends_at if is_followed else None
    if team.mins_until_alarm is not None and lead.alarm_at is None and plan.offers:
        lead.alarm_at = max(now, plan.offers[0].notify_at) + timedelta(minutes=team.mins_until_alarm)


def create_offers(planned: Sequence[tuple[Lead, Plan]], pasts: OfferHistories, *, now: datetime) -> None:
    """Write the plans down, and wake the engine if somebody's turn has come."""
    rows = [(lead.pk, lead.round, *offer_values(offer)) for lead, plan in planned for offer in plan.offers]
    if not rows:
        return
    columns = [*zip(*rows, strict=True), *([value] * len(rows) for value in (now, Status.PENDING, "", ""))]
    statement, parameters = insertion(LeadOffer._meta.db_table, OFFER_COLUMNS, columns)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    for lead, plan in planned:
        pasts[lead.pk].user_ids.update(offer.user_id for offer in plan.offers)
    if any(offer.notify_at <= now for _, plan in planned for offer in plan.offers):
        scheduler.trigger("leads.jobs")


def move_to_fallbacks(stranded: Sequence[tuple[Lead, Plan | None]], pasts: OfferHistories, now: datetime) -> list[Lead]:
    """Send each lead where its team's fallback says; returns those that are another team's now."""
    leads = [lead for lead, _ in stranded]
    fallbacks = load_fallback_policies({lead.team_id or 0 for lead in leads})
    moves = [(lead, plan, next_step(lead, pasts[lead.pk], fallbacks)) for lead, plan in stranded]
    waiting = [
        notices.Waiting(lead, is_never_offered(lead, plan), bool(pasts[lead.pk].returned_user_ids))
        for lead, plan, hop in moves
        if hop.target is None
    ]
    entries = [trace_entry(lead, STEP_KINDS[hop.target], hop.reason, now, plan) for lead, plan, hop in moves]
    for lead, _, hop in moves:
        apply_fallback(lead, hop, now)
    told = assign_to_users([(lead, hop.user_id or 0) for lead, _, hop in moves if hop.target == USER], now)
    told |= notices.tell_of_pond([lead for lead, _, hop in moves if hop.target == POND], now=now)
    trace_all(with_alerts(entries, told | notices.tell_owners(waiting, now=now)))
    return [lead for lead, _, hop in moves if hop.target == TEAM]


def next_step(lead: Lead, past: OfferHistory, fallbacks: Mapping[int, FallbackPolicy]) -> FallbackStep:
    """Where this lead goes from its team; not to a user who has had it."""
    hop = next_fallback(lead.team_id or 0, past.team_ids, lead.hop, settings.MOST_FALLBACKS, fallbacks)
    if hop.target == USER and hop.user_id in past.returned_user_ids:
        details = {"from_team_id": lead.team_id, "fallback_user_id": hop.user_id}
        return FallbackStep(Reason(FallbackReason.USER_HAD_LEAD, details))
    return hop


def is_never_offered(lead: Lead, plan: Plan | None) -> bool:
    """Whether nobody at all could be told of this lead."""
    return plan is not None and lead.hop == 0 and lead.round == 0


def apply_fallback(lead: Lead, hop: FallbackStep, now: datetime) -> None:
    """Where a lead is after its next stop; the users who get one are given it together."""
    lead.falls_back_at = None
    if hop.target == TEAM:
        lead.team_id, lead.hop = hop.team_id, lead.hop + 1
    elif hop.target == POND:
        lead.ponded_at = now


def assign_to_users(gifts: Sequence[tuple[Lead, int]], now: datetime) -> notices.Told:
    """Give each lead to the user of this id."""
    ids = {user_id for _, user_id in gifts}
    users = {user.pk: user for user in User.objects.filter(any_of("pk", ids))} if ids else {}
    return assign_all([(lead, users[user_id]) for lead, user_id in gifts], now=now)


def assign(lead: Lead, user: User, *, now: datetime) -> list[int]:
    """Give a lead to somebody who did not claim it, and tell them; returns the ids of the messages."""
    return assign_all([(lead, user)], now=now)[lead.pk]


def assign_all(gifts: Sequence[tuple[Lead, User]], *, now: datetime) -> notices.Told:
    """Give each lead to somebody who did not claim it, and tell them. The caller holds leads and contacts."""
    if not gifts:
        return {}
    given = [lead.pk for lead, _ in gifts]
    cancel_claim_alerts(LeadOffer.objects.filter(any_of("lead_id", given)), reason=LEAD_CLAIMED, now=now)
    end_other_offers(given, now=now)
    assign_claims(gifts, through=Lead.ClaimedThrough.ASSIGNMENT, now=now)
    return notices.tell_of_gifts(gifts, now=now)


def load_fallback_policies(team_ids: Collection[int]) -> dict[int, FallbackPolicy]:
    """What each of these teams does with the leads that nobody claimed."""
    teams = Team.objects.filter(any_of("pk", team_ids)).with_fallback_user()
    return {team.pk: fallback_policy(team) for team in teams}


def fallback_policy(team: Team) -> FallbackPolicy:
    return FallbackPolicy(
        team.fallback_target, team.fallback_team_id, team.fallback_user_id, fallback_user_reason(team)
    )


@contextmanager
def saving_progress(leads: Sequence[Lead]) -> Iterator[None]:
    """Write down at the end how far these leads have come, where that changed."""
    before = [progress_values(lead) for lead in leads]
    yield
    moved = [now for lead, then in zip(leads, before, strict=True) if (now := progress_values(lead)) != then]
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(*change(Lead._meta.db_table, PROGRESS_COLUMNS, list(zip(*moved, strict=True))))
