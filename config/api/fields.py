"""Serializers that take what real clients send: numbers as text, "" anywhere, enums in any case, unknown keys.

    class ContactSerializer(LooseSerializer):
        custom_fields = CustomFieldValues(source="values")      # declare only what is special
        assigned_user_id = Reference("assigned_user", among=User.objects.assignable_by)

        class Meta:
            model = Contact
            fields = ["id", "owner_user_id", "assigned_user_id", "first_name", "tags", "hotness_id", "created_at"]
            read_only_fields = ["id", "owner_user_id"]

Every other name is a column and gets the field that fits it. A foreign key is named by its column, `hotness_id`:
read, it costs no query; written, it is looked up through `visible_to(user)`, `0` and null clear it, and
`validated_data` holds the record under the key's own name, `hotness`. Meta.required names columns that must be
given although the model has a default. Updates write only the columns that were given.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, cast

from django.core.exceptions import FieldDoesNotExist
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Model, QuerySet
from django.db.models.fields.related import ForeignKey
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from config.api import values

M = TypeVar("M", bound=Model)

# The two sentences of every field, ours or DRF's, as predicates too: config.api.problems puts the name before them.
serializers.Field.default_error_messages |= {
    "required": "is required.",
    "null": "may not be null.",
}


class LooseField(serializers.Field[Any, Any, Any, Any]):
    """A value read by one function of config.api.values. `""` is null, and null is the default where null cannot be."""

    schema: ClassVar[dict[str, Any]] = {"type": "string"}  # in OpenAPI

    def read(self, value: object) -> Any:
        """Raises ValueError with a predicate."""
        raise NotImplementedError

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str) and not data.strip():
            data = None
        if data is None and not self.allow_null and not self.required and not self.read_only:
            data = empty
        if data is empty and self.partial_root() and not self.required:
            raise serializers.SkipField
        return super().run_validation(data)

    def partial_root(self) -> bool:
        return bool(getattr(self.root, "partial", False))

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self.read(data)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: Any) -> Any:
        return value


class LooseInteger(LooseField):
    """A whole number between two bounds."""

    schema = {"type": "integer"}

    def __init__(self, *, min_value: int = values.SMALLEST_ID, max_value: int = values.LARGEST_ID, **kwargs: Any):
        super().__init__(**kwargs)
        self.min_value, self.max_value = min_value, max_value

    def read(self, value: object) -> int:
        number = values.whole_number(value)
        if not self.min_value <= number <= self.max_value:
            raise ValueError(f"must lie between {self.min_value} and {self.max_value}.")
        return number


class LooseDecimal(LooseField):
    """A number with a fraction, of the size its column holds."""

    schema = {"type": "number"}

    def __init__(self, *, max_digits: int | None = None, decimal_places: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_digits, self.decimal_places = max_digits, decimal_places

    def read(self, value: object) -> Decimal:
        number = values.decimal_number(value)
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


class LooseBoolean(LooseField):
    schema = {"type": "boolean"}

    def read(self, value: object) -> bool:
        return values.truth(value)


class LooseMoment(LooseField):
    """A date-time."""

    schema = {"type": "string", "format": "date-time"}

    def read(self, value: object) -> datetime:
        return values.moment(value)

    def to_representation(self, value: datetime) -> str:
        return values.milliseconds_z(value)


class LooseDate(LooseField):
    schema = {"type": "string", "format": "date"}

    def read(self, value: object) -> date:
        return values.day(value)

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class LooseTime(LooseField):
    schema = {"type": "string", "format": "time-local"}

    def read(self, value: object) -> time:
        return values.time_of_day(value)

    def to_representation(self, value: time) -> str:
        return value.isoformat()


class LooseChoice(LooseField):
    """An enum, matched ignoring case and answered in its canonical spelling."""

    def __init__(self, *, choices: Any, shown: Any = None, **kwargs: Any) -> None:
        """`shown` are those that answers have, where they have others than are taken."""
        super().__init__(**kwargs)
        self.choices = [str(choice) for choice in choices]
        self.shown = [str(choice) for choice in shown or choices]
        self.canonical = {choice.lower(): choice for choice in self.choices}
        self.blank_stays = "" in self.canonical

    def read(self, value: object) -> str:
        return values.one_of(value, {lower: choice for lower, choice in self.canonical.items() if lower})

    def run_validation(self, data: Any = empty) -> Any:
        if self.blank_stays and (data is None or data == "") and not self.allow_null:
            return ""
        return super().run_validation(data)


class LooseText(serializers.CharField):
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


class Reference(LooseField):
    """An id in, a record in `validated_data`, the id out. What the caller may not see does not exist.

    `source` is the foreign key's name; `among` may narrow what can be referred to, given the user.
    With `visible=False` any record will do.
    """

    schema = {"type": "integer"}

    def __init__(
        self,
        source: str | None = None,
        *,
        model: type[Model] | None = None,
        among: Callable[[Any], QuerySet[Any]] | None = None,
        visible: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(source=source, **kwargs)
        self.model, self.among, self.visible = model, among, visible

    def run_validation(self, data: Any = empty) -> Any:
        zero = isinstance(data, int) and not isinstance(data, bool) and data == 0
        if zero or (isinstance(data, str) and data.strip() == "0"):
            data = None
        return super().run_validation(data)

    def read(self, value: object) -> Model:
        record_id = values.whole_number(value)
        found = self.candidates().filter(pk=record_id).first()
        record = found if found and self.is_offered(found) else self.kept(record_id)
        if record is None:
            raise ValueError(f"names no record: there is no {record_id} that you may use.")
        return cast(Model, record)

    def is_offered(self, record: Any) -> bool:
        """Whether a candidate may be referred to, where that is told more cheaply of one than asked of all."""
        return True

    def kept(self, record_id: int) -> Any:
        """What the record refers to already may be said again: clients send back what they read."""
        instance = getattr(self.parent, "instance", None)
        is_kept = isinstance(instance, Model) and getattr(instance, f"{self.source}_id", None) == record_id
        return getattr(instance, str(self.source)) if is_kept else None

    def candidates(self) -> QuerySet[Any]:
        user = self.context["request"].user
        if self.among is not None:
            return self.among(user)
        model = self.model or self.referred_model()
        manager: Any = model._default_manager
        return cast("QuerySet[Any]", manager.visible_to(user) if self.visible else manager.all())

    def referred_model(self) -> type[Model]:
        model = cast(Any, self.parent).Meta.model
        return cast(type[Model], model._meta.get_field(self.source).related_model)

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, f"{self.source}_id")


LOOSE_FIELDS: list[tuple[type[models.Field[Any, Any]], type[serializers.Field[Any, Any, Any, Any]]]] = [
    (models.BooleanField, LooseBoolean),
    (models.IntegerField, LooseInteger),
    (models.DecimalField, LooseDecimal),
    (models.FloatField, LooseDecimal),
    (models.DateTimeField, LooseMoment),
    (models.DateField, LooseDate),
    (models.TimeField, LooseTime),
    (models.CharField, LooseText),
    (models.TextField, LooseText),
]

# How a value of a simple field leaves; None: as it is.
WRITERS: dict[type, Callable[[Any], Any] | None] = {
    LooseBoolean: None,
    LooseInteger: None,
    LooseText: None,
    LooseChoice: None,
    LooseDecimal: float,
    LooseMoment: values.milliseconds_z,
    LooseDate: date.isoformat,
    LooseTime: time.isoformat,
    serializers.CharField: None,
    serializers.IntegerField: None,
    serializers.BooleanField: None,
}
COMPOSITE = (serializers.BaseSerializer, serializers.ListField, serializers.DictField, serializers.ManyRelatedField)

Column = tuple[str, Callable[[Any], Any] | None, Callable[[Any], Any] | None]


class LooseSerializer(serializers.ModelSerializer[M]):
    """A ModelSerializer that reads loosely and writes fast. The module's docstring shows its use."""

    class Meta:
        model: type[Model]
        fields: list[str]

    # Reading

    def get_fields(self) -> dict[str, Any]:
        """The fields, made once per class: ModelSerializer would make them anew for every request."""
        made = made_fields(type(self))
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


