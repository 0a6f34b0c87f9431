"""The address of API v1: one, with an action in the query."""

from django.urls import path

from api_v1.views import ApiV1

urlpatterns = [path("", ApiV1.as_view(), name="v1")]
