"""A contact is removed while others are at work with what hangs below it: they take turns, and nobody is the victim.

Each test holds what the other would hold at that moment, lets the removal run into it, and goes on as the other would.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from campaigns.communications import stop_on_reply
from campaigns.enrollment import enroll
from campaigns.models import Campaign, CampaignAction, ContactCommunication
from core.scheduler import engine
from crm.contact_actions import remove_contact
from crm.models import Contact, Event
from leads.distribution.capacity import CapacityGuard
from leads.jobs import send_offers as alerting
from leads.models import DistributionTarget, Lead, LeadOffer
from messaging import consent
from messaging.delivery_status import note_receipt
from messaging.gateways import Inbound, Receipt
from messaging.inbound.texts import receive
from messaging.models import Message, PhoneNumber, Template, TemplateFolder
from tests.concurrency import Rival

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2027, 3, 1, 20, tzinfo=UTC)  # Monday noon in Los Angeles
LATER = NOON + timedelta(minutes=30)
CLIENT = "+19495550150"


def two_days_later():
    return NOON + timedelta(days=2)


@pytest.fixture
def mary(alice):
    """A client of alice's, with one text of a campaign in the outbox and one still to come."""
    alice.system_phone = PhoneNumber.objects.create(number="+19495550199", user=alice).number
    alice.save()
    contact = Contact.objects.create(owner_user=alice, first_name="Mary", mobile_phone=CLIENT)
    folder = TemplateFolder.objects.create(user=alice, name="New")
    template = Template.objects.create(user=alice, template_folder=folder, template_type="Text", body="Hi")
    campaign = Campaign.objects.create(owner_user=alice, name="Drip")
    for minutes in (10, 60):
        CampaignAction.objects.create(
            campaign=campaign,
            type="Text Contact",
            template=template,
            timing_type="Delay by Minutes",
            delay_by_seconds=minutes * 60,
            is_stopped_on_text_reply=True,
        )
    enroll(campaign=campaign, contact=contact, started_by=alice, now=NOON)
    engine("campaigns.jobs.send_communications").run_due(LATER)
    return contact


@pytest.fixture
def removal():
    """`removal.begin(...)`: somebody who removes the contact."""
    return Rival()


def assert_removed():
    assert not Contact.objects.exists()
    assert not ContactCommunication.objects.exists()
    assert not Message.objects.exclude(contact=None).exists()


def test_while_it_is_told_that_a_text_was_taken(mary, removal):
    Message.objects.update(status="sending", leased_until=LATER)
    with transaction.atomic():
        message = Message.objects.select_for_update().get()
        removal.begin(lambda: remove_contact(mary, now=LATER))
        removal.wait_until_it_waits()
        note_receipt(Receipt("SM1", message.pk, "sent", frozenset({""}), "sent"), LATER)
    removal.finish()

    assert_removed()
    assert Message.objects.get().status == "sent"


def test_while_the_carrier_tells_that_the_number_has_opted_out(mary, removal):
    (waiting,) = Message.objects.all()
    sent = Message.objects.create(
        channel="text",
        purpose="campaign",
        status="sent",
        contact=mary,
        recipient=CLIENT,
        provider_sid="SM1",
        sent_at=NOON,
        settled_at=NOON,
    )
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=sent.pk)
        removal.begin(lambda: remove_contact(mary, now=LATER))
        removal.wait_until_it_waits()
        failed = Receipt("SM1", None, "failed", frozenset({""}), "failed", is_opt_out=True)
        note_receipt(failed, LATER)
    removal.finish()

    assert_removed()
    waiting.refresh_from_db()
    assert waiting.status == "cancelled"


def test_while_its_reply_stops_the_texts(mary, removal):
    with transaction.atomic():
        list(ContactCommunication.objects.filter(message=None).select_for_update())
        removal.begin(lambda: remove_contact(mary, now=LATER))
        removal.wait_until_it_waits()
        stop_on_reply(mary, number=CLIENT, agent=mary.owner_user, now=LATER)
    removal.finish()

    assert_removed()
    assert Message.objects.get().status == "cancelled"


def test_while_it_texts_stop(mary, removal):
    with transaction.atomic():
        assert receive(Inbound("SM2", sender=CLIENT, recipient="+19495550199", body="STOP"), LATER)
        removal.begin(lambda: remove_contact(mary, now=LATER))
        removal.wait_until_it_waits()
    removal.finish()

    assert_removed()
    assert consent.state_of(CLIENT).opted_out
    assert sorted(Message.objects.values_list("status", flat=True)) == ["cancelled", "received"]


