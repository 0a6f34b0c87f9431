"""What is due goes out once, as the right message from the right sender, or is closed with the reason."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.communications import complete
from campaigns.enrollment import enroll, enroll_many
from campaigns.jobs import send_communications
from campaigns.models import ContactCommunication
from messaging import outbox
from messaging.gateways import Inbound
from messaging.inbound.texts import receive
from messaging.models import Message, Template
from teams.models import User
from tests.campaigns.conftest import (
    NOON,
    NUMBER,
    communications,
    make_action,
    make_campaign,
    make_contact,
    make_template,
    messages,
    start,
    states,
)
from tests.concurrency import Rival

MARYS = {"mobile_phone": "(949) 555-0150"}  # the same person, kept as another contact


def enter(campaign, contact, now=NOON):
    return enroll(campaign=campaign, contact=contact, started_by=campaign.owner_user, now=now)[0]


def reply(contact, now):
    """The contact texts back, through the inbox."""
    text = Inbound(provider_sid=f"SM{now.timestamp()}", sender=contact.mobile_e164, recipient=NUMBER, body="Yes!")
    assert receive(text, now) is not None


def test_a_due_text_leaves_from_the_senders_number(campaign, mary):
    make_action(campaign)
    enter(campaign, mary)
    assert send_communications.next_due_at() == NOON + timedelta(minutes=10)
    assert send_communications.run_due(NOON + timedelta(minutes=9)) == 0

    assert send_communications.run_due(NOON + timedelta(minutes=10)) == 1

    message = Message.objects.get()
    assert (message.channel, message.purpose, message.status) == ("text", "campaign", "queued")
    assert (message.sender, message.recipient) == (NUMBER, "+19495550150")
    assert message.body == "Hi Mary, welcome."
    assert message.valid_until == NOON + timedelta(days=1, minutes=10)
    assert send_communications.next_due_at() is None


def test_a_second_tick_makes_no_second_message(campaign, mary):
    make_action(campaign)
    enter(campaign, mary)
    later = NOON + timedelta(hours=1)
    assert [send_communications.run_due(later), send_communications.run_due(later)] == [1, 0]
    assert Message.objects.count() == 1


def test_a_tick_that_fails_leaves_nothing_behind_and_is_made_up_for(campaign, mary, monkeypatch):
    make_action(campaign)
    enter(campaign, mary)
    later = NOON + timedelta(hours=1)
    monkeypatch.setattr(send_communications, "LINK", "SELECT no_such_column, %s, %s, %s")  # as after a migration
    with pytest.raises(ProgrammingError):
        send_communications.run_due(later)
    assert not Message.objects.exists()
    monkeypatch.undo()

    assert send_communications.run_due(later) == 1
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_what_is_due(campaign, alice, monkeypatch):
    monkeypatch.setattr(send_communications, "BATCH", 3)
    make_action(campaign)
    crowd = [make_contact(alice, mobile_phone=f"(949) 555-01{number:02}") for number in range(20)]
    enroll_many(campaign=campaign, contacts=crowd, started_by=alice, now=NOON)
    ready, done = Barrier(3), []

    def work():
        try:
            ready.wait()
            done.append(send_communications.run_due(NOON + timedelta(hours=1)))
        finally:
            connections.close_all()

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(done) == 20
    assert Message.objects.count() == len(set(Message.objects.values_list("recipient"))) == 20


def test_the_words_are_those_the_template_has_when_it_is_sent(campaign, mary):
    make_action(campaign)
    enter(campaign, mary)
    Template.objects.update(body="Dear {{last_name}}")
    send_communications.run_due(NOON + timedelta(hours=1))
    assert Message.objects.get().body == "Dear Jackson"


def test_an_email_speaks_for_its_sender(api, alice, campaign, mary, run, mailoutbox):
    make_action(campaign, "Email Contact")
    start(api, alice, campaign, mary)

    run(minutes=10)

    (email,) = mailoutbox
    assert (email.subject, email.body, email.to) == ("A home, Mary", "Hi Mary, welcome.", ["mary@example.com"])
    assert email.from_email == "Alice Example <crm@example.com>"
    assert email.reply_to == ["Alice Example <alice@example.com>"]


def test_names_in_an_html_email_are_only_names(api, alice, campaign, run, mailoutbox):
    template = make_template(alice, "Email", body="<p>Hi <b>{{first_name}}</b> &amp; co</p>")
    make_action(campaign, "Email Contact", template=template)
    start(api, alice, campaign, make_contact(alice, first_name="<i>Mary"))

    run(minutes=10)

    (email,) = mailoutbox
    assert email.alternatives[0][0] == "<p>Hi <b>&lt;i&gt;Mary</b> &amp; co</p>"
    assert email.body == "Hi <i>Mary & co"


def test_a_call_tells_the_sender_whom_to_call_and_what_to_say(api, alice, campaign, run, mailoutbox):
    contact = make_contact(alice, home_phone="949 555 0177")
    make_action(campaign, "Call Contact", notes="Be brief, {{agent_first_name}}.")
    start(api, alice, campaign, contact)

    run(minutes=10)

    (email,) = mailoutbox
    assert (email.to, email.subject) == (["alice@example.com"], "Call Mary Jackson")
    for words in ("(949) 555-0150", "949 555 0177", "Be brief, Alice.", "Hi Mary, welcome."):
        assert words in email.body
    assert states() == [("Call Contact", False, True, "")]


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("Text Contact", {"mobile_phone": ""}, "The contact has no mobile number."),
        ("Text Contact", {"mobile_phone": "n/a"}, "The contact has no mobile number."),
        ("Text Contact", {"mobile_phone": "", "home_phone": "949 555 0177"}, "The contact has no mobile number."),
        ("Text Contact", {"first_name": ""}, "{{first_name}} is empty, and the text has no fallback for it."),
        ("Email Contact", {"email": ""}, "The contact has no email address."),
        ("Call Contact", {"mobile_phone": ""}, "The contact has no phone number."),
        ("Call Contact", {"is_do_not_contact": True}, "The contact is marked do-not-contact."),
    ],
)
def test_what_cannot_be_said_is_closed_with_the_reason(alice, campaign, kind, fields, reason):
    make_action(campaign, kind)
    enter(campaign, make_contact(alice, **fields))
    assert send_communications.run_due(NOON + timedelta(hours=1)) == 1
    assert states() == [(kind, False, False, reason)]
    assert messages() == []


@pytest.mark.parametrize("kind", ["Text Contact", "Email Contact"])
def test_an_action_without_a_template_sends_nothing_and_says_why(api, alice, campaign, mary, run, kind):
    body = {"type": kind, "timing_type": "Delay by Minutes", "delay_by_seconds": 600}
    assert api(alice).made(f"/campaigns/{campaign.pk}/actions", body)["template_metadata_id"] == 0
    start(api, alice, campaign, mary)

    run(hours=1)

    (row,) = communications(api, alice, mary)
    assert (row["is_active"], row["completed_at"]) == (False, None)
    assert row["reason"] == (
        "There is no template: the action had none when the campaign started, or it was removed later."
    )
    assert messages() == []


def test_a_call_without_a_template_still_says_whom_to_call(campaign, mary, run, mailoutbox):
    make_action(campaign, "Call Contact", template=None)
    enter(campaign, mary)

    run(hours=1)

    assert "Please call Mary Jackson." in mailoutbox[0].body


def test_a_template_may_come_after_its_action(api, alice, campaign, mary, run):
    actions = f"/campaigns/{campaign.pk}/actions"
    body = {"type": "Text Contact", "timing_type": "Delay by Minutes", "delay_by_seconds": 600}
    action = api(alice).made(actions, body)
    template = make_template(alice, "Text")
    api(alice).patch(f"{actions}/{action['id']}", {"template_metadata_id": template.pk})
    start(api, alice, campaign, mary)

    run(hours=1)

    assert Message.objects.get().body == "Hi Mary, welcome."


@pytest.mark.parametrize("body", ["", " \n", "{{company| }}"])
@pytest.mark.parametrize(("kind", "template"), [("Text Contact", "Text"), ("Email Contact", "Email")])
def test_nobody_is_sent_an_empty_message(alice, campaign, mary, run, kind, template, body):
    make_action(campaign, kind, template=make_template(alice, template, body=body))
    enter(campaign, mary)

    run(hours=1)

    assert states() == [(kind, False, False, "The template is empty.")]
    assert messages() == []


def test_a_sender_must_be_here_and_have_a_number(alice, bob, team, campaign, mary):
    make_action(campaign, assigned_user=bob)
    enter(campaign, mary)
    send_communications.run_due(NOON + timedelta(hours=1))
    make_action(other := make_campaign(alice, "Seller Drip"))
    enter(other, mary)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    send_communications.run_due(NOON + timedelta(hours=1))
    assert [state[3] for state in states()] == [
        "There is no number to send from.",
        "The sender is deactivated.",
    ]


def test_a_text_held_when_its_sender_leaves_is_closed_and_those_of_others_go_on(
    api, alice, bob, team, campaign, mary, run, mailoutbox
):
    make_action(campaign, delay_by_seconds=10 * 3600)  # ten in the evening: held until the morning
    make_action(campaign, "Email Contact", delay_by_seconds=30 * 3600)
    make_action(campaign, "Email Contact", delay_by_seconds=30 * 3600, assigned_user=bob)
    enter(campaign, mary)
    run(hours=11)
    alice.is_active = False
    alice.save()

    run(hours=20)

    assert states() == [
        ("Text Contact", False, False, "The sender is deactivated."),
        ("Email Contact", False, False, "The sender is deactivated."),
        ("Email Contact", False, True, ""),
    ]
    assert [letter.to for letter in mailoutbox] == [["mary@example.com"]]


def test_one_that_cannot_be_said_holds_up_nobody(alice, campaign, mary):
    make_action(campaign)
    enter(campaign, make_contact(alice, mobile_phone=""))
    enter(campaign, mary)
    assert send_communications.run_due(NOON + timedelta(hours=1)) == 2
    assert messages() == [("text", "+19495550150", "queued")]


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("Text Contact", "x" * 1601, "The text is longer than 1,600 characters: carriers refuse it."),
        ("Text Contact", "\U0001f3e0" * 1_200_000, "The text is longer than 1,600 characters: carriers refuse it."),
        ("Email Contact", "<b>" * 101, "The HTML of the email may have at most 100 elements within each other."),
        ("Email Contact", "x" * 200_001, "The email is longer than 200,000 characters."),
        (
            "Email Contact",
            "Hi {first_name}",
            "There is no merge field {first_name} at position 4 (write {{first_name}}).",
        ),
    ],
)
def test_words_that_cannot_be_sent_hold_up_nobody(alice, campaign, mary, kind, body, reason):
    other = make_campaign(alice, "Odd")
    make_action(other, kind, template=make_template(alice, kind.split()[0], body=body))
    make_action(campaign)
    enter(other, mary)
    enter(campaign, mary)
    assert send_communications.run_due(NOON + timedelta(hours=1)) == 2
    assert states() == [(kind, False, False, reason), ("Text Contact", True, False, "")]
    assert messages() == [("text", "+19495550150", "queued")]


@pytest.mark.parametrize(
    "body",
    ["<b>&#" + "9" * 5_000 + ";</b>", "<b>&amp;#" + "9" * 5_000 + ";</b>", "<b>" + "<!--" * 24_999, "</" * 50_000],
)
def test_an_odd_template_that_was_saved_before_it_was_checked_holds_up_nobody(alice, campaign, mary, body):
    make_action(odd := make_campaign(alice, "Odd"), "Email Contact", template=make_template(alice, "Email", body=body))
    make_action(campaign)
    enter(odd, mary)
    enter(campaign, mary)

    assert send_communications.run_due(NOON + timedelta(hours=1)) == 2

    assert ("text", "+19495550150", "queued") in messages()
    assert send_communications.run_due(NOON + timedelta(hours=1)) == 0


def test_an_html_email_has_readable_text_beside_it(api, alice, campaign, mary, run, mailoutbox):
    body = (
        "<style>p {color: red}</style><p>Hi {{first_name}}</p><p>A<br>B</p><ul><li>Pool</ul>"
        '<a href="https://example.com/?to={{email}}">See</a> or write to <{{agent_email}}>'
    )
    make_action(campaign, "Email Contact", template=make_template(alice, "Email", body=body))
    start(api, alice, campaign, mary)

    run(minutes=10)

    (email,) = mailoutbox
    assert email.body == (
        "Hi Mary\n\nA\nB\n\n  * Pool\nSee (https://example.com/?to=mary@example.com) or write to <alice@example.com>"
    )
    assert email.alternatives[0][0].endswith("or write to &lt;alice@example.com>")


def test_a_text_email_with_angle_brackets_is_sent_as_typed(api, alice, campaign, mary, run, mailoutbox):
    body = "See: <https://example.com/homes/12>\n\nBob <bob@example.com>"
    make_action(campaign, "Email Contact", template=make_template(alice, "Email", body=body))
    start(api, alice, campaign, mary)

    run(minutes=10)

    (email,) = mailoutbox
    assert (email.body, email.alternatives) == (body, [])


def test_a_communication_is_open_until_the_provider_has_its_message(api, alice, campaign, mary, clock, sending):
    make_action(campaign)
    start(api, alice, campaign, mary)
    send_communications.run_due(clock.advance(minutes=10))
    assert states() == [("Text Contact", True, False, "")]

    outbox.run_due(clock.advance(seconds=3))

    row = ContactCommunication.objects.get()
    assert (row.is_active, row.completed_at, row.completing_user) == (False, clock.now, None)


def test_what_the_gate_refuses_is_closed_with_its_reason(api, alice, campaign, mary, run):
    mary.is_do_not_contact = True
    mary.save()
    make_action(campaign)
    start(api, alice, campaign, mary)
    run(minutes=10)
    assert states() == [("Text Contact", False, False, "The contact is marked do-not-contact.")]


def test_a_text_waits_out_quiet_hours_and_is_open_meanwhile(api, alice, campaign, mary, run, clock):
    make_action(campaign, delay_by_seconds=10 * 3600)  # ten in the evening
    start(api, alice, campaign, mary)
    run(hours=11)
    assert messages() == [("text", "+19495550150", "held")]
    assert states() == [("Text Contact", True, False, "")]
    run(hours=10)
    assert messages() == [("text", "+19495550150", "sent")]
    assert ContactCommunication.objects.get().completed_at == NOON + timedelta(hours=20)


def test_a_text_that_is_a_day_late_is_not_sent_any_more(campaign, mary, clock, run):
    make_action(campaign)
    enter(campaign, mary)
    clock.advance(days=3)
    run(minutes=0)
    assert [status for _, _, status in messages()] != ["sent"]
    ((_, is_active, completed, reason),) = states()
    assert (is_active, completed, bool(reason)) == (False, False, True)


@pytest.mark.contract("Contact communications", "A reply stops the texts that say so", "documented")
def test_a_reply_stops_the_texts_that_say_so_in_every_campaign(api, alice, campaign, mary, run, clock):
    seller = make_campaign(alice, "Seller Drip")
    for each in (campaign, seller):
        make_action(each, is_stopped_on_text_reply=True, delay_by_seconds=60)
        make_action(each, is_stopped_on_text_reply=True)
        make_action(each, is_stopped_on_text_reply=False)
        make_action(each, "Email Contact", is_stopped_on_text_reply=True)
        make_action(each, "Agent Task - No Reminder")
        start(api, alice, each, mary)
    other = make_contact(alice, mobile_phone="(949) 555-0151")
    start(api, alice, campaign, other)
    run(minutes=5)

    reply(mary, clock.now)
    run(days=1)

    stopped, done = (False, False, "The contact replied."), (False, True, "")
    for enrolment in mary.enrolments.all():
        assert [state[1:] for state in states(enrolment.communications.order_by("pk"))] == [done, stopped, done, done]
        assert enrolment.tasks.get().status == "incomplete"
    assert [state[1:] for state in states(other.enrolments.get().communications.all())] == [done] * 4


@pytest.fixture
def about_to_text(campaign):
    """`about_to_text(bob, contact)`: a text of bob's to a contact, which stops on a reply; `sender` may be another."""

    def plan(user, contact, sender=None):
        drip = make_campaign(user, f"Drip for {contact.pk}")
        template = make_template(user, "Text")
        make_action(drip, template=template, assigned_user=sender, is_stopped_on_text_reply=True)
        return enter(drip, contact)

    return plan


