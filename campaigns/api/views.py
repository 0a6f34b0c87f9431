"""Campaigns and tasks over HTTP."""

from functools import cached_property
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import Case, QuerySet, When
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api import coercion
from api.viewsets import Resource, get_or_404
from campaigns import recurring_tasks
from campaigns import tasks as agenda
from campaigns.api.filters import (
    CampaignActionFilters,
    CampaignFilters,
    ContactCommunicationFilters,
    ScheduledTaskFilters,
    TaskFilters,
)
from campaigns.api.serializers import (
    CampaignActionSerializer,
    CampaignContactSerializer,
    CampaignSerializer,
    ContactCommunicationSerializer,
    ScheduledTaskSerializer,
    TaskSerializer,
)
from campaigns.communications import complete, reopen
from campaigns.enrollment import enroll, stop_all
from campaigns.jobs import birthdays
from campaigns.models import Campaign, CampaignAction, CampaignContact, ContactCommunication, Task, TaskQuerySet
from core.errors import DomainError, NotAllowed
from crm.models import Contact
from teams.models import User


class NameTaken(DomainError):
    """You have a campaign of this name already."""


class BadScope(DomainError):
    """delete_scope must be 1 (this task), 2 (this and those that follow) or 3 (all of the series)."""


DELETE_SCOPE = OpenApiParameter(
    "delete_scope",
    int,
    enum=list(recurring_tasks.SCOPES),
    description="1 this task alone (the default), 2 this and those that follow, 3 all of the series.",
)


class CampaignResource(Resource[Campaign]):
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilters

    def queryset_for(self, user: User) -> QuerySet[Campaign]:
        is_anothers = Case(When(owner_user=user, then=False), default=True)
        return Campaign.objects.visible_to(user).alias(is_anothers=is_anothers)

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, owner_user=self.user)

    def perform_destroy(self, record: Campaign) -> None:
        Campaign.objects.select_for_update().get(pk=record.pk)  # locked, so that no contact is enrolled in the meantime
        stop_all(record, now=self.now)
        record.delete()

    def save(self, serializer: Any, **more: Any) -> Any:
        """The constraint on the name decides: two requests at the same time may both find it free."""
        try:
            with transaction.atomic():
                return super().save(serializer, **more)
        except IntegrityError as error:
            if "campaign_name_once_per_owner" not in str(error):
                raise
            raise NameTaken(errors={"name": NameTaken.__doc__ or ""}) from error


class CampaignActionResource(Resource[CampaignAction]):
    serializer_class = CampaignActionSerializer
    filterset_class = CampaignActionFilters
    parent_model, parent_field = Campaign, "campaign"
    loads = frozenset({"template"})

    def queryset_for(self, user: User) -> QuerySet[CampaignAction]:
        return CampaignAction.objects.select_related("campaign", *self.loaded)

    def check_parent(self) -> None:
        if not self.parent.may_be_changed_by(self.user):
            raise NotAllowed

    def perform_update(self, serializer: Any) -> None:
        """Planned steps stay unchanged, except birthdays: they would otherwise never change."""
        birthdays.follow(self.save(serializer), self.now)


class CampaignContactResource(Resource[CampaignContact]):
    """Starts a campaign for a contact."""

    serializer_class = CampaignContactSerializer
    parent_model, parent_field = Campaign, "campaign"
    verbs = ("create",)
    may_stand = True

    def perform_create(self, serializer: Any) -> bool:
        """Whether the contact enters the campaign, or is in it."""
        serializer.instance, is_new = enroll(
            campaign=self.parent, contact=serializer.validated_data["contact"], started_by=self.user, now=self.now
        )
        return is_new


class ContactCommunicationResource(Resource[ContactCommunication]):
    """What campaigns have sent and will send to one contact."""

    serializer_class = ContactCommunicationSerializer
    filterset_class = ContactCommunicationFilters
    verbs = ("list", "retrieve", "partial_update")

    @cached_property
    def contact(self) -> Contact:
        contact: Contact = get_or_404(Contact.objects.visible_to(self.user), self.kwargs["contact_id"])
        return contact

    def queryset_for(self, user: User) -> QuerySet[ContactCommunication]:
        rows = ContactCommunication.objects.named().filter(campaign_contact__contact=self.contact)
        rows = rows.select_related("template__template_folder", "campaign_contact__contact", "message")
        return rows.defer("message__body", "message__html", "message__media")  # only its state is described

    def perform_update(self, serializer: Any) -> None:
        wanted = serializer.validated_data.get("is_active")
        if wanted is True:
            reopen(serializer.instance, now=self.now)
        elif wanted is False:
            complete(serializer.instance, by=self.user, now=self.now)
        serializer.instance = self.get_object()


