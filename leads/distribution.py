"""Offering leads to teams: one row a member, with the moment of their turn; and where a lead goes that nobody takes.

What is done to many leads at once costs as many statements as for one: they are taken team by team.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final, cast

from django.conf import settings
from django.db import connection, transaction

from config import due
from config.errors import DomainError
from config.given import given, insertion
from leads import alerts
from leads.claims import (
    CLAIMED,
    AlreadyClaimed,
    cancel_alerts,
    end_other_offers,
    give_leads,
    hold_lead,
    refuse_merged,
)
from leads.fallback import POND, TEAM, USER, Fallback, Hop, next_hop
from leads.models import DistributionTarget, Lead, LeadOffer, RoutingTrace, TraceEntry
from leads.rollout import Plan
from leads.roster import hold_round_robins, keep_places, roster_of
from leads.rotation import Place
from teams.models import Team, User
from teams.visibility import any_of

Status = LeadOffer.Status
Kind = TraceEntry.Kind

PLANNED: Final = {
    "user_id": "bigint",
    "option_id": "bigint",
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
OFFERED: Final = (
    {"lead_id": "bigint", "round": "smallint"}
    | PLANNED
    | {"created_at": "timestamptz", "status": "text", "reason": "text", "reply_phone": "text"}
)
turn_of: Final = attrgetter(*PLANNED)

# How far a lead has come.
PROGRESS: Final = {
    "id": "bigint",
    "team_id": "bigint",
    "hop": "smallint",
    "falls_back_at": "timestamptz",
    "alarm_at": "timestamptz",
    "ponded_at": "timestamptz",
}
WRITE_PROGRESS: Final = """
UPDATE leads_lead AS lead
SET team_id = given.team_id, hop = given.hop, falls_back_at = given.falls_back_at, alarm_at = given.alarm_at,
    ponded_at = given.ponded_at
FROM {rows} WHERE lead.id = given.id
"""
progress_of: Final = attrgetter(*PROGRESS)

KINDS: Final = {TEAM: Kind.FELL_BACK, POND: Kind.IN_POND, USER: Kind.GIVEN, None: Kind.NOBODY}


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
    refuse_merged(lead)
    team = team_to_offer_to(lead, caller)
    standing = list(lead.offers.filter(round=lead.round))
    is_automatic = was_offered_unasked(lead, standing)
    if lead.claimed_by_user_id is not None and not is_automatic:
        raise AlreadyClaimed
    if lead.claimed_by_user_id is not None or any(offer.status == Status.PENDING for offer in standing):
        return Rollout(standing, is_new=False)
    is_open = any(offer.status == Status.SENT for offer in standing)  # somebody may still claim it
    had, start = already_offered([lead]), starts_at(lead, now)
    if (is_open or is_automatic) and roster_of(team, start).plan(had[lead.pk], start).is_empty:
        return Rollout(standing, is_new=False)
    is_returning = lead.route is not None and lead.route.is_returning_to_claimer
    asked = trace(lead, Kind.PLANNED, f"User {caller.pk} asked for offers.", now=now, actor=caller, team_id=team.pk)
    plan = send_out(lead, had, is_returning=is_returning, start=start, now=now)
    if plan.is_empty and team.fallback_target is None and lead.claimed_by_user_id is None:
        raise CannotOffer(nobody_to_tell(team, plan))  # which undoes what was done
    keep_plan(lead, asked, plan, is_automatic=is_automatic)
    made = lead.offers.filter(round=lead.round).exclude(pk__in=[offer.pk for offer in standing])
    return Rollout(list(made), is_new=True)


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


def starts_at(lead: Lead, now: datetime) -> datetime:
    """When the first turn is: a lead that came in outside the open hours of its route may be held until they begin."""
    trace = RoutingTrace.objects.filter(lead=lead).values_list("decision__starts_at", flat=True).first()
    return max(now, datetime.fromisoformat(trace)) if trace else now


def nobody_to_tell(team: Team, plan: Plan) -> str:
    """Why no member of the team can be offered the lead."""
    reasons = "; ".join(f"user {skipped.user_id}: {skipped.reason}" for skipped in plan.skipped)
    return f"No member of the team {team.name} can be told: {reasons or 'it has no distribution options'}."


# A lead's way through the teams


def send_out(lead: Lead, had: dict[int, set[int]], *, is_returning: bool, start: datetime, now: datetime) -> Plan:
    """Offer a lead to its team, or, where its route says so, give it to whoever claimed the contact's last one."""
    if is_returning and give_to_earlier_claimer(lead, now=now):
        return Plan()
    return offer_all([lead], had, now=now, start=start)[lead.pk]


