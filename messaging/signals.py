"""Signals for the apps above messaging. Each is sent inside the transaction that wrote the change."""

from django.dispatch import Signal

# A text, no keyword, came in from a contact: `message`, `contact`, `is_new` (a stranger until this text, now a contact
# without a lead), `now`.
text_received = Signal()

# Final: `messages` (each now sent, failed, canceled or, for an email that cannot be looked up, unknown; the reason is
# in `code`) and `now`. Sent after their rows were written, cancellations included.
messages_settled = Signal()
