"""What a text or an email says to a client, and how much of it there may be."""

import re
from datetime import timedelta
from html import escape, unescape
from typing import Final

from django.core.exceptions import SuspiciousOperation
from django.utils.html import strip_tags

from crm.models import Contact
from messaging import fill as merge
from messaging import templates
from teams.models import User

# A text that could not leave for a day, be it for an outage or for quiet hours, has lost its sense ("see you
# tomorrow"). Quiet hours last eleven.
TEXT_KEEPS: Final = timedelta(days=1)

# Characters. Twilio refuses more (https://www.twilio.com/docs/api/errors/21617), and what is longer by far has no room
# in the outbox.
LONGEST_TEXT: Final = 1600
TOO_LONG: Final = f"The text is longer than {LONGEST_TEXT:,} characters, which no carrier takes."

LOOKS_LIKE_HTML: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


class Unreadable(ValueError):
    """The HTML of the template cannot be read."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def subject_line(text: str, contact: Contact, sender: User) -> str:
    """A subject, filled; merge fields may hold line breaks."""
    return " ".join(templates.fill(text, contact, sender).split())


def email_words(text: str, contact: Contact, sender: User) -> tuple[str, str]:
    """What an email says, as plain text and, if the template looks like it, as HTML. Raises Unfilled or Unreadable."""
    if not LOOKS_LIKE_HTML.search(text):
        return templates.fill(text, contact, sender), ""
    escaped = {name: escape(value or "") for name, value in templates.values(contact, sender).items()}
    html = merge.fill(text, escaped)
    try:
        return unescape(strip_tags(html)).strip(), html
    except SuspiciousOperation as error:  # Django gives up on tags within tags within tags
        raise Unreadable from error
