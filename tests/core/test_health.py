"""Whether all of it works, as supervisors and load balancers ask."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client

from core.tasks import BEAT_SEEN

pytestmark = pytest.mark.django_db


def test_what_is_not_ready_is_named_and_is_no_error_in_the_log(caplog):
    """Every start asks until all is up."""
    cache.delete(BEAT_SEEN)
    caplog.set_level(logging.INFO)

    answer = Client().get("/readyz")

    assert (answer.status_code, "beat" in answer.json()["missing"]) == (503, True)
    (line,) = caplog.records
    assert (line.levelname, line.getMessage().startswith("Not ready: ")) == ("INFO", True)
