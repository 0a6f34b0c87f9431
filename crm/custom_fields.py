"""What users want to know of their contacts beyond LionDesk's own columns."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from crm.models import Contact, CustomField, CustomFieldValue
from teams.models import User
from teams.visibility import compiled_sql_for, in_ids

Row = dict[str, Any]


def fields_for(user: User) -> list[CustomField]:
    """The fields that `user` may fill in, in their order. Every contact that is shown asks for them."""
    with connection.cursor() as cursor:
        cursor.execute(*compiled_sql_for(user, in_order))
        return [CustomField(*columns) for columns in cursor.fetchall()]


def in_order(user: User) -> QuerySet[CustomField]:
    return CustomField.objects.visible_to(user).order_by("rank", "pk")


def field_rows(contact_ids: Collection[int], user: User) -> dict[int, list[Row]]:
    """What `user` sees of each contact: a row for every field, valued or not. One query; one more if there are any."""
    fields = fields_for(user)
    values = values_of(contact_ids, [field.pk for field in fields]) if fields else {}
    return {id_: [field_row(field, values.get((id_, field.pk))) for field in fields] for id_ in contact_ids}


def values_of(contact_ids: Collection[int], field_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """Return the stored values by contact and field."""
    held = CustomFieldValue.objects.filter(in_ids("contact_id", contact_ids), in_ids("field_id", field_ids))
    rows = held.values_list("contact_id", "field_id", "value")
    return {(contact_id, field_id): value for contact_id, field_id, value in rows}


def field_row(field: CustomField, value: str | None) -> Row:
    """A field and its value as a contact shows them."""
    return {
        "id": field.pk,
        "value": value,
        "name": field.name,
        "data_type": field.data_type,
        "user_id": field.user_id,
        "rank": field.rank,
    }


def write_values(contact: Contact, values: Mapping[int, str]) -> None:
    """Store the given value of each field (by id) as it was typed. An empty text removes the stored value."""
    emptied = [field_id for field_id, value in values.items() if not value]
    if emptied:
        contact.custom_field_values.filter(field__in=emptied).delete()
    CustomFieldValue.objects.bulk_create(
        (CustomFieldValue(contact=contact, field_id=id_, value=value) for id_, value in values.items() if value),
        update_conflicts=True,
        unique_fields=["contact", "field"],
        update_fields=["value"],
    )
