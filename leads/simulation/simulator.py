"""Discrete-event simulator of lead distribution, for leads that no member claims.

The decisions are those of the engine: `pick_route`, the rosters' plans, `next_fallback` and leads.distribution.process.
Nothing is written: round-robin credits and workloads pass from one lead to the next in memory.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import product
from typing import Final

from core.reasons import Reason
from leads.distribution.fallback import TEAM, USER, FallbackPolicy, next_fallback
from leads.distribution.offer_plan import Candidate, Plan, PlannedOffer, SkippedMember
from leads.distribution.process import (
    Turn,
    TurnDecision,
    decide_turn,
    is_exhausted,
    return_to_claimer,
    time_to_advance,
)
from leads.distribution.roster import Roster
from leads.distribution.round_robin import Allocation, SkippedAllocation
from leads.distribution.workload import start_of_day
from leads.reasons import EventCode
from leads.routing.matching import Inquiry
from leads.routing.router import Decision, Rule, TeamServiceArea, pick_route
from teams.availability import Availability, unavailable_reason
from teams.eligibility import usable_channels

OWNER: Final = "Owner"
OFFER_DUE, FALLBACK_DUE = 0, 1  # kinds of events, in their order at one time


@dataclass(frozen=True, slots=True)
class SimulatedLead:
    """A lead that is received at `at`. `number`: its index in the input, from 0."""

    number: int
    at: datetime
    inquiry: Inquiry
    contact_id: int | None = None
    lead_id: int | None = None  # of a lead that exists


@dataclass(frozen=True, slots=True)
class EarlierClaim:
    """A lead of the contact that a member of a team claimed."""

    at: datetime
    user_id: int
    lead_id: int | None  # None: a simulated lead


@dataclass(frozen=True, slots=True)
class SimulatedAlert:
    """A member who would be alerted."""

    user_id: int
    at: datetime
    closes_at: datetime | None
    channels: tuple[str, ...]
    assign_automatically: bool


@dataclass(slots=True)
class Stop:
    """One stop of a lead: a team, the pond of a team, a user, or its owner."""

    at: datetime
    target: str
    reason: Reason
    team_id: int | None = None
    user_id: int | None = None
    plan: Plan = field(default_factory=Plan)
    offers: list[SimulatedAlert] = field(default_factory=list)
    skipped: list[SkippedMember] = field(default_factory=list)
    ends_at: datetime | None = None


@dataclass(slots=True)
class HeldLead:
    """A lead that counts toward the caps of a member: an offer until its window closes, or a claimed lead."""

    since: datetime
    until: datetime | None
    is_offer: bool = True
    is_alerted: bool = False

    def counts(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or self.until > at)


@dataclass(slots=True)
class LeadPath:
    """Path of one simulated lead. `number`: arrival index, from 0."""

    number: int
    simulated_lead: SimulatedLead
    decision: Decision
    reason: Reason  # of the next stop
    stops: list[Stop] = field(default_factory=list)
    team_id: int = 0
    fallback_count: int = 0
    offered_user_ids: set[int] = field(default_factory=set)
    visited_team_ids: set[int] = field(default_factory=set)
    claimer_user_id: int | None = None  # earlier claimer who gets the lead when it starts
    offers_due: list[PlannedOffer] = field(default_factory=list)
    skipped_user_ids: list[int] = field(default_factory=list)  # in the current team, when their turn came
    plan: Plan = field(default_factory=Plan)  # of the current team

    @property
    def here(self) -> Stop:
        return self.stops[-1]


class Simulator:
    """Receives leads and processes events in the order of their time."""

    def __init__(
        self,
        rules: Sequence[Rule],
        areas: Sequence[TeamServiceArea],
        fallbacks: Mapping[int, FallbackPolicy],
        roster_at: Callable[[int, datetime], Roster],
        claims: Mapping[int, Sequence[EarlierClaim]],
        max_fallbacks: int,
    ) -> None:
        """`roster_at` loads a team once, when it is first needed. `claims`: by contact id."""
        self.rules, self.areas, self.fallbacks = rules, areas, fallbacks
        self.roster_at, self.max_fallbacks = roster_at, max_fallbacks
        self.claims = defaultdict(list, {contact_id: list(claims[contact_id]) for contact_id in claims})
        self.rosters: dict[int, Roster] = {}
        self.initial_loads: dict[
            int, tuple[datetime, dict[int, Availability]]
        ] = {}  # by team: when loaded, and by user
        self.held: dict[tuple[int, int], dict[int, HeldLead]] = defaultdict(dict)  # by team and user, then by path
        self.paths: list[LeadPath] = []
        self.due: list[tuple[datetime, int, int]] = []  # time, kind, number of the path

    def run(self, leads: Iterable[SimulatedLead]) -> list[LeadPath]:
        """Return the path of each lead, in the order of the input."""
        waiting = deque(sorted(leads, key=lambda lead: (lead.at, lead.number)))
        while waiting or self.due:
            if waiting and (not self.due or waiting[0].at <= self.due[0][0]):
                self.receive(waiting.popleft())
            else:
                self.process_next()
        return sorted(self.paths, key=lambda path: path.simulated_lead.number)

    def receive(self, lead: SimulatedLead) -> None:
        """Receive a lead and distribute it by the rules."""
        decision = pick_route(lead.inquiry, self.rules, self.areas)
        number, team_id, start = len(self.paths), decision.team_id or 0, decision.starts_at or lead.at
        path = LeadPath(number, lead, decision, reason=decision.reason, team_id=team_id)
        self.paths.append(path)
        if decision.team_id is None:
            path.stops.append(Stop(lead.at, OWNER, decision.reason))
        elif not self.assign_to_earlier_claimer(path, start) and self.offer(path, start, lead.at):
            self.follow_fallbacks([path], start, lead.at)

    def assign_to_earlier_claimer(self, path: LeadPath, start: datetime) -> bool:
        """Assign the lead to the contact's last claimer, if the rule has that option and they can take it.

        If the lead is held until an opening and they are available then, they get the first turn.
        """
        at, earlier = path.simulated_lead.at, self.earlier_claim(path.simulated_lead)
        if earlier is None or not path.decision.is_returning_to_claimer:
            return False
        user_id = earlier.user_id
        unavailable = self.roster(path.team_id, at).skip_reason(user_id, at)

        def is_available_at_start() -> bool:
            return not self.roster(path.team_id, start).skip_reason(user_id, start)

        code = return_to_claimer(unavailable, is_available_at_start, start=start, now=at)
        if unavailable is None:
            details = {"user_id": user_id, "earlier_lead_id": earlier.lead_id}
            self.assign(path, user_id, Reason(code, details), at)
            return True
        if code == EventCode.EARLIER_CLAIMER_LATER:
            path.claimer_user_id = user_id
        details = {"earlier_claimer_user_id": user_id, "earlier_lead_id": earlier.lead_id}
        path.reason = Reason(code, details | {"because": unavailable.as_json()})
        return False

    def earlier_claim(self, lead: SimulatedLead) -> EarlierClaim | None:
        """Return the last claim of another lead of this contact."""
        claims = self.claims[lead.contact_id] if lead.contact_id else ()
        others = (claim for claim in claims if claim.lead_id is None or claim.lead_id != lead.lead_id)
        return max((claim for claim in others if claim.at <= lead.at), key=lambda claim: claim.at, default=None)

    def offer(self, path: LeadPath, start: datetime, at: datetime) -> bool:
        """Offer the lead to its team. Return True if no member is available."""
        team_id, roster = path.team_id, self.roster(path.team_id, start)
        plan = roster.plan(path.offered_user_ids, start, path.claimer_user_id)
        self.rosters[team_id] = roster.with_plan_applied(plan, start)
        skipped = list(plan.skipped)
        stop = Stop(at, TEAM, path.reason, team_id, plan=plan, skipped=skipped, ends_at=plan.ends_at)
        path.stops.append(stop)
        path.plan, path.offers_due, path.skipped_user_ids = plan, list(plan.offers), []
        path.offered_user_ids |= {offer.user_id for offer in plan.offers}
        path.visited_team_ids.add(team_id)
        for offer in plan.offers:
            self.held[team_id, offer.user_id][path.number] = HeldLead(offer.notify_at, offer.closes_at)
        self.schedule_next(path)
        return plan.is_empty

    def schedule_next(self, path: LeadPath) -> None:
        """Schedule the next turn; after the last turn, the fallback."""
        if path.offers_due:
            heappush(self.due, (path.offers_due[0].notify_at, OFFER_DUE, path.number))
        elif path.here.ends_at is not None:
            heappush(self.due, (path.here.ends_at, FALLBACK_DUE, path.number))

    def process_next(self) -> None:
        """Process every event with the earliest due time."""
        at, kind, _ = self.due[0]
        paths: list[LeadPath] = []
        while self.due and self.due[0][:2] == (at, kind):
            paths.append(self.paths[heappop(self.due)[2]])
        if kind == OFFER_DUE:
            self.send_due_offers(paths, at)
        else:
            self.follow_fallbacks(paths, at, at)

    def send_due_offers(self, paths: Sequence[LeadPath], at: datetime) -> None:
        """Send the due offers. Round-robin turns of skipped members are reassigned."""
        skipped_turns: dict[int, list[SkippedAllocation]] = defaultdict(list)
        for path in paths:
            before = list(path.skipped_user_ids)
            self.send_due_offer(path, at)
            if path.plan.allocation and path.skipped_user_ids != before:
                skipped_turns[path.team_id].append(skipped_allocation(path, path.plan.allocation, before))
        for team_id, turns in skipped_turns.items():
            self.rosters[team_id] = self.rosters[team_id].with_turns_reassigned(turns)

    def send_due_offer(self, path: LeadPath, at: datetime) -> None:
        """Alert the members whose turn is due, or assign the lead to one who gets leads automatically."""
        due = [offer for offer in path.offers_due if offer.notify_at <= at]
        path.offers_due = path.offers_due[len(due) :]
        decision = decide_turn(due, lambda offer: self.skip_reason(path.team_id, offer.user_id, at))
        for offer, reason in decision.skipped:
            path.here.skipped.append(SkippedMember(offer.user_id, reason))
            path.skipped_user_ids.append(offer.user_id)
            del self.held[path.team_id, offer.user_id][path.number]
        for offer in decision.alerted:
            self.alert(path, offer)
        if decision.assigned:
            self.alert(path, decision.assigned)
            self.auto_assign(path, decision.assigned, at)
            return
        if decision.skipped:
            self.advance_offers(path, [*due_turns(decision, at), *self.other_turns(path, due, at)], at)
        self.schedule_next(path)

    def skip_reason(self, team_id: int, user_id: int, at: datetime) -> Reason | None:
        """Return why a member is skipped at their turn: unavailable, or at a cap."""
        member = self.with_load(self.member(team_id, user_id), team_id, at, is_alerted=True)
        return unavailable_reason(member.availability, at)

    def alert(self, path: LeadPath, offer: PlannedOffer) -> None:
        """Record the alert of a member."""
        key = path.team_id, offer.user_id
        channels = usable_channels(self.member(*key))
        alert = SimulatedAlert(offer.user_id, offer.notify_at, offer.closes_at, channels, offer.assign_automatically)
        path.here.offers.append(alert)
        self.held[key][path.number].is_alerted = True

    def advance_offers(self, path: LeadPath, turns: Sequence[Turn], at: datetime) -> None:
        """Move the remaining turns forward if no offer of the last turn is open."""
        ahead = time_to_advance(turns, at)
        path.offers_due = [advanced(offer, ahead) for offer in path.offers_due]
        for offer in path.offers_due:
            self.held[path.team_id, offer.user_id][path.number] = HeldLead(offer.notify_at, offer.closes_at)
        if path.here.ends_at is not None:
            path.here.ends_at = at if is_exhausted(turns) else path.here.ends_at - ahead

    def other_turns(self, path: LeadPath, due: Sequence[PlannedOffer], at: datetime) -> Iterator[Turn]:
        """Yield the earlier and the pending turns of the current team."""
        due_user_ids = {offer.user_id for offer in due}
        for alert in path.here.offers:
            if alert.user_id not in due_user_ids:
                yield Turn(alert.at, is_open=self.held[path.team_id, alert.user_id][path.number].counts(at))
        for offer in path.offers_due:
            yield Turn(offer.notify_at, is_pending=True)

    def auto_assign(self, path: LeadPath, recipient: PlannedOffer, at: datetime) -> None:
        """Assign the lead, without a claim, to a member with that option."""
        path.here.ends_at = at
        reason = Reason(EventCode.ASSIGNED_AUTOMATICALLY, {"user_id": recipient.user_id})
        self.assign(path, recipient.user_id, reason, at, is_offer=True)

    def assign(self, path: LeadPath, user_id: int, reason: Reason, at: datetime, *, is_offer: bool = False) -> None:
        """Assign the lead to the user and remove the offers of all others."""
        for key in product(path.visited_team_ids, path.offered_user_ids):
            self.held[key].pop(path.number, None)
        self.held[path.team_id, user_id][path.number] = HeldLead(at, None, is_offer=is_offer, is_alerted=True)
        if path.simulated_lead.contact_id:
            self.claims[path.simulated_lead.contact_id].append(EarlierClaim(at, user_id, None))
        path.stops.append(Stop(at, USER, reason, user_id=user_id))

    def follow_fallbacks(self, unoffered: Sequence[LeadPath], start: datetime, at: datetime) -> None:
        """Follow fallbacks until a member is available or there is no further team. Teams are processed by id."""
        while unoffered:
            moved = [path for path in unoffered if self.fall_back(path, at)]
            moved.sort(key=lambda path: path.team_id)
            unoffered = [path for path in moved if self.offer(path, start, at)]

    def fall_back(self, path: LeadPath, at: datetime) -> bool:
        """Move the lead to its next stop. Return whether that is another team."""
        visited, count = path.visited_team_ids, path.fallback_count
        step = next_fallback(path.team_id, visited, count, self.max_fallbacks, self.fallbacks)
        if step.target == TEAM:
            path.team_id, path.reason = step.team_id or 0, step.reason
            path.fallback_count += 1
            return True
        if step.target == USER:
            self.assign(path, step.user_id or 0, step.reason, at)
        else:
            team_id = path.team_id if step.target else None
            path.stops.append(Stop(at, step.target or OWNER, step.reason, team_id))
        return False

    # Rosters

    def roster(self, team_id: int, at: datetime) -> Roster:
        """Return the roster with the credits that earlier leads left, and the workloads at this time."""
        if team_id not in self.rosters:
            self.rosters[team_id] = self.roster_at(team_id, at)
            found = {option.user_id: option.availability for option in self.rosters[team_id].candidates}
            self.initial_loads[team_id] = at, found
        roster = self.rosters[team_id]
        return replace(roster, candidates=tuple(self.with_load(option, team_id, at) for option in roster.candidates))

    def member(self, team_id: int, user_id: int) -> Candidate:
        return next(option for option in self.rosters[team_id].candidates if option.user_id == user_id)

    def with_load(self, option: Candidate, team_id: int, at: datetime, *, is_alerted: bool = False) -> Candidate:
        """Return the candidate with their workload. `is_alerted`: count only leads they were alerted to."""
        if (option.availability.cap_open, option.availability.cap_day) == (None, None):
            return option
        found_at, found = self.initial_loads[team_id]
        before, zone = found[option.user_id], option.availability.zone
        midnight = start_of_day(at, zone)
        held = self.held[team_id, option.user_id].values()
        counted = [each for each in held if each.counts(at) and (each.is_alerted or not is_alerted)]
        today = [each for each in counted if each.is_offer and each.since >= midnight]
        load = replace(
            before,
            open_leads=before.open_leads + len(counted),
            leads_today=len(today) + (before.leads_today if start_of_day(found_at, zone) == midnight else 0),
        )
        return replace(option, availability=load)


def due_turns(decision: TurnDecision[PlannedOffer], at: datetime) -> Iterator[Turn]:
    """Yield the turns that began at `at`."""
    yield from (Turn(at, is_open=False) for _ in decision.skipped)
    yield from (Turn(at, is_open=True) for _ in decision.alerted)


def advanced(offer: PlannedOffer, ahead: timedelta) -> PlannedOffer:
    closes_at = offer.closes_at - ahead if offer.closes_at else None
    return replace(offer, notify_at=offer.notify_at - ahead, closes_at=closes_at)


def skipped_allocation(path: LeadPath, turn: Allocation, before: Sequence[int]) -> SkippedAllocation:
    """Return the round-robin turn of this lead without the members who were skipped."""
    offered = [offer.user_id for offer in path.plan.offers]
    return SkippedAllocation(turn.order, turn.number, offered, before, path.skipped_user_ids)
