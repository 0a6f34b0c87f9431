"""What the sandbox's lists can be asked for."""

from django.db.models import Q

from api.lists.filter_backend import FilterSet
from api.lists.filters import DateTimeFilter, EmailFilter, PhoneFilter, TextFilter
from sandbox.models import Email, EmulatedCall, EmulatedText
from sandbox.twilio.phone_numbers import e164


class TextFilters(FilterSet):
    locals()["from"] = PhoneFilter(field_name="sender", column="sender", parse=e164)
    to = PhoneFilter(field_name="recipient", column="recipient", parse=e164)

    class Meta:
        model = EmulatedText
        fields = ["sid", "body", "status", "at"]


class CallFilters(FilterSet):
    locals()["from"] = PhoneFilter(field_name="sender", column="sender", parse=e164)
    to = PhoneFilter(field_name="recipient", column="recipient", parse=e164)

    class Meta:
        model = EmulatedCall
        fields = ["sid", "says", "status", "at"]


class RecipientFilter(EmailFilter):
    """Any of the addresses an email went to."""

    operators = frozenset({"", "$ne", "$in", "$nin"})
    is_sortable = False

    def match(self, text: str) -> Q:
        return Q(recipients__contains=[text.strip().lower()])

    def match_many(self, texts: list[str]) -> Q:
        return Q(recipients__overlap=[text.strip().lower() for text in texts])


class EmailFilters(FilterSet):
    to = RecipientFilter(field_name="recipients")
    subject = TextFilter()
    at = DateTimeFilter()

    class Meta:
        model = Email
        fields: list[str] = []
