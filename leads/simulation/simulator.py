"""The way of leads that nobody claims, from moment to moment, in memory.

What decides is what decides for real: `routing.route`, the rosters' `rollout.plan_rollout`, `fallback.next_hop`.
Nothing is written: the places in round robins and what members have pass from one lead to the next in here.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import product
from typing import Final

from core.reasons import Reason
from leads.distribution.fallback import TEAM, USER, FallbackPolicy, next_fallback
from leads.distribution.offer_plan import Candidate, Plan, PlannedOffer, SkippedMember, time_until_next
from leads.distribution.roster import Roster
from leads.distribution.round_robin import Allocation, SkippedAllocation
from leads.distribution.workload import start_of_day
from leads.reasons import EventCode
from leads.routing.matching import Inquiry
from leads.routing.router import Decision, Rule, TeamServiceArea, pick_route
from teams.availability import Availability, unavailable_reason
from teams.eligibility import usable_channels

OWNER: Final = "Owner"
OFFER_DUE, FALLBACK_DUE = 0, 1  # what is due at one moment: turns before fallbacks


@dataclass(frozen=True, slots=True)
class SimulatedLead:
    """A lead that comes in at a moment; `number` is its place among those that are rehearsed."""

    number: int
    at: datetime
    inquiry: Inquiry
    contact_id: int | None = None
    lead_id: int | None = None  # of one that has come in already


@dataclass(frozen=True, slots=True)
class EarlierClaim:
    """A lead of a contact that was somebody's of a team."""

    at: datetime
    user_id: int
    lead_id: int | None  # None: one that is rehearsed


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
    """Where a lead comes to: a team, a team's pond, a user, or its owner, for whom it waits."""

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
    """What a member has of a lead: an offer from their turn until its window closes, or the lead itself."""

    since: datetime
    until: datetime | None
    is_offer: bool = True
    is_told: bool = False  # their turn has come

    def counts(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or self.until > at)


@dataclass(slots=True)
class LeadPath:
    """A lead's way so far; `number`: as the how manieth it came in."""

    number: int
    newcomer: SimulatedLead
    decision: Decision
    reason: Reason  # why it goes where it goes next
    stations: list[Stop] = field(default_factory=list)
    team_id: int = 0
    hops: int = 0
    had: set[int] = field(default_factory=set)  # the users it was offered to
    been_to: set[int] = field(default_factory=set)  # and their teams
    claimer: int | None = None  # who claimed the contact's last lead, if this one is to be theirs when it starts
    waiting: list[PlannedOffer] = field(default_factory=list)  # turns yet to come
    passed: list[int] = field(default_factory=list)  # whose turn came in its present team, and who could not take it

    plan: Plan = field(default_factory=Plan)  # of its present team

    @property
    def here(self) -> Stop:
        return self.stations[-1]


