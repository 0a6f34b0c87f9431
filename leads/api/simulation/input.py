"""Read the leads to simulate from a request: one lead, a table, or the leads of the last days."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Min, OuterRef, Subquery

from crm.models import Contact
from leads.api.simulation.csv_input import UnreadableCsv, read_table
from leads.api.simulation.errors import InvalidSimulation
from leads.api.simulation.serializers import LeadInputSerializer
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
    """The fields of one lead, and its line in the table."""

    fields: dict[str, Any]
    line: int | None = None


def read_cases(owner: User, body: dict[str, Any], now: datetime) -> SimulationInput:
    """Return the leads of the body, which has exactly one of `lead`, `csv` and `days`. `at` sets the time of all leads.

    Raises InvalidSimulation.
    """
    kinds = [kind for kind in INPUT_FIELDS if body.get(kind) not in (None, "")]
    if len(kinds) != 1:
        sent = " and ".join(kinds) or "none of them"
        raise InvalidSimulation(
            {kinds[-1] if kinds else "lead": [f"is required: send one of lead, csv and days, not {sent}."]}
        )
    at: datetime | None = body.get("at")
    if kinds == ["days"]:
        return SimulationInput(past_cases(owner, body["days"], at, now), [], [])
    rows, row_errors, unused = read_rows(body["csv"]) if kinds == ["csv"] else ([InputRow(body["lead"])], {}, [])
    cases, errors = input_cases(owner, rows, at, now)
    if kinds == ["lead"] and errors:
        raise InvalidSimulation({"lead": errors[0]})
    row_errors |= {rows[index].line or 0: error for index, error in errors.items()}
    invalid_rows = [InvalidRow(line, row_error_text(row_errors[line])) for line in sorted(row_errors)]
    return SimulationInput(cases, invalid_rows, [unused_column(name) for name in unused])


def unused_column(name: str) -> InputWarning:
    return InputWarning("unused_column", f"The column {name} is not used.", {"column": name})


def read_rows(text: str) -> tuple[list[InputRow], dict[int, Any], list[str]]:
    """Return the valid rows of a table, the errors by line, and the unused columns."""
    rows: list[InputRow] = []
    errors: dict[int, Any] = {}
    try:
        table = read_table(text, list(LeadInputSerializer().fields), MAX_LEADS)
        for line, cells in table.rows:
            serializer = LeadInputSerializer(data=cells) if isinstance(cells, dict) else None
            if serializer is None:
                errors[line] = cells
            elif serializer.is_valid():
                rows.append(InputRow(dict(serializer.validated_data), line))
            else:
                errors[line] = serializer.errors
    except UnreadableCsv as error:
        raise InvalidSimulation({"csv": [str(error)]}) from None
    return rows, errors, table.unused


def row_error_text(error: Any) -> str:
    """Return the error of a row as a sentence."""
    if isinstance(error, str):
        return f"The row {error}"
    name, texts = next(iter(error.items()))
    return f"{name} {texts[0]}"


def input_cases(
    owner: User, rows: Sequence[InputRow], at: datetime | None, now: datetime
) -> tuple[list[SimulationCase], dict[int, dict[str, list[str]]]]:
    """Return the leads of the rows, and the errors of unknown references by index."""
    contacts = load_referenced(Contact.objects.visible_to(owner).select_related("source"), rows, "contact_id")
    sources = load_referenced(LeadSource.objects.all(), rows, "source_id")
    cases: list[SimulationCase] = []
    errors: dict[int, dict[str, list[str]]] = {}
    for index, row in enumerate(rows):
        error = missing_reference(row, "contact_id", contacts) or missing_reference(row, "source_id", sources)
        if error:
            errors[index] = error
        else:
            contact: Contact | None = contacts.get(row.fields.get("contact_id") or 0)
            cases.append(SimulationCase(simulated_lead(index, row.fields, contact, at, now), row.fields, row.line))
    return cases, errors


def load_referenced(records: Any, rows: Iterable[InputRow], name: str) -> dict[int, Any]:
    """Return the records that these rows refer to, by id, in one query."""
    ids = {row.fields[name] for row in rows if row.fields.get(name)}
    return records.in_bulk(ids) if ids else {}


def missing_reference(row: InputRow, name: str, records: Collection[int]) -> dict[str, list[str]]:
    record_id = row.fields.get(name)
    if not record_id or record_id in records:
        return {}
    return {name: [f"names no record: there is no {record_id} that you may use."]}


def simulated_lead(
    number: int, fields: dict[str, Any], contact: Contact | None, at: datetime | None, now: datetime
) -> SimulatedLead:
    """Return a lead that is received at `at`, at its own time, or now."""
    received_at = at or fields.get("created_at") or now
    source = contact.source.name if contact and contact.source else ""
    inquiry = Inquiry(
        lead_source_id=fields.get("source_id") or None,
        contact_source=fields.get("contact_source") or source,
        type=fields.get("type", ""),
        zipcode=fields.get("zipcode", ""),
        city=fields.get("city", ""),
        listing_status=fields.get("listing_status", ""),
        price=parse_price(fields.get("listing_price", "")),
        at=received_at,
    )
    return SimulatedLead(number, received_at, inquiry, contact.pk if contact else None)


def past_cases(owner: User, days: int, at: datetime | None, now: datetime) -> list[SimulationCase]:
    """Return the owner's leads of the last days, at most the latest MAX_LEADS, oldest first."""
    leads = Lead.objects.filter(owner_user=owner, created_at__gt=now - timedelta(days=days), created_at__lte=now)
    alerts = LeadOffer.objects.filter(lead=OuterRef("pk")).order_by().values("lead").annotate(first=Min("alerted_at"))
    with_alert = leads.annotate(first_alert_at=Subquery(alerts.values("first"))).select_related("contact__source")
    latest = list(with_alert.defer("text_body", "html_body").order_by("-created_at", "-pk")[:MAX_LEADS])[::-1]
    return [past_case(number, lead, at or lead.created_at) for number, lead in enumerate(latest)]


def past_case(number: int, lead: Lead, at: datetime) -> SimulationCase:
    inquiry = replace(build_inquiry(lead, at), at=at)
    fields = {
        "source_id": lead.source_id,
        "contact_id": lead.contact_id,
        "contact_source": inquiry.contact_source,
        "type": lead.type,
        "city": lead.city,
        "zipcode": lead.zipcode,
        "listing_price": lead.listing_price,
        "listing_status": lead.listing_status,
    }
    return SimulationCase(SimulatedLead(number, at, inquiry, lead.contact_id, lead.pk), fields, lead=lead)
