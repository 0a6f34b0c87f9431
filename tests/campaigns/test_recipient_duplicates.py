"""One handset or mailbox gets a step of a campaign once, also where the person exists as several contacts."""

from datetime import timedelta

import pytest

from campaigns.enrollment import enroll
from campaigns.jobs import send_communications
from campaigns.models import ContactCommunication
from messaging.models import Message
from tests.campaigns.conftest import NOON, make_action, make_campaign, make_contact

DUE = NOON + timedelta(minutes=10)


@pytest.fixture
def twin(mary):
    """The same person, stored a second time."""
    return make_contact(
        mary.owner_user, first_name="Mary Ann", mobile_phone="+1 949.555.0150", email="MARY@example.com"
    )


def enter(campaign, *contacts, now=NOON):
    for contact in contacts:
        enroll(campaign=campaign, contact=contact, started_by=campaign.owner_user, now=now)


def recipients():
    return sorted(Message.objects.filter(purpose="campaign").values_list("recipient", flat=True))


@pytest.mark.contract(
    "Campaigns", "One number or address gets a step of a campaign once, whatever the number of its contacts", "ours"
)
@pytest.mark.parametrize("kind", ["Text Contact", "Email Contact"])
def test_a_person_who_exists_twice_gets_one_message(campaign, mary, twin, kind):
    make_action(campaign, kind)
    enter(campaign, mary, twin)

    send_communications.run_due(DUE)

    assert len(recipients()) == 1
    (refused,) = ContactCommunication.objects.filter(message=None)
    assert (refused.campaign_contact.contact, refused.is_active) == (twin, False)
    assert refused.reason


def test_so_it_is_when_the_second_is_enrolled_later(campaign, mary, twin):
    make_action(campaign)
    enter(campaign, mary)
    send_communications.run_due(DUE)
    enter(campaign, twin, now=NOON + timedelta(days=3))

    send_communications.run_due(NOON + timedelta(days=4))

    assert len(recipients()) == 1


def test_each_step_and_each_campaign_counts_by_itself(alice, campaign, mary, twin):
    make_action(campaign)
    make_action(campaign, delay_by_seconds=700)
    other = make_campaign(alice, name="Other")
    make_action(other)
    enter(campaign, mary, twin)
    enter(other, twin)

    send_communications.run_due(NOON + timedelta(hours=1))

    assert len(recipients()) == 3


def test_after_a_month_it_is_a_new_message(campaign, mary, twin):
    make_action(campaign)
    enter(campaign, mary)
    send_communications.run_due(DUE)
    enter(campaign, twin, now=NOON + timedelta(days=31))

    send_communications.run_due(NOON + timedelta(days=32))

    assert len(recipients()) == 2


def test_others_get_theirs(campaign, mary, twin):
    make_action(campaign)
    ann = make_contact(mary.owner_user, first_name="Ann")
    enter(campaign, mary, twin, ann)

    send_communications.run_due(DUE)

    assert recipients() == [mary.mobile_e164, ann.mobile_e164]
