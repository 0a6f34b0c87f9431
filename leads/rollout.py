"""Who of a team is offered a lead, and when. Pure: rows and `now` in, a plan out (design 6)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

RANK: Final = "Rank"
TIME: Final = "Time"

TEXT: Final = "Text"
EMAIL: Final = "Email"

DEFAULT_MINUTES: Final = 5  # between two alerts, when the team names no interval
MOST_MINUTES: Final = 366 * 24 * 60  # a typing error must not lead beyond the calendar
SINGLE_DIGITS: Final = range(1, 10)
PUNCTUAL: Final = timedelta(minutes=1)  # an alert that leaves this late or less is on time


@dataclass(frozen=True, slots=True)
class RolloutTeam:
    """How a team takes its turns."""

    id: int
    order_method: str = RANK
    mins_until_next_alert: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
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
    has_opted_out: bool = False  # that phone, of texts
    email: str = ""


@dataclass(frozen=True, slots=True)
class PlannedOffer:
    """A member's turn. Turns due at one instant are alerted by `position`, which counts from 0."""

    user_id: int
    option_id: int
    team_id: int
    rank: int | None
    position: int
    notify_at: datetime
    assign_automatically: bool
    has_call_alert: bool
    has_text_alert: bool
    has_email_alert: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A member who will not be told, and why."""

    user_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A rollout: who has a turn, in order, and who has none."""

    offers: tuple[PlannedOffer, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def plan_rollout(team: RolloutTeam, options: Sequence[Option], already_offered: Collection[int], now: datetime) -> Plan:
    """Each member's turn counted from `now`, when the offers are made; users in `already_offered` have had theirs."""
    reasons = {option.id: _reason_to_skip(option, already_offered) for option in options}
    told = [option for option in options if not reasons[option.id]]
    return Plan(
        offers=tuple(_offers(team, told, now)),
        skipped=tuple(Skipped(option.user_id, reasons[option.id]) for option in options if reasons[option.id]),
    )


def channels(option: Option) -> tuple[str, ...]:
    """The ways to reach this member that are switched on and would arrive."""
    text = option.has_text_alert and option.phone and not option.has_opted_out
    email = option.has_email_alert and option.email
    return tuple(name for name, usable in ((TEXT, text), (EMAIL, email)) if usable)


def lateness_shift(due_at: datetime, now: datetime) -> timedelta:
    """By how much a lead's remaining offers move when this one leaves only now; zero when it is on time."""
    lateness = now - due_at
    return lateness if lateness > PUNCTUAL else timedelta(0)


def next_digit(open_numbers: Collection[int], recent: Sequence[int] = ()) -> int:
    """The N of an agent's next "Reply N to claim.": none of their open ones, and the one longest out of use.

    `recent` holds the numbers of their past alerts, newest first, so that a late answer to an old alert
    does not claim a newer lead.
    """
    free = [digit for digit in SINGLE_DIGITS if digit not in open_numbers]
    if not free:
        return next(number for number in count(10) if number not in open_numbers)
    return max(free, key=lambda digit: recent.index(digit) if digit in recent else len(recent))


def _offers(team: RolloutTeam, told: Sequence[Option], now: datetime) -> Iterator[PlannedOffer]:
    for position, (option, wait) in enumerate(_turns(team, told)):
        yield PlannedOffer(
            user_id=option.user_id,
            option_id=option.id,
            team_id=team.id,
            rank=option.rank if team.order_method == RANK else None,
            position=position,
            notify_at=now + wait,
            assign_automatically=option.assign_automatically,
            has_call_alert=option.has_call_alert,
            has_text_alert=option.has_text_alert,
            has_email_alert=option.has_email_alert,
        )


def _turns(team: RolloutTeam, told: Sequence[Option]) -> list[tuple[Option, timedelta]]:
    """The members in order, each with the wait before their turn."""
    ranked = sorted(told, key=_by_rank)
    if team.order_method == TIME:
        waits = [(option, _minutes(option.mins_until_lead_offer, default=0)) for option in ranked]
        return sorted(waits, key=lambda turn: turn[1])
    interval = _minutes(team.mins_until_next_alert, default=DEFAULT_MINUTES)
    return [(option, position * interval) for position, option in enumerate(ranked)]


def _by_rank(option: Option) -> tuple[bool, int, int]:
    """Ascending rank, those without one last, then the older option."""
    return option.rank is None, option.rank or 0, option.id


def _minutes(given: int | None, *, default: int) -> timedelta:
    """Zero and less both mean at once."""
    return timedelta(minutes=min(max(default if given is None else given, 0), MOST_MINUTES))


def _reason_to_skip(option: Option, already_offered: Collection[int]) -> str:
    """Why this member is not told, in plain words; empty when they are."""
    reasons = (
        (option.user_id in already_offered, "already offered this lead"),
        (not option.is_active, "the user is deactivated"),
        (not option.is_accepted, "has not accepted the invitation to the team"),
        (not (option.has_call_alert or option.has_text_alert or option.has_email_alert), "paused: every alert is off"),
        (not channels(option), _why_unreachable(option)),
    )
    return next((reason for applies, reason in reasons if applies), "")


def _why_unreachable(option: Option) -> str:
    """What is wrong with each channel that is switched on."""
    faults = (
        (option.has_text_alert and not option.phone, "no valid phone for texts"),
        (option.has_text_alert and option.phone and option.has_opted_out, "has opted out of texts"),
        (option.has_email_alert and not option.email, "no email address"),
        (option.has_call_alert, "call alerts cannot be made yet"),
    )
    return "no usable channel: " + ", ".join(fault for is_so, fault in faults if is_so)
