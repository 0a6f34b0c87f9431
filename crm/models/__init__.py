"""Contacts, what describes them and what has happened with them."""

from crm.models.activity import Activity
from crm.models.address import ADDRESS_TYPES, Address
from crm.models.contact import (
    E164,
    WHITESPACE,
    Contact,
    ContactQuerySet,
    ContactShare,
    ContactTotal,
    is_below_seen,
    is_seen_by,
    shared_with,
    tag_list,
)
from crm.models.custom_field_value import CustomFieldValue
from crm.models.event import PROPERTY_COLUMNS, Event, EventProperty
from crm.models.lookups import ContactSource, CustomField, Hotness, OwnedQuerySet, Tag

__all__ = [
    "ADDRESS_TYPES",
    "E164",
    "PROPERTY_COLUMNS",
    "WHITESPACE",
    "Activity",
    "Address",
    "Contact",
    "ContactQuerySet",
    "ContactShare",
    "ContactSource",
    "ContactTotal",
    "CustomField",
    "CustomFieldValue",
    "Event",
    "EventProperty",
    "Hotness",
    "OwnedQuerySet",
    "Tag",
    "is_below_seen",
    "is_seen_by",
    "shared_with",
    "tag_list",
]
