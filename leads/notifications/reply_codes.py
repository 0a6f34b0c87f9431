"""The N of "Reply N to claim.": open offers to the same phone have different numbers, also of different users."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, count
from typing import Final

from django.db import connection

from core.db.literals import nonempty
from leads.distribution.offer_plan import SINGLE_DIGITS, next_reply_number
from teams.models import User

ReplyCodes = Iterator[int | None]

RECENT_CODES: Final = 20  # a phone's last numbers, which are not used again while another is free
MIN_LONG_CODE: Final = max(SINGLE_DIGITS) + 1
MAX_CODE: Final = 9999  # with more open offers than that, members claim in the admin

# Few of many open codes are read: beyond the lowest ones, codes continue from the highest.
MAX_OPEN_CODES_READ: Final = 100
USED_CODES_SQL: Final = """
SELECT phone,
    ARRAY(SELECT reply_number FROM leads_leadoffer
          WHERE reply_phone = phone AND reply_number IS NOT NULL AND status = 'Sent' ORDER BY reply_number LIMIT %s),
    coalesce((SELECT max(reply_number) FROM leads_leadoffer
              WHERE reply_phone = phone AND reply_number IS NOT NULL AND status = 'Sent'), 0),
    ARRAY(SELECT reply_number FROM leads_leadoffer
          WHERE reply_phone = phone AND reply_number IS NOT NULL ORDER BY alerted_at DESC LIMIT %s)
FROM unnest(%s::text[]) AS phone
"""


def lock_reply_codes(phones: Collection[str]) -> dict[str, ReplyCodes]:
    """Return the codes of the next alerts to each phone. A lock keeps other transactions from using the same ones."""
    if not phones:
        return {}
    agents = User.objects.filter(nonempty("confirmed_phone"), confirmed_phone__in=phones).order_by("pk")
    list(agents.select_for_update(no_key=True).values_list("pk"))
    # A separate statement: it reads the open codes after the previous holder of the lock has committed.
    with connection.cursor() as cursor:
        cursor.execute(USED_CODES_SQL, [MAX_OPEN_CODES_READ, RECENT_CODES, list(phones)])
        return {phone: free_codes(*used) for phone, *used in cursor.fetchall()}


def free_codes(lowest: Sequence[int], highest: int, recent: Sequence[int]) -> ReplyCodes:
    """Yield the next free codes: a single digit while one is free, None above MAX_CODE."""
    used = set(lowest)
    gaps = (number for number in range(MIN_LONG_CODE, lowest[-1] if lowest else 0) if number not in used)
    longer = chain(gaps, count(max(highest + 1, MIN_LONG_CODE)))
    while True:
        number = next(longer) if used.issuperset(SINGLE_DIGITS) else next_reply_number(used, recent)
        used.add(number)
        yield number if number <= MAX_CODE else None
