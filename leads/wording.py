"""What agents read about a lead, in texts and emails. Pure: a lead with its contact and source in, words out.

Before a claim nothing tells how to reach the person: only who is asking, for what and where.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from leads.models import Lead
from teams.phones import e164

LONGEST: Final = 40  # characters of one fact in a text: several facts still fit into two segments


@dataclass(frozen=True)
class Story:
    """One lead in words, for however many readers."""

    lead: Lead

    # To a member whose turn has come

    def offer_text(self, number: int | None) -> str:
        how = f"Reply {number} to claim." if number is not None else "Sign in to claim."
        return f"New lead: {self.summary}. {how}"

    @property
    def offer_subject(self) -> str:
        return f"New lead: {self.summary}"

    def offer_email(self, number: int | None, sign_in_at: str) -> str:
        """`number` is that of the text which the member got as well."""
        by_text = f"Reply {number} to the text message about it, or sign" if number is not None else "Sign"
        return (
            f"A new lead is waiting for someone to claim it.\n\n{self.facts}\n\n"
            f"{by_text} in at {sign_in_at} to claim it. It goes to whoever is first."
        )

    # To whoever has the lead

    @property
    def given_text(self) -> str:
        return f"The lead is yours: {self.summary}. {self.reach}"

    @property
    def given_subject(self) -> str:
        return f"The lead is yours: {self.summary}"

    @property
    def given_email(self) -> str:
        return f"This lead is yours.\n\n{self.details}"

    # To the owner of a lead of which no member could be told

    @property
    def untold_text(self) -> str:
        return f"No member of your team could be told of a new lead: {self.summary}. {self.reach}"

    @property
    def untold_subject(self) -> str:
        return f"No member of your team could be told of a new lead: {self.summary}"

    @property
    def untold_email(self) -> str:
        return f"No member of your team could be told of this lead, so it waits for you.\n\n{self.details}"

    # To the owner of a lead that nobody claimed

    @property
    def unclaimed_text(self) -> str:
        return f"Nobody claimed a lead: {self.summary}. {self.reach}"

    @property
    def unclaimed_subject(self) -> str:
        return f"Nobody claimed a lead: {self.summary}"

    @property
    def unclaimed_email(self) -> str:
        return f"Everybody was told of this lead, and nobody claimed it. It waits for you.\n\n{self.details}"

    # To whoever was too late

    @property
    def taken_text(self) -> str:
        return f"Already claimed: another agent has {self.who}."

    # What they are made of

    @cached_property
    def summary(self) -> str:
        """Who asks, for what, where and through whom: `Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)`."""
        lead = self.lead
        facts = [short(fact) for fact in (self.who, lead.type, lead.city, self.price) if fact]
        told = ", ".join(fact for fact in facts if fact)
        return f"{told} ({short(lead.source.name)})" if lead.source else told

    @cached_property
    def who(self) -> str:
        """The person's name. An unknown texter is called by their number, which is not to be told here."""
        name = short(f"{self.lead.contact.first_name} {self.lead.contact.last_name}")
        return "somebody new" if not name or is_number(name) else name

    @cached_property
    def price(self) -> str:
        """A bare number as dollars, anything else as it was given."""
        given = self.lead.listing_price.strip()
        return f"${int(given):,}" if given.isdecimal() and len(given) <= 15 else given

    @cached_property
    def facts(self) -> str:
        """The inquiry, one fact a line."""
        lead = self.lead
        place = " ".join(part for part in (lead.city, lead.state, lead.zipcode) if part)
        facts = (
            ("Who", self.who),
            ("Type", lead.type),
            ("Where", ", ".join(part for part in (lead.street_address, place) if part)),
            ("Price", self.price),
            ("Status", lead.listing_status),
            ("MLS", lead.mls_id),
            ("From", lead.source.name if lead.source else ""),
        )
        return "\n".join(f"{label}: {fact}" for label, fact in facts if fact)

    @cached_property
    def reach(self) -> str:
        """The person's name with every way to reach them."""
        contact = self.lead.contact
        ways = (contact.mobile_phone, contact.home_phone, contact.office_phone, contact.email)
        told = (short(fact) for fact in (f"{contact.first_name} {contact.last_name}", *ways))
        return ", ".join(dict.fromkeys(fact for fact in told if fact)) or f"contact {contact.pk}"

    @property
    def details(self) -> str:
        """All that whoever has the lead may know."""
        said = f"\n\nThey wrote:\n{self.lead.text_body}" if self.lead.text_body else ""
        return f"{self.reach}\n\n{self.facts}{said}"


def choice(leads: Mapping[int, Lead]) -> str:
    """What an agent may claim by number."""
    if not leads:
        return "There is no lead for you to claim now."
    numbered = ", ".join(f"{number} {Story(lead).who}" for number, lead in sorted(leads.items())[:5])
    return f"Reply with the number of a lead to claim it: {numbered}."


def is_number(name: str) -> bool:
    """Whether a name is a telephone number. Most are not: the digits are looked at first, being quicker."""
    return sum(character.isdigit() for character in name) >= 7 and bool(e164(name))


def short(text: str) -> str:
    """On one line, and not too long for a text."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
