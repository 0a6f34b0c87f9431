"""Contacts and what describes them over HTTP."""

from typing import Any

from config.api.resources import Resource
from crm.contacts import remove_contact, tell_of_change
from crm.filters import ContactFilters, ContactSourceFilters, HotnessFilters
from crm.models import Contact, ContactSource, Hotness
from crm.serializers import ContactSerializer, ContactSourceSerializer, HotnessSerializer


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

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)


class HotnessResource(Resource[Hotness]):
    serializer_class = HotnessSerializer
    filterset_class = HotnessFilters
    default_order = ("user", "rank", "id")

    def perform_create(self, serializer: Any) -> None:
        self.save(serializer, user=self.user)
