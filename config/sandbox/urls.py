"""The sandbox's addresses, under `/sandbox/`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