def give_to_earlier_claimer(lead: Lead, *, now: datetime) -> bool:
    """Give the lead to the member who claimed the contact's last one, if they can take it, and trace either."""
    earlier = earlier_claim(lead)
    if earlier is None:
        return False
    roster = roster_of(team_of(lead), now)
    reason = roster.why_not(earlier.claimed_by_user_id or 0, now)
    words = f"User {earlier.claimed_by_user_id} claimed lead {earlier.pk} of this contact"
    if reason:
        trace(lead, Kind.PLANNED, f"{words}, but cannot take this one: {reason}.", now=now)
        return False
    told = assign(lead, cast(User, earlier.claimed_by_user), now=now)
    trace(lead, Kind.GIVEN, f"{words}.", now=now, user_id=earlier.claimed_by_user_id, alerts=told)
    return True


def earlier_claim(lead: Lead) -> Lead | None:
    """The last lead of this contact that a member of a team claimed; its owner's own do not count."""
    earlier = Lead.objects.filter(contact=lead.contact_id, claimed_by_user__isnull=False, team__isnull=False)
    return earlier.exclude(pk=lead.pk).select_related("claimed_by_user").order_by("-claimed_at", "-pk").first()


def offer_all(
    leads: Sequence[Lead], had: dict[int, set[int]], *, now: datetime, start: datetime | None = None
) -> dict[int, Plan]:
    """Offer leads, which the caller holds, to their teams; where nobody can be told, along the teams' fallbacks.

    `had`: by lead, who is passed over (see `already_offered`); `start`: when the first turns are, else at once.
    Answers the plan of each lead's own team, by lead, for the caller to trace. A round robin takes the leads in the
    order given.
    """
    first_of = {lead.team_id or 0: lead for lead in reversed(leads)}
    if any(may_turn(team_of(lead)) for lead in first_of.values()):
        hold_round_robins(first_of)
    with on_their_way(leads):
        tried = offer_to_teams(leads, had, start or now, now)
        follow_fallbacks([(lead, plan) for lead, plan in tried if plan.is_empty], had, start or now, now)
    return {lead.pk: plan for lead, plan in tried}


def may_turn(team: Team) -> bool:
    """Whether a lead of this team may take a turn in a round robin: here, or where it falls back to."""
    return team.order_method == Team.OrderMethod.ROUND_ROBIN or team.fallback_team_id is not None


def fall_back(leads: Sequence[Lead], *, now: datetime) -> None:
    """The time of these leads' last offers is over: on to their teams' fallbacks. The caller holds them."""
    hold_round_robins({lead.team_id or 0 for lead in leads})
    with on_their_way(leads):
        follow_fallbacks([(lead, None) for lead in leads], already_offered(leads), now, now)


def follow_fallbacks(
    stranded: Sequence[tuple[Lead, Plan | None]], had: dict[int, set[int]], start: datetime, now: datetime
) -> None:
    """From team to team, until somebody can be told or there is no further one. None is told before `start`."""
    while stranded:
        onward = move_to_fallbacks(stranded, now)
        tried = offer_to_teams(onward, had, start, now)
        told = [(lead, plan) for lead, plan in tried if not plan.is_empty]
        trace_all([entry(lead, Kind.PLANNED, f"Offered to team {lead.team_id}.", now, plan) for lead, plan in told])
        stranded = [(lead, plan) for lead, plan in tried if plan.is_empty]


