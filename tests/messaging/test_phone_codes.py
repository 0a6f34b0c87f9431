"""A user's phone is confirmed by a code before anything personal goes there."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings as installation
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from messaging import consent, outbox
from messaging.models import Message
from sandbox.models import EmulatedText
from teams.models import PhoneCode, User
from tests.concurrency import Rival
from tests.conftest import make_user

CODE, CONFIRM = "/me/phone/code", "/me/phone/confirm"
NEW_PHONE = "+19495550177"


@pytest.fixture
def erin(db):
    """An agent who has just entered another phone."""
    erin = make_user("Erin", "0115")
    erin.phone = NEW_PHONE
    erin.save()
    return erin


def code_of(user):
    """The code that waits in the outbox."""
    return re.search(r"\d{6}", Message.objects.filter(user=user, purpose="code").latest("pk").body)[0]


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def problem(answer):
    return answer.status_code, answer.json()["data"]["code"]


@pytest.mark.contract("Users", "`POST /me/phone/code` texts a code to the user's phone: 202", "ours")
def test_a_code_goes_to_the_phone_from_the_alert_number(erin, api):
    answer = api(erin).post(CODE)

    assert answer.status_code == 202
    assert answer.json().keys() == {"number", "created_at", "expires_at"}
    assert answer.json()["number"] == NEW_PHONE
    text = Message.objects.get(user=erin)
    assert (text.channel, text.purpose, text.status) == ("text", "code", "queued")
    assert (text.sender, text.recipient) == (installation.ALERT_NUMBER, NEW_PHONE)
    assert text.segments == 1
    stored = PhoneCode.objects.get()
    assert code_of(erin) not in (stored.code_hash, answer.content.decode())
    assert stored.expires_at - stored.created_at == timedelta(minutes=15)


@pytest.mark.contract("Users", "`POST /me/phone/confirm` confirms the phone by the code", "ours")
def test_the_code_confirms_the_phone(erin, api):
    assert api(erin).get("/me").json()["phone_confirmed_at"] is None
    api(erin).post(CODE)

    answer = api(erin).post(CONFIRM, {"code": code_of(erin)})

    assert answer.status_code == 200
    assert answer.json()["phone_confirmed_at"].endswith("Z")
    assert answer.json() == api(erin).get("/me").json()
    erin.refresh_from_db()
    assert erin.confirmed_phone == NEW_PHONE
    assert problem(api(erin).post(CONFIRM, {"code": code_of(erin)})) == (409, "phone_already_confirmed")
    assert problem(api(erin).post(CODE)) == (409, "phone_already_confirmed")


@pytest.mark.parametrize("blank", ["", " ", "-"])
def test_a_code_may_be_typed_with_a_gap(erin, api, blank):
    api(erin).post(CODE)
    code = code_of(erin)

    assert api(erin).post(CONFIRM, {"code": f" {code[:3]}{blank}{code[3:]} "}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": "12345"},
        {"code": "1234567"},
        {"code": "\u0661" * 6},
        {"code": "1" * 100_000},
        {"code": ["123456", "123456"]},
        {"code": {"a": 1}},
        {"code": "12345\x00"},
        {"code": "123456", "phone": "1"},
    ],
)
def test_what_is_no_code_is_refused_and_is_no_try(erin, api, body):
    api(erin).post(CODE)

    answer = api(erin).post(CONFIRM, body)

    assert answer.status_code == 400
    assert answer.json()["errors"]
    assert PhoneCode.objects.get().tries == 0


def test_a_code_may_be_tried_five_times(erin, api):
    api(erin).post(CODE)
    code = code_of(erin)

    for left in (4, 3, 2, 1, 0):
        answer = api(erin).post(CONFIRM, {"code": wrong(code)})
        assert problem(answer) == (400, "wrong_code")
        assert answer.json()["data"]["tries_left"] == left
        assert "code" in answer.json()["errors"]

    assert problem(api(erin).post(CONFIRM, {"code": code})) == (409, "no_open_code")
    erin.refresh_from_db()
    assert erin.confirmed_phone == ""


def test_a_code_expires(erin, api):
    api(erin).post(CODE)
    PhoneCode.objects.update(expires_at=PhoneCode.objects.get().created_at)

    assert problem(api(erin).post(CONFIRM, {"code": code_of(erin)})) == (409, "no_open_code")


def test_the_latest_code_counts_alone(erin, api):
    api(erin).post(CODE)
    first = code_of(erin)
    api(erin).post(CODE)
    if first == code_of(erin):
        api(erin).post(CODE)

    assert problem(api(erin).post(CONFIRM, {"code": first})) == (400, "wrong_code")
    assert api(erin).post(CONFIRM, {"code": code_of(erin)}).status_code == 200


def test_a_code_for_one_phone_or_user_confirms_no_other(erin, charlie, api):
    api(erin).post(CODE)
    code = code_of(erin)
    api(charlie).patch("/me", {"phone": NEW_PHONE})
    assert problem(api(charlie).post(CONFIRM, {"code": code})) == (409, "no_open_code")

    api(erin).patch("/me", {"phone": "+1 949 555 0178"})

    assert problem(api(erin).post(CONFIRM, {"code": code})) == (409, "no_open_code")


def test_a_user_gets_three_codes_an_hour_whatever_the_phone(erin, api):
    for digits in ("0171", "0172", "0173"):
        api(erin).patch("/me", {"phone": f"+1 949 555 {digits}"})
        assert api(erin).post(CODE).status_code == 202
    api(erin).patch("/me", {"phone": "+1 949 555 0174"})

    answer = api(erin).post(CODE)

    assert problem(answer) == (429, "too_many_codes")
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert Message.objects.filter(purpose="code").count() == 3


def test_a_number_gets_three_codes_an_hour_whoever_asks(erin, alice, bob, charlie, api):
    for user in (alice, bob, charlie):
        api(user).patch("/me", {"phone": NEW_PHONE})
        assert api(user).post(CODE).status_code == 202

    assert problem(api(erin).post(CODE)) == (429, "too_many_codes")


def test_a_user_gets_ten_codes_a_day(erin, api):
    for hours in range(10, 0, -1):
        assert api(erin).post(CODE).status_code == 202
        latest = PhoneCode.objects.latest("pk")
        PhoneCode.objects.filter(pk=latest.pk).update(created_at=latest.created_at - timedelta(hours=hours))

    assert problem(api(erin).post(CODE)) == (429, "too_many_codes")

    PhoneCode.objects.update(created_at=latest.created_at - timedelta(days=1))
    assert api(erin).post(CODE).status_code == 202


def test_without_a_phone_or_a_way_to_text_it_no_code_is_sent(erin, charlie, api, settings):
    consent.opt_out(NEW_PHONE, source="text", now=erin.created_at)
    assert problem(api(erin).post(CODE)) == (400, "opted_out")
    assert problem(api(erin).post(CONFIRM, {"code": "123456"})) == (409, "no_open_code")
    api(charlie).patch("/me", {"phone": ""})
    assert problem(api(charlie).post(CODE)) == (400, "no_phone")
    api(charlie).patch("/me", {"phone": "+1 949 555 0178"})
    settings.ALERT_NUMBER = ""
    assert problem(api(charlie).post(CODE)) == (400, "no_sender")
    assert not Message.objects.exists()


def test_the_code_is_read_on_the_phone_alone(erin, api, carrier, now, settings):
    api(erin).post(CODE)
    code, text = code_of(erin), Message.objects.get(user=erin)
    Message.objects.update(not_before=now)
    Message.objects.update(valid_until=now + timedelta(minutes=15))
    erin.is_staff = True
    erin.save()
    desk = Client()
    desk.force_login(erin)
    row = reverse("admin:messaging_message_change", args=[text.pk])
    pages = (row, reverse("admin:messaging_message_changelist"))
    assert not any(code in desk.get(page).content.decode() for page in pages)

    outbox.run_due(now)

    text.refresh_from_db()
    assert (text.status, text.recipient) == ("sent", NEW_PHONE)
    assert code not in text.body
    assert code in EmulatedText.objects.get().body
    assert not any(code in desk.get(page).content.decode() for page in pages)


@pytest.mark.parametrize("door", ["api", "save", "admin", "update_fields"])
def test_another_phone_is_unconfirmed_through_any_door(alice, api, door):
    assert alice.confirmed_phone
    match door:
        case "api":
            api(alice).patch("/me", {"phone": NEW_PHONE})
        case "admin":
            desk = Client()
            desk.force_login(alice)
            typed = {"phone": NEW_PHONE, "timezone": alice.timezone, "_save": ""}
            desk.post(reverse("admin:leads_test_alert"), typed)
        case "save":
            alice.phone = NEW_PHONE
            alice.save()
        case "update_fields":
            alice.phone = NEW_PHONE
            alice.save(update_fields=["phone"])

    alice.refresh_from_db()
    assert (alice.phone_e164, alice.confirmed_phone, alice.phone_confirmed_at) == (NEW_PHONE, "", None)


def test_the_database_keeps_no_confirmation_of_another_phone(alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(phone_e164=NEW_PHONE)


def test_the_same_phone_in_another_spelling_stays_confirmed(alice, api):
    before = api(alice).get("/me").json()["phone_confirmed_at"]

    api(alice).patch("/me", {"phone": "(949) 555-0111"})

    assert before
    assert api(alice).get("/me").json()["phone_confirmed_at"] == before


def test_nobody_confirms_a_phone_by_saying_so(erin, api):
    api(erin).patch("/me", {"phone_confirmed_at": "2027-01-05T20:00:00Z", "confirmed_phone": NEW_PHONE})

    assert api(erin).get("/me").json()["phone_confirmed_at"] is None


def test_an_operator_vouches_for_the_phones_they_enter(alice, bob, erin):
    alice.is_staff = True
    alice.save()
    desk = Client()
    desk.force_login(alice)
    page = reverse("admin:teams_user_change", args=[bob.pk])
    typed = {
        "email": bob.email,
        "phone": "949 555 0199",
        "timezone": bob.timezone,
        "is_active": "on",
        "paused_until_0": "",
        "paused_until_1": "",
    }
    answer = desk.post(page, typed)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    bob.refresh_from_db()
    assert bob.confirmed_phone == bob.phone_e164 == "+19495550199"

    chosen = {"action": "confirm_phones", "_selected_action": [str(erin.pk)]}
    desk.post(reverse("admin:teams_user_changelist"), chosen)

    erin.refresh_from_db()
    assert erin.confirmed_phone == NEW_PHONE


def test_phones_that_alerts_went_to_before_the_upgrade_stay_confirmed(erin, charlie):
    charlie.phone = ""
    charlie.save()
    migration = import_module("teams.migrations.0010_confirmed_phones")

    migration.confirm_existing(apps, None)

    erin.refresh_from_db()
    charlie.refresh_from_db()
    assert (erin.confirmed_phone, charlie.confirmed_phone) == (NEW_PHONE, "")
    assert erin.phone_confirmed_at


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_five_are_taken(erin, api):
    api(erin).post(CODE)
    code = code_of(erin)
    rival, theirs = Rival(), []
    rival.begin(lambda: theirs.extend(guess(erin, api, code) for _ in range(5)))
    mine = [guess(erin, api, code) for _ in range(5)]
    rival.finish()

    assert sorted([*mine, *theirs]) == [400] * 5 + [409] * 5


def guess(user, api, code):
    return api(user).post(CONFIRM, {"code": wrong(code)}).status_code
