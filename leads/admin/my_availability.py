"""My availability: pause, hours and test alerts, for the user and for members of their team."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from api.internal_client import ApiError, call_api
from core import clock
from core.reasons import reason_text
from leads.admin.member_status import membership_statuses, unavailable_text
from leads.admin.my_availability_forms import CodeForm, MyAvailabilityForm
from leads.api.test_alerts import MemberTestAlertResource, MyTestAlertResource, TestAlertResource
from leads.notifications.pause_presets import pause_presets
from leads.notifications.test_alerts import channels_for_user
from messaging.api import PhoneCodeResource, PhoneConfirmationResource
from messaging.phone_codes import open_code
from teams.api import MeResource
from teams.eligibility import EMAIL, PHONE, TEXT
from teams.models import User
from teams.timezones import to_local

PAGE = "admin/leads/leadoffer/my_availability.html"
PAUSE, SAVE, SEND_CODE, CONFIRM = "pause", "_save", "send_code", "confirm"  # buttons
NAMES = {TEXT: "text", EMAIL: "email", PHONE: "call"}


def availability_urls() -> list[URLPattern]:
    """Return the URLs of this page, below the URLs of offers."""
    own, members = admin.site.admin_view(my_availability_page), admin.site.admin_view(require_POST(test_member))
    return [
        path("test-alert/", own, name="leads_test_alert"),
        path("test-alert/<int:option_id>/", members, name="leads_member_test_alert"),
    ]


def my_availability_page(request: HttpRequest) -> HttpResponse:
    """Show the user's alerts and hours, with buttons to pause and to send a test alert."""
    user, now = cast(User, request.user), clock.now()
    form = MyAvailabilityForm.of(user, request.POST if SAVE in request.POST else None)
    code_form = CodeForm(request.POST if CONFIRM in request.POST else None, label_suffix="")
    if request.method == "POST" and submit(request, form, code_form, now):
        return HttpResponseRedirect(reverse("admin:leads_test_alert"))
    user.refresh_from_db()
    context = {
        "title": "My availability and alerts",
        "channels": [
            (
                NAMES[each.channel].capitalize(),
                channel_address(user, each.channel),
                each.reason and reason_text(*each.reason),
            )
            for each in channels_for_user(user)
        ],
        "form": form,
        "is_phone_unconfirmed": user.phone_e164 != user.confirmed_phone,
        "phone": user.phone,
        "open_code": open_code(user, now),
        "code_form": code_form,
        "unavailable_text": unavailable_text(user, now),
        "is_paused": user.paused_until is not None and user.paused_until > now,
        "pauses": pause_presets(now, user.zone),
        "memberships": membership_statuses(user, now),
    }
    return TemplateResponse(request, PAGE, admin.site.each_context(request) | context)


def submit(request: HttpRequest, form: MyAvailabilityForm, code_form: CodeForm, now: datetime) -> bool:
    """Handle the pressed button. Return False if a form has errors."""
    save = partial(call_api, MeResource, "PATCH", request.user, id="me")
    if CONFIRM in request.POST:
        is_confirmed = code_form.is_confirmed(partial(call_api, PhoneConfirmationResource, "POST", request.user))
        if is_confirmed:
            messages.success(request, "Your phone is confirmed. Alerts are sent to it.")
        return is_confirmed
    if SAVE in request.POST:
        is_saved = form.is_saved(save)
        if is_saved:
            messages.success(request, "Saved.")
        return is_saved
    if PAUSE in request.POST:
        pause(request, save, now)
    elif SEND_CODE in request.POST:
        request_code(request)
    else:
        request_test_alert(request, MyTestAlertResource)
    return True


def request_code(request: HttpRequest) -> None:
    try:
        code = call_api(PhoneCodeResource, "POST", request.user)
    except ApiError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"A code is on its way to {code['number']}.")


def pause(request: HttpRequest, save: Callable[[dict[str, Any]], Any], now: datetime) -> None:
    """Pause for the chosen time. An unknown value ends the pause."""
    user = cast(User, request.user)
    chosen = next((each for each in pause_presets(now, user.zone) if each.name == request.POST[PAUSE]), None)
    save({"paused_until": chosen and chosen.until})
    if chosen is None:
        messages.success(request, "The pause has ended. You get leads again.")
    else:
        messages.success(request, f"You get no leads until {to_local(chosen.until, user.zone):%A, %B %-d, %H:%M}.")


def channel_address(user: User, channel: str) -> str:
    return user.email if channel == EMAIL else user.phone


def test_member(request: HttpRequest, option_id: int) -> HttpResponse:
    """Send a test alert from a member's options."""
    request_test_alert(request, MemberTestAlertResource, option_id=str(option_id))
    return HttpResponseRedirect(reverse("admin:teams_teammemberdistributionoption_change", args=[option_id]))


def request_test_alert(request: HttpRequest, resource: type[TestAlertResource], **names: str) -> None:
    """Request a test alert from the API and show the result as messages."""
    try:
        results: list[dict[str, Any]] = call_api(resource, "POST", request.user, **names)["channels"]
    except ApiError as refusal:
        messages.error(request, str(refusal))
        return
    if used := [NAMES[each["channel"]] for each in results if each["is_used"]]:
        messages.success(request, f"A test alert is on its way by {' and '.join(used)}.")
    else:
        messages.error(request, "No test alert was sent: no alert about a lead could be delivered now.")
    if unused := [f"by {NAMES[each['channel']]}: {each['reason']}" for each in results if not each["is_used"]]:
        messages.info(request, f"Not {'; not '.join(unused)}.")
