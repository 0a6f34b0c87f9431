"""Serializers whose every field reads loosely, and which write fast."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, time
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, TypeVar, cast

from django.db.models import Model
from rest_framework import serializers

from api import coercion
from api.fields.field_mapping import build_fields
from api.fields.lenient import (
    CommaList,
    LenientBoolean,
    LenientChoice,
    LenientDate,
    LenientDateTime,
    LenientDecimal,
    LenientField,
    LenientInteger,
    LenientText,
    LenientTime,
    QuotedList,
)
from api.fields.reference import Reference

M = TypeVar("M", bound=Model)

Writer = Callable[[Any], Any]

# Converts a value for output. None: unchanged.
WRITERS: dict[type, Writer | None] = {
    LenientBoolean: None,
    LenientInteger: None,
    LenientText: None,
    CommaList: None,
    QuotedList: None,
    LenientChoice: None,
    LenientDecimal: float,
    LenientDateTime: coercion.format_datetime,
    LenientDate: date.isoformat,
    LenientTime: time.isoformat,
    Reference: None,
    serializers.CharField: None,
    serializers.IntegerField: None,
    serializers.BooleanField: None,
}
COMPOSITE = (serializers.BaseSerializer, serializers.ListField, serializers.DictField, serializers.ManyRelatedField)

Column = tuple[str, Callable[[Any], Any] | None, Writer | None]


class LenientSerializer(serializers.ModelSerializer[M]):
    """A ModelSerializer that reads loosely and writes fast. The docstring of api.fields shows its use."""

    class Meta:
        model: type[Model]
        fields: list[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Build the fields now: if two threads built them at the same time, one could see incomplete validators."""
        super().__init_subclass__(**kwargs)
        if hasattr(cls.Meta, "fields"):
            build_fields(cls)

    # Reading

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, built once per class: ModelSerializer would build them for each request."""
        made = build_fields(type(self))
        return {name: copy.deepcopy(f) if isinstance(f, COMPOSITE) else copy.copy(f) for name, f in made.items()}

    def get_validators(self) -> list[Any]:
        """None of ModelSerializer's: they query; what must be unique is a constraint, and a verb's good manners."""
        return list(getattr(self.Meta, "validators", []))

    def update(self, instance: M, validated_data: dict[str, Any]) -> M:
        """Write the given columns only, so that two people changing two fields do not undo each other."""
        for name, value in validated_data.items():
            setattr(instance, name, value)
        if validated_data:
            instance.save(update_fields=list(validated_data))
        return instance

    def create(self, validated_data: Any) -> M:
        return cast(M, self.Meta.model._default_manager.create(**validated_data))

    # Writing

    def to_representation(self, instance: Any) -> dict[str, Any]:
        row = {}
        for name, read, write in self._columns:
            value = read(instance) if read else instance
            row[name] = value if write is None or value is None else write(value)
        return row

    @cached_property
    def _columns(self) -> list[Column]:
        """How each field is read off a record, worked out once for a whole list."""
        select = self.context.get("select")
        chosen = None if not select or self.parent_is_serializer() else {"id", *select}
        return [
            column_of(name, field)
            for name, field in self.fields.items()
            if not field.write_only and (chosen is None or name in chosen)
        ]

    def parent_is_serializer(self) -> bool:
        parent = self.parent
        if isinstance(parent, serializers.ListSerializer):
            parent = parent.parent
        return parent is not None


def column_of(name: str, field: Any) -> Column:
    """How `field` is read off a record and written; simple fields skip DRF's own machinery."""
    if isinstance(field, Reference):
        return name, attrgetter(f"{field.source}_id"), None
    if isinstance(field, serializers.ReadOnlyField):
        return name, attrgetter(str(field.source)), None
    if type(field) in WRITERS and not field.source.count("*"):
        return name, attrgetter(str(field.source)), WRITERS[type(field)]
    if isinstance(field, serializers.SerializerMethodField):
        return name, None, field.to_representation
    return name, field.get_attribute, field.to_representation


@cache
def plain_columns(serializer: type[LenientSerializer[Any]]) -> dict[str, tuple[str, Writer | None]]:
    """Return the fields that only show a column, with the conversion of their values."""
    held = {column.attname for column in serializer.Meta.model._meta.concrete_fields}
    found = {}
    for name, field in build_fields(serializer).items():
        column = f"{field.source}_id" if isinstance(field, Reference) else field.source or name
        is_simple = isinstance(field, (LenientField, *WRITERS))
        if column in held and is_simple:
            found[name] = column, WRITERS.get(type(field), field.to_representation)
    return found