def already_offered(leads: Sequence[Lead]) -> dict[int, set[int]]:
    """By lead, who is not to be offered it again: who had it in this round, who said no, who gave it back."""
    had: dict[int, set[int]] = {lead.pk: set() for lead in leads}
    rounds = {lead.pk: lead.round for lead in leads}
    offers = LeadOffer.objects.filter(any_of("lead_id", list(had)))
    for lead_id, user_id, number, status in offers.values_list("lead_id", "user_id", "round", "status"):
        if number == rounds[lead_id] or status in (Status.DECLINED, Status.RETURNED):
            had[lead_id].add(user_id)
    return had


def offer_to_teams(
    leads: Sequence[Lead], had: dict[int, set[int]], start: datetime, now: datetime
) -> list[tuple[Lead, Plan]]:
    """Each lead with the plan of its team, which is written down. Their round robins are held."""
    by_team: dict[int, list[Lead]] = defaultdict(list)
    for lead in leads:
        by_team[lead.team_id or 0].append(lead)
    planned = [pair for team_id in sorted(by_team) for pair in plan_for_team(by_team[team_id], had, start, now)]
    make_offers(planned, had, now=now)
    return planned


def plan_for_team(
    leads: Sequence[Lead], had: Mapping[int, Collection[int]], start: datetime, now: datetime
) -> list[tuple[Lead, Plan]]:
    """These leads' turns in their team, one lead after the other."""
    team = team_of(leads[0])
    roster = roster_of(team, start)
    planned: list[tuple[Lead, Plan]] = []
    for lead in leads:
        plan = roster.plan(had[lead.pk], start)
        planned.append((lead, plan))
        roster = roster.after(plan, start)
        lead.team = team
        set_out(lead, team, plan, now)
    keep_places(roster)
    return planned


def team_of(lead: Lead) -> Team:
    if lead.team is None:
        raise CannotOffer("This lead has no team.")
    return lead.team


def set_out(lead: Lead, team: Team, plan: Plan, now: datetime) -> None:
    """When this lead falls back, and when its team's creator hears of it, if nobody claims it."""
    is_followed = team.fallback_target is not None or team.is_exclusive_window
    lead.falls_back_at = plan.ends_at if is_followed else None
    if team.mins_until_alarm is not None and lead.alarm_at is None and plan.offers:
        lead.alarm_at = max(now, plan.offers[0].notify_at) + timedelta(minutes=team.mins_until_alarm)


def make_offers(planned: Sequence[tuple[Lead, Plan]], had: Mapping[int, set[int]], *, now: datetime) -> None:
    """Write the plans down, and wake the engine if somebody's turn has come."""
    rows = [(lead.pk, lead.round, *turn_of(offer)) for lead, plan in planned for offer in plan.offers]
    if not rows:
        return
    columns = [*zip(*rows, strict=True), *([value] * len(rows) for value in (now, Status.PENDING, "", ""))]
    statement, parameters = insertion(LeadOffer._meta.db_table, OFFERED, columns)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    for lead, plan in planned:
        had[lead.pk].update(offer.user_id for offer in plan.offers)
    if any(offer.notify_at <= now for _, plan in planned for offer in plan.offers):
        due.nudge("leads.engine")


def move_to_fallbacks(stranded: Sequence[tuple[Lead, Plan | None]], now: datetime) -> list[Lead]:
    """Send each lead where its team's fallback says; returns those that are another team's now."""
    leads = [lead for lead, _ in stranded]
    fallbacks, been_to = fallbacks_of({lead.team_id or 0 for lead in leads}), teams_had(leads)
    gave_back = have_had(leads)
    moves = [(lead, plan, hop_of(lead, been_to[lead.pk], gave_back[lead.pk], fallbacks)) for lead, plan in stranded]
    waiting = [(lead, is_untold(lead, plan)) for lead, plan, hop in moves if hop.target is None]
    entries = [entry(lead, KINDS[hop.target], hop.reason, now, plan, **where(hop)) for lead, plan, hop in moves]
    for lead, _, hop in moves:
        arrive(lead, hop, now)
    told = give_to_users([(lead, hop.user_id or 0) for lead, _, hop in moves if hop.target == USER], now)
    trace_all(with_alerts(entries, told | alerts.tell_owners(waiting, now=now)))
    return [lead for lead, _, hop in moves if hop.target == TEAM]


