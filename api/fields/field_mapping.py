"""The fields that a serializer's columns ask for."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Model
from django.db.models.fields.related import ForeignKey
from rest_framework import serializers

from api.fields.lenient import (
    LenientBoolean,
    LenientChoice,
    LenientDate,
    LenientDateTime,
    LenientDecimal,
    LenientInteger,
    LenientText,
    LenientTime,
)
from api.fields.reference import Reference

LENIENT_FIELDS: list[tuple[type[models.Field[Any, Any]], type[serializers.Field[Any, Any, Any, Any]]]] = [
    (models.BooleanField, LenientBoolean),
    (models.IntegerField, LenientInteger),
    (models.DecimalField, LenientDecimal),
    (models.FloatField, LenientDecimal),
    (models.DateTimeField, LenientDateTime),
    (models.DateField, LenientDate),
    (models.TimeField, LenientTime),
    (models.CharField, LenientText),
    (models.TextField, LenientText),
]


@cache
def build_fields(serializer: type[serializers.ModelSerializer[Any]]) -> dict[str, Any]:
    """The fields a serializer class declares and those its columns ask for; bound to no request yet."""
    meta: Any = serializer.Meta
    read_only, required = set(getattr(meta, "read_only_fields", ())), set(getattr(meta, "required", ()))
    if strange := (read_only | required) - set(meta.fields):
        raise TypeError(f"{serializer.__name__}.Meta names {', '.join(sorted(strange))}, which are not fields.")
    if hasattr(meta, "extra_kwargs"):
        raise TypeError(f"{serializer.__name__}.Meta.extra_kwargs: declare the field instead.")
    declared: dict[str, Any] = serializer._declared_fields
    return {
        name: declared[name] if name in declared else build_field(meta.model, name, name in read_only, name in required)
        for name in meta.fields
    }


def build_field(model: type[Model], name: str, read_only: bool, required: bool) -> Any:
    """The field for one name: of a column, a foreign key's column, a property, or an annotation of the list."""
    try:
        column: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        # What an annotation holds is not known here; the contract takes it for text unless the field is declared.
        return serializers.ReadOnlyField() if hasattr(model, name) else LenientText(read_only=True)
    if isinstance(column, ForeignKey):
        if read_only:
            return LenientInteger(read_only=True, allow_null=column.null)
        return Reference(column.name, **_requirement(column, required))
    field_class, options = field_for(column)
    if read_only or column.primary_key:
        return field_class(read_only=True, allow_null=column.null, **options)
    return field_class(**options, **_requirement(column, required))


def field_for(column: Any) -> tuple[type[Any], dict[str, Any]]:
    """The loose field class that fits a model's column, and its options."""
    if column.choices:
        return LenientChoice, {"choices": [value for value, _ in column.flatchoices if value is not None]}
    if isinstance(column, models.JSONField):
        return serializers.JSONField, {}
    for kind, field_class in LENIENT_FIELDS:
        if isinstance(column, kind):
            return field_class, _options(column, field_class)
    raise TypeError(f"No loose field fits {column}; declare one.")


def _options(column: Any, field_class: type[Any]) -> dict[str, Any]:
    """What a column can hold. Of the model's validators only lengths and bounds speak here."""
    if field_class is LenientText:
        return {"max_length": column.max_length} if column.max_length else {}
    if isinstance(column, models.DecimalField):
        return {"max_digits": column.max_digits, "decimal_places": column.decimal_places}
    if field_class is LenientInteger:
        return {
            "min_value": max(v.limit_value for v in column.validators if isinstance(v, MinValueValidator)),
            "max_value": min(v.limit_value for v in column.validators if isinstance(v, MaxValueValidator)),
        }
    return {}


def _requirement(column: Any, required: bool) -> dict[str, Any]:
    """Whether a column must be given, and may be null or empty."""
    required = required or not (column.null or column.blank or column.has_default())
    options: dict[str, Any] = {"required": required, "allow_null": column.null}
    if isinstance(column, models.CharField | models.TextField) and not column.choices:
        options["allow_blank"] = not required
    return options