def is_stopped(enrolment):
    return [state[1:] for state in states(enrolment.communications.all())] == [(False, False, "The contact replied.")]


def test_a_reply_stops_the_texts_to_the_same_person_kept_twice(alice, mary, about_to_text, clock):
    twins = [make_contact(alice, **MARYS) for _ in range(2)]
    enrolments = [about_to_text(alice, contact) for contact in (mary, *twins)]

    reply(mary, clock.now)

    assert all(is_stopped(enrolment) for enrolment in enrolments)


def test_and_those_of_the_owner_for_whom_another_works_with_one_of_them(alice, bob, about_to_text, clock):
    contact = make_contact(bob, assigned_user=alice, **MARYS)
    enrolments = [about_to_text(bob, each) for each in (contact, make_contact(bob, **MARYS))]

    reply(contact, clock.now)

    assert all(is_stopped(enrolment) for enrolment in enrolments)


def test_a_reply_stops_the_texts_of_those_who_share_their_contacts(alice, bob, team, mary, about_to_text, clock):
    bobs = about_to_text(bob, make_contact(bob, **MARYS))

    reply(mary, clock.now)

    assert is_stopped(bobs)


def test_a_reply_to_one_agent_is_none_to_a_stranger(alice, charlie, mary, about_to_text, clock):
    """Charlie cannot see that she wrote to alice, and has not heard from her."""
    charlies = about_to_text(charlie, make_contact(charlie, **MARYS))

    reply(mary, clock.now)

    assert states(charlies.communications.all()) == [("Text Contact", True, False, "")]


