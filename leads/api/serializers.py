"""Leads, routes and offers as LionDesk shows them."""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.fields import CommaList, LenientChoice, LenientSerializer, LenientText, QuotedList, Reference
from campaigns.models import Campaign
from core.postal_codes import validate_zipcodes
from crm.models import Contact, ContactSource
from leads.api import examples
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource
from leads.notifications.alert_text import is_contact_detail
from teams.api import teams_created_by
from teams.business_hours import validate_hours
from teams.models import Team, User

Status = LeadOffer.Status

# Order methods as numbers in the embedded team. LionDesk documents 1 for a team; that 1 is Rank is inferred.
ORDER_NUMBERS = {
    Team.OrderMethod.RANK: 1,
    Team.OrderMethod.TIME: 2,
    Team.OrderMethod.ROUND_ROBIN: 3,
    Team.OrderMethod.BROADCAST: 4,
}
PLAIN_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")  # a leading zero means that it is not a count


class LeadContactField(Reference):
    """The contact of a lead, with the source that routing needs."""

    def candidates(self) -> QuerySet[Contact]:
        """Lock the contact until the request ends: of two simultaneous leads, the second may be a duplicate."""
        return Contact.objects.select_related("source").select_for_update(of=("self",), no_key=True)

    def is_offered(self, record: Any) -> bool:
        return bool(record.may_be_changed_by(self.context["request"].user))


@extend_schema_field({"type": ["integer", "string"], "maxLength": 255})
class NumericText(LenientText):
    """Stored as text. A plain number is returned as a number, as in the documented examples."""

    def to_representation(self, value: str) -> int | str:  # type: ignore[override]
        return int(value) if PLAIN_NUMBER.fullmatch(value) else value


class RedactedName(LenientText):
    """A name that is hidden if it is a contact detail: a texter without a name has their number as name."""

    def to_representation(self, value: str) -> str:
        return "" if is_contact_detail(value) else value


class OneOrZero(serializers.IntegerField):
    """A flag as the number that the embedded team shows."""


class OrderMethodNumber(serializers.IntegerField):
    """The order method as the number that the embedded team shows."""

    def to_representation(self, value: Any) -> int:
        return ORDER_NUMBERS[Team.OrderMethod(value)]


class TextOrNull(serializers.CharField):
    """A text; an empty one is returned as null."""

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return value or None


class LeadSourceSerializer(LenientSerializer[LeadSource]):
    class Meta:
        model = LeadSource
        example = examples.LEAD_SOURCE
        fields = ["id", "name"]


class RouteTeamSerializer(LenientSerializer[Team]):
    """The team inside a route, with LionDesk's names and numbers."""

    is_sharing_contacts = OneOrZero(source="is_contact_resource_sharing_enabled")
    order_method = OrderMethodNumber()
    distribution_zipcodes = TextOrNull(allow_null=True)

    class Meta:
        model = Team
        fields = ["id", "name", "is_sharing_contacts", "order_method", "mins_until_next_alert", "distribution_zipcodes"]


class NamedCampaignSerializer(LenientSerializer[Campaign]):
    class Meta:
        model = Campaign
        fields = ["id", "name"]


class NamedContactSourceSerializer(LenientSerializer[ContactSource]):
    class Meta:
        model = ContactSource
        fields = ["id", "name"]


class NamedTeamSerializer(LenientSerializer[Team]):
    class Meta:
        model = Team
        fields = ["id", "name"]


