"""News about contacts for the apps to the left. Sent inside the transaction that makes it so."""

from django.dispatch import Signal

# contact=, changes= (names of columns), now=: a contact was changed.
contact_changed = Signal()

# contact=, now=: this contact is about to be removed with all that hangs below it; its row is locked.
contact_removed = Signal()
