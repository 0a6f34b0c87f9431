from django.urls import URLPattern, path

from messaging import webhooks

urlpatterns: list[URLPattern] = [
    path("webhooks/twilio/texts", webhooks.text_came_in),
    path("webhooks/twilio/texts/status", webhooks.text_got_on),
]
