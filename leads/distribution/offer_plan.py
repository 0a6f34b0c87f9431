"""Plan which members of a team are offered a lead, and when. Pure."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from core.reasons import Reason
from leads.distribution.round_robin import Allocation, RotationMember, allocate
from teams.availability import ALWAYS_AVAILABLE, Availability, unavailable_reason
from teams.eligibility import SkipReason, member_reasons

RANK: Final = "Rank"
TIME: Final = "Time"
ROUND_ROBIN: Final = "Round Robin"
BROADCAST: Final = "Broadcast"

DEFAULT_MINUTES: Final = 5  # between two alerts, when the team names no interval
MAX_MINUTES: Final = 366 * 24 * 60  # keeps dates within the calendar after a typing error
SINGLE_DIGITS: Final = range(1, 10)
LATE_TOLERANCE: Final = timedelta(minutes=1)  # an alert sent within this time is not late


@dataclass(frozen=True, slots=True)
class RolloutTeam:
    """The distribution settings of a team."""

    id: int
    order_method: str = RANK
    mins_until_next_alert: int | None = None
    is_exclusive_window: bool = False  # an offer closes when the next one opens
    mins_until_fallback: int | None = None  # after the last alert; None: as between two alerts
    turns: int = 0  # of the round robin so far


@dataclass(frozen=True, slots=True)
class Candidate:
    """One `TeamMemberDistributionOption`, with what decides whether its member can be offered a lead."""

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
    has_opted_out: bool = False  # of texts to that phone, which covers calls
    email: str = ""
    availability: Availability = ALWAYS_AVAILABLE
    # For the round robin (leads.distribution.round_robin).
    weight: int = 1
    credit: int = 0
    last_turn: int = 0

    @property
    def place(self) -> RotationMember:
        return RotationMember(self.user_id, self.weight, self.credit, self.last_turn)


@dataclass(frozen=True, slots=True)
class PlannedOffer:
    """A planned offer. Offers due at the same time are sent by `position`, from 0."""

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
    """A skipped member, with the reason."""

    user_id: int
    reason: Reason

    def as_json(self) -> dict[str, Any]:
        """Return it as traces store it."""
        return {"user_id": self.user_id} | self.reason.as_json()


@dataclass(frozen=True, slots=True)
class Plan:
    """A rollout: the planned offers in order, and the skipped members."""

    offers: tuple[PlannedOffer, ...] = ()
    skipped: tuple[SkippedMember, ...] = ()
    allocation: Allocation | None = None  # of the round robin, if it was used
    ends_at: datetime | None = None  # when the time of the last offer ends

    @property
    def is_empty(self) -> bool:
        return not self.offers


@dataclass(frozen=True, slots=True)
class _ScheduledCandidate:
    """A candidate, and how long after the start their turn comes."""

    option: Candidate
    wait: timedelta


def plan_rollout(
    team: RolloutTeam, options: Sequence[Candidate], already_offered: Collection[int], start: datetime
) -> Plan:
    """Plan the offers of a lead from `start` on. `already_offered`: ids of users to skip.

    A member who is not available at their turn is skipped, and the next one takes that turn.
    """
    skipped = {option.id: reason for option in options if (reason := skip_reason(option, already_offered))}
    eligible = [option for option in options if option.id not in skipped]
    slots, turn = _schedule(team, eligible, start, skipped)
    ends = _window_ends(team, slots)
    return Plan(
        offers=tuple(_planned_offers(team, slots, ends, start)),
        skipped=tuple(SkippedMember(option.user_id, skipped[option.id]) for option in options if option.id in skipped),
        allocation=turn,
        ends_at=start + ends[-1] if slots else None,
    )


def with_priority_member(option: Candidate, others: Plan, team: RolloutTeam, start: datetime) -> Plan:
    """Return the plan with a first turn at which the lead is assigned to this member automatically.

    The other offers remain, in case the member cannot take the lead after all. The round robin is not charged.
    """
    slot = _ScheduledCandidate(replace(option, assign_automatically=True), timedelta(0))
    (priority,) = _planned_offers(replace(team, is_exclusive_window=False), [slot], [timedelta(0)], start)
    later = (replace(offer, position=offer.position + 1) for offer in others.offers)
    skipped = tuple(skipped for skipped in others.skipped if skipped.user_id != option.user_id)
    return Plan((priority, *later), skipped, allocation=None, ends_at=others.ends_at or start)


def time_until_next(remaining: Sequence[datetime], now: datetime) -> timedelta:
    """Return by how much the remaining turns move forward so that the next one is now."""
    return max(min(remaining) - now, timedelta(0)) if remaining else timedelta(0)


def skip_reason(option: Candidate, already_offered: Collection[int]) -> Reason | None:
    """Return why this member is not offered the lead at any time; None if they are."""
    if option.user_id in already_offered:
        return Reason(SkipReason.ALREADY_OFFERED)
    return next(member_reasons(option), None)


def lateness_shift(due_at: datetime, now: datetime) -> timedelta:
    """Return by how much the remaining offers of a lead move if this one is sent now; zero if it is on time."""
    lateness = now - due_at
    return lateness if lateness > LATE_TOLERANCE else timedelta(0)


def next_reply_number(open_numbers: Collection[int], recent: Sequence[int] = ()) -> int:
    """Return the N of an agent's next "Reply N to claim.": not an open one, and the least recently used.

    `recent`: numbers of earlier alerts, newest first. A late reply to an old alert then does not claim a newer lead.
    """
    free = [digit for digit in SINGLE_DIGITS if digit not in open_numbers]
    if not free:
        return next(number for number in count(10) if number not in open_numbers)
    return max(free, key=lambda digit: recent.index(digit) if digit in recent else len(recent))


def _schedule(
    team: RolloutTeam, eligible: Sequence[Candidate], start: datetime, skipped: dict[int, Reason]
) -> tuple[list[_ScheduledCandidate], Allocation | None]:
    """Return the turns in order. Adds members who are not available at their turn to `skipped`."""

    def is_available(option: Candidate, wait: timedelta) -> bool:
        if reason := unavailable_reason(option.availability, start + wait):
            skipped[option.id] = reason
        return reason is None

    ranked = sorted(eligible, key=_rank_key)
    if team.order_method == TIME:
        timed = [
            _ScheduledCandidate(option, _to_timedelta(option.mins_until_lead_offer, default=0)) for option in ranked
        ]
        return sorted(
            (slot for slot in timed if is_available(slot.option, slot.wait)), key=lambda slot: slot.wait
        ), None
    if team.order_method == ROUND_ROBIN:
        return _round_robin_schedule(team, eligible, skipped, is_available)
    return _schedule_in_sequence(ranked, _interval(team), is_available), None


def _schedule_in_sequence(
    ordered: Sequence[Candidate], interval: timedelta, is_available: Callable[[Candidate, timedelta], bool]
) -> list[_ScheduledCandidate]:
    """Schedule the candidates at equal intervals. An unavailable candidate takes no interval."""
    slots: list[_ScheduledCandidate] = []
    for option in ordered:
        wait = len(slots) * interval
        if is_available(option, wait):
            slots.append(_ScheduledCandidate(option, wait))
    return slots


def _round_robin_schedule(
    team: RolloutTeam,
    eligible: Sequence[Candidate],
    skipped: dict[int, Reason],
    is_available: Callable[[Candidate, timedelta], bool],
) -> tuple[list[_ScheduledCandidate], Allocation | None]:
    """Schedule the available candidates in the order of the round robin. Unavailable ones keep their credit."""
    available = [option for option in eligible if _has_weight(option, skipped) and is_available(option, timedelta(0))]
    if not available:
        return [], None
    turn = allocate([option.place for option in available], team.turns + 1)
    by_user = {option.user_id: option for option in available}
    ordered = [by_user[place.user_id] for place in turn.order]
    return _schedule_in_sequence(ordered, _interval(team), is_available), turn


def _has_weight(option: Candidate, skipped: dict[int, Reason]) -> bool:
    if not option.weight:
        skipped[option.id] = Reason(SkipReason.ZERO_WEIGHT)
    return option.weight > 0


def _interval(team: RolloutTeam) -> timedelta:
    if team.order_method == BROADCAST:
        return timedelta(0)
    return _to_timedelta(team.mins_until_next_alert, default=DEFAULT_MINUTES)


def _window_ends(team: RolloutTeam, slots: Sequence[_ScheduledCandidate]) -> list[timedelta]:
    """Return when each turn ends: when the next one begins, or, for the last one, when the lead falls back."""
    waits = [slot.wait for slot in slots]
    last = (
        _to_timedelta(team.mins_until_fallback, default=0)
        if team.mins_until_fallback is not None
        else _last_window(team)
    )
    return [next((later for later in waits if later > wait), waits[-1] + last) for wait in waits]


def _last_window(team: RolloutTeam) -> timedelta:
    """Return the interval between two alerts; the default if members have no common interval."""
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
    """Sort by ascending rank, without a rank last, then the older option first."""
    return option.rank is None, option.rank or 0, option.id


def _to_timedelta(minutes: int | None, *, default: int) -> timedelta:
    """Return the minutes as a duration of at least zero."""
    return timedelta(minutes=min(max(default if minutes is None else minutes, 0), MAX_MINUTES))
