"""Filters of single columns: which operators each takes, how its values are read, and what the database is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, cast

import django_filters
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from api import coercion
from api.lists.query_parser import OPERATORS
from core.db.literals import nonempty
from core.db.lookups import lowered
from core.text import normalize_email

EQUALITY = frozenset({"", "$ne", "$in", "$nin"})
ORDER = frozenset({"$lt", "$lte", "$gt", "$gte"})
PATTERN = frozenset({"$like", "$notLike"})


class ColumnFilter(django_filters.Filter):
    """Compares one column. Subclasses parse the text and return the condition."""

    operators: ClassVar[frozenset[str]] = EQUALITY | ORDER
    schema: dict[str, Any] = {"type": "string"}  # in OpenAPI
    nullable = True  # set from the model by the FilterSet
    empty_is_null = True  # `field=` asks, as `field=null` does, for rows without a value
    is_sortable = True

    @property
    def column(self) -> str:
        return cast(str, self.field_name)

    def about(self) -> str:
        """Return the description for the contract: the other operators."""
        return f"Also {', '.join(operator for operator in OPERATORS if operator in self.operators)}."

    def read(self, text: str) -> Any:
        """Turn text into the column's type; raises ValueError with a predicate."""
        raise NotImplementedError

    def condition(self, operator: str, texts: list[str]) -> Q:
        """What the rows must satisfy for this comparison to hold."""
        if operator in ("$ne", "$nin", "$notLike"):
            opposite = {"$ne": "", "$nin": "$in", "$notLike": "$like"}[operator]
            return ~self.condition(opposite, texts)
        if operator in EQUALITY:
            return self.any_of(texts)
        asks = self.like if operator == "$like" else self.compare
        return any_condition(asks(operator.removeprefix("$"), text) for text in texts)

    def any_of(self, texts: list[str]) -> Q:
        """Rows that equal one of the values. Unlike `$ne` in SQL, its opposite includes rows without a value."""
        given = [text for text in texts if not self.asks_null(text)]
        condition = any_condition(self.match(text) for text in given) if len(given) < 2 else self.match_many(given)
        return condition | self.has_none() if len(given) < len(texts) else condition

    def asks_null(self, text: str) -> bool:
        return text == "null" or (not text and self.empty_is_null and self.nullable)

    def has_none(self) -> Q:
        """Return the condition for rows without a value; no rows if the column is not nullable."""
        return Q(**{f"{self.column}__isnull": True}) if self.nullable else any_condition([])

    def match(self, text: str) -> Q:
        """Rows that equal one value: the method to override for a column of a special kind."""
        return Q(**{self.column: self.read(text)})

    def match_many(self, texts: list[str]) -> Q:
        return Q(**{f"{self.column}__in": [self.read(text) for text in texts]})

    def compare(self, operator: str, text: str) -> Q:
        """Rows before or after one value; `operator` is lt, lte, gt or gte."""
        return Q(**{f"{self.column}__{operator}": self.read(text)})

    def like(self, operator: str, text: str) -> Q:
        return Q(**{f"{self.column}__lower__like": lowered(text.replace("\\", "\\\\"))})

    def ordering(self) -> Any:
        """What `$sort` orders by."""
        return models.F(self.column)


def any_condition(conditions: Iterable[Q]) -> Q:
    """The disjunction; of nothing, what no row satisfies."""
    total: Q | None = None
    for condition in conditions:
        total = condition if total is None else total | condition
    return Q(pk__in=[]) if total is None else total


class TextFilter(ColumnFilter):
    """Text, ignoring case."""

    operators = EQUALITY | ORDER | PATTERN
    empty_is_null = False

    def read(self, text: str) -> str:
        return text

    def match(self, text: str) -> Q:
        return Q(**{f"{self.column}__lower": lowered(text)})

    def match_many(self, texts: list[str]) -> Q:
        return Q(**{f"{self.column}__lower__in": [lowered(text) for text in texts]})

    def has_none(self) -> Q:
        """Empty text counts as no value; many columns are never null."""
        return super().has_none() | self.match("")

    def compare(self, operator: str, text: str) -> Q:
        return Q(**{f"{self.column}__lower__{operator}": lowered(text)})

    def ordering(self) -> Any:
        return Lower(self.column)


