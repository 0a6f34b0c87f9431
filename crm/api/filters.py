"""What contacts and what describes them can be asked for."""

from django.db.models import Q, Value

from api.lists.filter_backend import FilterSet
from api.lists.filters import NumberFilter, PhoneFilter, TextFilter, any_condition
from api.lists.query_parser import Query
from core.db.lookups import lowered
from core.phone_numbers import e164
from crm.models import (
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
    tag_list,
)


class TagsFilter(TextFilter):
    """The whole string, or one of its tags."""

    def match(self, text: str) -> Q:
        if not text.strip():
            return Q(tags="") | Q(tags__isnull=True)
        # `tags` must be checked for NULL as well: the negation must also hold for contacts without tags.
        has_them = Q(tag_list__contains=tag_list(Value(text)), tags__isnull=False)
        return has_them & Q(tags__lower=lowered(text)) if "," in text else has_them

    def match_many(self, texts: list[str]) -> Q:
        return any_condition(self.match(text) for text in texts)


class ContactFilters(FilterSet):
    mobile_phone = PhoneFilter(column="mobile_e164", parse=e164)
    home_phone = PhoneFilter(column="home_e164", parse=e164)
    office_phone = PhoneFilter(column="office_e164", parse=e164)
    tags = TagsFilter()

    class Meta:
        model = Contact
        fields = [
            "id",
            "owner_user_id",
            "assigned_user_id",
            "first_name",
            "last_name",
            "email",
            "fax",
            "company",
            "birthday",
            "anniversary",
            "spouse_name",
            "spouse_email",
            "spouse_phone",
            "spouse_birthday",
            "hotness_id",
            "source_id",
            "is_do_not_contact",
            "created_at",
            "modified_at",
        ]


SELECTIVE_FIELDS = {"id", "email", "mobile_phone", "home_phone", "office_phone"}


def is_selective(query: Query) -> bool:
    """Whether contacts are asked for by something that they share with few."""
    return any(term.field in SELECTIVE_FIELDS and term.operator in ("", "$in") for term in query.terms)


class ContactSourceFilters(FilterSet):
    class Meta:
        model = ContactSource
        fields = ["id", "name", "user_id"]


class HotnessFilters(FilterSet):
    class Meta:
        model = Hotness
        fields = ["id", "rank", "user_id", "name", "color"]


class AddressFilters(FilterSet):
    class Meta:
        model = Address
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


class CustomFieldFilters(FilterSet):
    class Meta:
        model = CustomField
        fields = ["id", "user_id", "data_type", "name", "rank"]


class TagFilters(FilterSet):
    class Meta:
        model = Tag
        fields = ["id", "content"]


class EventFilters(FilterSet):
    class Meta:
        model = Event
        fields = [
            "id",
            "user_id",
            "contact_id",
            "source",
            "type",
            "description",
            "site_domain",
            "dialer_session_id",
            "created_at",
            "modified_at",
        ]


class EventPropertyFilters(FilterSet):
    api_event_id = NumberFilter(field_name="event_id")
    contact_id = NumberFilter(field_name="event__contact_id")

    class Meta:
        model = EventProperty
        fields = ["id", *PROPERTY_COLUMNS]


class ActivityFilters(FilterSet):
    class Meta:
        model = Activity
        fields = ["id", "user_id", "kind", "body", "happened_at", "created_at", "modified_at"]
