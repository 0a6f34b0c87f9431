"""Alerts by phone call: the spoken text, and the effect of a key press."""

from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest
from django.test import Client
from twilio.request_validator import RequestValidator

from leads.models import Lead, RoutingTrace
from leads.notifications.alert_text import LeadAlertText, spoken_email, spoken_number
from messaging import consent
from messaging.models import Message
from teams.models import TeamMemberDistributionOption
from tests.leads.conftest import NOON, make_contact, offer_of, statuses

NEW = "New lead: Mary Jackson, Buyer, Irvine, $10,000,000, from Zillow. Press 1 to claim it."
YOURS = (
    "The lead is yours: Mary Jackson. 9 4 9, 5 5 5, 0 1 5 0; or mary at example dot com."
    " Again: 9 4 9, 5 5 5, 0 1 5 0; or mary at example dot com."
)


@pytest.fixture
def called(api, alice, lead, team):
    """Mary's lead, offered to bob and dana, who are called together."""
    team.mins_until_next_alert = 0
    team.save()
    team.distribution_options.update(has_text_alert=False, has_email_alert=False, has_call_alert=True)
    api(alice).post(f"/leads/{lead.pk}/offers")
    return lead


@pytest.fixture
def press(settings):
    """`press(user, "1")` presses a key in the last call to a user's phone; what is spoken next."""
    settings.PUBLIC_URL = "https://crm.example.com"

    def post(user, key, turn=1):
        call = calls_to(user).latest("pk")
        path = f"/webhooks/twilio/calls/keys?message={call.pk}&turn={turn}"
        form = {"CallSid": f"CA{call.pk:032x}", "CallStatus": "in-progress", "Digits": key}
        signed = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(settings.PUBLIC_URL + path, form)
        answer = Client().post(
            path, urlencode(form), "application/x-www-form-urlencoded", headers={"X-Twilio-Signature": signed}
        )
        assert answer.status_code == 200
        return fromstring(answer.content.decode()).findtext(".//Say")

    return post


def calls_to(user):
    return Message.objects.filter(channel="call", user=user)


def fresh(lead):
    return Lead.objects.get(pk=lead.pk)


def test_a_call_contains_no_more_than_the_text(called, bob, run, settings):
    run()

    call = calls_to(bob).get()
    assert (call.sender, call.recipient, call.purpose) == (settings.ALERT_NUMBER, bob.phone_e164, "alert")
    assert call.body == NEW
    assert offer_of(called, bob).alert_call == call
    assert statuses(called) == {"Bob": "Sent", "Dana": "Sent"}


def test_a_call_is_made_beside_the_other_alerts(api, alice, lead, team, bob, run):
    team.distribution_options.update(has_call_alert=True)
    api(alice).post(f"/leads/{lead.pk}/offers")

    run()

    assert sorted(Message.objects.filter(user=bob).values_list("channel", flat=True)) == ["call", "email", "text"]


def test_a_skipped_member_is_not_called(called, bob, dana, run):
    bob.is_active = False
    bob.save()

    run()

    assert statuses(called) == {"Bob": "Cancelled", "Dana": "Sent"}
    assert (calls_to(bob).count(), calls_to(dana).count()) == (0, 1)


def test_pressing_1_claims_and_speaks_the_contact_details(called, bob, run, press):
    run(seconds=30)

    assert press(bob, "1") == YOURS

    lead = fresh(called)
    assert (lead.claimed_by_user, lead.claimed_via, lead.time_to_claim) == (bob, "Phone", 30)
    assert lead.claimed_through == "key_press"
    assert statuses(called) == {"Bob": "Claimed", "Dana": "Lost"}
    assert press(bob, "1") == YOURS  # Twilio may ask twice


def test_pressing_1_after_a_claim_says_that_another_agent_has_the_lead(called, bob, dana, run, press):
    run()
    press(bob, "1")

    assert press(dana, "1") == "Already claimed: another agent has Mary Jackson."
    assert fresh(called).claimed_by_user == bob


def test_other_keys_claim_nothing_and_repeat_the_message(called, bob, run, press):
    run()

    assert press(bob, "2") == NEW
    assert press(bob, "2", turn=2) == "Goodbye."
    assert fresh(called).claimed_by_user is None


