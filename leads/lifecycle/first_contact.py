"""Noting that whoever has claimed a lead has been in contact with its person: it is not taken back then."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from core.reasons import Reason
from leads.models import Lead, TraceEntry


def record_first_contacts(told: Mapping[tuple[int, int], Reason], *, now: datetime) -> None:
    """`told`: by user and contact, how they were in contact. Leads that others have of these contacts do not count."""
    which = Q()
    for user_id, contact_id in told:
        which |= Q(claimed_by_user=user_id, contact=contact_id)
    waiting = Lead.objects.filter(which, contacted_at=None, merged_into=None).order_by("pk")
    leads = list(waiting.select_for_update(no_key=True).only("pk", "claimed_by_user", "contact"))
    if leads:
        Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(contacted_at=now, contact_due_at=None)
        TraceEntry.objects.bulk_create(contact_entry(lead, told, now) for lead in leads)


def contact_entry(lead: Lead, told: Mapping[tuple[int, int], Reason], now: datetime) -> TraceEntry:
    how = told[lead.claimed_by_user_id or 0, lead.contact_id]
    return TraceEntry(
        lead=lead,
        at=now,
        kind=TraceEntry.Kind.CONTACTED,
        actor_user_id=lead.claimed_by_user_id,
        code=how.code,
        details={"user_id": lead.claimed_by_user_id} | dict(how.details),
    )
