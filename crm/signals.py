"""News about contacts for the apps to the left. Sent inside the transaction that makes it so."""

from django.dispatch import Signal

# contacts=, changes= (names of columns), now=: these contacts were changed. They may be a million, and are read only by
# who goes through them: look at `changes` first.
contact_changed = Signal()

# activity=, now=: an agent has noted down what they did or heard.
activity_logged = Signal()

# contact=, now=: this contact is about to be removed with all that hangs below it; its row is locked.
contact_removed = Signal()
