from django.urls import URLPattern, path

from config.api.resources import routes
from messaging import webhooks
from messaging.views import FolderShareResource, TemplateFolderResource, TemplateResource

urlpatterns: list[URLPattern] = [
    *routes("templates", TemplateResource),
    *routes("template-folders", TemplateFolderResource),
    *routes("template-folders/<folder_id>/share", FolderShareResource),
    path("webhooks/twilio/texts", webhooks.text_came_in),
    path("webhooks/twilio/texts/status", webhooks.text_got_on),
]
