"""Alerting members whose turn has come .

A batch is one transaction of few statements. It takes leads that nobody else holds, reads their offers anew, and writes
offers, messages and claims together: an alert exists exactly once, whatever dies and however many workers run.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from psycopg.types.json import Jsonb

from core.db.bulk import bulk_update_sql
from core.reasons import Reason
from core.scheduler import Job
from crm.models import Contact
from leads.distribution.capacity import CapacityGuard
from leads.distribution.offer_plan import lateness_shift
from leads.jobs.locking import DueTimes
from leads.lifecycle.claims import assign_claims, cancel_claim_alerts, end_other_offers
from leads.lifecycle.reschedule import advance_rollouts, shift_rollouts
from leads.lifecycle.round_robin_adjustments import reassign_skipped_turns
from leads.models import Lead, LeadOffer, LeadOfferQuerySet
from leads.notifications.alert_text import Asker, LeadFacts, Source, Story
from leads.notifications.claim_links import link_to
from leads.notifications.reply_codes import Numbers, hold_numbers
from leads.reasons import EndReason
from messaging import message_factory, outbox
from messaging.models import Message
from teams.availability import AT_ALL_TIMES, Availability, unavailable_reason
from teams.business_hours import parse_hours
from teams.eligibility import EMAIL, TEXT, SkipReason, member_reasons
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.visibility import any_of

Status = LeadOffer.Status

Row = TypeVar("Row", bound=Model)

JOB: Final = Job("leads.send_offers", Lead)

BATCH_SIZE: Final = 2000  # some 160 ms

# Whose turn has come, of leads that nobody else holds. Ids alone: the rows are read once they are held.
LOCK_LEADS_SQL = """
SELECT offer.lead_id
FROM leads_leadoffer AS offer JOIN leads_lead AS lead ON lead.id = offer.lead_id
WHERE offer.status = 'Pending' AND offer.notify_at <= %s
AND lead.id NOT IN (SELECT row_id FROM operations_parkedrow WHERE job = %s AND is_parked)
ORDER BY offer.notify_at, offer.position, offer.id
LIMIT %s
FOR NO KEY UPDATE OF lead SKIP LOCKED
"""

OFFER_COLUMNS: Final = (
    *("pk", "lead_id", "user_id", "team_id", "notify_at", "assign_automatically"),
    *("has_text_alert", "has_email_alert", "has_call_alert"),
)
OPTION_COLUMNS: Final = ("paused_until", "cap_open", "cap_day")
LEAD_COLUMNS: Final = (
    *("pk", "claimed_by_user_id", "source__name"),
    *(f"contact__{name}" for name in Asker._fields),
    *(name for name in LeadFacts._fields if name not in ("contact", "source")),
)
USER_COLUMNS: Final = (
    *("email", "phone_e164", "confirmed_phone", "is_active"),
    *("paused_until", "working_hours", "days_off", "timezone"),
)

# What becomes of an offer, of many in one statement.
OUTCOME_COLUMNS: Final = {
    "id": "bigint",
    "status": "text",
    "end_code": "text",
    "end_details": "jsonb",
    "reply_number": "smallint",
    "reply_phone": "text",
    "alerted_at": "timestamptz",
    "settled_at": "timestamptz",
    "alert_text_id": "bigint",
    "alert_email_id": "bigint",
    "alert_call_id": "bigint",
}
outcome_values: Final = attrgetter(*OUTCOME_COLUMNS)

Members = set[tuple[int, int]]  # team and user
Options = Mapping[tuple[int, int], Sequence[Any]]  # by team and user
NO_OPTIONS: Final = (None,) * len(OPTION_COLUMNS)


@dataclass(slots=True)
class DueOffer:
    """An offer whose turn has come, with whom it tells of what; and what becomes of it.

    Reading and writing records instead took twice as long.
    """

    is_claimed: bool
    lead: LeadFacts
    user: User
    is_member: bool  # still: they may have left as the offer was being planned
    preview: str
    holidays: Sequence[date]  # of their team

    # Of their options in the team, where they still have any.
    option_paused_until: datetime | None
    cap_open: int | None
    cap_day: int | None

    id: int
    lead_id: int
    user_id: int
    team_id: int
    notify_at: datetime
    assign_automatically: bool
    has_text_alert: bool
    has_email_alert: bool
    has_call_alert: bool

    status: str = Status.PENDING
    end_code: str = ""
    end_details: Jsonb | None = None
    reply_number: int | None = None
    reply_phone: str = ""
    alerted_at: datetime | None = None
    settled_at: datetime | None = None
    alert_text_id: int | None = None
    alert_email_id: int | None = None
    alert_call_id: int | None = None

    # As `member_reasons` looks at a member. Opt-outs are the outbox's to see.
    is_accepted = True
    has_opted_out = False

    @property
    def is_active(self) -> bool:
        return self.user.is_active

    @property
    def phone(self) -> str:
        return self.user.phone_e164

    @property
    def confirmed_phone(self) -> str:
        return self.user.confirmed_phone

    @property
    def email(self) -> str:
        return self.user.email


Alert = tuple[DueOffer, str, Message]  # an offer, where it notes the alert, and the alert


def due_times() -> DueTimes:
    """When the next members' turns come."""
    return JOB.without_parked(pending_offers(), "lead_id").values_list("notify_at")


