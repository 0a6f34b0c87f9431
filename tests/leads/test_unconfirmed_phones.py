"""An unconfirmed phone gets no alert, and its replies and key presses claim nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from leads.alert_replies import claim_by_key
from leads.models import LeadOffer
from messaging.models import Message
from tests.leads.conftest import NOON, ZILLOW, make_option, offer_of, statuses, texts_to

REASON = "phone_not_confirmed"


def unconfirm(user):
    """The user enters another phone, which may belong to another person."""
    user.phone = "+1 949 555 0188"
    user.save()


def faults(reason):
    return [fault["code"] for fault in reason["details"]["faults"]]


@pytest.fixture
def offered(api, alice, lead, run):
    """Bob was alerted by text and email."""
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


def to_phone(user):
    return Message.objects.filter(recipient=user.phone_e164)


def test_a_member_with_only_text_and_call_alerts_is_skipped(api, alice, bob, dana, lead, team):
    team.distribution_options.update(has_email_alert=False, has_call_alert=True)
    unconfirm(bob)

    offers = api(alice).post(f"/leads/{lead.pk}/offers").json()

    assert [offer["user"]["id"] for offer in offers] == [dana.pk]
    (skipped,) = api(alice).get(f"/leads/{lead.pk}/routing-trace").json()["skipped"]
    assert (skipped["user_id"], skipped["code"], faults(skipped)) == (bob.pk, "no_channel", [REASON])


def test_other_channels_are_used(api, alice, bob, lead, run):
    unconfirm(bob)

    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    offer = offer_of(lead, bob)
    assert (offer.status, offer.alert_text_id, offer.reply_number) == ("Sent", None, None)
    assert offer.alert_email_id
    assert not to_phone(bob).exists()


def test_a_phone_that_changes_before_the_turn_gets_no_alert(api, alice, bob, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    LeadOffer.objects.filter(user=bob).update(has_email_alert=False)
    unconfirm(bob)

    run()

    offer = offer_of(lead, bob)
    assert (offer.status, offer.end_code, faults({"details": offer.end_details})) == (
        "Cancelled",
        "no_channel",
        [REASON],
    )
    assert not to_phone(bob).exists()


def test_a_simulation_skips_the_member_too(api, alice, bob, route, options, team):
    team.distribution_options.update(has_email_alert=False)
    unconfirm(bob)

    simulated = api(alice).post("/lead-routes/simulate", {"lead": {"source_id": ZILLOW}})

    assert REASON in simulated.content.decode()


def test_the_team_lead_is_warned(api, alice, bob, team):
    option = make_option(team, bob)
    unconfirm(bob)

    (warning,) = api(alice).get(f"/team-member-distribution-options/{option.pk}").json()["warnings"]

    assert (warning["code"], warning["details"]) == (REASON, {})


def test_a_test_alert_is_not_sent_to_an_unconfirmed_phone(api, bob, team):
    make_option(team, bob, has_call_alert=True, has_email_alert=True)
    unconfirm(bob)

    ways = api(bob).post("/me/test-alert").json()["channels"]

    assert {way["channel"]: way["code"] for way in ways} == {"Text": REASON, "Email": "", "Phone": REASON}
    assert not to_phone(bob).exists()


def test_a_reply_from_an_unconfirmed_phone_claims_nothing(offered, bob, text_in):
    unconfirm(bob)

    text_in(bob.phone_e164, "1")

    assert statuses(offered)["Bob"] == "Sent"
    assert not to_phone(bob).exists()


def test_a_number_sent_to_another_phone_claims_nothing(offered, bob, dana, text_in):
    """Dana enters bob's phone as hers: his number still claims only for him."""
    dana.phone = bob.phone
    dana.save()

    text_in(bob.phone_e164, "1")

    assert statuses(offered)["Bob"] == "Claimed"


def test_a_text_from_an_unconfirmed_phone_is_that_of_a_stranger(alice, bob, text_in):
    unconfirm(bob)

    text_in(bob.phone_e164, "What is this?")
    assert not to_phone(bob).exists()

    text_in(bob.phone_e164, "Is the house still for sale?", to="+19495550190")
    message = Message.objects.get(recipient="+19495550190")
    assert (message.contact.owner_user, message.contact.mobile_phone) == (alice, bob.phone_e164)


def test_a_key_press_on_an_unconfirmed_phone_claims_nothing(api, alice, bob, lead, team, run):
    team.distribution_options.update(has_call_alert=True)
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    call = Message.objects.get(user=bob, channel="call")
    unconfirm(bob)

    assert claim_by_key(call, "1", NOON) == ""
    assert statuses(lead)["Bob"] == "Sent"


def test_an_assignment_to_an_unconfirmed_phone_is_notified_by_email_only(api, alice, bob, lead):
    unconfirm(bob)

    assert api(alice).post(f"/leads/{lead.pk}/reassign", {"user_id": bob.pk}).status_code in (200, 201)

    assert [message.channel for message in Message.objects.filter(user=bob)] == ["email"]


def desk(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_page_confirms_an_unconfirmed_phone(bob, team):
    make_option(team, bob)
    page = reverse("admin:leads_test_alert")
    assert "Confirm your phone" not in desk(bob).get(page).content.decode()
    unconfirm(bob)
    assert "Confirm your phone" in desk(bob).get(page).content.decode()
    assert b'name="confirm"' not in desk(bob).get(page).content

    desk(bob).post(page, {"send_code": ""})
    code = Message.objects.get(user=bob, purpose="code").body[:6]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    refused = desk(bob).post(page, {"code": wrong, "confirm": ""})
    assert refused.context["code_form"].errors.keys() == {"code"}
    desk(bob).post(page, {"code": code, "confirm": ""})

    bob.refresh_from_db()
    assert bob.confirmed_phone == bob.phone_e164
    assert "Confirm your phone" not in desk(bob).get(page).content.decode()
    assert desk(bob).post(page, {"code": code, "confirm": ""}).context["code_form"].errors.keys() == {"__all__"}


def test_a_confirmed_phone_gets_texts_again(api, alice, bob, lead, run):
    unconfirm(bob)
    api(bob).post("/me/phone/code")
    code = Message.objects.get(user=bob, purpose="code").body[:6]
    api(bob).post("/me/phone/confirm", {"code": code})

    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    assert len(texts_to(bob)) == 2