class EmailFilter(TextFilter):
    """Compares email addresses as they are stored. A space in one may be a `+` that a client did not encode."""

    def any_of(self, texts: list[str]) -> Q:
        texts = [normalize_email(text) for text in texts]
        return super().any_of([*texts, *(text.replace(" ", "+") for text in texts if " " in text)])


class PhoneFilter(TextFilter):
    """Compares phone numbers in E.164, or as text if they cannot be parsed.

    `parse` turns text into E.164, or returns None or ""; `column` holds E.164.
    """

    def __init__(self, *, column: str, parse: Callable[[str], str | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.normal_column = column
        self.parse = parse

    def match(self, text: str) -> Q:
        if number := self.parse(text):
            return Q(**{self.normal_column: number}) & nonempty(self.normal_column)
        if not text:
            return Q(**{self.column: ""})
        return super().match(text) & Q(**{self.normal_column: ""}) & nonempty(self.column)  # numbers not understood

    def match_many(self, texts: list[str]) -> Q:
        return any_condition(self.match(text) for text in texts)


class NumberFilter(ColumnFilter):
    """Whole numbers and ids."""

    schema = {"type": "integer"}

    def read(self, text: str) -> int:
        return coercion.parse_integer(text)


class DecimalFilter(ColumnFilter):
    """Numbers with a fraction."""

    schema = {"type": "number"}

    def read(self, text: str) -> Decimal:
        return coercion.parse_decimal(text)


class BooleanFilter(ColumnFilter):
    operators = EQUALITY
    schema = {"type": "boolean"}

    def read(self, text: str) -> bool:
        return coercion.parse_bool(text)


class DateTimeFilter(ColumnFilter):
    """Date-times, compared as far as we print them: a date means its whole day (UTC), a date-time its millisecond.

    Were the microseconds we store but do not print compared, `$gt` the last row seen would find that row again.
    """

    schema = {"type": "string", "format": "date-time"}

    def read(self, text: str) -> tuple[datetime, datetime]:
        return coercion.date_range(text)

    def asks_null(self, text: str) -> bool:
        return super().asks_null(text) or coercion.is_null_date(text)

    def match(self, text: str) -> Q:
        start, end = self.read(text)
        return Q(**{f"{self.column}__gte": start, f"{self.column}__lt": end})

    def match_many(self, texts: list[str]) -> Q:
        return any_condition(self.match(text) for text in texts)

    def compare(self, operator: str, text: str) -> Q:
        start, end = self.read(text)
        lookup, edge = {"lt": ("lt", start), "gte": ("gte", start), "lte": ("lt", end), "gt": ("gte", end)}[operator]
        return Q(**{f"{self.column}__{lookup}": edge})


class DateFilter(ColumnFilter):
    schema = {"type": "string", "format": "date"}

    def read(self, text: str) -> date:
        return coercion.parse_date(text)


class TimeFilter(ColumnFilter):
    schema = {"type": "string", "format": "time-local"}

    def read(self, text: str) -> time:
        return coercion.parse_time(text)


class ChoiceFilter(ColumnFilter):
    """An enum, matched ignoring case; the column holds the canonical spelling."""

    operators = EQUALITY

    def __init__(self, *, choices: Iterable[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = {choice.lower(): choice for choice in choices}
        self.schema = {"type": "string", "enum": list(self.choices.values())}

    def read(self, text: str) -> str:
        return coercion.parse_choice(text, self.choices)

    def asks_null(self, text: str) -> bool:
        return super().asks_null(text) or not text

    def has_none(self) -> Q:
        return super().has_none() | Q(**{self.column: ""})


FILTER_FOR_COLUMN: list[tuple[type[models.Field[Any, Any]], type[ColumnFilter]]] = [
    (models.ForeignKey, NumberFilter),
    (models.BooleanField, BooleanFilter),
    (models.IntegerField, NumberFilter),  # and every kind of id
    (models.DecimalField, DecimalFilter),
    (models.FloatField, DecimalFilter),
    (models.DateTimeField, DateTimeFilter),  # before DateField, which it is a kind of
    (models.DateField, DateFilter),
    (models.TimeField, TimeFilter),
    (models.EmailField, EmailFilter),
    (models.CharField, TextFilter),
    (models.TextField, TextFilter),
]
