"""A team at a time: its settings, and the candidates with all that decides who can be offered a lead."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast

from django.db import connection
from django.db.models import Exists, OuterRef

from core.reasons import Reason
from leads.distribution.offer_plan import (
    ROUND_ROBIN,
    Candidate,
    Plan,
    RolloutTeam,
    plan_rollout,
    skip_reason,
    with_priority_member,
)
from leads.distribution.round_robin import SkippedAllocation, reassign_skipped
from leads.distribution.workload import SENT_OR_PENDING, CappedMember, load_workloads
from leads.models import RotationSlot
from messaging import consent
from teams.availability import Availability, unavailable_reason
from teams.business_hours import parse_hours
from teams.eligibility import SkipReason
from teams.models import Team, TeamMember, TeamMemberDistributionOption

Option = TeamMemberDistributionOption

# UNION, not UNION ALL: ends even if fallbacks form a circle. An advisory lock, not the row of the team: removing a
# member locks that row before the leads that are offered to them, which could deadlock.
LOCK_ROUND_ROBINS_SQL: Final = """
WITH RECURSIVE chain(id) AS (
    SELECT unnest(%s::bigint[])
    UNION
    SELECT team.fallback_team_id FROM chain JOIN teams_team AS team ON team.id = chain.id
    WHERE team.fallback_team_id IS NOT NULL
), turning AS MATERIALIZED (
    SELECT team.id FROM teams_team AS team JOIN chain ON chain.id = team.id
    WHERE team.order_method = 'Round Robin' ORDER BY team.id
)
SELECT pg_advisory_xact_lock(hashtextextended(id::text, 9)) FROM turning
"""


@dataclass(frozen=True, slots=True)
class Roster:
    """The settings of a team and its candidates, oldest option first."""

    team: RolloutTeam
    candidates: tuple[Candidate, ...]

    def plan(self, already_offered: Collection[int], start: datetime, claimer: int | None = None) -> Plan:
        """Plan the offers of one lead. `claimer`: user id of an earlier claimer, who gets the first turn."""
        option = self.candidate_for(claimer) if claimer else None
        if option is None:
            return plan_rollout(self.team, self.candidates, already_offered, start)
        others = plan_rollout(self.team, self.candidates, {*already_offered, option.user_id}, start)
        return with_priority_member(option, others, self.team, start)

    def candidate_for(self, user_id: int) -> Candidate | None:
        return next((option for option in self.candidates if option.user_id == user_id), None)

    def skip_reason(self, user_id: int, at: datetime) -> Reason | None:
        """Return why this user cannot take a lead of the team at that time; None if they can."""
        option = self.candidate_for(user_id)
        if option is None:
            return Reason(SkipReason.NOT_IN_DISTRIBUTION)
        return skip_reason(option, ()) or unavailable_reason(option.availability, at)

    def available_user_ids(self, at: datetime) -> list[int]:
        """Return the ids of users who can be offered a lead of the team at that time."""
        return [option.user_id for option in self.candidates if self.skip_reason(option.user_id, at) is None]

    def with_plan_applied(self, plan: Plan, start: datetime) -> "Roster":
        """Return the roster for the next lead, with credits and workloads after this plan."""
        places = {place.user_id: place for place in plan.allocation.places} if plan.allocation else {}
        alerted = {offer.user_id for offer in plan.offers if offer.notify_at <= start}
        turns = self.team.turns + (plan.allocation is not None)
        options = (
            tuple(_updated_candidate(option, places, alerted) for option in self.candidates)
            if places or alerted
            else self.candidates
        )
        return Roster(replace(self.team, turns=turns), options)

    def with_turns_reassigned(self, skipped: Iterable[SkippedAllocation]) -> "Roster":
        """Return the roster after these round-robin turns went to other members."""
        places = reassign_skipped({option.user_id: option.place for option in self.candidates}, skipped)
        return replace(self, candidates=tuple(_updated_candidate(option, places, ()) for option in self.candidates))


def _updated_candidate(option: Candidate, places: Mapping[int, Any], alerted: Collection[int]) -> Candidate:
    if place := places.get(option.user_id):
        option = replace(option, credit=place.credit, last_turn=place.last_turn)
    load = option.availability
    if option.user_id in alerted and (load.cap_open, load.cap_day) != (None, None):
        more = replace(load, open_leads=load.open_leads + 1, leads_today=load.leads_today + 1)
        option = replace(option, availability=more)
    return option


def lock_round_robins(team_ids: Collection[int]) -> None:
    """Lock the round robins of these teams and of all their fallbacks until the transaction ends.

    All round robins that a lead may reach are locked together, by id. Locked one after another, two leads on opposite
    fallback chains could deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ROUND_ROBINS_SQL, [list(team_ids)])


