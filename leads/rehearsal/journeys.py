"""The way of leads that nobody claims, from moment to moment, in memory.

What decides is what decides for real: `routing.route`, the rosters' `rollout.plan_rollout`, `fallback.next_hop`.
Nothing is written: the places in round robins and what members have pass from one lead to the next in here.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from heapq import heappop, heappush
from itertools import product
from typing import Final

from leads.availability import Availability
from leads.conditions import Inquiry
from leads.fallback import TEAM, USER, Fallback, next_hop
from leads.rollout import Option, Plan, channels
from leads.roster import Roster
from leads.routing import Decision, Rule, TeamArea, route
from teams.zones import instant, wall_time

OWNER: Final = "Owner"
TAKEN, OVER = 0, 1  # what is due at one moment: turns before fallbacks


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A lead that comes in at a moment; `number` is its place among those that are rehearsed."""

    number: int
    at: datetime
    inquiry: Inquiry
    contact_id: int | None = None
    lead_id: int | None = None  # of one that has come in already


@dataclass(frozen=True, slots=True)
class Claim:
    """A lead of a contact that was somebody's of a team."""

    at: datetime
    user_id: int
    lead_id: int | None  # None: one that is rehearsed


@dataclass(frozen=True, slots=True)
class Told:
    """A member who would be alerted."""

    user_id: int
    at: datetime
    closes_at: datetime | None
    channels: tuple[str, ...]
    assign_automatically: bool


@dataclass(slots=True)
class Station:
    """Where a lead comes to: a team, a team's pond, a user, or its owner, for whom it waits."""

    at: datetime
    target: str
    reason: str
    team_id: int | None = None
    user_id: int | None = None
    plan: Plan = field(default_factory=Plan)
    offers: list[Told] = field(default_factory=list)
    ends_at: datetime | None = None


@dataclass(slots=True)
class Journey:
    """A lead's way so far."""

    newcomer: Newcomer
    decision: Decision
    stations: list[Station] = field(default_factory=list)
    team_id: int = 0
    hops: int = 0
    had: set[int] = field(default_factory=set)  # the users it was offered to
    been_to: set[int] = field(default_factory=set)  # and their teams
    reason: str = ""  # why it goes where it goes next


@dataclass(frozen=True, slots=True)
class Held:
    """What a member has of a lead: an offer from their turn until its window closes, or the lead itself."""

    number: int
    since: datetime
    until: datetime | None
    is_offer: bool = True

    def counts(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or self.until > at)


