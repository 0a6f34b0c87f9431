"""Who of a team is offered a lead, and when. Pure: rows and a moment in, a plan out."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from core.reasons import Reason
from leads.distribution.round_robin import Allocation, RotationMember, allocate
from teams.availability import AT_ALL_TIMES, Availability, unavailable_reason
from teams.eligibility import SkipReason, member_reasons

RANK: Final = "Rank"
TIME: Final = "Time"
ROUND_ROBIN: Final = "Round Robin"
BROADCAST: Final = "Broadcast"

DEFAULT_MINUTES: Final = 5  # between two alerts, when the team names no interval
MAX_MINUTES: Final = 366 * 24 * 60  # a typing error must not lead beyond the calendar
SINGLE_DIGITS: Final = range(1, 10)
LATE_TOLERANCE: Final = timedelta(minutes=1)  # an alert that leaves this late or less is on time


@dataclass(frozen=True, slots=True)
class RolloutTeam:
    """How a team takes its turns."""

    id: int
    order_method: str = RANK
    mins_until_next_alert: int | None = None
    is_exclusive_window: bool = False  # an offer closes when the next one opens
    mins_until_fallback: int | None = None  # after the last alert; None: as between two alerts
    turns: int = 0  # how many leads went round already


@dataclass(frozen=True, slots=True)
class Candidate:
    """One `TeamMemberDistributionOption`, with what decides whether its member can be told of a lead."""

    id: int
    user_id: int
    rank: int | None = None
    mins_until_lead_offer: int | None = None
    assign_automatically: bool = False
    has_call_alert: bool = False
    has_text_alert: bool = False
    has_email_alert: bool = False
    is_accepted: bool = True  # the invitation to the team
    is_active: bool = True  # the user
    phone: str = ""  # E.164
    confirmed_phone: str = ""  # that phone, if the user has confirmed it
    has_opted_out: bool = False  # that phone, of texts, and so of calls
    email: str = ""
    availability: Availability = AT_ALL_TIMES
    # Their place in the round robin (leads.distribution.round_robin).
    weight: int = 1
    credit: int = 0
    last_turn: int = 0

    @property
    def place(self) -> RotationMember:
        return RotationMember(self.user_id, self.weight, self.credit, self.last_turn)


@dataclass(frozen=True, slots=True)
class PlannedOffer:
    """A member's turn. Turns due at one instant are alerted by `position`, which counts from 0."""

    user_id: int
    team_id: int
    rank: int | None
    position: int
    notify_at: datetime
    closes_at: datetime | None
    assign_automatically: bool
    has_call_alert: bool
    has_text_alert: bool
    has_email_alert: bool


@dataclass(frozen=True, slots=True)
class SkippedMember:
    """A member who is not offered the lead, and why."""

    user_id: int
    reason: Reason

    def as_json(self) -> dict[str, Any]:
        """As traces store it."""
        return {"user_id": self.user_id} | self.reason.as_json()


@dataclass(frozen=True, slots=True)
class Plan:
    """A rollout: who has a turn, in order, and who has none."""

    offers: tuple[PlannedOffer, ...] = ()
    skipped: tuple[SkippedMember, ...] = ()
    allocation: Allocation | None = None  # of the round robin, where this lead took one
    ends_at: datetime | None = None  # when nobody claimed: the time of the last offer is over then

    @property
    def is_empty(self) -> bool:
        return not self.offers


@dataclass(frozen=True, slots=True)
class _ScheduledCandidate:
    """A member's turn, so long after the first."""

    option: Candidate
    wait: timedelta


def plan_rollout(
    team: RolloutTeam, options: Sequence[Candidate], already_offered: Collection[int], start: datetime
) -> Plan:
    """Each member's turn counted from `start`; users in `already_offered` have had theirs.

    Whoever is not available when their turn would come is passed over, and the next one takes that turn.
    """
    skipped = {option.id: reason for option in options if (reason := skip_reason(option, already_offered))}
    able = [option for option in options if option.id not in skipped]
    slots, turn = _schedule(team, able, start, skipped)
    ends = _window_ends(team, slots)
    return Plan(
        offers=tuple(_planned_offers(team, slots, ends, start)),
        skipped=tuple(SkippedMember(option.user_id, skipped[option.id]) for option in options if option.id in skipped),
        allocation=turn,
        ends_at=start + ends[-1] if slots else None,
    )


def with_priority_member(option: Candidate, others: Plan, team: RolloutTeam, start: datetime) -> Plan:
    """The plan with a turn ahead of all others', at which the lead is this member's without claiming.

    The others' stand beside it, for when that member cannot take it after all. None of them is one of the round robin.
    """
    slot = _ScheduledCandidate(replace(option, assign_automatically=True), timedelta(0))
    (ahead,) = _planned_offers(replace(team, is_exclusive_window=False), [slot], [timedelta(0)], start)
    behind = (replace(offer, position=offer.position + 1) for offer in others.offers)
    skipped = tuple(skipped for skipped in others.skipped if skipped.user_id != option.user_id)
    return Plan((ahead, *behind), skipped, allocation=None, ends_at=others.ends_at or start)


def time_until_next(remaining: Sequence[datetime], now: datetime) -> timedelta:
    """By how much turns still to come move forward when nobody is left to wait for: the next one's is now."""
    return max(min(remaining) - now, timedelta(0)) if remaining else timedelta(0)