class Simulator:
    """Takes leads in, and lets time pass."""

    def __init__(
        self,
        rules: Sequence[Rule],
        areas: Sequence[TeamServiceArea],
        fallbacks: Mapping[int, FallbackPolicy],
        roster_at: Callable[[int, datetime], Roster],
        claims: Mapping[int, Sequence[EarlierClaim]],
        most: int,
    ) -> None:
        """`roster_at` is asked once a team, as it stands then; `claims`: by contact; `most` fallbacks are followed."""
        self.rules, self.areas, self.fallbacks, self.roster_at, self.most = rules, areas, fallbacks, roster_at, most
        self.claims = defaultdict(list, {contact_id: list(claims[contact_id]) for contact_id in claims})
        self.rosters: dict[int, Roster] = {}
        self.before: dict[int, tuple[datetime, dict[int, Availability]]] = {}  # as the members were found
        self.held: dict[tuple[int, int], dict[int, HeldLead]] = defaultdict(dict)  # by team and user, and journey
        self.journeys: list[LeadPath] = []
        self.due: list[tuple[datetime, int, int]] = []  # when, what, of which journey

    def run(self, newcomers: Iterable[SimulatedLead]) -> list[LeadPath]:
        """Their journeys, in the order given."""
        waiting = deque(sorted(newcomers, key=lambda newcomer: (newcomer.at, newcomer.number)))
        while waiting or self.due:
            if waiting and (not self.due or waiting[0].at <= self.due[0][0]):
                self.arrive(waiting.popleft())
            else:
                self.pass_time()
        return sorted(self.journeys, key=lambda journey: journey.newcomer.number)

    def arrive(self, newcomer: SimulatedLead) -> None:
        """A lead comes in, and is sent where the rules say."""
        decision = pick_route(newcomer.inquiry, self.rules, self.areas)
        number, team_id, start = len(self.journeys), decision.team_id or 0, decision.starts_at or newcomer.at
        journey = LeadPath(number, newcomer, decision, reason=decision.reason, team_id=team_id)
        self.journeys.append(journey)
        if decision.team_id is None:
            journey.stations.append(Stop(newcomer.at, OWNER, decision.reason))
        elif not self.returns(journey, start) and self.offer(journey, start, newcomer.at):
            self.follow_fallbacks([journey], start, newcomer.at)

    def returns(self, journey: LeadPath, start: datetime) -> bool:
        """Give the lead to whoever claimed the contact's last one, where the rule says so and they can take it.

        Of a lead that is held for later their turn may come first then.
        """
        at, earlier = journey.newcomer.at, self.earlier_claim(journey.newcomer)
        if earlier is None or not journey.decision.is_returning_to_claimer:
            return False
        if because := self.roster(journey.team_id, at).skip_reason(earlier.user_id, at):
            code = EventCode.EARLIER_CLAIMER_UNAVAILABLE
            if start > at and not self.roster(journey.team_id, start).skip_reason(earlier.user_id, start):
                journey.claimer, code = earlier.user_id, EventCode.EARLIER_CLAIMER_LATER
            details = {"earlier_claimer_user_id": earlier.user_id, "earlier_lead_id": earlier.lead_id}
            journey.reason = Reason(code, details | {"because": because.as_json()})
            return False
        details = {"user_id": earlier.user_id, "earlier_lead_id": earlier.lead_id}
        self.give(journey, earlier.user_id, Reason(EventCode.EARLIER_CLAIM, details), at)
        return True

    def earlier_claim(self, newcomer: SimulatedLead) -> EarlierClaim | None:
        """The last of another lead of this contact."""
        claims = self.claims[newcomer.contact_id] if newcomer.contact_id else ()
        others = (claim for claim in claims if claim.lead_id is None or claim.lead_id != newcomer.lead_id)
        return max((claim for claim in others if claim.at <= newcomer.at), key=lambda claim: claim.at, default=None)

    def offer(self, journey: LeadPath, start: datetime, at: datetime) -> bool:
        """Offer the lead to its team; whether nobody there can be told."""
        team_id, roster = journey.team_id, self.roster(journey.team_id, start)
        plan = roster.plan(journey.had, start, journey.claimer)
        self.rosters[team_id] = roster.after(plan, start)
        skipped = list(plan.skipped)
        station = Stop(at, TEAM, journey.reason, team_id, plan=plan, skipped=skipped, ends_at=plan.ends_at)
        journey.stations.append(station)
        journey.plan, journey.waiting, journey.passed = plan, list(plan.offers), []
        journey.had |= {offer.user_id for offer in plan.offers}
        journey.been_to.add(team_id)
        for offer in plan.offers:
            self.held[team_id, offer.user_id][journey.number] = HeldLead(offer.notify_at, offer.closes_at)
        self.wait(journey)
        return plan.is_empty

    def wait(self, journey: LeadPath) -> None:
        """For its next turn, or after the last one until its time is over."""
        if journey.waiting:
            heappush(self.due, (journey.waiting[0].notify_at, OFFER_DUE, journey.number))
        elif journey.here.ends_at is not None:
            heappush(self.due, (journey.here.ends_at, FALLBACK_DUE, journey.number))

    def pass_time(self) -> None:
        """What is due next happens, of all leads of which it is due at that moment."""
        at, what, _ = self.due[0]
        journeys: list[LeadPath] = []
        while self.due and self.due[0][:2] == (at, what):
            journeys.append(self.journeys[heappop(self.due)[2]])
        if what == OFFER_DUE:
            self.take_turns(journeys, at)
        else:
            self.follow_fallbacks(journeys, at, at)

    def take_turns(self, journeys: Sequence[LeadPath], at: datetime) -> None:
        """Whose turn it is are told; and those who could not take theirs do not pay for it."""
        missed: dict[int, list[SkippedAllocation]] = defaultdict(list)
        for journey in journeys:
            before = list(journey.passed)
            self.take_turn(journey, at)
            if journey.plan.turn and journey.passed != before:
                missed[journey.team_id].append(skipped_allocation(journey, journey.plan.turn, before))
        for team_id, turns in missed.items():
            self.rosters[team_id] = self.rosters[team_id].handing_on(turns)

    def take_turn(self, journey: LeadPath, at: datetime) -> None:
        """Tell who is due; to whoever gets leads without claiming, the lead is given."""
        due = [offer for offer in journey.waiting if offer.notify_at <= at]
        journey.waiting = journey.waiting[len(due) :]
        able = [offer for offer in due if not self.pass_over(journey, offer, at)]
        taker = next((offer for offer in able if offer.assign_automatically), None)
        for offer in [taker] if taker else able:
            self.tell(journey, offer)
        if taker:
            self.take(journey, taker, at)
            return
        if not able:
            self.move_on(journey, at)
        self.wait(journey)

    def pass_over(self, journey: LeadPath, offer: PlannedOffer, at: datetime) -> bool:
        """Whether they are away or at their cap by now."""
        place = journey.team_id, offer.user_id
        reason = unavailable_reason(
            self.with_load(self.member(*place), journey.team_id, at, is_told=True).availability, at
        )
        if reason:
            journey.here.skipped.append(SkippedMember(offer.user_id, reason))
            journey.passed.append(offer.user_id)
            del self.held[place][journey.number]
        return reason is not None

    def tell(self, journey: LeadPath, offer: PlannedOffer) -> None:
        """A member's turn has come."""
        place = journey.team_id, offer.user_id
        ways = usable_channels(self.member(*place))
        told = SimulatedAlert(offer.user_id, offer.notify_at, offer.closes_at, ways, offer.assign_automatically)
        journey.here.offers.append(told)
        self.held[place][journey.number].is_told = True

    def move_on(self, journey: LeadPath, at: datetime) -> None:
        """Nobody waits for nothing, as in leads.lifecycle.reschedule."""
        ahead = time_until_next([offer.notify_at for offer in journey.waiting], at)
        journey.waiting = [advanced(offer, ahead) for offer in journey.waiting]
        for offer in journey.waiting:
            self.held[journey.team_id, offer.user_id][journey.number] = HeldLead(offer.notify_at, offer.closes_at)
        if journey.here.ends_at is not None:
            is_left = journey.waiting or self.is_open(journey, at)
            journey.here.ends_at = journey.here.ends_at - ahead if is_left else at

    def is_open(self, journey: LeadPath, at: datetime) -> bool:
        """Whether somebody of its present team may still claim it."""
        held = (self.held[journey.team_id, told.user_id][journey.number] for told in journey.here.offers)
        return any(each.counts(at) for each in held)

    def take(self, journey: LeadPath, taker: PlannedOffer, at: datetime) -> None:
        """The lead is a member's without their claiming it."""
        journey.here.ends_at = at
        reason = Reason(EventCode.ASSIGNED_AUTOMATICALLY, {"user_id": taker.user_id})
        self.give(journey, taker.user_id, reason, at, is_offer=True)

    def give(self, journey: LeadPath, user_id: int, reason: Reason, at: datetime, *, is_offer: bool = False) -> None:
        """The lead is this user's; nobody else has anything of it any more."""
        for place in product(journey.been_to, journey.had):
            self.held[place].pop(journey.number, None)
        self.held[journey.team_id, user_id][journey.number] = HeldLead(at, None, is_offer=is_offer, is_told=True)
        if journey.newcomer.contact_id:
            self.claims[journey.newcomer.contact_id].append(EarlierClaim(at, user_id, None))
        journey.stations.append(Stop(at, USER, reason, user_id=user_id))

    def follow_fallbacks(self, stranded: Sequence[LeadPath], start: datetime, at: datetime) -> None:
        """From team to team, until somebody can be told or there is no further one. Teams come by id."""
        while stranded:
            moved = [journey for journey in stranded if self.hop(journey, at)]
            moved.sort(key=lambda journey: journey.team_id)
            stranded = [journey for journey in moved if self.offer(journey, start, at)]

    def hop(self, journey: LeadPath, at: datetime) -> bool:
        """The lead goes on to its next stop; whether that is another team."""
        hop = next_fallback(journey.team_id, journey.been_to, journey.hops, self.most, self.fallbacks)
        if hop.target == TEAM:
            journey.team_id, journey.hops, journey.reason = hop.team_id or 0, journey.hops + 1, hop.reason
            return True
        if hop.target == USER:
            self.give(journey, hop.user_id or 0, hop.reason, at)
        else:
            team_id = journey.team_id if hop.target else None
            journey.stations.append(Stop(at, hop.target or OWNER, hop.reason, team_id))
        return False

    # The teams as they stand in the rehearsal

    def roster(self, team_id: int, at: datetime) -> Roster:
        """The team with its round robin as the leads before left it, and its members with what they have by now."""
        if team_id not in self.rosters:
            self.rosters[team_id] = self.roster_at(team_id, at)
            found = {option.user_id: option.availability for option in self.rosters[team_id].options}
            self.before[team_id] = at, found
        roster = self.rosters[team_id]
        return replace(roster, options=tuple(self.with_load(option, team_id, at) for option in roster.options))

    def member(self, team_id: int, user_id: int) -> Candidate:
        return next(option for option in self.rosters[team_id].options if option.user_id == user_id)

    def with_load(self, option: Candidate, team_id: int, at: datetime, *, is_told: bool = False) -> Candidate:
        """The member with what they have, or of which they are told; of those without a cap nobody asks."""
        if (option.availability.cap_open, option.availability.cap_day) == (None, None):
            return option
        found_at, found = self.before[team_id]
        before, zone = found[option.user_id], option.availability.zone
        began = start_of_day(at, zone)
        held = self.held[team_id, option.user_id].values()
        mine = [each for each in held if each.counts(at) and (each.is_told or not is_told)]
        today = [each for each in mine if each.is_offer and each.since >= began]
        load = replace(
            before,
            open_leads=before.open_leads + len(mine),
            leads_today=len(today) + (before.leads_today if start_of_day(found_at, zone) == began else 0),
        )
        return replace(option, availability=load)


def advanced(offer: PlannedOffer, ahead: timedelta) -> PlannedOffer:
    closes_at = offer.closes_at - ahead if offer.closes_at else None
    return replace(offer, notify_at=offer.notify_at - ahead, closes_at=closes_at)


def skipped_allocation(journey: LeadPath, turn: Allocation, before: Sequence[int]) -> SkippedAllocation:
    """The turn in the round robin that was taken for this lead, as those who were passed over leave it."""
    offered = [offer.user_id for offer in journey.plan.offers]
    return SkippedAllocation(turn.order, turn.number, offered, before, journey.passed)
