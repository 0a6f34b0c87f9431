"""Reasons: a code with details is decided, stored, compared and sent; its text is rendered where a person reads it.

Each code is declared once, with its text, in an enum that is marked `@reason_codes`. A text names its details as format
fields: `{user_id:user}` is a record, `{until:time}` a moment,
`{seconds:duration}` a duration, `{faults:reasons}` a list of reasons, and
`{because:because}` a reason that may be missing. `Names` decides how records and moments appear to a reader.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from string import Formatter
from typing import Any, Final, NamedTuple, TypeVar

from django.db.models import TextChoices

UNKNOWN: Final = "unknown"
OTHER: Final = "other"  # a reason that is only a text, such as a provider's

C = TypeVar("C", bound=type[TextChoices])

_TEXTS: dict[str, str] = {OTHER: "{text}"}


def reason_codes(codes: C) -> C:
    """Class decorator for an enum of codes whose labels are their texts. A code means the same in every app."""
    for code in codes:
        if _TEXTS.setdefault(code.value, code.label) != code.label:
            raise ValueError(f"The code {code.value} has two texts.")
    return codes


class Reason(NamedTuple):
    """Why something is so. `details` holds JSON values alone; times as ISO 8601 with an offset."""

    code: str
    details: Mapping[str, Any] = {}

    def as_json(self) -> dict[str, Any]:
        """Return the reason as it is stored, or nested in another's details."""
        return {"code": str(self.code), "details": dict(self.details)}


def other_reason(text: str) -> Reason:
    """Return a reason that is only a text."""
    return Reason(OTHER, {"text": text})


class Names:
    """How a text names records and moments: here by id and in UTC, for programs."""

    def record(self, kind: str, pk: int) -> str:
        """A record of this kind, such as `user` or `lead source`."""
        return f"{kind} {pk}"

    def time(self, at: datetime) -> str:
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


class RecordCollector(Names):
    """Notes which records a text names, so that their names can be loaded before it is rendered again."""

    def __init__(self) -> None:
        self.ids: dict[str, set[int]] = {}

    def record(self, kind: str, pk: int) -> str:
        self.ids.setdefault(kind, set()).add(pk)
        return ""


FOR_PROGRAMS: Final = Names()
RECORDS: Final = ("user", "team", "route", "lead", "lead source", "message", "contact", "campaign")


def reason_text(code: str, details: Mapping[str, Any], names: Names = FOR_PROGRAMS) -> str:
    """The text of a reason; empty without a code. A missing detail reads `unknown`; an unknown code is its own text."""
    template = _TEXTS.get(code)
    return code if template is None else _ReasonFormatter(names).vformat(template, (), details)


def reason_json(reason: Reason | None) -> dict[str, Any]:
    """A reason as the API shows it: `code`, `details` and its text, `reason`. All empty without one."""
    if reason is None:
        return {"code": "", "details": {}, "reason": ""}
    return reason.as_json() | {"reason": reason_text(*reason)}


def stored_reason(stored: Mapping[str, Any]) -> Reason:
    """What `Reason.as_json` gave."""
    return Reason(str(stored.get("code") or ""), stored.get("details") or {})


def with_text(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored `code` and `details`, among other keys, with the text as `reason`."""
    return dict(stored) | {"reason": reason_text(*stored_reason(stored))}


def duration_text(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class _ReasonFormatter(Formatter):
    """Fills a text in. A format such as `:User` begins with a capital letter."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key))

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "because":  # may be missing
            text = reason_text(*stored_reason(value), self.names) if value else ""
            return f": {text.removesuffix('.')}" if text else ""
        text = self.render(value, format_spec.lower())
        return text[:1].upper() + text[1:] if format_spec[:1].isupper() else text

    def render(self, value: Any, kind: str) -> str:
        if value is None:
            return UNKNOWN
        if kind in RECORDS:
            return self.names.record(kind, value) if isinstance(value, int) else UNKNOWN
        if kind == "duration":
            return duration_text(value)
        if kind == "time":
            return self.names.time(datetime.fromisoformat(value))
        if kind == "reason":
            return reason_text(*stored_reason(value), self.names)
        if kind == "reasons":
            return ", ".join(reason_text(*stored_reason(each), self.names) for each in value)
        if kind == "users":
            return " and ".join(self.names.record("user", each) for each in value)
        if kind == "members":
            return "; ".join(
                f"{self.names.record('user', each['user_id'])}: {reason_text(*stored_reason(each), self.names)}"
                for each in value
            )
        return str(value)