def hop_of(lead: Lead, been_to: Collection[int], gave_back: Collection[int], fallbacks: Mapping[int, Fallback]) -> Hop:
    """Where this lead goes from its team; not to a user who has had it."""
    hop = next_hop(lead.team_id or 0, been_to, lead.hop, settings.MOST_FALLBACKS, fallbacks)
    if hop.target == USER and hop.user_id in gave_back:
        return Hop(f"{hop.reason[:-1]}, who had the lead already: it waits for its owner.")
    return hop


def is_untold(lead: Lead, plan: Plan | None) -> bool:
    """Whether nobody at all could be told of this lead."""
    return plan is not None and lead.hop == 0 and lead.round == 0


def arrive(lead: Lead, hop: Hop, now: datetime) -> None:
    """Where a lead is after its next stop; the users who get one are given it together."""
    lead.falls_back_at = None
    if hop.target == TEAM:
        lead.team_id, lead.hop = hop.team_id, lead.hop + 1
    elif hop.target == POND:
        lead.ponded_at = now


def give_to_users(gifts: Sequence[tuple[Lead, int]], now: datetime) -> alerts.Told:
    """Give each lead to the user of this id."""
    ids = {user_id for _, user_id in gifts}
    users = {user.pk: user for user in User.objects.filter(any_of("pk", ids))} if ids else {}
    return assign_all([(lead, users[user_id]) for lead, user_id in gifts], now=now)


def assign(lead: Lead, user: User, *, now: datetime) -> list[int]:
    """Give a lead to somebody who did not claim it, and tell them; returns the ids of the messages."""
    return assign_all([(lead, user)], now=now)[lead.pk]


def assign_all(gifts: Sequence[tuple[Lead, User]], *, now: datetime) -> alerts.Told:
    """Give each lead to somebody who did not claim it, and tell them. The caller holds leads and contacts."""
    if not gifts:
        return {}
    given = [lead.pk for lead, _ in gifts]
    cancel_alerts(LeadOffer.objects.filter(any_of("lead_id", given)), reason=CLAIMED, now=now)
    end_other_offers(given, now=now)
    give_leads(gifts, via=Lead.ClaimedVia.ASSIGNED, now=now)
    return alerts.tell_of_gifts(gifts, now=now)


def fallbacks_of(team_ids: Collection[int]) -> dict[int, Fallback]:
    """What each of these teams does with the leads that nobody claimed."""
    teams = Team.objects.filter(any_of("pk", team_ids)).select_related("fallback_user")
    return {team.pk: fallback_of(team) for team in teams}


def fallback_of(team: Team) -> Fallback:
    is_gone = team.fallback_user is not None and not team.fallback_user.is_active
    return Fallback(team.fallback_target, team.fallback_team_id, team.fallback_user_id, is_gone)


def teams_had(leads: Sequence[Lead]) -> dict[int, set[int]]:
    """By lead, the teams it was offered to in this round."""
    had: dict[int, set[int]] = {lead.pk: set() for lead in leads}
    rounds = {lead.pk: lead.round for lead in leads}
    offers = LeadOffer.objects.filter(any_of("lead_id", list(had))).values_list("lead_id", "team_id", "round")
    for lead_id, team_id, number in offers.distinct():
        if number == rounds[lead_id]:
            had[lead_id].add(team_id)
    return had