def test_a_reply_stops_whatever_was_to_come_from_the_agent_who_got_it(alice, charlie, mary, about_to_text, clock):
    from_alice = about_to_text(charlie, make_contact(charlie, **MARYS), sender=alice)

    reply(mary, clock.now)

    assert is_stopped(from_alice)


def test_a_reply_to_the_alert_number_counts_as_one_to_its_owner(alice, mary, about_to_text, clock, settings):
    enrolments = [about_to_text(alice, contact) for contact in (mary, make_contact(alice, **MARYS))]

    receive(Inbound("SM1", sender=mary.mobile_e164, recipient=settings.ALERT_NUMBER, body="Yes!"), clock.now)

    assert all(is_stopped(enrolment) for enrolment in enrolments)


def test_a_reply_takes_a_waiting_text_out_of_the_outbox(api, alice, campaign, mary, run, clock):
    make_action(campaign, is_stopped_on_text_reply=True)
    start(api, alice, campaign, mary)
    send_communications.run_due(clock.advance(minutes=10))

    reply(mary, clock.now)
    run(days=1)

    assert states() == [("Text Contact", False, False, "The contact replied.")]
    assert Message.objects.get(purpose="campaign").status == "cancelled"


def test_a_keyword_is_no_reply(api, alice, campaign, mary, clock):
    """STOP is obeyed by the gate, with a reason of its own."""
    make_action(campaign, is_stopped_on_text_reply=True)
    start(api, alice, campaign, mary)
    receive(Inbound(provider_sid="SM1", sender=mary.mobile_e164, recipient=NUMBER, body="Stop"), clock.now)
    assert states() == [("Text Contact", True, False, "")]