def skip_reason(option: Candidate, already_offered: Collection[int]) -> Reason | None:
    """Why this member is not offered the lead at any time; None when they are."""
    if option.user_id in already_offered:
        return Reason(SkipReason.ALREADY_OFFERED)
    return next(member_reasons(option), None)


def lateness_shift(due_at: datetime, now: datetime) -> timedelta:
    """By how much a lead's remaining offers move when this one leaves only now; zero when it is on time."""
    lateness = now - due_at
    return lateness if lateness > LATE_TOLERANCE else timedelta(0)


def next_reply_number(open_numbers: Collection[int], recent: Sequence[int] = ()) -> int:
    """The N of an agent's next "Reply N to claim.": none of their open ones, and the one longest out of use.

    `recent` holds the numbers of their past alerts, newest first, so that a late answer to an old alert
    does not claim a newer lead.
    """
    free = [digit for digit in SINGLE_DIGITS if digit not in open_numbers]
    if not free:
        return next(number for number in count(10) if number not in open_numbers)
    return max(free, key=lambda digit: recent.index(digit) if digit in recent else len(recent))


def _schedule(
    team: RolloutTeam, able: Sequence[Candidate], start: datetime, skipped: dict[int, Reason]
) -> tuple[list[_ScheduledCandidate], Allocation | None]:
    """The turns of those who can be told, in order; notes in `skipped` who is not available at theirs."""

    def is_there(option: Candidate, wait: timedelta) -> bool:
        if reason := unavailable_reason(option.availability, start + wait):
            skipped[option.id] = reason
        return reason is None

    ranked = sorted(able, key=_rank_key)
    if team.order_method == TIME:
        timed = [
            _ScheduledCandidate(option, _to_timedelta(option.mins_until_lead_offer, default=0)) for option in ranked
        ]
        return sorted((slot for slot in timed if is_there(slot.option, slot.wait)), key=lambda slot: slot.wait), None
    if team.order_method == ROUND_ROBIN:
        return _round_robin_schedule(team, able, skipped, is_there)
    return _schedule_in_sequence(ranked, _interval(team), is_there), None


def _schedule_in_sequence(
    ordered: Sequence[Candidate], interval: timedelta, is_there: Callable[[Candidate, timedelta], bool]
) -> list[_ScheduledCandidate]:
    """One after the other, at equal distances; nobody's absence costs the others time."""
    slots: list[_ScheduledCandidate] = []
    for option in ordered:
        wait = len(slots) * interval
        if is_there(option, wait):
            slots.append(_ScheduledCandidate(option, wait))
    return slots


def _round_robin_schedule(
    team: RolloutTeam,
    able: Sequence[Candidate],
    skipped: dict[int, Reason],
    is_there: Callable[[Candidate, timedelta], bool],
) -> tuple[list[_ScheduledCandidate], Allocation | None]:
    """Beginning with whoever is to have this lead; of those who are not there now, nobody loses their place."""
    here = [option for option in able if _has_weight(option, skipped) and is_there(option, timedelta(0))]
    if not here:
        return [], None
    turn = allocate([option.place for option in here], team.turns + 1)
    by_user = {option.user_id: option for option in here}
    ordered = [by_user[place.user_id] for place in turn.order]
    return _schedule_in_sequence(ordered, _interval(team), is_there), turn


def _has_weight(option: Candidate, skipped: dict[int, Reason]) -> bool:
    if not option.weight:
        skipped[option.id] = Reason(SkipReason.ZERO_WEIGHT)
    return option.weight > 0


def _interval(team: RolloutTeam) -> timedelta:
    if team.order_method == BROADCAST:
        return timedelta(0)
    return _to_timedelta(team.mins_until_next_alert, default=DEFAULT_MINUTES)


def _window_ends(team: RolloutTeam, slots: Sequence[_ScheduledCandidate]) -> list[timedelta]:
    """When each turn is over: when the next one's begins; the last ones', when the lead falls back."""
    waits = [slot.wait for slot in slots]
    last = (
        _to_timedelta(team.mins_until_fallback, default=0)
        if team.mins_until_fallback is not None
        else _last_window(team)
    )
    return [next((later for later in waits if later > wait), waits[-1] + last) for wait in waits]


def _last_window(team: RolloutTeam) -> timedelta:
    """As long as between two alerts; where those come at once or at their own times, the default."""
    between = _interval(team) if team.order_method in (RANK, ROUND_ROBIN) else timedelta(0)
    return between or timedelta(minutes=DEFAULT_MINUTES)


def _planned_offers(
    team: RolloutTeam, slots: Sequence[_ScheduledCandidate], ends: Sequence[timedelta], start: datetime
) -> Iterator[PlannedOffer]:
    for position, (slot, end) in enumerate(zip(slots, ends, strict=True)):
        option = slot.option
        yield PlannedOffer(
            user_id=option.user_id,
            team_id=team.id,
            rank=option.rank if team.order_method == RANK else None,
            position=position,
            notify_at=start + slot.wait,
            closes_at=start + end if team.is_exclusive_window else None,
            assign_automatically=option.assign_automatically,
            has_call_alert=option.has_call_alert,
            has_text_alert=option.has_text_alert,
            has_email_alert=option.has_email_alert,
        )


def _rank_key(option: Candidate) -> tuple[bool, int, int]:
    """Ascending rank, those without one last, then the older option."""
    return option.rank is None, option.rank or 0, option.id


def _to_timedelta(given: int | None, *, default: int) -> timedelta:
    """Zero and less both mean at once."""
    return timedelta(minutes=min(max(default if given is None else given, 0), MAX_MINUTES))