def pending_offers() -> LeadOfferQuerySet:
    """Offers whose turn is yet to come, the next first."""
    return LeadOffer.objects.filter(status=Status.PENDING).order_by("notify_at", "position", "pk")


def run_batch(now: datetime) -> int:
    """Settle what is due of some hundred offers' leads; returns how many offers that were."""
    return JOB.run_batch(lock_batch, send, now)


def lock_batch(now: datetime) -> Sequence[int]:
    """Lock some leads with an offer that is due."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_LEADS_SQL, [now, JOB.name, BATCH_SIZE])
        return list(dict.fromkeys(lead_id for (lead_id,) in cursor.fetchall()))


def send(ids: Sequence[int], now: datetime) -> int:
    """Settle what is due of these leads; returns how many offers that were."""
    turns = load_batch(ids, now)
    caps = CapacityGuard((offer for turn in turns for offer in turn), now)
    for turn in turns:
        decide_offers(turn, caps, now)
    settled = [offer for turn in turns for offer in turn if offer.status != Status.PENDING]
    queue_alerts(settled, now)
    save_outcomes(settled)
    assign_leads([offer for offer in settled if offer.status == Status.CLAIMED], now)
    postpone_remaining([offer for offer in settled if offer.status == Status.SENT], now)
    skip_offers(settled, now)
    return len(settled)


# Which turns


def load_batch(held: Collection[int], now: datetime) -> list[list[DueOffer]]:
    """For each of these leads, which the caller holds, its offers due at the first instant, in rank order."""
    turns = [
        earliest_due(list(turn)) for _, turn in groupby(load_due_offers(held, now), key=lambda offer: offer.lead_id)
    ]
    return drop_locked_contacts(turns)


def load_due_offers(held: Collection[int], now: datetime) -> list[DueOffer]:
    """What is due of these leads, read now that they are held: a claim may have come in between."""
    due = pending_offers().filter(any_of("lead_id", held), notify_at__lte=now)
    rows = list(due.order_by("lead_id", "notify_at", "position", "pk").values_list(*OFFER_COLUMNS))
    leads = load_lead_snapshots(held)
    users = by_id(User.objects.only(*USER_COLUMNS), {row[2] for row in rows})
    teams = by_id(Team.objects.only("claim_preview", "holidays"), {row[3] for row in rows})
    members, options = load_members(users, teams), load_options(users, teams)
    return [build_due_offer(row, *leads[row[1]], users[row[2]], teams[row[3]], members, options) for row in rows]


def build_due_offer(
    row: Sequence[Any], is_claimed: bool, told: LeadFacts, user: User, team: Team, members: Members, options: Options
) -> DueOffer:
    place = team.pk, user.pk
    limits = options.get(place, NO_OPTIONS)
    return DueOffer(is_claimed, told, user, place in members, team.claim_preview, team.holidays, *limits, *row)


def load_members(users: Collection[int], teams: Collection[int]) -> Members:
    """By team and user, who of these is in which of these teams."""
    accepted = TeamMember.objects.accepted().filter(any_of("user_id", users), any_of("team_id", teams))
    return set(accepted.order_by().values_list("team_id", "user_id"))


def load_options(users: Collection[int], teams: Collection[int]) -> Options:
    """By team and user, when they are paused and how much they take."""
    rows = TeamMemberDistributionOption.objects.filter(any_of("user_id", users), any_of("team_id", teams))
    found = rows.order_by().values_list("team_id", "user_id", *OPTION_COLUMNS)
    return {(team_id, user_id): limits for team_id, user_id, *limits in found}


def load_lead_snapshots(lead_ids: Collection[int]) -> dict[int, tuple[bool, LeadFacts]]:
    """By lead, whether it is claimed, and what is told of it."""
    rows = Lead.objects.filter(any_of("pk", lead_ids)).order_by().values_list(*LEAD_COLUMNS)
    return {lead_id: (taker is not None, lead_snapshot(*told)) for lead_id, taker, *told in rows}


def lead_snapshot(source: str | None, *told: Any) -> LeadFacts:
    """What OF_LEADS names, from the source on."""
    asker = len(Asker._fields)
    return LeadFacts(Asker(*told[:asker]), None if source is None else Source(source), *told[asker:])


def by_id(rows: QuerySet[Row], ids: Collection[int]) -> dict[int, Row]:
    """Those of `rows` with these ids."""
    return {row.pk: row for row in rows.filter(any_of("pk", ids))}


def earliest_due(offers: Sequence[DueOffer]) -> list[DueOffer]:
    """Those due together with the first. What is due after that waits for the next batch, or is put off."""
    return [offer for offer in offers if offer.notify_at == offers[0].notify_at]


def drop_locked_contacts(turns: list[list[DueOffer]]) -> list[list[DueOffer]]:
    """Assigning a lead changes its contact: where somebody else holds that one, the lead waits for the next batch.

    Waiting here while we hold leads could be waiting for each other.
    """
    assigned = {offer.lead.contact.pk for turn in turns for offer in turn if offer.assign_automatically}
    if not assigned:
        return turns
    free = Contact.objects.filter(pk__in=assigned).select_for_update(skip_locked=True, no_key=True)
    busy = assigned - set(free.values_list("pk", flat=True))
    return [turn for turn in turns if turn[0].lead.contact.pk not in busy]


# What becomes of them


def decide_offers(turn: Sequence[DueOffer], caps: CapacityGuard, now: datetime) -> None:
    """Decide the offers of one lead that are due at one instant. Nobody is told for nothing.

    Beside a member who gets the lead without claiming it the others stay pending, and end with the lead.
    """
    for offer in turn:
        if reason := skip_reason(offer, now) or caps.cap_reason(offer):
            offer.status, offer.settled_at = Status.CANCELLED, now
            offer.end_code, offer.end_details = reason.code, Jsonb(reason.details) if reason.details else None
    able = [offer for offer in turn if offer.status == Status.PENDING]
    taker = next((offer for offer in able if offer.assign_automatically), None)
    for offer in [taker] if taker else able:
        offer.status, offer.alerted_at = (Status.CLAIMED if taker else Status.SENT), now
        offer.settled_at = now if taker else None
        caps.count(offer)


def skip_reason(offer: DueOffer, now: datetime) -> Reason | None:
    """Why this member is not alerted although they were planned; None when they are."""
    if offer.is_claimed:
        return Reason(EndReason.LEAD_CLAIMED)
    if offer.user.is_active and not offer.is_member:
        return Reason(SkipReason.LEFT_TEAM)
    return next(member_reasons(offer), None) or unavailable_reason(availability(offer), now)


def availability(offer: DueOffer) -> Availability:
    """The member's schedule now: the turn may have come before the planned time, or after it."""
    user = offer.user
    pauses = [until for until in (user.paused_until, offer.option_paused_until) if until]
    if not (pauses or user.working_hours or user.days_off or offer.holidays):
        return AT_ALL_TIMES
    return Availability(
        paused_until=max(pauses, default=None),
        hours=parse_hours(user.working_hours),
        days_off=frozenset((*user.days_off, *offer.holidays)),
        zone=user.zone,
    )


