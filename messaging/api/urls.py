from django.urls import URLPattern, path

from api.viewsets import routes
from messaging.api import webhooks
from messaging.api.views import (
    ContactCallResource,
    ContactConsentResource,
    ContactMessageResource,
    FolderShareResource,
    PhoneCodeResource,
    PhoneConfirmationResource,
    TemplateFolderResource,
    TemplateResource,
)

urlpatterns: list[URLPattern] = [
    *routes("templates", TemplateResource),
    *routes("template-folders", TemplateFolderResource),
    *routes("template-folders/<folder_id>/share", FolderShareResource),
    *routes("contacts/<contact_id>/messages", ContactMessageResource),
    *routes("contacts/<contact_id>/consents", ContactConsentResource),
    *routes("contacts/<contact_id>/calls", ContactCallResource),
    path("me/phone/code", PhoneCodeResource.as_view({"post": "create"}), name="me-phone-code"),
    path("me/phone/confirm", PhoneConfirmationResource.as_view({"post": "create"}), name="me-phone-confirm"),
    path("webhooks/twilio/texts", webhooks.text_came_in),
    path("webhooks/twilio/texts/status", webhooks.text_got_on),
    path("webhooks/twilio/calls", webhooks.call_was_answered),
    path("webhooks/twilio/calls/keys", webhooks.key_was_pressed),
    path("webhooks/twilio/calls/dialled", webhooks.client_hung_up),
    path("webhooks/twilio/calls/status", webhooks.call_got_on),
]
