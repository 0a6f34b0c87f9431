"""The sandbox's API: only for staff, because it moves the time of all users and shows all messages."""

from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.unknown_fields import NoBody, validate
from api.viewsets import BEYOND, Resource
from core.errors import DomainError, NotAllowed
from oauth.authentication import HasValidToken
from sandbox import clock
from sandbox.filters import CallFilters, EmailFilters, TextFilters
from sandbox.models import EmulatedCall, EmulatedText
from sandbox.serializers import (
    CallSerializer,
    ClockSerializer,
    EmailSerializer,
    FaultSerializer,
    MoveSerializer,
    PressSerializer,
    TextSerializer,
)
from sandbox.twilio import calls, fault_injection, messages, webhooks

# One statement, which does not take longer when the ledger has grown.
RESET = "TRUNCATE sandbox_callback, sandbox_emulatedtext, sandbox_emulatedcall, sandbox_email, sandbox_fault"


class NotOurNumber(DomainError):
    """The service has no such number."""


class NoSuchCall(DomainError):
    """There is no such call."""

    status = 404


class WebhookFailed(DomainError):
    """The service did not take it as it should have."""

    status = 502


class IsStaff(BasePermission):
    """An operator's token."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_staff:
            raise NotAllowed("The sandbox needs the token of a staff user.")
        return True


class SandboxView(APIView):
    """What the single addresses have in common."""

    permission_classes = [HasValidToken, IsStaff]
    tag = BEYOND


class ClockView(SandboxView):
    """The clock: what it shows, and how to move it forward."""

    @extend_schema(responses=ClockSerializer)
    def get(self, request: Request) -> Response:
        return Response(ClockSerializer({"now": clock.now()}).data)

    @extend_schema(request=MoveSerializer, responses={201: ClockSerializer})
    def post(self, request: Request) -> Response:
        """Return when all that falls due until then has been done."""
        wanted = MoveSerializer(data=request.data)
        validate(wanted, is_exact=True)
        by, to = (wanted.validated_data.get(name) for name in ("advance", "set"))
        now = clock.advance(to if by is None else by)
        return Response(ClockSerializer({"now": now}).data, status=201)


class FaultsView(SandboxView):
    """Failures that the next texts and calls shall meet."""

    @extend_schema(request=FaultSerializer, responses={201: FaultSerializer})
    def post(self, request: Request) -> Response:
        wanted = FaultSerializer(data=request.data)
        validate(wanted, is_exact=True)
        fault_injection.line_up(wanted.validated_data["kind"], wanted.validated_data["next"])
        return Response(wanted.data, status=201)


class ResetView(SandboxView):
    """An empty ledger, mailbox and list of faults. The clock, the numbers and the product's rows stay."""

    @extend_schema(request=None, responses={201: None})
    def post(self, request: Request) -> Response:
        validate(NoBody(data=request.data), is_exact=True)
        with connection.cursor() as cursor:
            cursor.execute(RESET)
        return Response({}, status=201)


class SandboxResource(Resource[Any]):
    """A list of the sandbox's rows, newest first."""

    permission_classes = [HasValidToken, IsStaff]
    tag = BEYOND

    def queryset_for(self, user: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        return rows if self.query.sort else rows.reverse()


class TextResource(SandboxResource):
    """The carrier's ledger. Posting to it is a handset texting the service."""

    verbs = ("list", "create")
    serializer_class = TextSerializer
    filterset_class = TextFilters

    def create(self, request: Request, **kwargs: Any) -> Response:
        """Send a text from a handset; return when the service's webhook has answered.

        Not one transaction: what the service does with the text may need to find it in the ledger.
        """
        serializer = self.get_serializer(data=request.data)
        self.validate(serializer)
        if not messages.owns(serializer.validated_data["recipient"]):
            message = f"{serializer.validated_data['recipient']} is not a number of this service."
            raise NotOurNumber(message, errors={"to": message})
        given = serializer.validated_data
        text = messages.receive_from_handset(
            sender=given["sender"], to=given["recipient"], body=given["body"], media=given["media"], now=self.now
        )
        announce(text)
        return Response(self.represent(text), status=201)


def announce(text: EmulatedText) -> None:
    """Send an inbound text to the service, at the current URL of its numbers: a port may change."""
    url = f"{settings.PUBLIC_URL}/webhooks/twilio/texts"
    try:
        status = webhooks.post(url, webhooks.inbound_form(text))
    except (webhooks.NotConnected, webhooks.NoProperAnswer) as error:
        raise WebhookFailed(f"The service's webhook did not answer: {error}") from error
    if status >= 300:
        raise WebhookFailed(f"The service's webhook answered {status}: {url}")


class EmailResource(SandboxResource):
    """The mailbox."""

    verbs = ("list",)
    serializer_class = EmailSerializer
    filterset_class = EmailFilters


class CallResource(SandboxResource):
    """The calls that the service made."""

    verbs = ("list",)
    serializer_class = CallSerializer
    filterset_class = CallFilters


class PressView(SandboxView):
    """The called person presses a key, or answers a dialed call."""

    @extend_schema(request=PressSerializer, responses={201: CallSerializer})
    def post(self, request: Request, sid: str) -> Response:
        """Return the spoken texts after the service's webhook has answered."""
        pressed = PressSerializer(data=request.data)
        validate(pressed, is_exact=True)
        call = EmulatedCall.objects.filter(sid=sid).first()
        if call is None:
            raise NoSuchCall
        if digit := pressed.validated_data.get("digits"):
            calls.press(call, digit)
        else:
            calls.pick_up(call, pressed.validated_data["status"], pressed.validated_data["seconds"], clock.now())
        return Response(CallSerializer(call).data, status=201)