def test_stop_counts_though_its_sender_is_just_being_removed(mary, removal):
    with transaction.atomic():
        remove_contact(mary, now=LATER)
        removal.begin(lambda: receive(Inbound("SM2", sender=CLIENT, recipient="+19495550199", body="STOP"), LATER))
        removal.wait_until_it_waits()
    removal.finish()

    assert_removed()
    assert consent.state_of(CLIENT).opted_out


@pytest.mark.parametrize(("verb", "body"), [("patch", {"company": "Acme"}), ("delete", None)])
def test_whoever_comes_a_moment_too_late_finds_nothing(api, alice, mary, verb, body):
    client, answers, path = api(alice), [], f"/contacts/{mary.pk}"
    late = Rival()
    with transaction.atomic():
        remove_contact(mary, now=LATER)
        late.begin(lambda: answers.append(getattr(client, verb)(path, *([body] if body else []))))
        late.wait_until_it_waits()
    late.finish()

    (answer,) = answers
    assert answer.status_code == 404
    assert answer.json()["message"] == "The record was removed by another request."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/events", {"contact_id": "{contact}", "type": "property_viewed"}),
        ("/events/{event}/properties", {"city": "Irvine"}),
        ("/contacts/{contact}/activities", {"kind": "Call"}),
    ],
)
def test_while_its_history_is_added_to(api, alice, mary, path, body):
    ids = {"contact": mary.pk, "event": Event.objects.create(user=alice, contact=mary, type="call").pk}
    filled = {key: value.format(**ids) for key, value in body.items()}
    client, answers, late = api(alice), [], Rival()
    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=mary.pk)
        late.begin(lambda: answers.append(client.post(path.format(**ids), filled)))
        late.wait_until_it_waits()
        remove_contact(mary, now=LATER)
    late.finish()

    assert [answer.status_code for answer in answers] == [404]
    assert_removed()


@pytest.mark.parametrize("is_new", [True, False])
def test_while_it_enters_a_campaign(api, settings, alice, mary, is_new):
    """For the first time, or again."""
    settings.CLOCK = f"{__name__}.two_days_later"
    ContactCommunication.objects.update(is_active=False)
    campaign = Campaign.objects.create(owner_user=alice, name="Another") if is_new else Campaign.objects.get()
    client, answers, late = api(alice), [], Rival()
    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=mary.pk)
        late.begin(lambda: answers.append(client.post(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk})))
        late.wait_until_it_waits()
        remove_contact(mary, now=LATER)
    late.finish()

    assert [answer.status_code for answer in answers] == [404]
    assert_removed()


@pytest.fixture
def lead(alice, bob, team, mary):
    """Mary asks for something, and bob's turn to hear of it has come."""
    rollout = DistributionTarget.TEAM_ROLLOUT
    lead = Lead.objects.create(owner_user=alice, contact=mary, team=team, distribution_target=rollout, created_at=NOON)
    LeadOffer.objects.create(lead=lead, team=team, user=bob, position=0, notify_at=NOON, has_email_alert=True)
    return lead


def test_while_a_member_is_alerted_to_its_lead(mary, lead, removal):
    with transaction.atomic():
        ((offer,),) = alerting.load_batch(alerting.lock_batch(NOON), NOON)
        removal.begin(lambda: remove_contact(mary, now=LATER))
        removal.wait_until_it_waits()
        alerting.decide_offers([offer], CapacityGuard([offer], NOON), NOON)
        alerting.queue_alerts([offer], NOON)
        alerting.save_outcomes([offer])
    removal.finish()

    assert_removed()
    assert not Lead.objects.exists()
    assert Message.objects.get(purpose="alert").status == "cancelled"


def test_an_agent_who_claims_the_lead_by_text_at_that_moment_is_told(bob, mary, lead, removal):
    bob.phone = "+1 949 555 0112"
    bob.save()
    lead.offers.update(status="Sent", reply_number=1, reply_phone=bob.phone_e164, alerted_at=NOON)
    with transaction.atomic():
        remove_contact(mary, now=LATER)
        removal.begin(lambda: receive(Inbound("SM2", sender=bob.phone_e164, recipient="+19495550199", body="1"), LATER))
        removal.wait_until_it_waits()
    removal.finish()

    answer = Message.objects.get(purpose="alert", recipient=bob.phone_e164)
    assert answer.body == "Lead 1 is no longer open to you. There is no lead for you to claim now."
