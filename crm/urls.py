"""The addresses of contacts and of what describes them."""

from config.api.resources import routes
from crm.views import (
    AddressResource,
    ContactResource,
    ContactSourceResource,
    CustomFieldResource,
    HotnessResource,
    TagResource,
)

urlpatterns = [
    *routes("contacts", ContactResource),
    *routes("contacts/<contact_id>/addresses", AddressResource),
    *routes("contact-sources", ContactSourceResource),
    *routes("hotnesses", HotnessResource),
    *routes("custom-fields", CustomFieldResource),
    *routes("tags", TagResource),
]
