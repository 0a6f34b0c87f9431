"""Record the first contact of a claimer with the person: the lead is then not taken back."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from core.reasons import Reason
from leads.models import Lead, TraceEntry


def record_first_contacts(contacts: Mapping[tuple[int, int], Reason], *, now: datetime) -> None:
    """Mark the leads that these users claimed as contacted. `contacts`: event by (user id, contact id)."""
    claimed = Q()
    for user_id, contact_id in contacts:
        claimed |= Q(claimed_by_user=user_id, contact=contact_id)
    waiting = Lead.objects.filter(claimed, contacted_at=None, merged_into=None).order_by("pk")
    leads = list(waiting.select_for_update(no_key=True).only("pk", "claimed_by_user", "contact"))
    if leads:
        Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(contacted_at=now, contact_due_at=None)
        TraceEntry.objects.bulk_create(contact_entry(lead, contacts, now) for lead in leads)


def contact_entry(lead: Lead, contacts: Mapping[tuple[int, int], Reason], now: datetime) -> TraceEntry:
    how = contacts[lead.claimed_by_user_id or 0, lead.contact_id]
    return TraceEntry(
        lead=lead,
        at=now,
        kind=TraceEntry.Kind.CONTACTED,
        actor_user_id=lead.claimed_by_user_id,
        code=how.code,
        details={"user_id": lead.claimed_by_user_id} | dict(how.details),
    )
