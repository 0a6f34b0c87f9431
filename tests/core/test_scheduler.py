"""Nudges hurry a tick; they promise nothing, and do not pile up."""

import pytest
from django.conf import settings
from django.core.cache import cache
from redis import Redis

from core.scheduler import trigger
from core.tasks import tick

ENGINE = "leads.jobs"


@pytest.fixture
def waiting_ticks():
    """How many ticks wait in the broker; no worker takes them here."""
    cache.clear()
    broker = Redis.from_url(settings.CACHES["default"]["LOCATION"])
    broker.delete("celery")
    yield lambda: broker.llen("celery")
    broker.delete("celery")


def test_triggers_before_a_tick_enqueue_one(db, waiting_ticks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        trigger(ENGINE)
        trigger(ENGINE)
    assert waiting_ticks() == 1


def test_a_commit_after_a_tick_began_triggers_another(db, waiting_ticks, django_capture_on_commit_callbacks):
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            trigger(ENGINE)
        tick(ENGINE)
    assert waiting_ticks() == 2


def test_engines_are_triggered_separately(db, waiting_ticks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        trigger(ENGINE)
        trigger("messaging.outbox")
    assert waiting_ticks() == 2


def test_a_trigger_that_is_rolled_back_enqueues_nothing(db, waiting_ticks, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False):
        trigger(ENGINE)
    assert waiting_ticks() == 0


def test_a_wrong_name_fails_where_it_is_written(db):
    with pytest.raises(LookupError):
        trigger("leads.motor")