class AgendaResource(Resource[Task]):
    """Tasks, in both versions of the API."""

    def queryset_for(self, user: User) -> QuerySet[Task]:
        tasks = Task.objects.visible_to(user)
        if "status" not in self.query.names():
            tasks = tasks.exclude(status=Task.Status.DELETED)
        return tasks if self.request.method == "GET" else tasks.select_for_update()


class TaskResource(AgendaResource):
    """Removing a task is soft: it is listed and found only where the query asks for a `status`."""

    serializer_class = TaskSerializer
    filterset_class = TaskFilters

    def perform_create(self, serializer: Any) -> None:
        self._save_with_status(serializer, owner_user=self.user)

    def perform_update(self, serializer: Any) -> None:
        self._save_with_status(serializer)

    def perform_destroy(self, record: Task) -> None:
        agenda.mark(record, Task.Status.DELETED, by=self.user, now=self.now)

    def _save_with_status(self, serializer: Any, **more: Any) -> None:
        status = serializer.validated_data.pop("status", None)
        self.save(serializer, **more)
        agenda.follow_up(serializer.instance, status, by=self.user, now=self.now)


class ScheduledTaskResource(AgendaResource):
    """Tasks v2.1, which can recur. A change or removal has a scope: how much of a series it applies to."""

    serializer_class = ScheduledTaskSerializer
    filterset_class = ScheduledTaskFilters

    def queryset_for(self, user: User) -> QuerySet[Task]:
        return cast(TaskQuerySet, super().queryset_for(user)).with_event()

    def get_object(self) -> Task:
        """The scope of a DELETE is in its query."""
        found: Task = get_or_404(self.get_queryset(), self.kwargs["id"]) if self.is_removal else super().get_object()
        return found

    @property
    def is_removal(self) -> bool:
        return self.request.method == "DELETE"

    def perform_create(self, serializer: Any) -> None:
        given = serializer.validated_data
        given.pop("update_scope", None)
        rule, status = given.pop("recurrence", None), given.pop("status", None)
        task: Task = self.save(serializer, owner_user=self.user)
        if rule:
            recurring_tasks.begin(task, rule)
        agenda.follow_up(task, status, by=self.user, now=self.now)
        serializer.instance = self.told(task)

    def perform_update(self, serializer: Any) -> None:
        given, task = serializer.validated_data, serializer.instance
        scope, status = given.pop("update_scope", recurring_tasks.THIS), given.pop("status", None)
        if scope == recurring_tasks.STATUS_ONLY:
            given.clear()
        recurring_tasks.make_room(task, given, scope, now=self.now)
        self.save(serializer)
        if status == Task.Status.DELETED:
            agenda.remove(task, min(scope, recurring_tasks.THIS_AND_FOLLOWING), by=self.user, now=self.now)
        else:
            agenda.follow_up(task, status, by=self.user, now=self.now)
        serializer.instance = self.told(task)

    @extend_schema(parameters=[DELETE_SCOPE])
    def destroy(self, request: Request, **kwargs: Any) -> Response:
        return super().destroy(request, **kwargs)

    def perform_destroy(self, record: Task) -> None:
        agenda.remove(record, self.delete_scope, by=self.user, now=self.now)

    @property
    def delete_scope(self) -> int:
        """From the query or the body."""
        body = self.request.data
        given = self.request.query_params.get("delete_scope") or (isinstance(body, dict) and body.get("delete_scope"))
        try:
            scope = coercion.parse_integer(given or recurring_tasks.THIS)
        except ValueError as error:
            raise BadScope(errors={"delete_scope": str(error)}) from error
        if scope not in recurring_tasks.SCOPES:
            raise BadScope(errors={"delete_scope": BadScope.__doc__ or ""})
        return scope

    def told(self, task: Task) -> Task:
        """Return the task in its current state, with its event."""
        return Task.objects.with_event().get(pk=task.pk)
