"""Load due offers, with what deciding and announcing them needs, in a constant number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet
from psycopg.types.json import Jsonb

from crm.models import Contact
from leads.models import Lead, LeadOffer, LeadOfferQuerySet
from leads.notifications.alert_text import ContactSnapshot, LeadSnapshot, SourceSnapshot
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.visibility import in_ids

Status = LeadOffer.Status

Row = TypeVar("Row", bound=Model)

OFFER_COLUMNS: Final = (
    *("pk", "lead_id", "user_id", "team_id", "notify_at", "assign_automatically"),
    *("has_text_alert", "has_email_alert", "has_call_alert"),
)
OPTION_COLUMNS: Final = ("paused_until", "cap_open", "cap_day")
LEAD_COLUMNS: Final = (
    *("pk", "claimed_by_user_id", "source__name"),
    *(f"contact__{name}" for name in ContactSnapshot._fields),
    *(name for name in LeadSnapshot._fields if name not in ("contact", "source")),
)
USER_COLUMNS: Final = (
    *("email", "phone_e164", "confirmed_phone", "is_active"),
    *("paused_until", "working_hours", "days_off", "timezone"),
)

Members = set[tuple[int, int]]  # team id and user id
Options = Mapping[tuple[int, int], Sequence[Any]]  # by team id and user id
NO_OPTIONS: Final = (None,) * len(OPTION_COLUMNS)


@dataclass(slots=True)
class DueOffer:
    """A due offer with its user, team limits and lead facts, plus the outcome columns to write.

    Loading and saving model instances took twice as long.
    """

    is_claimed: bool
    lead: LeadSnapshot
    user: User
    is_member: bool  # False if they left while the offer was being planned
    preview: str
    holidays: Sequence[date]  # of the team

    # From the member's distribution option; None without one.
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

    # Read by `member_reasons`. The outbox checks opt-outs.
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


def pending_offers() -> LeadOfferQuerySet:
    """Return the pending offers, the next one first."""
    return LeadOffer.objects.filter(status=Status.PENDING).order_by("notify_at", "position", "pk")


def load_batch(lead_ids: Collection[int], now: datetime) -> list[list[DueOffer]]:
    """Return the earliest due offers of each locked lead, by position."""
    batches = [
        earliest_due(list(batch))
        for _, batch in groupby(load_due_offers(lead_ids, now), key=lambda offer: offer.lead_id)
    ]
    return drop_locked_contacts(batches)


def load_due_offers(lead_ids: Collection[int], now: datetime) -> list[DueOffer]:
    """Return all due offers of the locked leads. Loaded after the lock, because a claim may have come first."""
    due = pending_offers().filter(in_ids("lead_id", lead_ids), notify_at__lte=now)
    rows = list(due.order_by("lead_id", "notify_at", "position", "pk").values_list(*OFFER_COLUMNS))
    leads = load_lead_snapshots(lead_ids)
    users = by_id(User.objects.only(*USER_COLUMNS), {row[2] for row in rows})
    teams = by_id(Team.objects.only("claim_preview", "holidays"), {row[3] for row in rows})
    members, options = load_members(users, teams), load_options(users, teams)
    return [build_due_offer(row, *leads[row[1]], users[row[2]], teams[row[3]], members, options) for row in rows]


def build_due_offer(
    row: Sequence[Any],
    is_claimed: bool,
    snapshot: LeadSnapshot,
    user: User,
    team: Team,
    members: Members,
    options: Options,
) -> DueOffer:
    key = team.pk, user.pk
    limits = options.get(key, NO_OPTIONS)
    return DueOffer(is_claimed, snapshot, user, key in members, team.claim_preview, team.holidays, *limits, *row)


def load_members(users: Collection[int], teams: Collection[int]) -> Members:
    """Return the accepted memberships of these users in these teams."""
    accepted = TeamMember.objects.accepted().filter(in_ids("user_id", users), in_ids("team_id", teams))
    return set(accepted.order_by().values_list("team_id", "user_id"))


def load_options(users: Collection[int], teams: Collection[int]) -> Options:
    """Return OPTION_COLUMNS of the distribution options, by team id and user id."""
    rows = TeamMemberDistributionOption.objects.filter(in_ids("user_id", users), in_ids("team_id", teams))
    found = rows.order_by().values_list("team_id", "user_id", *OPTION_COLUMNS)
    return {(team_id, user_id): limits for team_id, user_id, *limits in found}


def load_lead_snapshots(lead_ids: Collection[int]) -> dict[int, tuple[bool, LeadSnapshot]]:
    """Return by lead id whether the lead is claimed, and the facts for its alerts."""
    rows = Lead.objects.filter(in_ids("pk", lead_ids)).order_by().values_list(*LEAD_COLUMNS)
    return {lead_id: (claimer is not None, lead_snapshot(*columns)) for lead_id, claimer, *columns in rows}


def lead_snapshot(source: str | None, *columns: Any) -> LeadSnapshot:
    """Build the facts from LEAD_COLUMNS, from the source on."""
    contact_columns = len(ContactSnapshot._fields)
    return LeadSnapshot(
        ContactSnapshot(*columns[:contact_columns]),
        None if source is None else SourceSnapshot(source),
        *columns[contact_columns:],
    )


def by_id(rows: QuerySet[Row], ids: Collection[int]) -> dict[int, Row]:
    """Return the rows with these ids, by id."""
    return {row.pk: row for row in rows.filter(in_ids("pk", ids))}


def earliest_due(offers: Sequence[DueOffer]) -> list[DueOffer]:
    """Return the offers that are due at the same time as the first one. Later ones are left to the next batch."""
    return [offer for offer in offers if offer.notify_at == offers[0].notify_at]


def drop_locked_contacts(batches: list[list[DueOffer]]) -> list[list[DueOffer]]:
    """Leave out leads to assign whose contact another transaction has locked: they wait for the next batch.

    Assigning a lead changes its contact. Waiting for that lock while holding leads could deadlock.
    """
    assigned = {offer.lead.contact.pk for batch in batches for offer in batch if offer.assign_automatically}
    if not assigned:
        return batches
    free = Contact.objects.filter(pk__in=assigned).select_for_update(skip_locked=True, no_key=True)
    locked = assigned - set(free.values_list("pk", flat=True))
    return [batch for batch in batches if batch[0].lead.contact.pk not in locked]
