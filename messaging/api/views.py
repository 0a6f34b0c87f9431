"""Templates, their folders, and conversations over HTTP."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.unknown_fields import NoBody
from api.viewsets import BEYOND, Resource
from core.errors import DomainError
from crm.models import Contact
from messaging import consent
from messaging.api.filters import CallFilters, ConsentFilters, MessageFilters, TemplateFilters, TemplateFolderFilters
from messaging.api.serializers import (
    CallByHandSerializer,
    ConsentSerializer,
    FolderShareSerializer,
    MessageSerializer,
    PhoneCodeSerializer,
    PhoneConfirmationSerializer,
    TemplateFolderSerializer,
    TemplateSerializer,
)
from messaging.manual.click_to_call import ring
from messaging.manual.compose import Wish, write
from messaging.models import Consent, Message, Template, TemplateFolder
from messaging.phone_codes import confirm_phone, send_code
from messaging.template_sharing import copy_to
from teams.api import UserSerializer
from teams.models import PhoneCode, User


class TemplateResource(Resource[Template]):
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilters
    is_plain = True

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)


class TemplateFolderResource(Resource[TemplateFolder]):
    serializer_class = TemplateFolderSerializer
    filterset_class = TemplateFolderFilters

    def queryset_for(self, user: Any) -> QuerySet[TemplateFolder]:
        return counted(super().queryset_for(user))

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)


class FolderShareResource(Resource[TemplateFolder]):
    """Sharing a folder copies it with its templates to a colleague. The answer is the copy, which belongs to them."""

    tag = BEYOND
    verbs = ("create",)
    serializer_class = FolderShareSerializer
    parent_model, parent_field = TemplateFolder, "folder"

    def perform_create(self, serializer: Any) -> None:
        copy = copy_to(serializer.validated_data["user"], self.parent, self.now)
        serializer.instance = counted(TemplateFolder.objects.filter(pk=copy.pk)).get()


def counted(folders: QuerySet[TemplateFolder]) -> QuerySet[TemplateFolder]:
    """With how many templates of each type a folder holds, counted in the same query."""
    inside = Template.objects.filter(template_folder=OuterRef("pk")).order_by()
    by_type = inside.values("template_type").annotate(count=Count("pk"))
    counts = by_type.values_list(JSONObject(type="template_type", count="count"))
    return folders.annotate(template_counts=ArraySubquery(counts))


class ContactMessageResource(Resource[Message]):
    """The conversation with a contact, latest first. POST sends a message of the caller.

    The same message within a minute returns the existing one.
    """

    tag = BEYOND
    verbs = ("list", "create", "retrieve")
    serializer_class = MessageSerializer
    filterset_class = MessageFilters
    parent_model, parent_field = Contact, "contact"
    default_order = ("-id",)
    may_stand = True

    def queryset_for(self, user: Any) -> QuerySet[Message]:
        return Message.objects.conversation().defer("html")

    def perform_create(self, serializer: Any) -> bool:
        """Return whether the message is new (201), or repeats one that the caller sent within the last minute (200)."""
        wish = Wish(**serializer.validated_data)
        serializer.instance, is_new = write(wish, self.parent, self.user, self.now)
        return is_new


class ContactConsentResource(Resource[Consent]):
    """The consent events of a contact's numbers, latest first. The ledger is by number.

    POST records a person's decision about a text that may be an opt-out: `resumed` or `opted_out`.
    """

    tag = BEYOND
    verbs = ("list", "create", "retrieve")
    serializer_class = ConsentSerializer
    filterset_class = ConsentFilters
    parent_model, parent_field = Contact, "contact"
    default_order = ("-id",)

    def get_queryset(self) -> QuerySet[Consent]:
        return Consent.objects.filter(number__in=self.parent.numbers)

    def perform_create(self, serializer: Any) -> None:
        kind, number = serializer.validated_data["kind"], serializer.validated_data["number"]
        if number not in self.parent.numbers:
            message = "number must be one of the contact's numbers, in E.164."
            raise NotTheirNumber(message, errors={"number": message})
        decide = consent.resume if kind == Consent.Kind.RESUMED else consent.opt_out
        serializer.instance = decide(number, source=f"user {self.user.pk}", now=self.now)


class NotTheirNumber(DomainError):
    """The contact does not have this number."""


class ContactCallResource(Resource[Message]):
    """Calls by hand. POST rings the caller's own phone, and a 1 pressed there connects it with the contact's."""

    tag = BEYOND
    verbs = ("list", "create", "retrieve")
    serializer_class = CallByHandSerializer
    filterset_class = CallFilters
    parent_model, parent_field = Contact, "contact"
    default_order = ("-id",)
    may_stand = True

    def queryset_for(self, user: Any) -> QuerySet[Message]:
        return Message.objects.rings()

    def perform_create(self, serializer: Any) -> bool:
        """Return whether the call is new (201), or an active one that the caller requested within a minute (200)."""
        serializer.instance, is_new = ring(self.parent, self.user, self.now)
        return is_new


class PhoneCodeResource(Resource[PhoneCode]):
    """Codes that confirm the user's own phone."""

    tag = BEYOND
    verbs = ("create",)
    serializer_class = PhoneCodeSerializer

    @extend_schema(request=None, responses={202: PhoneCodeSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Text a code to your phone. It is valid for 15 minutes; 3 an hour and 10 a day are sent (429)."""
        self.validate(NoBody(data=request.data))
        return Response(self.represent(send_code(self.user, self.now)), status=202)


class PhoneConfirmationResource(Resource[User]):
    """Confirming the user's own phone."""

    tag = BEYOND
    verbs = ("create",)
    serializer_class = UserSerializer

    @extend_schema(request=PhoneConfirmationSerializer, responses={200: UserSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Confirm your phone by the code that was texted to it. Each code may be tried 5 times."""
        confirmation = PhoneConfirmationSerializer(data=request.data, context=self.get_serializer_context())
        self.validate(confirmation)
        return Response(self.represent(confirm_phone(self.user, confirmation.validated_data["code"], self.now)))
