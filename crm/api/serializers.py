"""How contacts, what describes them and their history look to clients."""

import json
from collections.abc import Collection
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from api import coercion
from api.fields import CommaList, LenientChoice, LenientField, LenientInteger, LenientSerializer, LenientText, Reference
from crm.api import examples
from crm.custom_fields import Row, fields_for
from crm.models import (
    ADDRESS_TYPES,
    PROPERTY_COLUMNS,
    Activity,
    Address,
    Contact,
    ContactSource,
    CustomField,
    Event,
    EventProperty,
    Hotness,
    Tag,
)
from teams.models import User

MAX_CUSTOM_FIELD_VALUES = 1000  # custom fields in one body; the answer names each invalid one


class AddressType(LenientText):
    """The documented types in their own spelling, and any other text as given: clients send "Second Office"."""

    canonical: ClassVar[dict[str, str]] = {type_.lower(): type_ for type_ in ADDRESS_TYPES}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return self.canonical.get(text.strip().lower(), text)


class AddressSerializer(LenientSerializer[Address]):
    type = AddressType(max_length=45, required=False, allow_blank=True)

    class Meta:
        model = Address
        example = examples.ADDRESS
        fields = [
            "id",
            "type",
            "street_address_1",
            "street_address_2",
            "zip",
            "city",
            "state",
            "created_at",
            "modified_at",
        ]
        read_only_fields = ["created_at", "modified_at"]


class CustomFieldValues(LenientField):
    """Input: `{id, value}` for some fields; the last value of an id counts. Output: one row for each visible field.

    A value is stored as it was typed, for any type of field: an odd value in a form must not cost a lead.
    """

    schema: ClassVar[dict[str, Any]] = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "value"],
            "properties": {
                "id": {"type": "integer", "description": "Of a custom field."},
                "value": {
                    "type": ["string", "number", "boolean", "null"],
                    "description": "Kept and answered as text; null or nothing removes it.",
                },
                "name": {"type": "string", "readOnly": True},
                "data_type": {"type": "string", "readOnly": True, "enum": CustomField.DataType.values},
                "user_id": {"type": "integer", "readOnly": True},
                "rank": {"type": "integer", "readOnly": True},
            },
        },
    }

    def run_validation(self, data: Any = empty) -> Any:
        return super().run_validation(data or None)  # an empty list changes no field

    def to_internal_value(self, data: Any) -> dict[int, str]:
        """Texts by the id of their field."""
        if not isinstance(data, list):
            raise ValidationError("must be a list of objects with id and value.")
        if len(data) > MAX_CUSTOM_FIELD_VALUES:
            raise ValidationError(f"may hold at most {MAX_CUSTOM_FIELD_VALUES} values.")
        known = {field.pk for field in fields_for(self.context["request"].user)}
        faults = [value_error(row, known) for row in data]
        if any(faults):
            raise ValidationError(faults)
        return {coercion.parse_integer(row["id"]): text_of(row["value"]) for row in data}

    def get_attribute(self, instance: Contact) -> list[Row]:
        """What the view has read for the whole page."""
        rows: list[Row] = self.context["custom_fields"][instance.pk]
        return rows


def value_error(row: Any, known: Collection[int]) -> dict[str, str]:
    """What is wrong with a row, by key."""
    if not isinstance(row, dict):
        return {"non_field_errors": "must be an object with id and value."}
    if missing := [key for key in ("id", "value") if key not in row]:
        return {missing[0]: "is required."}
    if isinstance(row["value"], dict | list):
        return {"value": "must be one value: text, a number, true or false."}
    try:
        field_id = coercion.parse_integer(row["id"])
    except ValueError as error:
        return {"id": str(error)}
    return (
        {} if field_id in known else {"id": f"names no record: there is no custom field {field_id} that you may use."}
    )


