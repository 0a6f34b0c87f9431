"""Addresses of contacts and what describes them."""

from config.api.resources import routes
from crm.views import ContactResource, ContactSourceResource, HotnessResource

urlpatterns = [
    *routes("contacts", ContactResource),
    *routes("contact-sources", ContactSourceResource),
    *routes("hotnesses", HotnessResource),
]
