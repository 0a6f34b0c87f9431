"""A user's routes in the admin: an ordered list of descriptions, and a form with a simulation."""

from typing import Any, Final, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from api.admin.resource_admin import ResourceAdmin
from api.internal_client import ApiError, call_api
from core import clock
from leads.admin.routes.forms import PreviewForm, RouteForm, SimulationForm
from leads.admin.routes.list_page import list_context, ordered_routes
from leads.api.simulation.views import SimulationResource
from leads.api.views import LeadRouteResource
from leads.models import LeadRoute
from teams.models import Team, User

PAGE: Final = "admin/leads/leadroute/rules.html"
PREVIEW_BUTTON: Final = "_simulate"
LIST_HELP: Final = (
    "Separate values with commas; write one with a comma in double quotes. Leave empty to match any value."
)
LABELS: Final = {
    "lead_source": "Lead source",
    "contact_source": "Contact source",
    "filter": "Type",
    "types": "Types",
    "price_from": "Minimum price",
    "price_to": "Price below",
    "cities": "Cities",
    "zipcodes": "ZIP codes",
    "listing_statuses": "Listing statuses",
    "open_hours": "Business hours",
    "off_hours": "Outside business hours",
    "distribution_target": "Assign to",
    "team_selection_method": "Team selection",
    "team": "Team",
    "is_returning_to_claimer": "Return to previous agent",
    "campaign": "Campaign",
    "is_automatic": "Distribute automatically",
    "position": "Order",
}
HELP: Final = {
    "lead_source": "The source of the lead. Leave empty to match every source.",
    "contact_source": "The source of the contact, from your own list. Leave empty to match every source.",
    "filter": "Example: Buyer. Leave empty to match any type.",
    "types": "To match several types. Example: Buyer, Renter. Leave empty to match any type.",
    "price_from": "In dollars, inclusive. Leads without a price do not match.",
    "price_to": "In dollars, exclusive.",
    "cities": LIST_HELP,
    "zipcodes": "ZIP codes or Canadian postal codes (K1A matches its whole area). Leave empty to match any value.",
    "listing_statuses": LIST_HELP,
    "open_hours": "In the team's time zone. Example: Mon-Fri 9:00-17:00; Sat 10am-2pm. Empty: always.",
    "off_hours": "What happens to a lead that is received outside these hours.",
    "distribution_target": "A team, whose members are offered the lead, or yourself, without an offer.",
    "team_selection_method": "For a team: the team below, or the team of yours that serves the lead's ZIP code.",
    "team": "A team that you created. Its page sets the order of its members.",
    "is_returning_to_claimer": "If a contact inquires again, the lead goes to the member who claimed their last lead.",
    "campaign": "The campaign that the contact is enrolled in. It may have no actions.",
    "is_automatic": "Offers the lead and starts the campaign immediately. Off: your own program requests both.",
    "position": "1 is tried first. Leave empty to try the most specific rules first. Rules can be moved in the list.",
}
CHOICES: Final = {
    "distribution_target": {"Team Rollout": "A team", "Myself": "Myself"},
    "team_selection_method": {"Specific Team": "The team below", "Zipcode": "The team that serves the ZIP code"},
    "off_hours": {"Next Rule": "Try the next rule", "Hold Until Open": "Hold the lead until they open"},
}


class LeadRouteAdmin(ResourceAdmin):
    resource = LeadRouteResource
    list_display = ["position"]  # the list has its own page
    fieldsets = [
        ("Source and type", {"fields": ["lead_source", "contact_source", "filter"]}),
        (
            "Conditions (all must match)",
            {"fields": ["types", "price_from", "price_to", "cities", "zipcodes", "listing_statuses"]},
        ),
        ("Business hours", {"fields": ["open_hours", "off_hours"]}),
        (
            "Assignment",
            {"fields": ["distribution_target", "team_selection_method", "team", "is_returning_to_claimer"]},
        ),
        ("Follow-up", {"fields": ["campaign", "is_automatic", "position"]}),
    ]
    help_texts, labels = HELP, LABELS
    one_line = ["types", "cities", "zipcodes", "listing_statuses"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Distribute automatically by default, and leave the position to the API."""
        return {"is_automatic": True, **super().get_changeform_initial_data(request), "position": None}

    def choices_for(self, name: str, model: Any, user: Any) -> QuerySet[Any]:
        """Offer only teams that the user created."""
        return Team.objects.filter(creator=user) if name == "team" else super().choices_for(name, model, user)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        labels = CHOICES.get(db_field.name, {})
        field.choices = [(value, labels.get(value, label)) for value, label in field.choices]
        return field

    # The list

    def get_urls(self) -> list[Any]:
        move = self.admin_site.admin_view(require_POST(self.move))
        return [path("<int:route_id>/move/", move, name="leads_leadroute_move"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        page = list_context(cast(User, request.user), clock.now())
        context = {"title": "Lead routing rules", "opts": self.opts}
        return TemplateResponse(request, PAGE, self.admin_site.each_context(request) | context | page)

    def move(self, request: HttpRequest, route_id: int) -> HttpResponse:
        """Move a route up or down by one."""
        user = cast(User, request.user)
        try:
            call_api(LeadRouteResource, "PATCH", user, {"position": next_position(request, route_id)}, id=str(route_id))
        except ApiError as refusal:
            return self.refused(request, refusal)
        return HttpResponseRedirect(f"{reverse('admin:leads_leadroute_changelist')}#rule-{route_id}")

    # The form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kind = PreviewForm if PREVIEW_BUTTON in request.POST else RouteForm
        form = super().get_form(request, obj, change=change, **{"form": kind} | kwargs)
        form.simulate = staticmethod(run_simulation)
        return form

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        form = context["adminform"].form
        context |= {
            "simulation_form": getattr(form, "simulation_form", None) or SimulationForm(),
            "preview": getattr(form, "preview", None),
        }
        return cast(HttpResponse, super().render_change_form(request, context, **kwargs))

    def response_add(self, request: HttpRequest, obj: LeadRoute, post_url_continue: str | None = None) -> HttpResponse:
        return self.response_change(request, obj)

    def response_change(self, request: HttpRequest, obj: LeadRoute) -> HttpResponse:
        """Return to the list, and show where the rule is tried: a change of its conditions may have moved it."""
        routes = ordered_routes(cast(User, request.user))
        place = routes.index(obj)
        order = f"after rule {routes[place - 1].pk}" if place else "first"
        messages.success(request, f"Rule {obj.pk} is saved: it is tried {order}, for new leads.")
        return HttpResponseRedirect(f"{reverse('admin:leads_leadroute_changelist')}#rule-{obj.pk}")


def run_simulation(user: User, body: dict[str, Any]) -> Any:
    return call_api(SimulationResource, "POST", user, body)


def next_position(request: HttpRequest, route_id: int) -> int:
    """Return the position before the previous route, or after the next one."""
    positions = dict(LeadRoute.objects.visible_to(cast(User, request.user)).values_list("pk", "position"))
    here, others = positions.pop(route_id, 0), positions.values()
    if "up" in request.POST:
        return max((position for position in others if position < here), default=here)
    return min((position for position in others if position > here), default=here) + 1
