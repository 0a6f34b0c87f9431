"""The texts, emails and calls to agents about a lead. Pure: takes a lead with its contact and source, returns texts.

Before a claim no text contains contact details. The team decides how much else is shown (`Team.claim_preview`): type,
place and price; the name as well; the message as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from django.utils.functional import cached_property

from core.phone_numbers import e164
from leads.formatting import truncate
from leads.models import Lead
from leads.notifications.redaction import redact_contact_details
from teams.models import Team

Preview = Team.ClaimPreview


class ContactSnapshot(NamedTuple):
    """The contact, with the columns that alerts show."""

    pk: int
    first_name: str
    last_name: str
    mobile_phone: str
    home_phone: str
    office_phone: str
    email: str


class SourceSnapshot(NamedTuple):
    """The lead source, with its name."""

    name: str


class LeadSnapshot(NamedTuple):
    """A lead with the columns that alerts show, to load many: a model instance takes ten times as long."""

    contact: ContactSnapshot
    source: SourceSnapshot | None
    type: str
    text_body: str
    mls_id: str
    listing_status: str
    listing_price: str
    street_address: str
    city: str
    state: str
    zipcode: str


@dataclass(frozen=True)
class LeadAlertText:
    """The texts about one lead, for any number of readers. `preview` is what they may read before a claim."""

    lead: Lead | LeadSnapshot
    preview: str = Preview.SUMMARY

    # To a member whose turn it is

    def offer_text(self, number: int | None, link: str) -> str:
        instruction = f"Reply {number} to claim." if number is not None else "Open it to claim."
        quote = f' They wrote: "{truncate(self.message)}"' if self.message else ""
        return f"New lead: {self.preview_line}.{quote} {link} {instruction}"

    @property
    def offer_subject(self) -> str:
        return f"New lead: {self.preview_line}"

    def offer_email(self, number: int | None, link: str) -> str:
        """Return the body of the email. `number`: the reply number in the text, if the member got one."""
        instruction = f"Reply {number} to the text message about it, or open" if number is not None else "Open"
        quote = f"\n\nThey wrote:\n{self.message}" if self.message else ""
        return (
            f"A new lead is waiting for someone to claim it.\n\n{self.facts}{quote}\n\n"
            f"{instruction} this page to claim it. The first agent to claim gets it.\n\n{link}"
        )

    @property
    def offer_call(self) -> str:
        return f"New lead: {self.summary_line(self.contact_name, aloud=True)}. Press 1 to claim it."

    @cached_property
    def preview_line(self) -> str:
        """Return name, type, place, price and source, as far as they are shown before a claim."""
        return self.summary_line(self.contact_name)

    @property
    def contact_name(self) -> str:
        """Return the contact's name, if it is shown before a claim; otherwise ""."""
        return "" if self.preview == Preview.AREA else self.display_name

    @cached_property
    def message(self) -> str:
        """Return the contact's message without contact details, if it is shown before a claim; otherwise ""."""
        return redact_contact_details(self.lead.text_body.strip()) if self.preview == Preview.MESSAGE else ""

    # To the agent who has the lead

    @property
    def assigned_text(self) -> str:
        return f"The lead is yours: {self.summary}. {self.contact_details}"

    @property
    def assigned_call(self) -> str:
        """Return the text of the call. A mailbox may record it, so contact details follow only after a key press."""
        summary = self.summary_line(self.display_name, aloud=True)
        return f"A new lead is yours: {summary}. Press 1 to hear how to reach them."

    @property
    def claimed_call(self) -> str:
        details = self.spoken_contact_details
        return f"The lead is yours: {self.display_name}. {details}. Again: {details}."

    @property
    def assigned_subject(self) -> str:
        return f"The lead is yours: {self.summary}"

    @property
    def assigned_email(self) -> str:
        return f"This lead is yours.\n\n{self.details}"

    # To the owner of a lead for which no member could be alerted

    @property
    def no_recipients_text(self) -> str:
        return f"No member of your team could be alerted about a new lead: {self.summary}. {self.contact_details}"

    @property
    def no_recipients_subject(self) -> str:
        return f"No member of your team could be alerted about a new lead: {self.summary}"

    @property
    def no_recipients_email(self) -> str:
        return f"No member of your team could be alerted about this lead, so it waits for you.\n\n{self.details}"

    # To the owner of an unclaimed lead

    @property
    def unclaimed_text(self) -> str:
        return f"Unclaimed lead: {self.summary}. {self.contact_details}"

    @property
    def unclaimed_subject(self) -> str:
        return f"Unclaimed lead: {self.summary}"

    @property
    def unclaimed_email(self) -> str:
        return f"No member claimed this lead, although all were alerted. It waits for you.\n\n{self.details}"

    # To the owner of a lead that an agent lost

    @property
    def released_text(self) -> str:
        return f"{self.released_subject}. {self.contact_details}"

    @property
    def released_subject(self) -> str:
        return f"An agent lost a lead, and it is unclaimed again: {self.summary}"

    @property
    def released_email(self) -> str:
        return f"An agent lost this lead, and no other agent claimed it. It waits for you.\n\n{self.details}"

    # To an agent who claimed too late

    @property
    def already_claimed_text(self) -> str:
        return f"Already claimed: another agent has {self.contact_name or 'this lead'}."

    # Parts

    @cached_property
    def summary(self) -> str:
        """Return name, type, city, price and source: `Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)`."""
        return self.summary_line(self.display_name)

    def summary_line(self, name: str, *, aloud: bool = False) -> str:
        lead = self.lead
        facts = (name, *(redact_contact_details(truncate(fact)) for fact in (lead.type, lead.city, self.price)))
        summary = ", ".join(filter(None, facts)) or "a new contact"
        source = truncate(lead.source.name) if lead.source else ""
        return f"{summary}, from {source}" if source and aloud else f"{summary} ({source})" if source else summary

    @property
    def display_name(self) -> str:
        """Return the contact's name. A texter without a name has their number as name, which is hidden here."""
        name = truncate(f"{self.lead.contact.first_name} {self.lead.contact.last_name}")
        return "a new contact" if not name or is_contact_detail(name) else name

    @property
    def price(self) -> str:
        """Return a plain number as dollars, other text unchanged."""
        price = self.lead.listing_price.strip()
        return f"${int(price):,}" if price.isdecimal() and len(price) <= 15 else price

    @cached_property
    def facts(self) -> str:
        """Return the facts of the inquiry, one per line."""
        lead = self.lead
        street = "" if self.preview == Preview.AREA else lead.street_address
        place = " ".join(part for part in (redact_contact_details(lead.city), lead.state, lead.zipcode) if part)
        facts = (
            ("Who", self.contact_name),
            ("Type", redact_contact_details(lead.type)),
            ("Where", ", ".join(part for part in (redact_contact_details(street), place) if part)),
            ("Price", redact_contact_details(self.price)),
            ("Status", redact_contact_details(lead.listing_status)),
            ("MLS", lead.mls_id),
            ("From", lead.source.name if lead.source else ""),
        )
        return "\n".join(f"{label}: {fact}" for label, fact in facts if fact)

    @cached_property
    def contact_details(self) -> str:
        """Return the contact's name with all phone numbers and the email."""
        contact = self.lead.contact
        addresses = (contact.mobile_phone, contact.home_phone, contact.office_phone, contact.email)
        parts = (truncate(part) for part in (f"{contact.first_name} {contact.last_name}", *addresses))
        return ", ".join(dict.fromkeys(part for part in parts if part)) or f"contact {contact.pk}"

    @cached_property
    def spoken_contact_details(self) -> str:
        """Return all phone numbers and the email of the contact, to be spoken."""
        contact = self.lead.contact
        phones = (contact.mobile_phone, contact.home_phone, contact.office_phone)
        parts = (*(spoken_number(phone) for phone in phones), spoken_email(contact.email))
        return "; or ".join(dict.fromkeys(part for part in parts if part)) or "No phone and no email are known"

    @property
    def contact_links(self) -> list[tuple[str, str]]:
        """Return label and URL (`tel:`, `sms:`, `mailto:`) for each way to contact the person."""
        contact = self.lead.contact
        phones = dict.fromkeys((contact.mobile_phone, contact.home_phone, contact.office_phone))
        calls = [(f"Call {phone}", f"tel:{quote(e164(phone) or phone, safe='+')}") for phone in phones if phone]
        texts = [(f"Text {phone}", f"sms:{number}") for phone in phones if phone and (number := e164(phone))]
        emails = [(f"Email {contact.email}", f"mailto:{quote(contact.email)}")] if contact.email else []
        return [*calls, *texts, *emails]

    @property
    def details(self) -> str:
        """Return all details of the lead, for the agent who has it."""
        quote = f"\n\nThey wrote:\n{self.lead.text_body}" if self.lead.text_body else ""
        full = LeadAlertText(self.lead)
        return f"{self.contact_details}\n\n{full.facts}{quote}"


def claimable_list(stories: Mapping[int, LeadAlertText]) -> str:
    """Return the text that lists the leads which an agent can claim, by reply number."""
    if not stories:
        return "There is no lead for you to claim now."
    listed = sorted(stories.items())[:5]
    numbered = ", ".join(f"{number} {story.contact_name or story.preview_line}" for number, story in listed)
    return f"Reply with the number of a lead to claim it: {numbered}."


def is_contact_detail(name: str) -> bool:
    """Return whether a name is a contact detail: forms without a name send a number or an email instead."""
    return bool(e164(name)) or redact_contact_details(name) != name


def spoken_number(text: str) -> str:
    """Return a phone number digit by digit, `9 4 9, 5 5 5, 0 1 2 3`: otherwise a voice reads it as one large number."""
    number = e164(text)
    digits = number.removeprefix("+1") if number else ""
    groups = (digits[:3], digits[3:6], digits[6:]) if number.startswith("+1") else (number.removeprefix("+"),)
    return ", ".join(" ".join(group) for group in groups if group) or truncate(text)


def spoken_email(address: str) -> str:
    """Return an email address to be spoken: `mary at example dot com`."""
    return truncate(address).replace("@", " at ").replace(".", " dot ")
