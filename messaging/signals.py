"""News for the apps that stand left of messaging. Each is sent inside the transaction that made it true."""

from django.dispatch import Signal

# A text, no keyword, came in from a contact: `message`, `contact`, `is_new` (a stranger until this text, now a contact
# without a lead), `now`.
text_received = Signal()

# Nothing more will be tried with these: `messages` (each now sent, failed, cancelled or, for an email that cannot be
# looked up, unknown; `code` says why) and `now`. Sent after their rows were written, cancellations included.
messages_settled = Signal()
