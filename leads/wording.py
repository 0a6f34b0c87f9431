"""What agents read about leads, in texts and emails. Pure: a lead with its contact and source in, words out.

Before a claim nothing tells how to reach the person: only who is asking, for what and where.
"""

from collections.abc import Mapping
from typing import Final

from leads.models import Lead
from teams.phones import e164

LONGEST: Final = 40  # characters of one fact in a text: several facts still fit into two segments


def offer_text(lead: Lead, number: int | None) -> str:
    """The alert to a member whose turn has come."""
    how = f"Reply {number} to claim." if number is not None else "Sign in to claim."
    return f"New lead: {summary(lead)}. {how}"


def offer_subject(lead: Lead) -> str:
    return f"New lead: {summary(lead)}"


def offer_email(lead: Lead, number: int | None, sign_in_at: str) -> str:
    """The alert by email; `number` is that of the text the member got as well."""
    by_text = f"Reply {number} to the text message about it, or sign" if number is not None else "Sign"
    return (
        f"A new lead is waiting for someone to claim it.\n\n{property_lines(lead)}\n\n"
        f"{by_text} in at {sign_in_at} to claim it. It goes to whoever is first."
    )


def given_text(lead: Lead) -> str:
    """To whoever has the lead now: whom to call."""
    return f"The lead is yours: {summary(lead)}. {reach(lead)}"


def given_subject(lead: Lead) -> str:
    return f"The lead is yours: {summary(lead)}"


def given_email(lead: Lead) -> str:
    return f"This lead is yours.\n\n{details(lead)}"


def untold_text(lead: Lead) -> str:
    """To the owner of a lead that no member of its team could be told of."""
    return f"No member of your team could be told of a new lead: {summary(lead)}. {reach(lead)}"


def untold_subject(lead: Lead) -> str:
    return f"No member of your team could be told of a new lead: {summary(lead)}"


def untold_email(lead: Lead) -> str:
    return f"No member of your team could be told of this lead, so it waits for you.\n\n{details(lead)}"


def taken_text(lead: Lead) -> str:
    return f"Already claimed: another agent has {who(lead)}."


def choice(leads: Mapping[int, Lead]) -> str:
    """What an agent may claim by number."""
    if not leads:
        return "There is no lead for you to claim now."
    numbered = ", ".join(f"{number} {who(lead)}" for number, lead in sorted(leads.items())[:5])
    return f"Reply with the number of a lead to claim it: {numbered}."


def summary(lead: Lead) -> str:
    """Who asks, for what, where and through whom: `Mary Jackson, Buyer, Irvine, $10,000,000 (Zillow)`."""
    facts = (who(lead), lead.type, lead.city, price(lead))
    told = ", ".join(short(fact) for fact in facts if fact.strip())
    return f"{told} ({short(lead.source.name)})" if lead.source else told


def who(lead: Lead) -> str:
    """The person's name. An unknown texter is called by their number, which is not to be told here."""
    name = short(f"{lead.contact.first_name} {lead.contact.last_name}")
    return "somebody new" if not name or e164(name) else name


def reach(lead: Lead) -> str:
    """The person's name with every way to reach them."""
    contact = lead.contact
    name = short(f"{contact.first_name} {contact.last_name}")
    ways = [contact.mobile_phone, contact.home_phone, contact.office_phone, contact.email]
    return ", ".join(dict.fromkeys(short(fact) for fact in (name, *ways) if fact.strip())) or f"contact {contact.pk}"


def details(lead: Lead) -> str:
    """All that whoever has the lead may know."""
    said = f"\n\nThey wrote:\n{lead.text_body}" if lead.text_body else ""
    return f"{reach(lead)}\n\n{property_lines(lead)}{said}"


def property_lines(lead: Lead) -> str:
    """The facts of the inquiry, one a line."""
    place = " ".join(part for part in (lead.city, lead.state, lead.zipcode) if part)
    facts = (
        ("Who", who(lead)),
        ("Type", lead.type),
        ("Where", ", ".join(part for part in (lead.street_address, place) if part)),
        ("Price", price(lead)),
        ("Status", lead.listing_status),
        ("MLS", lead.mls_id),
        ("From", lead.source.name if lead.source else ""),
    )
    return "\n".join(f"{label}: {fact}" for label, fact in facts if fact)


def price(lead: Lead) -> str:
    """A bare number as dollars, anything else as it was given."""
    given = lead.listing_price.strip()
    return f"${int(given):,}" if given.isdecimal() and len(given) <= 15 else given


def short(text: str) -> str:
    """On one line, and not too long for a text."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
