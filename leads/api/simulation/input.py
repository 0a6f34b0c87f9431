"""Read the leads to simulate from a request: one lead, a table, or the leads of the last days."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Min, OuterRef, Subquery

from crm.models import Contact
from leads.api.simulation.csv_input import UnreadableCsv, read_table
from leads.api.simulation.errors import InvalidSimulation
from leads.api.simulation.serializers import GivenLeadSerializer
from leads.lifecycle.intake import build_inquiry
from leads.models import Lead, LeadOffer, LeadSource
from leads.routing.matching import Inquiry
from leads.routing.price_parsing import parse_price
from leads.simulation.cases import InputWarning, InvalidRow, SimulationCase, SimulationInput
from leads.simulation.simulator import SimulatedLead
from teams.models import User

MAX_LEADS: Final = 1000
INPUT_FIELDS: Final = ("lead", "csv", "days")


@dataclass(frozen=True, slots=True)
class InputRow:
    """What was given of a lead, as it was read."""

    given: dict[str, Any]
    line: int | None = None


def read_cases(owner: User, asked: dict[str, Any], now: datetime) -> SimulationInput:
    """The leads that the body names in one of three ways; all at the moment `at`, where it names one."""
    kinds = [kind for kind in INPUT_FIELDS if asked.get(kind) not in (None, "")]
    if len(kinds) != 1:
        said = " and ".join(kinds) or "none of them"
        raise InvalidSimulation(
            {kinds[-1] if kinds else "lead": [f"is required: send one of lead, csv and days, not {said}."]}
        )
    at: datetime | None = asked.get("at")
    if kinds == ["days"]:
        return SimulationInput(past_cases(owner, asked["days"], at, now), [], [])
    rows, bad, unused = read_rows(asked["csv"]) if kinds == ["csv"] else ([InputRow(asked["lead"])], {}, [])
    cases, strange = given_cases(owner, rows, at, now)
    if kinds == ["lead"] and strange:
        raise InvalidSimulation({"lead": strange[0]})
    bad |= {rows[index].line or 0: fault for index, fault in strange.items()}
    bad_rows = [InvalidRow(line, row_error_text(bad[line])) for line in sorted(bad)]
    return SimulationInput(cases, bad_rows, [unused_column(name) for name in unused])


def unused_column(name: str) -> InputWarning:
    return InputWarning("unused_column", f"The column {name} is not used.", {"column": name})


def read_rows(text: str) -> tuple[list[InputRow], dict[int, Any], list[str]]:
    """The rows of a table that can be read, what is wrong with the others by line, and the unused columns."""
    rows: list[InputRow] = []
    bad: dict[int, Any] = {}
    try:
        table = read_table(text, list(GivenLeadSerializer().fields), MAX_LEADS)
        for line, cells in table.rows:
            serializer = GivenLeadSerializer(data=cells) if isinstance(cells, dict) else None
            if serializer is None:
                bad[line] = cells
            elif serializer.is_valid():
                rows.append(InputRow(dict(serializer.validated_data), line))
            else:
                bad[line] = serializer.errors
    except UnreadableCsv as fault:
        raise InvalidSimulation({"csv": [str(fault)]}) from None
    return rows, bad, table.unused


def row_error_text(fault: Any) -> str:
    """What is wrong with a row, as a sentence."""
    if isinstance(fault, str):
        return f"The row {fault}"
    name, texts = next(iter(fault.items()))
    return f"{name} {texts[0]}"


def given_cases(
    owner: User, rows: Sequence[InputRow], at: datetime | None, now: datetime
) -> tuple[list[SimulationCase], dict[int, dict[str, list[str]]]]:
    """The leads that were written down, and by index what those refer to that there is not."""
    contacts = load_referenced(Contact.objects.visible_to(owner).select_related("source"), rows, "contact_id")
    sources = load_referenced(LeadSource.objects.all(), rows, "source_id")
    cases: list[SimulationCase] = []
    strange: dict[int, dict[str, list[str]]] = {}
    for index, row in enumerate(rows):
        fault = missing_reference(row, "contact_id", contacts) or missing_reference(row, "source_id", sources)
        if fault:
            strange[index] = fault
        else:
            contact: Contact | None = contacts.get(row.given.get("contact_id") or 0)
            cases.append(SimulationCase(newcomer_of(index, row.given, contact, at, now), row.given, row.line))
    return cases, strange


def load_referenced(records: Any, rows: Iterable[InputRow], name: str) -> dict[int, Any]:
    """The records that these rows name, by id, in one query."""
    ids = {row.given[name] for row in rows if row.given.get(name)}
    return records.in_bulk(ids) if ids else {}


def missing_reference(row: InputRow, name: str, records: Collection[int]) -> dict[str, list[str]]:
    given = row.given.get(name)
    if not given or given in records:
        return {}
    return {name: [f"names no record: there is no {given} that you may use."]}


def newcomer_of(
    number: int, given: dict[str, Any], contact: Contact | None, at: datetime | None, now: datetime
) -> SimulatedLead:
    """Return a lead that is received at `at`, at its own time, or now."""
    moment = at or given.get("created_at") or now
    named = contact.source.name if contact and contact.source else ""
    inquiry = Inquiry(
        lead_source_id=given.get("source_id") or None,
        contact_source=given.get("contact_source") or named,
        type=given.get("type", ""),
        zipcode=given.get("zipcode", ""),
        city=given.get("city", ""),
        listing_status=given.get("listing_status", ""),
        price=parse_price(given.get("listing_price", "")),
        at=moment,
    )
    return SimulatedLead(number, moment, inquiry, contact.pk if contact else None)


def past_cases(owner: User, days: int, at: datetime | None, now: datetime) -> list[SimulationCase]:
    """The owner's leads of the last days, the latest of them where they are many, as they came in."""
    leads = Lead.objects.filter(owner_user=owner, created_at__gt=now - timedelta(days=days), created_at__lte=now)
    alerts = LeadOffer.objects.filter(lead=OuterRef("pk")).order_by().values("lead").annotate(first=Min("alerted_at"))
    told = leads.annotate(first_alert_at=Subquery(alerts.values("first"))).select_related("contact__source")
    latest = list(told.defer("text_body", "html_body").order_by("-created_at", "-pk")[:MAX_LEADS])[::-1]
    return [past_case(number, lead, at or lead.created_at) for number, lead in enumerate(latest)]


def past_case(number: int, lead: Lead, at: datetime) -> SimulationCase:
    inquiry = replace(build_inquiry(lead, at), at=at)
    given = {
        "source_id": lead.source_id,
        "contact_id": lead.contact_id,
        "contact_source": inquiry.contact_source,
        "type": lead.type,
        "city": lead.city,
        "zipcode": lead.zipcode,
        "listing_price": lead.listing_price,
        "listing_status": lead.listing_status,
    }
    return SimulationCase(SimulatedLead(number, at, inquiry, lead.contact_id, lead.pk), given, lead=lead)
