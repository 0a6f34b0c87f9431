"""Placeholders that are not merge fields: those of other products, and misspelled ones. Pure.

They would be sent as typed ("Hi {first_name},"), so a text that has one is refused when it is saved, and is not sent if
it was saved before. Prose stays: `[sic]`, `100% off`, `{color: red}`.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final, NamedTuple

from messaging.content.merge_fields import FIELDS, TOKEN, field_name

MAX_REPORTED: Final = 5
MAX_QUOTED: Final = 50  # characters


@dataclass(frozen=True, slots=True, order=True)
class Placeholder:
    """`text` at `position` (the first character is 1); `suggestion` is the merge field to write instead, or empty."""

    position: int
    text: str
    suggestion: str = ""

    def __str__(self) -> str:
        advice = f" (write {self.suggestion})" if self.suggestion else ""
        return f"{self.text[:MAX_QUOTED]} at position {self.position}{advice}"

    def covers(self, position: int) -> bool:
        return self.position <= position < self.position + len(self.text)


class Evidence(Enum):
    """Return whether a text between two delimiters is a placeholder."""

    ANYTHING = auto()
    IDENTIFIER = auto()  # a name with an underscore, dot or capital inside, or a known name
    KNOWN_NAME = auto()
    UNCOMMON_NAME = auto()  # a known name that is not also a common word: prose has [email] and #phone#


class Style(NamedTuple):
    """One way to delimit a placeholder: what is between its delimiters is group 1, the closing one group 2."""

    pattern: re.Pattern[str]
    evidence: Evidence


def _style(opening: str, inside: str, closing: str, evidence: Evidence) -> Style:
    """The look-ahead lets the next match begin inside this one: "20% off, %first_name%" has three percent signs."""
    return Style(re.compile(f"{opening}(?=({inside})({closing}))", re.IGNORECASE), evidence)


def _words(delimiter: str) -> str:
    """Up to three words without white space at either end, for delimiters that open and close alike."""
    return rf"[^{delimiter}\s]{{1,60}}(?: [^{delimiter}\s]{{1,30}}){{0,2}}"


# Each pattern is linear: what it takes in is bounded, and most cannot contain their own first character. The order
# matters: of two that match at one place, the first counts.
STYLES: Final = (
    _style(r"\*\|", r"[^|*\r\n]{1,100}", r"\|\*", Evidence.ANYTHING),  # Mailchimp
    _style(r"\{%", r"[^{}%\r\n]{1,200}", r"%\}", Evidence.ANYTHING),  # Liquid, Jinja
    _style(r"<%", r"[^<>%\r\n]{1,200}", r"%>", Evidence.ANYTHING),  # ERB
    _style(r"\$\{", r"[^{}$\r\n]{1,100}", r"\}", Evidence.ANYTHING),  # JavaScript
    _style(r"%7B%7B", r"(?:[\w.|+-]|%20|%7C){1,100}", r"%7D%7D", Evidence.ANYTHING),  # {{...}} in an encoded address
    _style(r"%%", r"[a-z_=\[][^%\r\n]{0,100}", r"%%", Evidence.IDENTIFIER),  # Salesforce
    _style(r"\{", r"[^{}\r\n]{1,100}", r"\}", Evidence.IDENTIFIER),
    _style("\uff5b", r"[^\uff5b\uff5d\r\n]{1,100}", "\uff5d", Evidence.IDENTIFIER),
    _style(r"\[\[", r"[^\[\]\r\n]{1,100}", r"\]\]", Evidence.IDENTIFIER),
    _style("<<", r"[^<>\r\n]{1,100}", ">>", Evidence.IDENTIFIER),
    _style("&lt;&lt;", r"[^<>&\r\n]{1,100}", "&gt;&gt;", Evidence.IDENTIFIER),
    _style(r"\$\(", r"[^$()\r\n]{1,100}", r"\)", Evidence.IDENTIFIER),
    _style("%", _words("%"), "%", Evidence.KNOWN_NAME),  # Follow Up Boss, ActiveCampaign
    _style(r"(?<![\w=&/?%+.-])%", _words("%"), "%", Evidence.IDENTIFIER),  # not within an encoded address
    _style(r"\[", r"[^\[\]\r\n]{1,100}", r"\]", Evidence.UNCOMMON_NAME),
    _style("<", r"[^<>\r\n]{1,100}", ">", Evidence.UNCOMMON_NAME),
    _style("&lt;", r"[^<>&\r\n]{1,100}", "&gt;", Evidence.UNCOMMON_NAME),
    _style("«", r"[^«»\r\n]{1,100}", "»", Evidence.UNCOMMON_NAME),  # word processors
    _style("&laquo;", r"[^<>&\r\n]{1,100}", "&raquo;", Evidence.UNCOMMON_NAME),
    _style(r"\(\(", r"[^()\r\n]{1,100}", r"\)\)", Evidence.UNCOMMON_NAME),
    _style("#", _words("#"), "#", Evidence.UNCOMMON_NAME),
    _style("~", _words("~"), "~", Evidence.UNCOMMON_NAME),  # Keap
    _style("@", _words("@"), "@", Evidence.UNCOMMON_NAME),
    _style(r"\$", _words("$"), r"\$", Evidence.UNCOMMON_NAME),
    _style(r"\$", r"[a-z_]{1,40}", r"(?![\w$])", Evidence.UNCOMMON_NAME),
    _style("__", r"[a-z]{1,20}(?:_[a-z]{1,20}){1,3}", "__", Evidence.UNCOMMON_NAME),
)
TRIPLE: Final = r"\{\{\{[^{}\r\n]{1,100}\}\}\}"
STRAY: Final = r"\{\{(?!\{)[^\n{}]{0,30}\}?"  # two braces that do not open a merge field
BRACES: Final = re.compile(f"{TRIPLE}|{TOKEN.pattern}|{STRAY}")
STYLE_TAG: Final = re.compile(r"<(/?)style\b", re.IGNORECASE)

# A name ends where its fallback begins: `FNAME|there`, `first_name or "there"`, `first_name default='there'`.
FALLBACK: Final = re.compile(r"[|=?(\"'\u201c\u2018,/]|:(?=\S)|\s(?:or|default|fallback|else)\b", re.IGNORECASE)
QUOTED: Final = re.compile(r"[\"'\u201c\u2018]([^\"'\u201c\u201d\u2018\u2019|{}<>]{1,60})[\"'\u201d\u2019]")
AFTER_BAR: Final = re.compile(r"\|\s*([^\"'\u201c\u201d\u2018\u2019|{}<>%*:()\]]{1,60})$")
# What another product takes for a filter would be sent as the fallback: `{{first_name|default:'there'}}`.
FILTER: Final = re.compile(
    r"\s*(?:[a-z_]+\s*[:=]\s*[\"'\u201c\u2018&]|(?:default|fallback)\s*[:=]|[a-z_]+\(.*\)\s*$"
    r"|(?:default|fallback|upcase|downcase|capitalize|capfirst|title|titlecase|titleize|upper|lower|trim|strip|escape"
    r"|safe|strip_html|url_encode|urlencode|json)\s*$)",
    re.IGNORECASE | re.DOTALL,
)
IDENTIFIER: Final = re.compile(
    r"[$!@#]?(?:[a-zA-Z]\w*_\w+|[a-zA-Z]\w{2,40}(?:\.\w{2,40}){1,5}|[a-z]{2,40}(?:[A-Z][a-z]{1,40}){1,5})"
)
SPUN: Final = re.compile(r"[^|:;=]{1,60}(?:\|[^|:;=]{0,60})+")  # {Hi|Hello|Hey}: one of them at random

# Names are normalized: lower case, letters and digits only. "" has no merge field of ours.
NAMES: Final = {
    "first_name": "firstname fname first givenname forename preferredname nickname",
    "last_name": "lastname lname last surname familyname",
    "full_name": "fullname name firstlastname firstandlastname firstnamelastname fnamelname",
    "email": "email emailaddress mail",
    "mobile_phone": "mobilephone mobile mobilenumber cell cellphone cellnumber phone phonenumber telephone tel",
    "home_phone": "homephone homenumber homephonenumber",
    "office_phone": "officephone officenumber workphone businessphone",
    "company": "company companyname organization organizationname business businessname",
    "": "address streetaddress propertyaddress inquiryaddress listingaddress mailingaddress city state zip zipcode"
    " postalcode price listprice listingprice date today todaysdate currentdate birthday unsubscribe unsubscribelink"
    " unsubscribeurl signature emailsignature website companyaddress salutation greeting spousename neighborhood link"
    " url",
}
CONTACT_FIELDS: Final = {name: field for field, names in NAMES.items() for name in names.split()}
AGENT_FIELDS: Final = dict.fromkeys(CONTACT_FIELDS, "") | {
    name: f"agent_{field}" if f"agent_{field}" in FIELDS else "agent_phone"
    for name, field in CONTACT_FIELDS.items()
    if field not in ("", "company")
}
PEOPLE: Final = dict.fromkeys(["contact", "lead", "client", "customer", "recipient"], "full_name") | dict.fromkeys(
    ["agent", "realtor", "sender", "user"], "agent_full_name"
)
COMMON: Final = (
    "first last email mail mobile cell phone telephone tel company organization business address city state zip price"
    " date today birthday unsubscribe signature website salutation greeting neighborhood link url"
)
COMMON_WORDS: Final = {*PEOPLE, *COMMON.split()}
CONTACT_PREFIX: Final = (
    "contact|lead|client|customer|recipient|subscriber|person|prospect|buyer|seller|member|custom|merge|insert|enter|to"
)
AGENT_PREFIX: Final = "assignedagent|assigneduser|agent|realtor|sender|owner|broker|user|your|from|my"
PREFIX: Final = re.compile(f"({AGENT_PREFIX})|{CONTACT_PREFIX}")
SUFFIXES: Final = ("goeshere", "here")


@lru_cache(maxsize=32)  # a campaign asks once per message
def find_placeholders(text: str) -> tuple[Placeholder, ...]:
    """Return what looks like a placeholder and is not a merge field, in order, at most `MAX_REPORTED`."""
    found: list[Placeholder] = []
    for placeholder in (*_unknown_tokens(text), *_foreign(_prose_of(text))):
        if not any(other.covers(placeholder.position) for other in found):
            found.append(placeholder)
            if len(found) == MAX_REPORTED:
                break
    return tuple(sorted(found))


def _unknown_tokens(text: str) -> Iterator[Placeholder]:
    """What has the two braces of a merge field, and is not one."""
    found = False
    for match in BRACES.finditer(text):
        if match[1] is None or field_name(match) not in FIELDS or (match[2] and FILTER.match(match[2])):
            found = True
            yield Placeholder(match.start() + 1, match[0], _suggestion(match[0].strip("{}")))
    if not found and (
        joined := re.search(STRAY, TOKEN.sub("", text))
    ):  # braces on both sides of a field that may be empty
        yield Placeholder(text.index("{{") + 1, joined[0])


def _foreign(text: str) -> Iterator[Placeholder]:
    for pattern, evidence in STYLES:
        for match in pattern.finditer(text):
            if _is_placeholder(match[1], evidence):
                yield Placeholder(match.start() + 1, text[match.start() : match.end(2)], _suggestion(match[1]))


def _is_placeholder(inside: str, evidence: Evidence) -> bool:
    if evidence == Evidence.ANYTHING:
        return True
    name = FALLBACK.split(inside.strip(), maxsplit=1)[0].strip()
    if evidence == Evidence.UNCOMMON_NAME and (
        inside != inside.strip() or "," in inside or normalized(name) in COMMON_WORDS
    ):
        return False
    if evidence == Evidence.IDENTIFIER and (IDENTIFIER.fullmatch(name) or SPUN.fullmatch(inside)):
        return True
    return field_of(name) is not None


def field_of(name: str) -> str | None:
    """Return the merge field that another product's name means: empty if there is none, None if the name is unknown."""
    key, fields = normalized(name), CONTACT_FIELDS | PEOPLE
    for suffix in SUFFIXES:
        key = key.removesuffix(suffix)
    while key not in fields:
        prefix = PREFIX.match(key)
        if prefix is None:
            return None
        fields = AGENT_FIELDS if prefix[1] else fields
        key = key[prefix.end() :]
    return fields[key]


