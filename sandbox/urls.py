"""The sandbox's addresses, under `/sandbox/`."""

from django.urls import path

from api.viewsets import routes
from sandbox.views import CallResource, ClockView, EmailResource, FaultsView, PressView, ResetView, TextResource

urlpatterns = [
    path("clock", ClockView.as_view(), name="sandbox-clock"),
    path("faults", FaultsView.as_view(), name="sandbox-faults"),
    path("reset", ResetView.as_view(), name="sandbox-reset"),
    *routes("texts", TextResource),
    *routes("calls", CallResource),
    path("calls/<sid>", PressView.as_view(), name="sandbox-press"),
    *routes("emails", EmailResource),
]
