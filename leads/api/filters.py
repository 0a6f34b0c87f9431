"""Filters of leads, routes and offers."""

from api.lists.filter_backend import FilterSet
from api.lists.filters import TextFilter
from leads.models import Lead, LeadOffer, LeadRoute, LeadSource


class LeadSourceFilters(FilterSet):
    class Meta:
        model = LeadSource
        fields = ["id", "name"]


class LeadRouteFilters(FilterSet):
    class Meta:
        model = LeadRoute
        fields = [
            "id",
            "lead_source_id",
            "contact_source_id",
            "team_id",
            "campaign_id",
            "distribution_target",
            "team_selection_method",
            "filter",
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


class LeadFilters(FilterSet):
    address_1 = TextFilter(field_name="street_address")

    class Meta:
        model = Lead
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


class LeadOfferFilters(FilterSet):
    class Meta:
        model = LeadOffer
        fields = [
            "id",
            "user_id",
            "team_id",
            "rank",
            "notify_at",
            "status",
            "assign_automatically",
            "has_call_alert",
            "has_text_alert",
            "has_email_alert",
        ]