class NullableChoice(LenientChoice):
    """An enum in which the word None is null."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        is_none = isinstance(data, str) and data.strip().lower() == "none"
        return super().run_validation(None if is_none else data)


def value_list() -> QuotedList:
    """Return a field for the alternative values of a condition."""
    return QuotedList(max_length=20_000, required=False, allow_blank=True)


class LeadRouteSerializer(LenientSerializer[LeadRoute]):
    """A route: written with ids, read with embedded records."""

    team_id = Reference("team", among=teams_created_by, write_only=True, required=False, allow_null=True)
    campaign_id = Reference("campaign", write_only=True)
    lead_source_id = Reference("lead_source", visible=False, write_only=True, required=False, allow_null=True)
    contact_source_id = Reference("contact_source", write_only=True, required=False, allow_null=True)
    team = RouteTeamSerializer(read_only=True, allow_null=True)
    campaign = NamedCampaignSerializer(read_only=True)
    lead_source = LeadSourceSerializer(read_only=True, allow_null=True)
    contact_source = NamedContactSourceSerializer(read_only=True, allow_null=True)
    team_selection_method = NullableChoice(choices=LeadRoute.TeamSelection.values, required=False, allow_null=True)
    types, cities, listing_statuses = value_list(), value_list(), value_list()
    zipcodes = CommaList(max_length=20_000, required=False, allow_blank=True, validators=[validate_zipcodes])
    open_hours = LenientText(max_length=1000, required=False, allow_blank=True, validators=[validate_hours])

    class Meta:
        model = LeadRoute
        example = examples.LEAD_ROUTE
        fields = [
            "id",
            "team_id",
            "campaign_id",
            "lead_source_id",
            "contact_source_id",
            "distribution_target",
            "filter",
            "team_selection_method",
            "team",
            "campaign",
            "lead_source",
            "contact_source",
            "is_automatic",
            "position",
            "types",
            "cities",
            "zipcodes",
            "listing_statuses",
            "price_from",
            "price_to",
            "open_hours",
            "off_hours",
            "is_returning_to_claimer",
        ]


class LeadSerializer(LenientSerializer[Lead]):
    contact_id = LeadContactField("contact")
    source_id = Reference("source", visible=False, required=False, allow_null=True)
    address_1 = serializers.CharField(source="street_address", read_only=True)
    mls_id = NumericText(max_length=255, required=False, allow_blank=True)
    zipcode = NumericText(max_length=255, required=False, allow_blank=True)

    class Meta:
        model = Lead
        example = examples.LEAD
        fields = [
            "id",
            "contact_id",
            "source_id",
            "owner_user_id",
            "claimed_by_user_id",
            "claimed_at",
            "claimed_via",
            "claimed_through",
            "time_to_claim",
            "distribution_target",
            "text_body",
            "html_body",
            "mls_id",
            "listing_status",
            "listing_price",
            "street_address",
            "address_1",
            "city",
            "state",
            "zipcode",
            "type",
            "ponded_at",
            "contacted_at",
            "merged_into_id",
            "is_duplicate",
            "created_at",
            "modified_at",
        ]
        read_only_fields = [
            "id",
            "owner_user_id",
            "claimed_by_user_id",
            "claimed_at",
            "claimed_through",
            "time_to_claim",
            "distribution_target",
            "ponded_at",
            "contacted_at",
            "merged_into_id",
            "is_duplicate",
            "created_at",
            "modified_at",
        ]


class SubmittedLeadSerializer(LeadSerializer):
    """A lead that was submitted together with its contact: only the numbers in the submission get consent."""

    numbers = serializers.ListField(child=serializers.CharField(), write_only=True)

    class Meta(LeadSerializer.Meta):
        fields = [*LeadSerializer.Meta.fields, "numbers"]


class OfferedContactSerializer(LenientSerializer[Contact]):
    first_name = RedactedName(max_length=255, required=False, allow_blank=True)
    last_name = RedactedName(max_length=255, required=False, allow_blank=True)

    class Meta:
        model = Contact
        fields = ["id", "first_name", "last_name"]


class OfferedLeadSerializer(LenientSerializer[Lead]):
    """The lead as an offered member sees it before a claim."""

    contact = OfferedContactSerializer(read_only=True)

    class Meta:
        model = Lead
        fields = ["id", "distribution_target", "contact"]


class OfferedUserSerializer(LenientSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "first_name", "last_name", "email"]


class LeadOfferSerializer(LenientSerializer[LeadOffer]):
    """An offer. The offered member writes its status: Claimed or Declined. The team decides whether they see a name."""

    team = NamedTeamSerializer(read_only=True)
    lead = OfferedLeadSerializer(read_only=True)
    user = OfferedUserSerializer(read_only=True)
    status = LenientChoice(
        choices=[LeadOffer.Status.CLAIMED, LeadOffer.Status.DECLINED], shown=LeadOffer.Status.values, required=False
    )
    claimed_via = LenientChoice(choices=Lead.ClaimedVia.values, write_only=True, required=False)

    class Meta:
        model = LeadOffer
        example = examples.LEAD_OFFER
        fields = [
            "id",
            "rank",
            "notify_at",
            "status",
            "assign_automatically",
            "has_call_alert",
            "has_text_alert",
            "has_email_alert",
            "team",
            "lead",
            "user",
            "claimed_via",
        ]
        read_only_fields = [
            "id",
            "rank",
            "notify_at",
            "assign_automatically",
            "has_call_alert",
            "has_text_alert",
            "has_email_alert",
        ]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_via_something = attrs.get("claimed_via", Lead.ClaimedVia.NONE) != Lead.ClaimedVia.NONE
        if is_via_something and attrs.get("status") != Status.CLAIMED:
            raise serializers.ValidationError({"claimed_via": f"needs the status {Status.CLAIMED.value}."})
        return attrs

    def to_internal_value(self, data: Any) -> Any:
        """An empty answer is invalid, although elsewhere an empty value leaves a field unchanged."""
        if isinstance(data, Mapping) and data.get("status", Status.CLAIMED) in (None, ""):
            raise serializers.ValidationError({"status": ["must be Claimed or Declined."]})
        return super().to_internal_value(data)

    def to_representation(self, offer: LeadOffer) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(offer)
        is_owners = offer.lead.owner_user_id == self.context["request"].user.pk
        if offer.team.claim_preview == Team.ClaimPreview.AREA and not is_owners and offer.status != Status.CLAIMED:
            data["lead"]["contact"] |= {"first_name": "", "last_name": ""}
        return data
