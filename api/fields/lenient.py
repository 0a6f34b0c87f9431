"""One value of a body each: read by a function of api.coercion, and shown."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from api import coercion
from core.comma_lists import has_open_quote, join_list

MAX_VALUE_LENGTH = 1000  # characters of a single value that is not a text

# The two sentences of every field, ours or DRF's, as predicates too: api.exceptions puts the name before them.
serializers.Field.default_error_messages |= {
    "required": "is required.",
    "null": "may not be null.",
}


def refuse_several(value: object) -> None:
    """Raise ValueError where a field of one value is sent several, as a list or by repeating its name."""
    if isinstance(value, list) and len(value) > 1:
        raise ValueError(f"takes one value, but {len(value)} are sent.")


class LenientField(serializers.Field[Any, Any, Any, Any]):
    """A value read by one function of api.coercion. `""` is null, and null is the default where null cannot be."""

    schema: ClassVar[dict[str, Any]] = {"type": "string"}  # in OpenAPI
    takes_several: ClassVar[bool] = False  # whether a list may be sent

    def read(self, value: object) -> Any:
        """Raises ValueError with a predicate."""
        raise NotImplementedError

    def run_validation(self, data: Any = empty) -> Any:
        if self.is_nothing(data):
            data = None
        if data is None and not self.allow_null and not self.required and not self.read_only:
            data = empty
        if data is empty and self.partial_root() and not self.required:
            raise serializers.SkipField
        return super().run_validation(data)

    def is_nothing(self, data: Any) -> bool:
        """Return whether this value means null."""
        return isinstance(data, str) and not data.strip()

    def partial_root(self) -> bool:
        return bool(getattr(self.root, "partial", False))

    def to_internal_value(self, data: Any) -> Any:
        try:
            if not self.takes_several:
                refuse_several(data)
                if isinstance(data, str) and len(data) > MAX_VALUE_LENGTH:
                    raise ValueError(f"may have at most {MAX_VALUE_LENGTH} characters.")
            return self.read(data)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: Any) -> Any:
        return value


class LenientInteger(LenientField):
    """A whole number between two bounds."""

    schema = {"type": "integer"}

    def __init__(self, *, min_value: int = coercion.SMALLEST_ID, max_value: int = coercion.LARGEST_ID, **kwargs: Any):
        super().__init__(**kwargs)
        self.min_value, self.max_value = min_value, max_value

    def read(self, value: object) -> int:
        number = coercion.parse_integer(value)
        if not self.min_value <= number <= self.max_value:
            raise ValueError(f"must lie between {self.min_value} and {self.max_value}.")
        return number


class LenientDecimal(LenientField):
    """A number with a fraction, of the size its column holds."""

    schema = {"type": "number"}

    def __init__(self, *, max_digits: int | None = None, decimal_places: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_digits, self.decimal_places = max_digits, decimal_places

    def read(self, value: object) -> Decimal:
        number = coercion.parse_decimal(value)
        if self.max_digits is not None and self.decimal_places is not None:
            return self.fitted(number, self.decimal_places, 10 ** (self.max_digits - self.decimal_places))
        return number

    def fitted(self, number: Decimal, places: int, limit: int) -> Decimal:
        """Rounded to these places. Decimal itself breaks off at more than 28 digits."""
        if abs(number) >= limit or abs(number := round(number, places)) >= limit:
            raise ValueError("is too large a number.")
        return number

    def to_representation(self, value: Decimal | float) -> float:
        return float(value)


class LenientBoolean(LenientField):
    schema = {"type": "boolean"}

    def read(self, value: object) -> bool:
        return coercion.parse_bool(value)


class LenientDateTime(LenientField):
    """A date-time; the first of the year 1 is null."""

    schema = {"type": "string", "format": "date-time"}

    def is_nothing(self, data: Any) -> bool:
        return super().is_nothing(data) or coercion.is_null_date(data)

    def read(self, value: object) -> datetime:
        return coercion.parse_datetime(value)

    def to_representation(self, value: datetime) -> str:
        return coercion.format_datetime(value)


class LenientDate(LenientField):
    schema = {"type": "string", "format": "date"}

    def read(self, value: object) -> date:
        return coercion.parse_date(value)

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class LenientTime(LenientField):
    schema = {"type": "string", "format": "time-local"}

    def read(self, value: object) -> time:
        return coercion.parse_time(value)

    def to_representation(self, value: time) -> str:
        return value.isoformat()


class LenientChoice(LenientField):
    """An enum, matched ignoring case and answered in its canonical spelling."""

    def __init__(self, *, choices: Any, shown: Any = None, **kwargs: Any) -> None:
        """`shown` are those that answers have, where they have others than are taken."""
        super().__init__(**kwargs)
        self.choices = [str(choice) for choice in choices]
        self.shown = [str(choice) for choice in shown or choices]
        self.canonical = {choice.lower(): choice for choice in self.choices}
        self.blank_stays = "" in self.canonical

    def read(self, value: object) -> str:
        return coercion.parse_choice(value, {lower: choice for lower, choice in self.canonical.items() if lower})

    def run_validation(self, data: Any = empty) -> Any:
        if self.blank_stays and (data is None or data == "") and not self.allow_null:
            return ""
        return super().run_validation(data)


class LenientText(serializers.CharField):
    """Text as given, spaces and all; numbers become text; null is "" where the column cannot be null."""

    default_error_messages = {
        "invalid": "must be text.",
        "blank": "may not be empty.",
        "max_length": "may have at most {max_length} characters.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False} | kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        if data is None and not self.allow_null and self.allow_blank:
            data = ""
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        try:
            refuse_several(data)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error
        return super().to_internal_value(data)


class LenientDates(LenientField):
    """Dates, as a list or separated by commas. Each is kept once, in order. An empty value is an empty list."""

    schema = {"type": "array", "items": {"type": "string", "format": "date"}, "maxItems": 1000}
    takes_several = True
    most = 1000

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation([] if data is None or data == "" else data)

    def read(self, value: object) -> list[date]:
        given = split_values(value)
        if len(given) > self.most:
            raise ValueError(f"may have at most {self.most} days.")
        return sorted({coercion.parse_date(part) for part in given})

    def to_representation(self, value: list[date]) -> list[str]:
        return [day.isoformat() for day in value]


@extend_schema_field({"type": ["string", "array"], "items": {"type": "string"}})
class CommaList(LenientText):
    """Text that holds a list, separated by commas; it may also come as a list."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, list):
            return super().to_internal_value(data)
        return self.joined([super(CommaList, self).to_internal_value(part) for part in data])

    def joined(self, parts: list[str]) -> str:
        if odd := next((part for part in parts if "," in part), None):
            raise ValidationError(f"holds {odd[:40]!r}: the comma would separate it into two values.")
        return ",".join(parts)


class QuotedList(CommaList):
    """A list in which a value that holds a comma is written in double quotes, as in CSV."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if has_open_quote(text):
            raise ValidationError('has a double quote that is not closed; a value with a comma is written "a, b".')
        return text

    def joined(self, parts: list[str]) -> str:
        return join_list(parts)


def split_values(value: object) -> list[object]:
    """The values of a list, or of a text that separates them by commas."""
    if isinstance(value, str):
        return [part for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise ValueError("must be a list.")
    return list(value)