def load_roster(team: Team, at: datetime) -> Roster:
    """Load the roster of the team at a time. A future time counts the offers that will be sent by then.

    Lock the round robin before you allocate a turn.
    """
    places = load_rotation(team) if team.order_method == ROUND_ROBIN else {}
    rows = load_options(team)
    as_planned = RolloutTeam(
        id=team.pk,
        order_method=team.order_method,
        mins_until_next_alert=team.mins_until_next_alert,
        is_exclusive_window=team.is_exclusive_window,
        mins_until_fallback=team.mins_until_fallback,
        turns=max((place.last_turn for place in places.values()), default=0),
    )
    return Roster(as_planned, tuple(build_candidates(team, rows, places, at)))


def save_rotation(roster: Roster) -> None:
    """Save the credits of all candidates, if the team uses a round robin."""
    if roster.team.order_method == ROUND_ROBIN:
        rows = [
            RotationSlot(
                team_id=roster.team.id, user_id=option.user_id, credit=option.credit, last_turn=option.last_turn
            )
            for option in roster.candidates
        ]
        RotationSlot.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["team", "user"], update_fields=["credit", "last_turn"]
        )


def load_rotation(team: Team) -> dict[int, RotationSlot]:
    return {place.user_id: place for place in RotationSlot.objects.filter(team=team)}


def load_options(team: Team) -> list[Option]:
    accepted = TeamMember.objects.accepted().filter(team=team, user=OuterRef("user"))
    options = Option.objects.filter(team=team).select_related("user")
    return list(options.annotate(is_accepted=Exists(accepted)).order_by("pk"))


def build_candidates(
    team: Team, rows: Sequence[Option], places: Mapping[int, RotationSlot], at: datetime
) -> list[Candidate]:
    """Build the candidates from the distribution options."""
    with_phone_alerts = [row for row in rows if row.has_text_alert or row.has_call_alert]
    phones = {row.user.phone_e164 for row in with_phone_alerts if row.user.phone_e164}
    states = consent.states_of(phones)
    loads = load_workloads(capped_members(team, rows), at, SENT_OR_PENDING)
    return [
        Candidate(
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
            confirmed_phone=row.user.confirmed_phone,
            has_opted_out=states.get(row.user.phone_e164, consent.NOTHING_KNOWN).opted_out,
            email=row.user.email,
            availability=member_availability(team, row, loads.get((team.pk, row.user_id), (0, 0))),
            weight=row.weight,
            credit=places[row.user_id].credit if row.user_id in places else 0,
            last_turn=places[row.user_id].last_turn if row.user_id in places else 0,
        )
        for row in rows
    ]


def member_availability(team: Team, row: Option, load: tuple[int, int]) -> Availability:
    """Combine the member's schedule, the team's holidays and the caps that the team lead set."""
    pauses = [until for until in (row.paused_until, row.user.paused_until) if until]
    return Availability(
        paused_until=max(pauses, default=None),
        hours=parse_hours(row.user.working_hours),
        days_off=frozenset((*row.user.days_off, *team.holidays)),
        zone=row.user.zone,
        cap_open=row.cap_open,
        cap_day=row.cap_day,
        open_leads=load[0],
        leads_today=load[1],
    )


def capped_members(team: Team, rows: Sequence[Option]) -> list[CappedMember]:
    capped = [row for row in rows if (row.cap_open, row.cap_day) != (None, None)]
    return [CappedMember(team.pk, row.user_id, row.user.zone) for row in capped]