@cache
def made_fields(serializer: type[LooseSerializer[Any]]) -> dict[str, Any]:
    """The fields a serializer class declares and those its columns ask for; bound to no request yet."""
    meta: Any = serializer.Meta
    read_only, required = set(getattr(meta, "read_only_fields", ())), set(getattr(meta, "required", ()))
    if strange := (read_only | required) - set(meta.fields):
        raise TypeError(f"{serializer.__name__}.Meta names {', '.join(sorted(strange))}, which are no fields of it.")
    if hasattr(meta, "extra_kwargs"):
        raise TypeError(f"{serializer.__name__}.Meta.extra_kwargs: declare the field instead.")
    declared: dict[str, Any] = serializer._declared_fields
    return {
        name: declared[name] if name in declared else made_field(meta.model, name, name in read_only, name in required)
        for name in meta.fields
    }


def made_field(model: type[Model], name: str, read_only: bool, required: bool) -> Any:
    """The field for one name: of a column, a foreign key's column, a property, or an annotation of the list."""
    try:
        column: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        # What an annotation holds is not known here; the contract takes it for text unless the field is declared.
        return serializers.ReadOnlyField() if hasattr(model, name) else LooseText(read_only=True)
    if isinstance(column, ForeignKey):
        if read_only:
            return LooseInteger(read_only=True, allow_null=column.null)
        return Reference(column.name, **_requirement(column, required))
    field_class, options = field_for(column)
    if read_only or column.primary_key:
        return field_class(read_only=True, allow_null=column.null, **options)
    return field_class(**options, **_requirement(column, required))


def field_for(column: Any) -> tuple[type[Any], dict[str, Any]]:
    """The loose field class that fits a model's column, and its options."""
    if column.choices:
        return LooseChoice, {"choices": [value for value, _ in column.flatchoices if value is not None]}
    if isinstance(column, models.JSONField):
        return serializers.JSONField, {}
    for kind, field_class in LOOSE_FIELDS:
        if isinstance(column, kind):
            return field_class, _options(column, field_class)
    raise TypeError(f"No loose field fits {column}; declare one.")


def _options(column: Any, field_class: type[Any]) -> dict[str, Any]:
    """What a column can hold. Of the model's validators only lengths and bounds speak here."""
    if field_class is LooseText:
        return {"max_length": column.max_length} if column.max_length else {}
    if isinstance(column, models.DecimalField):
        return {"max_digits": column.max_digits, "decimal_places": column.decimal_places}
    if field_class is LooseInteger:
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
