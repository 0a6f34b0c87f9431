"""What was sent and will be sent to a contact: the list, marking as done, opening again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.jobs import send_communications
from campaigns.models import ContactCommunication
from crm.models import ContactShare
from messaging import consent
from messaging.models import Message
from tests.campaigns.conftest import communications, make_action, make_campaign, make_contact, messages, start, states


def path(communication):
    return f"/contacts/{communication.campaign_contact.contact_id}/campaign-communications/{communication.pk}"


@pytest.fixture
def planned(api, alice, campaign, mary):
    """A text to mary, ten minutes from now."""
    make_action(campaign)
    start(api, alice, campaign, mary)
    return ContactCommunication.objects.get()


@pytest.fixture
def queued(planned, clock):
    """The text waits in the outbox."""
    send_communications.run_due(clock.advance(minutes=10))
    planned.refresh_from_db()
    assert planned.message.status == "queued"
    return planned


@pytest.fixture
def sent(planned, run):
    run(minutes=10)
    planned.refresh_from_db()
    assert (planned.message.status, planned.is_active) == ("sent", False)
    return planned


@pytest.mark.contract("Contact communications", "Found by `campaign_name[$like]=` and the rest", "documented")
def test_communications_are_found_as_documented(api, alice, campaign, mary):
    seller = make_campaign(alice, "Seller Drip")
    make_action(campaign, "Email Contact", delay_by_seconds=0)
    make_action(campaign, "Text Contact", delay_by_seconds=7200)
    make_action(seller, "Call Contact", delay_by_seconds=86400)
    for each in (campaign, seller):
        start(api, alice, each, mary)

    def found(**query):
        return [row["type"] for row in communications(api, alice, mary, **query)]

    assert found() == ["Email Contact", "Text Contact", "Call Contact"]
    assert found(**{"campaign_name[$like]": "%Buyer Drip%"}) == ["Email Contact", "Text Contact"]
    assert found(campaign_name="SELLER drip") == ["Call Contact"]
    assert found(type="text contact") == ["Text Contact"]
    assert found(is_active="false") == []
    assert found(**{"send_at[$gt]": "2027-03-01T20:00:00Z", "send_at[$lte]": "2027-03-01"}) == ["Text Contact"]
    assert found(template_name="Phone #1") == ["Call Contact"]
    assert found(**{"$sort[send_at]": -1}) == ["Call Contact", "Text Contact", "Email Contact"]
    assert api(alice).get(f"/contacts/{mary.pk}/campaign-communications?colour=red").status_code == 400


def test_communications_follow_their_contact(api, alice, bob, charlie, team, planned):
    listed = path(planned).rpartition("/")[0]
    assert [row["id"] for row in api(bob).get(listed).json()["data"]] == [planned.pk]
    assert api(charlie).get(listed).status_code == 404
    assert api(charlie).patch(path(planned), {"is_active": False}).status_code == 404
    another = make_contact(alice)
    elsewhere = f"/contacts/{another.pk}/campaign-communications/{planned.pk}"
    assert api(alice).patch(elsewhere, {"is_active": False}).status_code == 404


@pytest.mark.contract("Contact communications", "`GET /contacts/:id/campaign-communications/:id`", "inferred")
def test_one_is_read_by_itself(api, alice, charlie, planned):
    contact = planned.campaign_contact.contact
    path = f"/contacts/{contact.pk}/campaign-communications/{planned.pk}"
    assert api(alice).get(path).json() == communications(api, alice, contact)[0]
    assert api(charlie).get(path).status_code == 404


def test_only_reading_and_marking_is_possible(api, alice, planned):
    assert api(alice).post(path(planned).rpartition("/")[0], {}).status_code == 405
    assert api(alice).delete(path(planned)).status_code == 405


def test_twenty_communications_cost_what_two_do(api, alice, campaign, mary, clock):
    client, counts = api(alice), []
    for more in (2, 18):
        another = make_campaign(alice, f"Drip {more}")
        for _ in range(more):
            make_action(another)
        start(api, alice, another, mary)
        send_communications.run_due(clock.advance(minutes=10))
        Message.objects.update(status="held", code="quiet_hours")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/contacts/{mary.pk}/campaign-communications?$limit=100")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.contract(
    "Contact communications",
    "`is_active: false` completes it: `completed_at`, `completing_user_id`, and it is not sent",
    "documented",
)
def test_one_marked_as_done_is_not_sent(api, alice, bob, team, planned, run, clock):
    row = api(bob).patch(path(planned), {"is_active": "false", "send_at": "2030-01-01T00:00:00Z"}).json()

    assert (row["is_active"], row["completed_at"], row["completing_user_id"]) == (
        False,
        "2027-03-01T20:00:00.000Z",
        bob.pk,
    )
    assert row["send_at"] == "2027-03-01T20:10:00.000Z"
    run(days=1)
    assert messages() == []


def test_one_marked_as_done_leaves_the_outbox(api, alice, queued, run):
    row = api(alice).patch(path(queued), {"is_active": False}).json()

    assert (row["is_active"], row["completing_user_id"], row["reason"]) == (False, alice.pk, "")
    assert row["completed_at"] == "2027-03-01T20:10:00.000Z"
    run(days=1)
    assert messages() == [("text", "+19495550150", "cancelled")]


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_one_that_is_being_sent_cannot_be_marked_as_done(api, alice, queued, clock, state):
    Message.objects.update(status=state, leased_until=clock.now)

    answer = api(alice).patch(path(queued), {"is_active": False})

    assert answer.status_code == 409
    assert states() == [("Text Contact", True, False, "")]
    assert Message.objects.get().status == state


def test_marking_a_sent_one_changes_nothing(api, alice, sent):
    row = api(alice).patch(path(sent), {"is_active": False}).json()
    assert (row["completing_user_id"], row["completed_at"]) == (None, "2027-03-01T20:10:00.000Z")


def test_one_held_for_quiet_hours_says_until_when(api, alice, campaign, mary, run):
    make_action(campaign, delay_by_seconds=10 * 3600)  # ten in the evening
    start(api, alice, campaign, mary)

    run(hours=11)

    (row,) = communications(api, alice, mary)
    assert (row["is_active"], row["reason"]) == (
        True,
        "It is outside 8:00-21:00 in the recipient's time zone. Held until 2027-03-02T16:00Z.",
    )
    run(hours=10)
    (row,) = communications(api, alice, mary)
    assert (row["is_active"], row["reason"]) == (False, "")


def test_one_stopped_while_it_was_held_says_what_stopped_it(api, alice, campaign, mary, run):
    make_action(campaign, delay_by_seconds=10 * 3600)
    start(api, alice, campaign, mary)
    run(hours=11)
    text = ContactCommunication.objects.get()

    consent.opt_out(mary.mobile_e164, source="text", now=text.send_at)

    (row,) = communications(api, alice, mary)
    assert (row["is_active"], row["reason"]) == (False, "The number has opted out of texts.")


def test_a_refused_one_can_be_marked_as_done(api, alice, campaign, run):
    make_action(campaign)
    start(api, alice, campaign, make_contact(alice, mobile_phone=""))
    run(minutes=10)
    (refused,) = ContactCommunication.objects.all()
    assert (refused.is_active, refused.completed_at) == (False, None)

    row = api(alice).patch(path(refused), {"is_active": False}).json()

    assert (row["completed_at"], row["completing_user_id"]) == ("2027-03-01T20:10:00.000Z", alice.pk)


@pytest.mark.contract("Contact communications", "`is_active: true` opens it again", "inferred")
def test_one_opened_again_is_sent_at_its_time(api, alice, planned, run):
    api(alice).patch(path(planned), {"is_active": False})

    row = api(alice).patch(path(planned), {"is_active": True}).json()

    assert (row["is_active"], row["completed_at"], row["completing_user_id"]) == (True, None, None)
    assert row["send_at"] == "2027-03-01T20:10:00.000Z"
    run(minutes=10)
    assert messages() == [("text", "+19495550150", "sent")]


def test_one_opened_again_too_late_is_sent_at_once(api, alice, queued, clock, run):
    api(alice).patch(path(queued), {"is_active": False})
    clock.advance(hours=1)

    row = api(alice).patch(path(queued), {"is_active": True}).json()

    assert row["send_at"] == "2027-03-01T21:10:00.000Z"
    run(minutes=0)
    assert messages() == [("text", "+19495550150", "cancelled"), ("text", "+19495550150", "sent")]


def test_a_refused_one_can_be_opened_again_once_its_fault_is_mended(api, alice, campaign, run):
    contact = make_contact(alice, mobile_phone="")
    make_action(campaign)
    start(api, alice, campaign, contact)
    run(minutes=10)
    api(alice).patch(f"/contacts/{contact.pk}", {"mobile_phone": "(949) 555-0151"})

    (row,) = communications(api, alice, contact)
    assert row["reason"] == "The contact has no mobile number."
    assert api(alice).patch(f"/contacts/{contact.pk}/campaign-communications/{row['id']}", {"is_active": True})

    run(minutes=0)
    assert messages() == [("text", "+19495550151", "sent")]


def test_a_sent_one_cannot_be_opened_again(api, alice, sent, run):
    for status in ("sent", "delivered", "undelivered", "failed"):
        Message.objects.update(status=status)
        assert api(alice).patch(path(sent), {"is_active": True}).status_code == 409
    run(days=1)
    assert Message.objects.count() == 1


def test_one_that_may_have_been_sent_cannot_be_opened_again(api, alice, queued, clock):
    Message.objects.update(status="unknown", leased_until=clock.now, settled_at=clock.now)
    ContactCommunication.objects.update(is_active=False, code="maybe_sent")
    assert api(alice).patch(path(queued), {"is_active": True}).status_code == 409


def test_opening_an_open_one_changes_nothing(api, alice, queued):
    row = api(alice).patch(path(queued), {"is_active": True}).json()
    assert (row["is_active"], row["send_at"]) == (True, "2027-03-01T20:10:00.000Z")
    assert Message.objects.get().status == "queued"


def test_a_change_may_be_empty_but_not_nonsense(api, alice, planned):
    assert api(alice).patch(path(planned), {}).json()["is_active"] is True
    assert api(alice).patch(path(planned), {"is_active": "maybe"}).json()["errors"].keys() == {"is_active"}


@pytest.mark.contract("Contact communications", "Someone the contact is shared with may do so, too", "documented")
def test_someone_shared_with_may_mark(api, charlie, mary, planned):
    ContactShare.objects.create(contact=mary, user=charlie)
    assert api(charlie).patch(path(planned), {"is_active": False}).json()["completing_user_id"] == charlie.pk
