"""The pages that write to a contact in the admin: one per channel, with the conversation below."""

from functools import partial
from typing import Any, Final, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from api.internal_client import ApiError, call_api
from api.viewsets import Resource
from core import clock
from crm.models import Contact
from messaging import consent
from messaging.admin.manual_forms import KINDS, ByHand
from messaging.api.views import ContactCallResource, ContactConsentResource, ContactMessageResource
from messaging.manual.compose import verdict_on, without_words
from messaging.models import Consent, Message
from teams.models import User

PAGE: Final = "admin/messaging/message/by_hand.html"
RESOURCES: Final[dict[str, type[Resource[Any]]]] = {
    Message.Channel.TEXT: ContactMessageResource,
    Message.Channel.EMAIL: ContactMessageResource,
    Message.Channel.CALL: ContactCallResource,
}
DECISIONS: Final = {
    Consent.Kind.RESUMED: "Campaign texts to {} continue.",
    Consent.Kind.OPTED_OUT: "{} has opted out of texts and calls.",
}
MOST: Final = 50  # of the conversation; all of it is in the list of messages


def pages() -> list[URLPattern]:
    """Return the URLs of these pages, below the URLs of messages."""
    return [path(f"to/<int:contact_id>/{kind.channel}/", view_of(kind), name=name_of(kind)) for kind in KINDS]


def name_of(kind: type[ByHand]) -> str:
    return f"messaging_{kind.channel}_by_hand"


def view_of(kind: type[ByHand]) -> Any:
    def view(request: HttpRequest, contact_id: int) -> HttpResponse:
        return page(request, kind, contact_id)

    return admin.site.admin_view(view)


def page(request: HttpRequest, kind: type[ByHand], contact_id: int) -> HttpResponse:
    """Show the form of a message, when the message would be sent, and the conversation."""
    user, now = cast(User, request.user), clock.now()
    contact = Contact.objects.visible_to(user).filter(pk=contact_id).first()
    if contact is None:
        messages.error(request, f"There is no contact {contact_id} that you can see.")
        return HttpResponseRedirect(reverse("admin:crm_contact_changelist"))
    if request.method == "POST" and "consent" in request.POST:
        decide(request, contact)
        return HttpResponseRedirect(request.path)
    form = kind(user, request.POST if request.method == "POST" else None)
    send = partial(call_api, RESOURCES[kind.channel], "POST", user, contact_id=str(contact_id))
    if request.method == "POST" and (sent := form.sent(send)):
        messages.success(request, form.outcome(sent))
        return HttpResponseRedirect(request.path)
    blank = without_words(kind.channel, contact, user, now)
    verdict = verdict_on(blank, now)
    context = {"title": f"{kind.channel.capitalize()} {contact}", "contact": contact, "form": form, "blank": blank}
    context |= {"verdict": verdict, "objection": form.objection(verdict)}
    context |= {
        "suspended": suspended_of(contact),
        "said": said_with(contact),
        "others": links(contact_id, besides=kind),
    }
    return TemplateResponse(request, PAGE, admin.site.each_context(request) | context)


def suspended_of(contact: Contact) -> list[str]:
    """The contact's numbers that may have opted out, which a person must decide."""
    return [number for number, state in consent.states_of(contact.numbers).items() if state.suspended]


def decide(request: HttpRequest, contact: Contact) -> None:
    """Write what the user decided about a suspended number, as the API would."""
    body = {"kind": request.POST["consent"], "number": request.POST.get("number", "")}
    try:
        call_api(ContactConsentResource, "POST", request.user, body, contact_id=str(contact.pk))
    except ApiError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, DECISIONS[Consent.Kind(body["kind"])].format(body["number"]))


def links(contact_id: int, besides: type[ByHand] | None = None) -> list[tuple[str, str]]:
    """The ways to get in touch with a contact: each one's name, and its page."""
    kinds = (kind for kind in KINDS if kind is not besides)
    return [(kind.channel.capitalize(), reverse(f"admin:{name_of(kind)}", args=[contact_id])) for kind in kinds]


def said_with(contact: Contact) -> QuerySet[Message]:
    """The latest first."""
    latest = Message.objects.conversation().filter(contact=contact).select_related("user")
    return latest.defer("html", "media").order_by("-pk")[:MOST]
