"""Load the timeline of a lead in a constant number of queries."""

from leads.history.offer_events import ALERT_COLUMNS
from leads.history.timeline import build_timeline, notice_message_ids
from leads.history.timeline_event import TimelineEvent
from leads.models import Lead, LeadOffer, RoutingTrace, TraceEntry
from messaging.models import Message
from teams.visibility import in_ids

# Without the bodies, which are long and contain contact details.
MESSAGE_COLUMNS = (
    *("user", "channel", "status", "code", "details", "provider_status", "error_code"),
    *("created_at", "modified_at", "sent_at"),
)


def load_timeline(lead: Lead, trace: RoutingTrace | None) -> list[TimelineEvent]:
    """Return the events of this lead, in order."""
    entries = list(TraceEntry.objects.filter(lead=lead).order_by("pk"))
    offers = list(LeadOffer.objects.filter(lead=lead).order_by("pk"))
    of_offers = {message_id for offer in offers for name in ALERT_COLUMNS if (message_id := getattr(offer, name))}
    alerts = of_offers.union(notice_message_ids(trace, entries))
    messages = Message.objects.filter(in_ids("pk", alerts)).only(*MESSAGE_COLUMNS)
    return build_timeline(lead, trace, entries, offers, {message.pk: message for message in messages})
