"""Test alerts in the admin: a page to send oneself one, and where the buttons for members of a team lead."""

from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from config.api.asking import Refusal, ask
from leads.rollout import EMAIL, PHONE, TEXT
from leads.trial.sending import own_ways
from leads.trial.views import MemberTrialResource, OwnTrialResource, Trial
from teams.models import User

PAGE = "admin/leads/leadoffer/test_alert.html"
NAMES = {TEXT: "text", EMAIL: "email", PHONE: "call"}


def pages() -> list[URLPattern]:
    """To stand among the pages of offers, which is what alerts tell of."""
    own, members = admin.site.admin_view(own_page), admin.site.admin_view(require_POST(to_member))
    return [
        path("test-alert/", own, name="leads_test_alert"),
        path("test-alert/<int:option_id>/", members, name="leads_member_test_alert"),
    ]


def own_page(request: HttpRequest) -> HttpResponse:
    """How oneself is told of leads, with a button to try it."""
    if request.method == "POST":
        send(request, OwnTrialResource)
        return HttpResponseRedirect(reverse("admin:leads_test_alert"))
    user = cast(User, request.user)
    ways = [(NAMES[way.channel].capitalize(), where(user, way.channel), way.reason) for way in own_ways(user)]
    context = {"title": "How you are told of leads", "ways": ways}
    return TemplateResponse(request, PAGE, admin.site.each_context(request) | context)


def where(user: User, channel: str) -> str:
    return user.email if channel == EMAIL else user.phone


def to_member(request: HttpRequest, option_id: int) -> HttpResponse:
    """A button on a member's options was pressed."""
    send(request, MemberTrialResource, option_id=str(option_id))
    return HttpResponseRedirect(reverse("admin:teams_teammemberdistributionoption_change", args=[option_id]))


def send(request: HttpRequest, resource: type[Trial], **names: str) -> None:
    """Ask the API to, and say what it answers."""
    try:
        ways: list[dict[str, Any]] = ask(resource, "POST", request.user, **names)["channels"]
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return
    if used := [NAMES[way["channel"]] for way in ways if way["is_used"]]:
        messages.success(request, f"A test alert is on its way by {' and '.join(used)}.")
    else:
        messages.error(request, "No test alert was sent: nobody would be told of leads like this.")
    if unused := [f"by {NAMES[way['channel']]}: {way['reason']}" for way in ways if not way["is_used"]]:
        messages.info(request, f"Not {'; not '.join(unused)}.")