def test_a_claim_cancels_a_waiting_call(called, bob, dana, run, api):
    run()
    offer = offer_of(called, bob)

    api(bob).patch(f"/leads/{called.pk}/offers/{offer.pk}", {"status": "Claimed"})

    assert {call.status for call in (calls_to(bob).get(), calls_to(dana).get())} == {"cancelled"}
    assert fresh(called).claimed_via == "Phone"  # the channel of his alert


def test_a_member_who_declined_is_not_called_and_cannot_claim_by_key(called, bob, dana, run, api, press):
    run()
    api(bob).patch(f"/leads/{called.pk}/offers/{offer_of(called, bob).pk}", {"status": "Declined"})

    assert calls_to(bob).get().status == "cancelled"
    assert calls_to(dana).get().status == "queued"
    assert press(bob, "1") == "This lead is no longer open to you."
    assert fresh(called).claimed_by_user is None


@pytest.mark.parametrize("change", [{"phone": "+1 949 555 0199"}, {"is_active": False}])
def test_a_key_counts_only_on_the_members_confirmed_phone(called, bob, run, press, change):
    run()
    for name, value in change.items():
        setattr(bob, name, value)
    bob.save()

    assert press(bob, "1") == NEW
    assert fresh(called).claimed_by_user is None


def test_an_assignment_call_speaks_contact_details_after_a_key_press(api, alice, lead, team, bob, run, press):
    team.distribution_options.update(
        has_text_alert=False, has_email_alert=False, has_call_alert=True, assign_automatically=True
    )
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()

    assert calls_to(bob).get().body == (
        "A new lead is yours: Mary Jackson, Buyer, Irvine, $10,000,000, from Zillow. Press 1 to hear how to reach them."
    )
    assert press(bob, "1") == YOURS
    assert fresh(lead).claimed_via == "Auto"


def test_a_key_in_a_call_about_something_else_claims_nothing(called, bob, run, press):
    run()
    offer = offer_of(called, bob)
    offer.alert_call = None
    offer.save()

    assert press(bob, "1") == NEW
    assert fresh(called).claimed_by_user is None


# For the ear


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("(949) 555-0150", "9 4 9, 5 5 5, 0 1 5 0"),
        ("+1 949 555 0150", "9 4 9, 5 5 5, 0 1 5 0"),
        ("+44 20 7946 0123", "4 4 2 0 7 9 4 6 0 1 2 3"),
        ("ask for Mary", "ask for Mary"),
        ("", ""),
    ],
)
def test_phone_numbers_are_spoken_digit_by_digit(written, said):
    assert spoken_number(written) == said


def test_emails_are_spoken():
    assert spoken_email("mary.jackson@example.com") == "mary dot jackson at example dot com"
    assert spoken_email("") == ""


def test_each_contact_detail_is_spoken_once(db, alice):
    twice = make_contact(alice, home_phone="949-555-0150", office_phone="(310) 555-0142", email="")
    nowhere = make_contact(alice, mobile_phone="", email="")

    assert (
        LeadAlertText(Lead(contact=twice)).spoken_contact_details == "9 4 9, 5 5 5, 0 1 5 0; or 3 1 0, 5 5 5, 0 1 4 2"
    )
    assert LeadAlertText(Lead(contact=nowhere)).spoken_contact_details == "No phone and no email are known"


def test_an_opted_out_member_gets_no_call_alert(api, alice, bob, dana, lead, options):
    TeamMemberDistributionOption.objects.filter(user=bob).update(
        has_text_alert=False, has_email_alert=False, has_call_alert=True
    )
    consent.opt_out(bob.phone_e164, source="text", now=NOON)

    (offer,) = api(alice).made(f"/leads/{lead.pk}/offers", {})

    assert offer["user"]["id"] == dana.pk
    skipped = RoutingTrace.objects.get(lead=lead).skipped
    opted_out = {"code": "phone_opted_out", "details": {}}
    assert skipped == [{"user_id": bob.pk, "code": "no_channel", "details": {"faults": [opted_out]}}]