def assign_leads(takers: Sequence[DueOffer], now: datetime) -> None:
    """Give each lead to the member whose turn it was."""
    if not takers:
        return
    taken = [offer.lead_id for offer in takers]
    leads = by_id(Lead.objects.select_related("contact"), taken)
    teams = by_id(Team.objects.only("mins_until_contact"), {offer.team_id for offer in takers})
    for offer in takers:
        leads[offer.lead_id].team = teams[offer.team_id]
    claimed = Reason(EndReason.LEAD_CLAIMED)
    cancel_claim_alerts(LeadOffer.objects.filter(any_of("lead_id", taken)), reason=claimed, now=now)
    assign_claims(
        [(leads[offer.lead_id], offer.user) for offer in takers], through=Lead.ClaimedThrough.AUTOMATIC, now=now
    )
    end_other_offers(taken, now=now)


def skip_offers(settled: Sequence[DueOffer], now: datetime) -> None:
    """Where a turn came and nobody was told, nobody waits for it to end, and the next one pays for it."""
    if passed := [offer for offer in settled if offer.status == Status.CANCELLED]:
        reassign_skipped_turns({offer.id for offer in passed if offer.end_code != EndReason.LEAD_CLAIMED}, now=now)
        advance_rollouts({offer.lead_id for offer in passed}, now=now)


