"""The addresses of contacts, of what describes them and of their history."""

from api.viewsets import routes
from crm.api.views import (
    ActivityResource,
    AddressResource,
    ContactResource,
    ContactSourceResource,
    CustomFieldResource,
    EventPropertyResource,
    EventResource,
    HotnessResource,
    TagResource,
)

urlpatterns = [
    *routes("contacts", ContactResource),
    *routes("contacts/<contact_id>/addresses", AddressResource),
    *routes("contacts/<contact_id>/activities", ActivityResource),
    *routes("contact-sources", ContactSourceResource),
    *routes("hotnesses", HotnessResource),
    *routes("custom-fields", CustomFieldResource),
    *routes("tags", TagResource),
    *routes("events", EventResource),
    *routes("events/<event_id>/properties", EventPropertyResource),
]
