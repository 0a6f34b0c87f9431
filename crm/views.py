"""Contacts and what describes them over HTTP."""

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.resources import Resource
from crm.contacts import remove_contact, tell_of_change
from crm.filters import ContactFilters, ContactSourceFilters, HotnessFilters
from crm.models import Contact, ContactSource, Hotness
from crm.serializers import ContactSerializer, ContactSourceSerializer, HotnessSerializer
from crm.sources import refuse_taken_name, source_named


class ContactResource(Resource[Contact]):
    serializer_class = ContactSerializer
    filterset_class = ContactFilters

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, owner_user=self.user)

    def perform_update(self, serializer: Any) -> None:
        if changes := serializer.validated_data.keys():
            tell_of_change(self.save(serializer), changes, now=self.now)

    def perform_destroy(self, record: Contact) -> None:
        remove_contact(record, now=self.now)


class ContactSourceResource(Resource[ContactSource]):
    serializer_class = ContactSourceSerializer
    filterset_class = ContactSourceFilters

    @transaction.atomic
    def create(self, request: Request, **kwargs: Any) -> Response:
        """201 when the source is new, 200 with the one that stands when there is one of this name."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        source, is_new = source_named(serializer.validated_data.get("name", ""), self.user)
        return Response(self.represent(source), status=201 if is_new else 200)

    def perform_update(self, serializer: Any) -> None:
        if "name" in serializer.validated_data:
            refuse_taken_name(serializer.instance, serializer.validated_data["name"])
        self.save(serializer)


class HotnessResource(Resource[Hotness]):
    serializer_class = HotnessSerializer
    filterset_class = HotnessFilters
    default_order = ("user", "rank", "id")

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)
