"""Test alerts: to the user, and to members of a team that the user created."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from messaging import consent
from messaging.models import Message
from tests.leads.conftest import NOON, make_option

OWN = "/me/test-alert"


def told(user: Any) -> list[str]:
    """Return the channels on which a user was sent a message."""
    return list(Message.objects.filter(user=user, purpose="alert").order_by("pk").values_list("channel", flat=True))


def codes(answer: Any) -> dict[str, str]:
    return {way["channel"]: way["code"] for way in answer.json()["channels"]}


def of(option: Any) -> str:
    return f"/team-member-distribution-options/{option.pk}/test-alert"


@pytest.mark.contract("Teams", "`POST /me/test-alert` sends a test alert on every channel that is on", "ours")
def test_a_test_alert_is_sent_on_every_enabled_channel(api, bob, team, settings):
    make_option(team, bob, has_email_alert=True, has_call_alert=True)

    answer = api(bob).post(OWN)

    assert answer.status_code == 201
    assert answer.json()["user_id"] == bob.pk
    assert codes(answer) == {"Text": "", "Email": "", "Phone": ""}
    assert told(bob) == ["text", "email", "call"]
    text = Message.objects.get(user=bob, channel="text")
    assert (text.sender, text.recipient) == (settings.ALERT_NUMBER, bob.phone_e164)
    assert all("test alert" in body for body in Message.objects.values_list("body", flat=True))


def test_a_user_without_options_is_alerted_like_an_owner(api, charlie):
    assert codes(api(charlie).post(OWN)) == {"Text": "", "Email": "", "Phone": "channel_off"}


def test_unused_channels_are_listed_with_the_reason(api, alice, bob, dana, team):
    consent.opt_out(bob.phone_e164, source="text", now=NOON)
    dana.phone = ""
    dana.save()
    silent, phoneless = make_option(team, bob, has_call_alert=True), make_option(team, dana, has_email_alert=True)

    assert codes(api(alice).post(of(silent))) == {
        "Text": "phone_opted_out",
        "Email": "channel_off",
        "Phone": "phone_opted_out",
    }
    assert codes(api(alice).post(of(phoneless))) == {"Text": "no_phone", "Email": "", "Phone": "channel_off"}
    assert (told(bob), told(dana)) == ([], ["email"])


def test_without_a_usable_channel_the_status_is_200_with_reasons(api, alice, bob, team):
    option = make_option(team, bob)
    team.memberships.filter(user=bob).update(request_status="Pending")

    answer = api(alice).post(of(option))

    assert (answer.status_code, told(bob)) == (200, [])
    assert codes(answer)["Text"] == "invitation_not_accepted"


@pytest.mark.contract("Teams", "A second test alert to a user within a minute is 429", "ours")
def test_a_second_test_alert_within_a_minute_is_refused(api, alice, bob, team, clock):
    option = make_option(team, bob)
    assert api(alice).post(of(option)).status_code == 201
    clock.advance(seconds=20)

    answer = api(bob).post(OWN)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert "try again in 40 seconds" in answer.json()["message"]
    assert told(bob) == ["text"]
    clock.advance(seconds=40)
    assert api(bob).post(OWN).status_code == 201


def test_other_alerts_do_not_count_toward_the_limit(api, bob, team, lead, run):
    api(lead.owner_user).post(f"/leads/{lead.pk}/offers")
    run(minutes=0)
    assert told(bob)

    assert api(bob).post(OWN).status_code == 201


def test_only_the_creator_of_the_team_sends_test_alerts_to_members(api, bob, dana, charlie, team):
    option = make_option(team, bob)

    assert api(charlie).post(of(option)).status_code == 404
    assert api(dana).post(of(option)).status_code in (403, 404)
    assert told(bob) == []


def desk(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_the_admin_shows_the_channels_and_sends_a_test_alert(bob, team):
    make_option(team, bob)
    page = reverse("admin:leads_test_alert")

    shown = desk(bob).get(page).content.decode()
    answer = desk(bob).post(page, follow=True)

    assert "Send me a test alert" in shown
    assert "Not used: switched off" in shown
    assert said(answer) == [
        "A test alert is on its way by text.",
        "Not by email: switched off; not by call: switched off.",
    ]
    assert "try again in 60 seconds" in said(desk(bob).post(page, follow=True))[0]
    assert told(bob) == ["text"]


def test_a_button_on_the_options_of_a_member_sends_a_test_alert(alice, bob, team):
    option = make_option(team, bob)
    shown = desk(alice).get(reverse("admin:teams_teammemberdistributionoption_change", args=[option.pk]))
    button = reverse("admin:leads_member_test_alert", args=[option.pk])

    answer = desk(alice).post(button, follow=True)

    assert button in shown.content.decode()
    assert said(answer)[0] == "A test alert is on its way by text."
    assert desk(alice).get(button).status_code == 405
    assert told(bob) == ["text"]


def test_the_admin_refuses_charlie(bob, charlie, team):
    option = make_option(team, bob)

    answer = desk(charlie).post(reverse("admin:leads_member_test_alert", args=[option.pk]))

    assert answer.status_code == 302
    assert told(bob) == []


def test_the_list_of_offers_links_to_the_page(bob):
    assert (
        reverse("admin:leads_test_alert") in desk(bob).get(reverse("admin:leads_leadoffer_changelist")).content.decode()
    )


def test_the_account_menu_links_to_the_page(charlie):
    assert reverse("admin:leads_test_alert") in desk(charlie).get("/admin/").content.decode()