def postpone_remaining(told: Sequence[DueOffer], now: datetime) -> None:
    """After an outage the members still to come keep their distance to those told only now: no burst.

    A window that opened late closes as much later.
    """
    shifts = {offer.lead_id: lateness_shift(offer.notify_at, now) for offer in told}
    late = {lead_id: shift for lead_id, shift in shifts.items() if shift > timedelta(0)}
    shift_rollouts(late, [offer.id for offer in told if offer.lead_id in late])


# Telling them


def queue_alerts(settled: Sequence[DueOffer], now: datetime) -> None:
    """Number and word the alerts, and put them into the outbox."""
    told = [offer for offer in settled if offer.status == Status.SENT and uses_text(offer)]
    numbers = hold_numbers({offer.confirmed_phone for offer in told})
    stories = {offer.lead_id: Story(offer.lead, offer.preview) for offer in settled}
    alerts = [alert for offer in settled for alert in build_alerts(offer, stories[offer.lead_id], numbers, now)]
    outbox.queue_messages([message for _, _, message in alerts], now)
    for offer, name, message in alerts:
        setattr(offer, name, message.pk)


def build_alerts(offer: DueOffer, story: Story, numbers: Mapping[str, Numbers], now: datetime) -> Iterator[Alert]:
    """What this member gets to read or hear, on each channel that is on."""
    if offer.status == Status.SENT:
        yield from claim_alerts(offer, story, numbers, now)
    elif offer.status == Status.CLAIMED:
        yield from assignment_alerts(offer, story, now)


def claim_alerts(offer: DueOffer, story: Story, numbers: Mapping[str, Numbers], now: datetime) -> Iterator[Alert]:
    """Whether they want it."""
    user = offer.user
    if uses_text(offer):
        offer.reply_number, offer.reply_phone = next(numbers[user.confirmed_phone]), user.confirmed_phone
        text = story.offer_text(offer.reply_number, link_to(offer.id, TEXT))
        yield offer, "alert_text_id", message_factory.alert_text(user, text, now)
    if uses_email(offer):
        body = story.offer_email(offer.reply_number, link_to(offer.id, EMAIL))
        yield offer, "alert_email_id", message_factory.alert_email(user, story.offer_subject, body, now)
    if uses_call(offer):
        yield offer, "alert_call_id", message_factory.alert_call(user, story.offer_call, now)


def assignment_alerts(offer: DueOffer, story: Story, now: datetime) -> Iterator[Alert]:
    """That it is theirs."""
    user = offer.user
    if uses_text(offer):
        yield offer, "alert_text_id", message_factory.alert_text(user, story.given_text, now)
    if uses_email(offer):
        yield offer, "alert_email_id", message_factory.alert_email(user, story.given_subject, story.given_email, now)
    if uses_call(offer):
        yield offer, "alert_call_id", message_factory.alert_call(user, story.given_call, now)


def uses_text(offer: DueOffer) -> bool:
    return bool(offer.has_text_alert and offer.confirmed_phone)


def uses_email(offer: DueOffer) -> bool:
    return bool(offer.has_email_alert and offer.user.email)


def uses_call(offer: DueOffer) -> bool:
    return bool(offer.has_call_alert and offer.confirmed_phone)


def save_outcomes(offers: Sequence[DueOffer]) -> None:
    """Write what was decided."""
    if offers:
        columns = list(zip(*map(outcome_values, offers), strict=True))
        with connection.cursor() as cursor:
            cursor.execute(*change(LeadOffer._meta.db_table, OUTCOME_COLUMNS, columns))
