"""The N of "Reply N to claim.": each agent's open offers have different ones."""

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from typing import Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from leads.models import LeadOffer
from leads.rollout import SINGLE_DIGITS, next_digit
from teams.models import User, any_of

Numbers = Iterator[int | None]

REMEMBERED: Final = 20  # an agent's last numbers, which are not used again while another is free
LARGEST: Final = 9999  # whoever has more open offers than that must sign in


def hold_numbers(user_ids: Collection[int]) -> dict[int, Numbers]:
    """For each of these agents, the numbers of their next alerts. Nobody else hands out theirs meanwhile."""
    if not user_ids:
        return {}
    agents = User.objects.filter(any_of("pk", user_ids))
    list(agents.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    # A statement of its own: what is open is read after whoever held them is done.
    mine = LeadOffer.objects.filter(user=OuterRef("pk"), reply_number__isnull=False).order_by().values("reply_number")
    rows = agents.values_list(
        "pk",
        ArraySubquery(mine.filter(status=LeadOffer.Status.SENT)),
        ArraySubquery(mine.order_by("-alerted_at")[:REMEMBERED]),
    )
    return {user_id: numbers(opened, recent) for user_id, opened, recent in rows}


def numbers(opened: Collection[int], recent: Sequence[int]) -> Numbers:
    """The next free ones, endlessly: a single digit while there is one. None when they would grow too long to type."""
    taken = set(opened)
    longer = (number for number in count(max(SINGLE_DIGITS) + 1) if number not in taken)
    while True:
        number = next(longer) if taken.issuperset(SINGLE_DIGITS) else next_digit(taken, recent)
        taken.add(number)
        yield number if number <= LARGEST else None
