"""News about teams for the apps to the left. Sent inside the transaction that makes it so."""

from django.dispatch import Signal

# team=, user=, now=: this user is no longer an accepted member of this team.
member_left = Signal()

# member=, by=, now=: this user was asked into a team by `by`.
member_invited = Signal()