def have_had(leads: Sequence[Lead]) -> dict[int, set[int]]:
    """By lead, the users from whom it was taken or who gave it back; those of a first round none."""
    had: dict[int, set[int]] = {lead.pk: set() for lead in leads}
    again = [lead.pk for lead in leads if lead.round]
    returned = LeadOffer.objects.filter(any_of("lead_id", again), status=Status.RETURNED) if again else None
    for lead_id, user_id in returned.values_list("lead_id", "user_id") if returned is not None else ():
        had[lead_id].add(user_id)
    return had


@contextmanager
def on_their_way(leads: Sequence[Lead]) -> Iterator[None]:
    """Write down at the end how far these leads have come, where that changed."""
    before = [progress_of(lead) for lead in leads]
    yield
    moved = [now for lead, then in zip(leads, before, strict=True) if (now := progress_of(lead)) != then]
    if moved:
        rows, parameters = given(PROGRESS, list(zip(*moved, strict=True)))
        with connection.cursor() as cursor:
            cursor.execute(WRITE_PROGRESS.format(rows=rows), parameters)


# What traces keep of it


def entry(lead: Lead, kind: str, reason: str, now: datetime, plan: Plan | None = None, **details: Any) -> TraceEntry:
    """Something that happened to a lead, with the plan that was tried, if any."""
    told = details | (told_plan(plan) if plan else {})
    return TraceEntry(lead=lead, at=now, kind=kind, reason=reason, details=told)


def with_alerts(entries: Sequence[TraceEntry], told: alerts.Told) -> Sequence[TraceEntry]:
    """The entries, each naming the messages that were sent about it."""
    for each in entries:
        if sent := told.get(each.lead_id):
            each.details["alerts"] = sent
    return entries


def trace_all(entries: Sequence[TraceEntry]) -> None:
    TraceEntry.objects.bulk_create(entries)


def trace(
    lead: Lead, kind: str, reason: str, *, now: datetime, actor: User | None = None, **details: Any
) -> TraceEntry:
    """Note that something happened to this lead; without an actor it was the server's doing."""
    return TraceEntry.objects.create(lead=lead, at=now, kind=kind, reason=reason, actor_user=actor, details=details)


def keep_plan(lead: Lead, asked: TraceEntry, plan: Plan, *, is_automatic: bool) -> None:
    """Note what came of the request for offers: with it, and with the routing of a lead that had no plan yet."""
    if not plan.is_empty:  # else the entry of its fallback tells
        asked.details |= told_plan(plan)
        asked.save(update_fields=["details"])
    if not is_automatic:
        RoutingTrace.objects.filter(lead=lead).update(**told_plan(plan))


def where(hop: Hop) -> dict[str, int]:
    """The team or the user a hop leads to."""
    ids = {"team_id": hop.team_id, "user_id": hop.user_id}
    return {name: number for name, number in ids.items() if number is not None}


def told_plan(plan: Plan) -> dict[str, Any]:
    """Who was passed over, and whose turn the round robin made it."""
    return {"skipped": [asdict(skipped) for skipped in plan.skipped], "rotation": told_rotation(plan)}


def told_rotation(plan: Plan) -> dict[str, Any] | None:
    """The pointer before and after, with everybody's weight and what they are owed; null without a round robin."""
    if plan.turn is None:
        return None
    taker, after = plan.turn.order[0], {place.user_id: place for place in plan.turn.places}
    last = max(plan.turn.order, key=lambda place: place.last_turn)
    return {
        "turn": after[taker.user_id].last_turn,
        "pointer_before": last.user_id if last.last_turn else None,
        "pointer_after": taker.user_id,
        "places": [told_place(place) | {"credit_after": after[place.user_id].credit} for place in plan.turn.order],
    }


def told_place(place: Place) -> dict[str, int]:
    """Spelled out: `asdict` would take longer than taking the turn."""
    return {
        "user_id": place.user_id,
        "weight": place.weight,
        "credit": place.credit,
        "last_turn": place.last_turn,
    }
