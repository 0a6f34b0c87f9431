"""The query string, read leniently: raw `$ [ ] %` parse, and the parts become a Query. Pure; knows no model."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from api import coercion as values
from core.errors import DomainError
from core.text import to_nfc

OPERATORS = ("$ne", "$in", "$nin", "$lt", "$lte", "$gt", "$gte", "$like", "$notLike")
MAX_SKIP = 2**53 - 1  # what JavaScript can count to; PostgreSQL's OFFSET takes more, but not everything
MAX_PARAMETERS = 1000

# No program escapes a letter or digit of ASCII: `%555%` is a pattern that holds 555, not one of `U5`.
ESCAPES = re.compile("(?:%(?!3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])[0-9A-Fa-f]{2})+")
VALID_OR_NOT = re.compile("[\udc80-\udcff]+|[^\udc80-\udcff]+")
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
KEY = re.compile(r"\[([^\[\]]*)\]")
INDEX = re.compile(r"[0-9]{0,6}")


class BadQuery(DomainError):
    """The query cannot be understood."""


@dataclass(frozen=True)
class Term:
    """One comparison: `field[operator]=value`; several values are alternatives."""

    field: str
    operator: str  # one of OPERATORS, or "" for equality
    values: list[str]


@dataclass
class Query:
    """What a query string asks for. `terms` all hold, and so does one group of `alternatives`, if there are any."""

    terms: list[Term] = field(default_factory=list)
    alternatives: list[list[Term]] = field(default_factory=list)
    sort: list[tuple[str, bool]] = field(default_factory=list)  # (field, descending)
    select: list[str] = field(default_factory=list)
    load: list[str] = field(default_factory=list)
    limit: int | None = None
    skip: int = 0
    cursor: str | None = None  # where to continue; "" means the first page and a cursor
    wants_total: bool = True

    def names(self) -> Iterator[str]:
        """Every field that is compared."""
        for group in (self.terms, *self.alternatives):
            for term in group:
                yield term.field


def unescape(text: str) -> str:
    """Form decoding that keeps escapes which no program writes or which are not UTF-8: `%Campaign%20Name%`."""
    text = text.replace("+", " ")
    return ESCAPES.sub(_unescape_run, text) if "%" in text else text


def _unescape_run(match: re.Match[str]) -> str:
    """Decode a run of escapes in one pass; `surrogateescape` marks octets that are not UTF-8."""
    run, text, at = match[0], [], 0
    for part in VALID_OR_NOT.findall(bytes.fromhex(run.replace("%", "")).decode("utf-8", "surrogateescape")):
        is_valid = not "\udc80" <= part[0] <= "\udcff"
        end = at + (len(part.encode()) if is_valid else len(part))
        text.append(part if is_valid else run[3 * at : 3 * end])
        at = end
    return "".join(text)


def parameters(raw: str) -> list[tuple[str, str]]:
    """The (name, value) pairs of WSGI's QUERY_STRING, which holds bytes as Latin-1."""
    if raw.count("&") >= MAX_PARAMETERS:
        raise BadQuery(f"The query has more than {MAX_PARAMETERS} parameters.")
    parts = [part for part in decode_octets(raw).split("&") if part]
    pairs = []
    for part in parts:
        name, _, value = part.partition("=")
        pairs.append((to_nfc(unescape(name)), to_nfc(unescape(value))))
    return pairs


def decode_octets(raw: str) -> str:
    """Octets without escapes are UTF-8; otherwise Latin-1, as in WSGI."""
    try:
        return raw if raw.isascii() else raw.encode("latin-1").decode()
    except UnicodeError:
        return raw


def parse_query(raw: str) -> Query:
    """Read a raw query string, or raise BadQuery naming the parameter that cannot be understood."""
    query = Query()
    terms: dict[tuple[str, str], Term] = {}
    groups: dict[str, dict[tuple[str, str], Term]] = {}
    for name, value in parameters(raw):
        base, keys = _split(name)
        if "\0" in value or "\0" in name:
            raise _refuse(base, "may not contain a NUL character.")
        if base == "$or":
            _read_alternative(groups, keys, value)
        elif base.startswith("$"):
            _read_option(query, base, keys, value)
        else:
            _add_term(terms, base, keys, value)
    query.terms = list(terms.values())
    query.alternatives = [list(group.values()) for group in groups.values()]
    return query


def _split(name: str) -> tuple[str, list[str]]:
    """`created_at[$gte]` is ("created_at", ["$gte"])."""
    match = NAME.fullmatch(name)
    if not match:
        raise _refuse(name[:100], "is not a parameter this service understands.")
    return match[1], KEY.findall(match[2])


def _add_term(terms: dict[tuple[str, str], Term], name: str, keys: list[str], value: str) -> None:
    operator = keys.pop(0) if keys and keys[0].startswith("$") else ""
    if operator and operator not in OPERATORS:
        raise _refuse(name, f"cannot be compared with {operator[:100]}; there are {', '.join(OPERATORS)}.")
    if len(keys) > 1 or not all(INDEX.fullmatch(key) for key in keys):
        raise _refuse(name, f"cannot be followed by [{keys[-1][:100]}].")
    term = terms.setdefault((name, operator), Term(name, operator, []))
    term.values.append(value)


def _read_alternative(groups: dict[str, dict[tuple[str, str], Term]], keys: list[str], value: str) -> None:
    """`$or[0][first_name]=Ann`: one level, numbered groups; `$or[][first_name]=Ann` is a new group."""
    if len(keys) < 2 or not INDEX.fullmatch(keys[0]) or keys[1].startswith("$"):
        raise _refuse("$or", "is written $or[0][field]=value, one level deep.")
    number = keys[0] or f"unnumbered {len(groups)}"
    _add_term(groups.setdefault(number, {}), keys[1], keys[2:], value)


def _read_option(query: Query, name: str, keys: list[str], value: str) -> None:
    if name == "$sort":
        query.sort.append(_sort(keys, value))
    elif name in ("$select", "$load"):
        (query.select if name == "$select" else query.load).append(value)
    elif name == "$limit":
        query.limit = _parse_count(value)
    elif name == "$skip":
        query.skip = min(_parse_count(value) or 0, MAX_SKIP)
    elif name == "$cursor":
        query.cursor = value
    elif name == "$total":
        query.wants_total = _parse_bool(name, value)
    else:
        raise _refuse(name[:100], "is not an operator this service knows.")


def _sort(keys: list[str], value: str) -> tuple[str, bool]:
    if len(keys) != 1 or value.strip().lower() not in ("1", "-1", "asc", "desc"):
        raise _refuse("$sort", "is written $sort[field]=1 or $sort[field]=-1.")
    return keys[0], value.strip().lower() in ("-1", "desc")


def _parse_bool(name: str, text: str) -> bool:
    try:
        return values.parse_bool(text)
    except ValueError as error:
        raise _refuse(name, str(error)) from error


def _parse_count(text: str) -> int | None:
    """Return a number of rows; None for an invalid one, so that the default applies."""
    text = text.strip()
    return int(text) if re.fullmatch("[0-9]{1,30}", text) else None


def _refuse(name: str, what: str) -> BadQuery:
    message = f"{name} {what}"
    return BadQuery(message, errors={name: message})