def normalized(name: str) -> str:
    """`Contact.First Name` and `contact_first_name` are the same name."""
    return re.sub(r"[^a-z0-9]", "", name[:100].lower())


def _suggestion(inside: str) -> str:
    """The merge field to write instead, with the fallback that was typed."""
    inside = inside[:200].strip()
    name = FALLBACK.split(inside, maxsplit=1)[0].strip()
    field = field_of(name)
    if field is None:
        field = next(iter(difflib.get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.75)), "")
    if not field:
        return ""
    fallback = QUOTED.search(inside) or AFTER_BAR.search(inside)
    if fallback is None or FILTER.match(fallback[1]):
        return f"{{{{{field}}}}}"
    return f"{{{{{field}|{fallback[1].strip()}}}}}"


def _prose_of(text: str) -> str:
    """The text with spaces in place of its merge fields (their fallbacks stay) and of style sheets, whose selectors
    look like placeholders."""
    text = TOKEN.sub(_fallback_in_place, text)
    parts, end, start = [], 0, None
    for tag in STYLE_TAG.finditer(text):
        if start is None and not tag[1]:
            parts.append(text[end : tag.start()])
            start = tag.start()
        elif start is not None and tag[1]:
            parts.append(" " * (tag.start() - start))
            start, end = None, tag.start()
    parts.append(text[end:] if start is None else " " * (len(text) - start))
    return "".join(parts)


def _fallback_in_place(match: re.Match[str]) -> str:
    if match[2] is None:
        return " " * len(match[0])
    return " " * (match.start(2) - match.start()) + match[2] + " " * (match.end() - match.end(2))
