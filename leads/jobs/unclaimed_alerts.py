"""Alert the team lead about leads that remain unclaimed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import Q

from core.reasons import Reason
from core.scheduler import Job
from leads.history.trace_log import trace_all, trace_entry, with_alerts
from leads.jobs.locking import DueTimes, due_leads, load_leads, lock_due_leads
from leads.models import Lead, TraceEntry
from leads.notifications import notices
from leads.reasons import EventCode
from teams.models import User
from teams.visibility import in_ids

JOB: Final = Job("leads.unclaimed_alerts", Lead)

UNCLAIMED: Final = Q(claimed_by_user=None, merged_into=None)


def due_times() -> DueTimes:
    """Return when the next alerts are due."""
    return due_leads(JOB, "alarm_at", UNCLAIMED).values_list("alarm_at")


def run_batch(now: datetime) -> int:
    """Process a batch of unclaimed leads. Return how many."""
    return JOB.run_batch(lock_batch, notify_and_clear, now)


def lock_batch(now: datetime) -> Sequence[int]:
    return lock_due_leads(JOB, "alarm_at", UNCLAIMED, now)


def notify_and_clear(ids: Sequence[int], now: datetime) -> int:
    """Notify the team leads, and clear the due times."""
    notify_team_leads(load_leads(ids, "alarm_at"), now)
    return Lead.objects.filter(in_ids("pk", ids)).update(alarm_at=None)


def notify_team_leads(leads: list[Lead], now: datetime) -> None:
    """Notify once per round and team: offering the lead to more members does not repeat the alert."""
    notified = set(
        TraceEntry.objects.filter(in_ids("lead_id", [lead.pk for lead in leads]), kind=TraceEntry.Kind.ALARM)
        .values_list("lead_id", "details__round", "details__team_id")
        .order_by()
    )
    new = [lead for lead in leads if (lead.pk, lead.distribution_round, lead.team_id) not in notified]
    sent = notices.notify_unclaimed([(lead, team_lead_of(lead)) for lead in new], now=now)
    trace_all(with_alerts([alert_entry(lead, team_lead_of(lead), now) for lead in new], sent))


def alert_entry(lead: Lead, leader: User, now: datetime) -> TraceEntry:
    details = {"user_id": leader.pk, "round": lead.distribution_round, "team_id": lead.team_id}
    return trace_entry(lead, TraceEntry.Kind.ALARM, Reason(EventCode.UNCLAIMED_ALERT, details), now)


def team_lead_of(lead: Lead) -> User:
    """Return the creator of the lead's team; the lead's owner if the creator is inactive."""
    leader = lead.team.creator if lead.team else lead.owner_user
    return leader if leader.is_active else lead.owner_user