class Rehearsal:
    """Takes leads in, and lets time pass."""

    def __init__(
        self,
        rules: Sequence[Rule],
        areas: Sequence[TeamArea],
        fallbacks: Mapping[int, Fallback],
        roster_at: Callable[[int, datetime], Roster],
        claims: Mapping[int, Sequence[Claim]],
        most: int,
    ) -> None:
        """`roster_at` is asked once a team, as it stands then; `claims`: by contact; `most` fallbacks are followed."""
        self.rules, self.areas, self.fallbacks, self.roster_at, self.most = rules, areas, fallbacks, roster_at, most
        self.claims = defaultdict(list, {contact_id: list(claims[contact_id]) for contact_id in claims})
        self.rosters: dict[int, Roster] = {}
        self.before: dict[int, tuple[datetime, dict[int, Availability]]] = {}  # as the members were found
        self.held: dict[tuple[int, int], list[Held]] = defaultdict(list)  # by team and user
        self.journeys: dict[int, Journey] = {}
        self.due: list[tuple[datetime, int, int]] = []  # when, what, of which lead

    def run(self, newcomers: Iterable[Newcomer]) -> list[Journey]:
        """Their journeys, in the order given."""
        waiting = deque(sorted(newcomers, key=lambda newcomer: (newcomer.at, newcomer.number)))
        while waiting or self.due:
            if waiting and (not self.due or waiting[0].at <= self.due[0][0]):
                self.arrive(waiting.popleft())
            else:
                self.pass_time()
        return [self.journeys[number] for number in sorted(self.journeys)]

    def arrive(self, newcomer: Newcomer) -> None:
        """A lead comes in, and is sent where the rules say."""
        decision = route(newcomer.inquiry, self.rules, self.areas)
        journey = Journey(newcomer, decision, reason=decision.reason, team_id=decision.team_id or 0)
        self.journeys[newcomer.number] = journey
        if decision.team_id is None:
            journey.stations.append(Station(newcomer.at, OWNER, decision.reason))
        elif not self.returns(journey) and self.offer(journey, decision.starts_at or newcomer.at, newcomer.at):
            self.follow_fallbacks([journey], decision.starts_at or newcomer.at, newcomer.at)

    def returns(self, journey: Journey) -> bool:
        """Give the lead to whoever claimed the contact's last one, where the rule says so and they can take it."""
        at, earlier = journey.newcomer.at, self.earlier_claim(journey.newcomer)
        if earlier is None or not journey.decision.is_returning_to_claimer:
            return False
        which = f"lead {earlier.lead_id}" if earlier.lead_id else "a lead before"
        words = f"User {earlier.user_id} claimed {which} of this contact"
        if objection := self.roster(journey.team_id, at).why_not(earlier.user_id, at):
            journey.reason = f"{journey.reason} {words}, but cannot take this one: {objection}."
            return False
        self.give(journey, earlier.user_id, f"{words}.", at)
        return True

    def earlier_claim(self, newcomer: Newcomer) -> Claim | None:
        """The last of another lead of this contact."""
        claims = self.claims[newcomer.contact_id] if newcomer.contact_id else ()
        others = (claim for claim in claims if claim.lead_id is None or claim.lead_id != newcomer.lead_id)
        return max((claim for claim in others if claim.at <= newcomer.at), key=lambda claim: claim.at, default=None)

    def offer(self, journey: Journey, start: datetime, at: datetime) -> bool:
        """Offer the lead to its team; whether nobody there can be told."""
        team_id, roster = journey.team_id, self.roster(journey.team_id, start)
        plan = roster.plan(journey.had, start)
        self.rosters[team_id] = roster.after(plan, start)
        told = list(told_of(plan, {option.id: option for option in roster.options}))
        taker = next((offer for offer in told if offer.assign_automatically), None)
        if taker is not None:  # nobody is told any more from then on
            told = [offer for offer in told if offer.at < taker.at or offer == taker]
        journey.stations.append(Station(at, TEAM, journey.reason, team_id, None, plan, told, plan.ends_at))
        if plan.ends_at is None:
            return True
        self.note(journey, plan)
        at, what = (taker.at, TAKEN) if taker else (plan.ends_at, OVER)
        heappush(self.due, (at, what, self.number(journey)))
        return False

    def note(self, journey: Journey, plan: Plan) -> None:
        """Keep who has been offered the lead."""
        journey.had |= {offer.user_id for offer in plan.offers}
        journey.been_to.add(journey.team_id)
        for offer in plan.offers:
            held = Held(self.number(journey), offer.notify_at, offer.closes_at)
            self.held[journey.team_id, offer.user_id].append(held)

    def pass_time(self) -> None:
        """What is due next happens: a lead is somebody's at their turn, or leads fall back."""
        at, what, number = heappop(self.due)
        if what == TAKEN:
            self.take(self.journeys[number], at)
            return
        over = [number]
        while self.due and self.due[0][:2] == (at, OVER):
            over.append(heappop(self.due)[2])
        self.follow_fallbacks([self.journeys[number] for number in over], at, at)

    def take(self, journey: Journey, at: datetime) -> None:
        """The lead is a member's without their claiming it."""
        taker = journey.stations[-1].offers[-1]
        journey.stations[-1].ends_at = at
        reason = f"User {taker.user_id} gets leads at their turn, without claiming."
        self.give(journey, taker.user_id, reason, at, is_offer=True)

    def give(self, journey: Journey, user_id: int, reason: str, at: datetime, *, is_offer: bool = False) -> None:
        """The lead is this user's; nobody else has anything of it any more."""
        number, team_id = self.number(journey), journey.team_id
        for place in product(journey.been_to, journey.had):
            self.held[place] = [held for held in self.held[place] if held.number != number]
        self.held[team_id, user_id].append(Held(number, at, None, is_offer=is_offer))
        if journey.newcomer.contact_id:
            self.claims[journey.newcomer.contact_id].append(Claim(at, user_id, None))
        journey.stations.append(Station(at, USER, reason, user_id=user_id))

    def follow_fallbacks(self, stranded: Sequence[Journey], start: datetime, at: datetime) -> None:
        """From team to team, until somebody can be told or there is no further one. Teams come by id."""
        while stranded:
            moved = [journey for journey in stranded if self.hop(journey, at)]
            moved.sort(key=lambda journey: journey.team_id)
            stranded = [journey for journey in moved if self.offer(journey, start, at)]

    def hop(self, journey: Journey, at: datetime) -> bool:
        """The lead goes on to its next stop; whether that is another team."""
        hop = next_hop(journey.team_id, journey.been_to, journey.hops, self.most, self.fallbacks)
        if hop.target == TEAM:
            journey.team_id, journey.hops, journey.reason = hop.team_id or 0, journey.hops + 1, hop.reason
            return True
        if hop.target == USER:
            self.give(journey, hop.user_id or 0, hop.reason, at)
        else:
            team_id = journey.team_id if hop.target else None
            journey.stations.append(Station(at, hop.target or OWNER, hop.reason, team_id))
        return False

    def number(self, journey: Journey) -> int:
        return journey.newcomer.number

    # The teams as they stand in the rehearsal

    def roster(self, team_id: int, at: datetime) -> Roster:
        """The team with its round robin as the leads before left it, and its members with what they have by now."""
        if team_id not in self.rosters:
            self.rosters[team_id] = self.roster_at(team_id, at)
            found = {option.user_id: option.availability for option in self.rosters[team_id].options}
            self.before[team_id] = at, found
        roster = self.rosters[team_id]
        return replace(roster, options=tuple(self.with_load(option, team_id, at) for option in roster.options))

    def with_load(self, option: Option, team_id: int, at: datetime) -> Option:
        """The member with what they have; of those without a cap nobody asks."""
        if (option.availability.cap_open, option.availability.cap_day) == (None, None):
            return option
        found_at, found = self.before[team_id]
        before, midnight = found[option.user_id], midnight_of(at, option)
        mine = [held for held in self.held[team_id, option.user_id] if held.counts(at)]
        today = [held for held in mine if held.is_offer and held.since >= midnight]
        load = replace(
            before,
            open_leads=before.open_leads + len(mine),
            leads_today=len(today) + (before.leads_today if midnight_of(found_at, option) == midnight else 0),
        )
        return replace(option, availability=load)


def told_of(plan: Plan, options: Mapping[int, Option]) -> Iterable[Told]:
    """Who would be alerted, in order."""
    for offer in plan.offers:
        ways = channels(options[offer.option_id])
        yield Told(offer.user_id, offer.notify_at, offer.closes_at, ways, offer.assign_automatically)


def midnight_of(at: datetime, option: Option) -> datetime:
    """When the member's day began."""
    zone = option.availability.zone
    return instant(datetime.combine(wall_time(at, zone), time()), zone)