def text_of(value: str | float | bool | None) -> str:
    """A value as it was typed. Null is stored as an empty text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


class ContactSerializer(LenientSerializer[Contact]):
    assigned_user_id = Reference("assigned_user", among=User.objects.within_reach_of, required=False, allow_null=True)
    tags = CommaList(max_length=508, required=False, allow_null=True, allow_blank=True)
    custom_fields = CustomFieldValues(required=False)
    addresses = AddressSerializer(many=True, read_only=True)  # with $load

    class Meta:
        model = Contact
        example = examples.CONTACT
        fields = [
            "id",
            "owner_user_id",
            "assigned_user_id",
            "first_name",
            "last_name",
            "email",
            "mobile_phone",
            "home_phone",
            "office_phone",
            "fax",
            "company",
            "birthday",
            "anniversary",
            "spouse_name",
            "spouse_email",
            "spouse_phone",
            "spouse_birthday",
            "tags",
            "hotness_id",
            "source_id",
            "is_do_not_contact",
            "created_at",
            "modified_at",
            "custom_fields",
            "addresses",
        ]
        read_only_fields = ["owner_user_id"]

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        if "addresses" not in self.context.get("load", ()):
            del fields["addresses"]
        return fields


class ContactSourceSerializer(LenientSerializer[ContactSource]):
    class Meta:
        model = ContactSource
        example = examples.CONTACT_SOURCE
        fields = ["id", "name", "user_id"]
        read_only_fields = ["user_id"]


class HotnessSerializer(LenientSerializer[Hotness]):
    class Meta:
        model = Hotness
        example = examples.HOTNESS
        fields = ["id", "rank", "user_id", "name", "color"]
        read_only_fields = ["user_id"]


class DataType(LenientChoice):
    """One page of the documentation misprints `Date` as `Data`."""

    def read(self, value: object) -> str:
        return super().read("Date" if str(value).strip().lower() == "data" else value)


class CustomFieldSerializer(LenientSerializer[CustomField]):
    data_type = DataType(choices=CustomField.DataType.values)

    class Meta:
        model = CustomField
        example = examples.CUSTOM_FIELD
        fields = ["id", "user_id", "data_type", "name", "rank"]
        read_only_fields = ["user_id"]


class TagSerializer(LenientSerializer[Tag]):
    content = LenientText(max_length=508, trim_whitespace=True)

    class Meta:
        model = Tag
        example = examples.TAG
        fields = ["id", "content"]

    def validate_content(self, content: str) -> str:
        if "," in content:
            raise ValidationError("may hold no comma: it parts one tag from the next.")
        return content


class EventPropertySerializer(LenientSerializer[EventProperty]):
    """LionDesk documents `half_baths` as read-only. It is writable here: no other field could have set it."""

    api_event_id = LenientInteger(source="event_id", read_only=True)
    contact_id = LenientInteger(read_only=True)
    images = CommaList(max_length=255, required=False, allow_blank=True)

    class Meta:
        model = EventProperty
        example = examples.PROPERTY
        fields = ["id", "api_event_id", "contact_id", *PROPERTY_COLUMNS]


class EventSerializer(LenientSerializer[Event]):
    property = EventPropertySerializer(read_only=True, allow_null=True)

    class Meta:
        model = Event
        example = examples.EVENT
        fields = [
            "id",
            "user_id",
            "contact_id",
            "source",
            "type",
            "description",
            "site_domain",
            "dialer_session_id",
            "property",
            "created_at",
            "modified_at",
        ]
        read_only_fields = ["user_id", "source", "dialer_session_id"]


class ActivitySerializer(LenientSerializer[Activity]):
    class Meta:
        model = Activity
        example = examples.ACTIVITY
        fields = ["id", "contact_id", "user_id", "kind", "body", "happened_at", "created_at", "modified_at"]
        read_only_fields = ["contact_id", "user_id", "created_at", "modified_at"]

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """A note needs a text. A call or a meeting does not."""
        kind, body = (given.get(name, getattr(self.instance, name, "")) for name in ("kind", "body"))
        is_told = self.instance is None or bool(given.keys() & {"kind", "body"})
        if is_told and kind in ("", Activity.Kind.NOTE) and not body.strip():
            raise ValidationError({"body": ["is required of a note. Of another kind, such as Call, it is not."]})
        return given
