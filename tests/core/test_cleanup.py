"""What has expired goes; what somebody may still use stays."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from config.beat import SCHEDULE
from config.celery import app
from core.cleanup import clean_up
from oauth.tokens import create_application, create_token
from teams.models import Application

LONG_AGO = timedelta(days=400)


@pytest.fixture
def program(db):
    client_id, secret = create_application("Program", "https://program.example.com/back")
    return Application.objects.get(client_id=client_id), secret


def test_who_is_logged_in_stays_and_old_log_ins_go(alice, bob):
    here, gone = Client(), Client()
    here.force_login(alice)
    gone.force_login(bob)
    Session.objects.filter(pk=gone.session.session_key).update(expire_date=timezone.now() - timedelta(days=1))

    clean_up()

    assert list(Session.objects.values_list("pk", flat=True)) == [here.session.session_key]
    assert here.get("/admin/").status_code == 200


def test_tokens_that_open_nothing_go(alice):
    tokens = get_access_token_model().objects
    create_token(alice, timezone.now() - LONG_AGO)
    tokens.update(expires=timezone.now() - timedelta(days=1))
    token = create_token(alice, timezone.now())

    clean_up()

    assert tokens.count() == 1
    assert Client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_refresh_token_works_however_long_its_access_token_is_expired(alice, program):
    application, secret = program
    past = timezone.now() - LONG_AGO
    access = get_access_token_model().objects.create(
        user=alice, application=application, token="a" * 40, expires=past, scope="write"
    )
    get_refresh_token_model().objects.create(user=alice, application=application, token="b" * 40, access_token=access)

    clean_up()

    body = {"grant_type": "refresh_token", "refresh_token": "b" * 40, "client_id": application.client_id}
    answer = Client().post("/oauth2/token", body | {"client_secret": secret}, "application/json")
    assert "access_token" in answer.json()


def test_old_codes_that_confirm_phones_go(alice):
    now = timezone.now()
    for age in (timedelta(hours=20), timedelta(days=3)):
        alice.phone_codes.create(number="+19495550177", created_at=now - age, expires_at=now - age)

    clean_up()

    assert [now - code.created_at for code in alice.phone_codes.all()] == [timedelta(hours=20)]


def test_codes_that_were_never_exchanged_go(alice, program):
    grants = get_grant_model().objects
    past = timezone.now() - timedelta(hours=1)
    grants.create(user=alice, application=program[0], code="c" * 40, expires=past, redirect_uri="", scope="write")

    clean_up()

    assert not grants.exists()


def test_the_admins_log_is_kept_for_a_year(alice):
    for days in (364, 366):
        kind = ContentType.objects.get_for_model(Application)
        entry = LogEntry.objects.create(user=alice, content_type=kind, object_id=days, action_flag=CHANGE)
        LogEntry.objects.filter(pk=entry.pk).update(action_time=timezone.now() - timedelta(days=days))

    clean_up()

    assert [entry.object_id for entry in LogEntry.objects.all()] == ["364"]


def test_beat_announces_tasks_that_a_worker_knows():
    for module in settings.CELERY_IMPORTS:
        import_module(module)

    announced = {entry["task"] for entry in SCHEDULE.values()}
    assert "core.cleanup.clean_up" in announced
    assert announced <= set(app.tasks)