def test_a_reply_from_any_of_their_phones_counts(api, alice, campaign, run, clock):
    contact = make_contact(alice, office_phone="(949) 555-0178")
    make_action(campaign, is_stopped_on_text_reply=True)
    start(api, alice, campaign, contact)
    receive(Inbound(provider_sid="SM1", sender="+19495550178", recipient=NUMBER, body="Hello"), clock.now)
    assert states() == [("Text Contact", False, False, "The contact replied.")]


def test_a_reply_does_not_touch_a_text_that_is_being_sent(api, alice, campaign, mary, clock):
    make_action(campaign, is_stopped_on_text_reply=True)
    start(api, alice, campaign, mary)
    send_communications.run_due(clock.advance(minutes=10))
    Message.objects.update(status="sending", leased_until=clock.now)

    reply(mary, clock.now)

    assert states() == [("Text Contact", True, False, "")]


def test_a_removed_contact_is_told_nothing_more(api, alice, campaign, mary, run, clock):
    make_action(campaign)
    make_action(campaign, delay_by_seconds=6000)
    start(api, alice, campaign, mary)
    send_communications.run_due(clock.advance(minutes=10))
    assert api(alice).delete(f"/contacts/{mary.pk}").status_code == 200
    run(days=1)
    assert [status for _, _, status in messages()] == ["cancelled"]
    assert not ContactCommunication.objects.exists()


def test_twenty_due_cost_the_statements_of_two(alice, campaign, django_assert_num_queries):
    make_action(campaign)
    make_action(campaign, "Email Contact")
    counts = []
    for size in (1, 10):
        crowd = [make_contact(alice) for _ in range(size)]
        enroll_many(campaign=campaign, contacts=crowd, started_by=alice, now=NOON)
        with CaptureQueriesContext(connection) as queries:
            assert send_communications.run_due(NOON + timedelta(hours=1)) == 2 * size
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["reply", "mark as done"])
def test_a_text_is_stopped_even_while_a_tick_is_queueing_it(alice, campaign, mary, how):
    make_action(campaign, is_stopped_on_text_reply=True)
    enter(campaign, mary)
    later, rival = NOON + timedelta(hours=1), Rival()
    planned = ContactCommunication.objects.get()
    with transaction.atomic():
        send_communications.run_due(later)
        if how == "reply":
            rival.begin(lambda: reply(mary, later))
        else:
            rival.begin(lambda: complete(planned, by=alice, now=later))
        rival.wait_until_it_waits()
    rival.finish()

    planned.refresh_from_db()
    assert not planned.is_active
    assert Message.objects.get(purpose="campaign").status == "cancelled"
