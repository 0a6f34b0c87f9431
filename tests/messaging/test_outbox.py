"""The outbox through its promise: rows in, one message out, and what came of it on the row."""

import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from core.reasons import other_reason
from messaging import consent, message_factory, outbox
from messaging.gateways import MaybeSent, NotNow, OptedOut, Refused
from messaging.models import Consent, Message
from tests.messaging.conftest import CLIENT, make_client

Status = Message.Status
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def test_a_queued_text_is_handed_over_once(text, provider, now, outcome, settled):
    message = text("Hello Clara")

    assert outbox.next_due_at() == now
    assert outbox.run_due(now) == 1
    assert outbox.run_due(now) == 0

    assert provider.taken == [(CLIENT, "Hello Clara")]
    row = Message.objects.get(pk=message.pk)
    assert (row.status, row.provider_sid, row.sent_at, row.settled_at) == ("sent", f"SM{message.pk}", now, now)
    assert (row.sender, row.attempts, row.leased_until) == ("+19495550150", 1, None)
    assert settled == [(message.pk, "sent")]
    assert outbox.next_due_at() is None


def test_a_text_waits_for_its_time(text, provider, now):
    text(not_before=now + MINUTE)

    assert outbox.next_due_at() == now + MINUTE
    assert outbox.run_due(now) == 0
    assert outbox.run_due(now + MINUTE) == 1


def test_alerts_leave_before_campaign_texts(text, bob, provider, now):
    text("drip", not_before=now - MINUTE)
    outbox.queue_messages([message_factory.alert_text(bob, "A lead for you", now)], now)

    outbox.run_due(now)

    assert [body for _, body in provider.taken] == ["A lead for you", "drip"]


def test_an_alert_leaves_from_the_alert_number_at_any_hour(bob, provider, now, settings):
    midnight = now + timedelta(hours=12)
    (alert,) = outbox.queue_messages([message_factory.alert_text(bob, "A lead for you", midnight)], midnight)

    outbox.run_due(midnight)

    assert (alert.sender, alert.recipient) == (settings.ALERT_NUMBER, bob.phone_e164)
    assert len(provider.taken) == 1


def test_a_number_that_opted_out_is_not_texted(text, provider, now, outcome, settled):
    consent.opt_out(CLIENT, source="text", now=now)
    message = text()

    outbox.run_due(now)

    assert provider.taken == []
    assert outcome(message) == ("cancelled", "The number has opted out of texts.")
    assert settled == [(message.pk, "cancelled")]


def test_opting_in_again_lifts_an_opt_out(text, provider, now):
    consent.opt_out(CLIENT, source="text", now=now)
    consent.opt_in(CLIENT, source="text", now=now)
    text()

    outbox.run_due(now)

    assert len(provider.taken) == 1


def test_an_inquiry_does_not_lift_an_opt_out(client, now):
    consent.opt_out(CLIENT, source="text", now=now)
    consent.grant([CLIENT, ""], "lead 12", "asked for a showing", client, now)

    assert consent.state_of(CLIENT) == consent.State(opted_out=True, granted=True)
    assert consent.state_of("+13105550199") == consent.NOTHING_KNOWN


def test_without_known_consent_the_operator_decides(text, client, provider, now, settings, outcome):
    settings.TEXTS_TO_UNKNOWN_CONSENT = "refuse"
    unknown = text()
    outbox.run_due(now)
    consent.grant([CLIENT], "lead 12", "asked for a showing", client, now)
    known = text()
    outbox.run_due(now)

    assert outcome(unknown) == ("cancelled", "No consent to texts is known for this number.")
    assert outcome(known)[0] == "sent"


def test_an_imported_contact_needs_known_consent_whatever_the_operator_says(bob, bobs_number, provider, now, outcome):
    imported = make_client(bob, is_imported=True)
    (message,) = outbox.queue_messages([message_factory.text_to(imported, "Hi", now, user=bob)], now)

    outbox.run_due(now)

    assert outcome(message) == ("cancelled", "The contact was imported, and no consent to texts is known.")


def test_do_not_contact_stops_texts_and_emails(bob, bobs_number, provider, now, outcome):
    client = make_client(bob, is_do_not_contact=True)
    both = [
        message_factory.text_to(client, "Hi", now, user=bob),
        message_factory.email_to(client, "Hi", "Hi", now, user=bob),
    ]
    outbox.queue_messages(both, now)

    outbox.run_due(now)

    assert [outcome(message) for message in both] == [("cancelled", "The contact is marked do-not-contact.")] * 2


def test_at_night_a_text_is_held_until_eight(text, provider, now, outcome):
    night = now + timedelta(hours=10)  # 22:00
    message = text(not_before=night)

    assert outbox.run_due(night) == 1

    assert outcome(message) == ("held", "It is outside 8:00-21:00 in the recipient's time zone.")
    morning = outbox.next_due_at()
    assert morning == night + timedelta(hours=10)
    outbox.run_due(morning)
    assert outcome(message) == ("sent", "")


def test_night_may_fall_between_two_batches(text, provider, now, outcome, monkeypatch):
    """Half a second before 21:00 a run begins, and the first text takes Twilio some seconds."""
    seconds, clock = [0], time.monotonic
    monkeypatch.setattr(outbox.time, "monotonic", lambda: clock() + sum(seconds))
    evening = now + timedelta(hours=8, minutes=59, seconds=59.5)
    provider.batch, provider.script = 1, [lambda message: seconds.append(3)]
    first, second = text("one", not_before=evening), text("two", not_before=evening)

    outbox.run_due(evening)

    assert outcome(first) == ("sent", "")
    assert outcome(second) == ("held", "It is outside 8:00-21:00 in the recipient's time zone.")


@pytest.mark.parametrize("flush_after", [0, 60])
def test_night_may_fall_within_a_batch(text, provider, now, outcome, monkeypatch, flush_after):
    """A batch is cleared a second before 21:00, and its first text takes Twilio some seconds."""
    seconds, clock = [0], time.monotonic
    monkeypatch.setattr(outbox.time, "monotonic", lambda: clock() + sum(seconds))
    monkeypatch.setattr(outbox, "FLUSH_SECONDS", flush_after)
    evening = now + timedelta(hours=8, minutes=59, seconds=59)
    provider.script = [lambda message: seconds.append(3)]
    texts = [text(body, not_before=evening) for body in ("one", "two", "three")]

    outbox.run_due(evening)

    assert [body for _, body in provider.taken] == ["one"]
    assert [outcome(message) for message in texts] == [("sent", ""), ("queued", ""), ("queued", "")]
    outbox.run_due(evening + timedelta(seconds=4))
    assert outcome(texts[1]) == ("held", "It is outside 8:00-21:00 in the recipient's time zone.")
    assert Message.objects.get(pk=texts[1].pk).attempts == 0


def test_alerts_go_on_when_night_falls_within_a_batch(bob, provider, now, monkeypatch):
    seconds, clock = [0], time.monotonic
    monkeypatch.setattr(outbox.time, "monotonic", lambda: clock() + sum(seconds))
    provider.script = [lambda message: seconds.append(3)]
    outbox.queue_messages([message_factory.alert_text(bob, body, now) for body in ("one", "two")], now)

    outbox.run_due(now + timedelta(hours=8, minutes=59, seconds=59))

    assert [body for _, body in provider.taken] == ["one", "two"]


def test_the_last_second_of_the_day_is_day(text, provider, now, outcome):
    evening = now + timedelta(hours=8, minutes=59, seconds=59)
    message = text(not_before=evening)

    outbox.run_due(evening)

    assert outcome(message) == ("sent", "")


def test_a_held_text_that_lost_its_use_is_not_sent(text, provider, now, outcome):
    night = now + timedelta(hours=10)
    message = text(not_before=night, valid_until=night + MINUTE)

    outbox.run_due(night)
    outbox.run_due(outbox.next_due_at())

    assert outcome(message)[0] == "cancelled"
    assert provider.taken == []


def test_a_text_held_overnight_does_not_go_to_a_number_that_was_wrong(text, client, provider, now, outcome):
    night = now + timedelta(hours=10)
    message = text(not_before=night)
    outbox.run_due(night)
    client.mobile_phone = "+13105550199"
    client.save()

    outbox.run_due(outbox.next_due_at())

    assert outcome(message) == ("cancelled", "The contact no longer has this number.")
    assert provider.taken == []


def test_nothing_leaves_in_the_name_of_who_has_left(text, bob, client, provider, now, outcome):
    his = [text(), *outbox.queue_messages([message_factory.email_to(client, "Hi", "Hi", now, user=bob)], now)]
    bob.is_active = False
    bob.save()

    outbox.run_due(now)

    assert [outcome(message) for message in his] == [("cancelled", "The sender is deactivated.")] * 2
    assert provider.taken == []


def test_who_has_left_is_told_of_nothing_any_more(bob, dana, provider, now, outcome, mailoutbox):
    alerts = [
        message_factory.alert_text(bob, "New lead: Mary", now),
        message_factory.alert_email(bob, "New lead", "Mary", now),
    ]
    outbox.queue_messages([*alerts, message_factory.alert_text(dana, "New lead: Mary", now)], now)
    bob.is_active = False
    bob.save()

    outbox.run_due(now)

    assert [outcome(alert) for alert in alerts] == [("cancelled", "The recipient is deactivated.")] * 2
    assert provider.taken == [(dana.phone_e164, "New lead: Mary")]
    assert mailoutbox == []


def test_a_user_without_a_number_cannot_text(dana, client, provider, now, outcome):
    (message,) = outbox.queue_messages([message_factory.text_to(client, "Hi", now, user=dana)], now)

    outbox.run_due(now)

    assert outcome(message) == ("cancelled", "There is no number to send from.")


def test_a_contact_without_a_number_is_not_texted(bob, bobs_number, provider, now, outcome):
    client = make_client(bob, phone="call me")
    (message,) = outbox.queue_messages([message_factory.text_to(client, "Hi", now, user=bob)], now)

    outbox.run_due(now)

    assert outcome(message) == ("cancelled", "There is no valid phone number.")


def test_what_the_provider_refuses_fails_with_its_reason(text, provider, now, outcome, settled):
    provider.script = [Refused(other_reason("Not a mobile number (21614)"), 21614)]
    message = text()

    outbox.run_due(now)

    assert outcome(message) == ("failed", "Not a mobile number (21614)")
    assert Message.objects.get().error_code == 21614
    assert settled == [(message.pk, "failed")]


def test_the_carriers_opt_out_holds_for_all_that_waits(text, provider, now, outcome):
    first, second = text("one"), text("two", not_before=now + MINUTE)
    provider.script = [OptedOut(other_reason("The number has opted out of texts with its carrier."), 21610)]

    outbox.run_due(now)

    assert outcome(first)[0] == "failed"
    assert outcome(second) == ("cancelled", "The number has opted out of texts.")
    assert Consent.objects.get().source == "carrier"


def test_a_busy_provider_is_asked_again_later(text, provider, now, outcome):
    provider.script = [NotNow(other_reason("Twilio asked to slow down"), 20429, is_down=True)]
    first, second = text("one"), text("two")

    assert outbox.run_due(now) == 1

    assert outcome(first) == ("queued", "Twilio asked to slow down")
    assert outcome(second)[0] == "queued"
    assert provider.taken == []
    outbox.run_due(now)
    assert provider.taken == [(CLIENT, "two")]
    assert outbox.next_due_at() == now + 5 * SECOND
    outbox.run_due(now + 5 * SECOND)
    assert len(provider.taken) == 2


def test_it_is_not_asked_for_ever(text, provider, now, outcome):
    provider.script = [NotNow(other_reason("Twilio could not be reached."), is_down=True) for _ in range(50)]
    message = text()

    waits = 0
    while (due_at := outbox.next_due_at()) is not None:
        outbox.run_due(due_at)
        waits += 1

    assert waits == outbox.MOST_ATTEMPTS
    assert outcome(message) == ("failed", "Given up after 12 attempts. Twilio could not be reached.")


def test_nor_beyond_a_texts_use(text, provider, now, outcome):
    provider.script = [NotNow(other_reason("Twilio could not be reached."), is_down=True)]
    message = text(valid_until=now + 3 * SECOND)

    outbox.run_due(now)

    assert outcome(message) == ("failed", "It expired before it could be sent. Twilio could not be reached.")


def test_a_text_that_may_have_been_sent_is_adopted_when_found(text, provider, now, outcome, settled):
    provider.script = [MaybeSent(other_reason("Twilio did not answer (ReadTimeout)."))]
    message = text()

    outbox.run_due(now)

    assert outcome(message) == ("unknown", "Twilio did not answer (ReadTimeout).")
    assert settled == []
    provider.listed[message.pk] = "SMfound"
    assert outbox.next_due_at() == now + 30 * SECOND
    outbox.run_due(now + 30 * SECOND)
    row = Message.objects.get()
    assert (row.status, row.provider_sid, row.reason) == ("sent", "SMfound", "")
    assert provider.taken == []
    assert settled == [(message.pk, "sent")]


def test_a_text_that_may_have_been_sent_is_sent_when_it_is_not_found(text, provider, now, outcome):
    provider.script = [MaybeSent(other_reason("Twilio did not answer (ReadTimeout)."))]
    message = text()

    outbox.run_due(now)
    outbox.run_due(now + 30 * SECOND)

    assert outcome(message) == ("sent", "")
    assert provider.taken == [(CLIENT, "Hello Clara")]


def test_an_error_nobody_foresaw_is_doubt_not_another_text(text, provider, now, outcome):
    provider.script = [ZeroDivisionError("oops")]
    message = text()

    outbox.run_due(now)

    assert outcome(message)[0] == "unknown"


def test_after_a_time_out_the_rest_of_the_batch_is_let_go(text, provider, now, outcome):
    provider.script = [MaybeSent(other_reason("Twilio did not answer."))]
    first, second = text("one"), text("two")

    assert outbox.run_due(now) == 1

    assert outcome(first)[0] == "unknown"
    row = Message.objects.get(pk=second.pk)
    assert (row.status, row.attempts, row.leased_until) == ("queued", 0, None)


def test_what_a_dead_worker_left_is_looked_up_when_its_lease_is_over(text, provider, now, outcome):
    sent, unsent = text("one"), text("two")
    outbox.Drain(Message.Channel.TEXT, now).claim()  # and then the worker dies
    provider.listed[sent.pk] = "SMone"

    assert outbox.run_due(now + 59 * SECOND) == 0
    assert outbox.next_due_at() == now + MINUTE
    outbox.run_due(now + MINUTE)

    assert outcome(sent) == ("sent", "")
    assert outcome(unsent) == ("sent", "")
    assert provider.taken == [(CLIENT, "two")]


def test_before_that_it_is_left_to_its_worker(text, provider, now, outcome):
    taken = text("one")
    outbox.Drain(Message.Channel.TEXT, now).claim()
    text("two")

    outbox.run_due(now + 59 * SECOND)

    assert outcome(taken)[0] == "sending"
    assert provider.taken == [(CLIENT, "two")]


def test_a_late_result_of_a_worker_thought_dead_changes_nothing_but_that_it_was_sent(text, provider, now, outcome):
    slow = outbox.Drain(Message.Channel.TEXT, now)
    refused, accepted = text("one"), text("two")
    _, taken = slow.claim()
    provider.script = [Refused(other_reason("no"))]
    outbox.run_due(now + MINUTE)  # looked up, not found, queued again; the first is refused, the second sent
    provider.script = [NotNow(other_reason("later")), None]
    for message in taken:
        slow.hand_over(message)
    slow.write(taken)

    assert outcome(refused) == ("failed", "no")
    assert outcome(accepted) == ("sent", "")


def test_nor_does_it_disturb_the_worker_who_has_the_text_now(text, provider, now, outcome):
    slow = outbox.Drain(Message.Channel.TEXT, now)
    message = text()
    _, taken = slow.claim()
    later = outbox.Drain(Message.Channel.TEXT, now + MINUTE)
    later.look_up()
    later.claim()
    provider.script = [NotNow(other_reason("later"))]
    for late in taken:
        slow.hand_over(late)
    slow.write(taken)

    assert outcome(message)[0] == "sending"
    assert Message.objects.get().leased_until == now + 2 * MINUTE


def test_a_stop_after_the_claim_still_stops_what_was_not_handed_over(text, provider, now, outcome):
    provider.script = [lambda message: consent.opt_out(message.recipient, source="text", now=now)]
    first, second = text("one"), text("two")

    outbox.run_due(now)

    assert outcome(first)[0] == "sent"
    assert outcome(second) == ("cancelled", "The number has opted out of texts.")
    assert provider.taken == [(CLIENT, "one")]


def test_what_may_be_a_stop_after_the_claim_holds_automatic_texts(text, bob, client, provider, now, outcome):
    provider.script = [lambda message: consent.suspend(message.recipient, source="text", now=now)]
    first, second = text("one"), text("two")
    by_hand = text("three", purpose=Message.Purpose.PERSONAL, not_before=now + SECOND)

    outbox.run_due(now)

    assert outcome(first)[0] == "sent"
    assert outcome(second) == ("held", "The recipient may have opted out: read their last text.")
    assert Message.objects.get(pk=second.pk).attempts == 0

    outbox.run_due(now + SECOND)
    assert outcome(by_hand)[0] == "sent"

    consent.resume(CLIENT, source="reading", now=now + MINUTE)
    outbox.run_due(now + MINUTE)
    assert outcome(second)[0] == "sent"


def test_cancelling_takes_only_what_nobody_is_sending(text, provider, now, outcome, settled):
    taken = text("one")
    outbox.Drain(Message.Channel.TEXT, now).claim()
    waiting = text("two")

    assert outbox.cancel(Message.objects.all(), reason=other_reason("The client replied."), now=now) == 1

    assert outcome(taken)[0] == "sending"
    assert outcome(waiting) == ("cancelled", "The client replied.")
    assert settled == [(waiting.pk, "cancelled")]
    assert outbox.cancel(Message.objects.all(), reason=other_reason("Again"), now=now) == 0


def test_a_removed_contacts_messages_are_cancelled(text, client, provider, now, outcome):
    message = text()

    client.delete()

    outbox.run_due(now)
    assert provider.taken == []
    assert outcome(message) == ("cancelled", "The contact was removed.")


def test_nor_is_sent_again_what_was_in_doubt_when_the_contact_was_removed(text, bob, client, provider, now, outcome):
    provider.script = [MaybeSent(other_reason("Twilio did not answer (ReadTimeout)."))]
    message = text()
    (email,) = outbox.queue_messages([message_factory.email_to(client, "Hi", "Hi", now + MINUTE, user=bob)], now)
    outbox.run_due(now)
    Message.objects.filter(pk=email.pk).update(status="sending", leased_until=now)
    client.delete()
    Message.objects.filter(pk=email.pk).update(status="queued", leased_until=None)

    outbox.run_due(now + MINUTE)

    assert provider.taken == []
    assert mail.outbox == []
    assert [outcome(each) for each in (message, email)] == [("cancelled", "The contact was removed.")] * 2


def test_a_further_text_costs_one_query_the_last_look_at_its_consent(bob, client, provider, now):
    def cost(count):
        outbox.queue_messages([message_factory.text_to(client, "Hi", now, user=bob) for _ in range(count)], now)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            outbox.run_due(now)
        return len(queries)

    assert cost(15) == cost(1) + 14


def test_emails_leave_by_the_mail_backend(bob, client, now, settings, outcome):
    (message,) = outbox.queue_messages(
        [message_factory.email_to(client, "Your\nhome", "Hello", now, user=bob, html="<p>Hello</p>")], now
    )

    outbox.run_due(now)

    (email,) = mail.outbox
    assert (email.to, email.subject, email.body) == (["clara@example.com"], "Your home", "Hello")
    assert email.from_email == "Bob Example <crm@example.com>"
    assert email.reply_to == ["Bob Example <bob@example.com>"]
    assert email.alternatives[0][0] == "<p>Hello</p>"
    assert email.extra_headers["Message-ID"] == Message.objects.get().provider_sid
    assert outcome(message) == ("sent", "")


def test_an_alert_email_comes_from_the_installation(bob, now, settings):
    outbox.queue_messages([message_factory.alert_email(bob, "A lead", "For you", now)], now)

    outbox.run_due(now)

    assert (mail.outbox[0].from_email, mail.outbox[0].to) == (settings.DEFAULT_FROM_EMAIL, [bob.email])


def test_an_email_that_may_have_been_sent_is_never_sent_again(bob, client, now, settings, outcome, settled):
    message = message_factory.email_to(client, "Hi", "Hi", now, user=bob)
    outbox.queue_messages([message], now)
    outbox.Drain(Message.Channel.EMAIL, now).claim()  # and then the worker dies

    outbox.run_due(now + MINUTE)

    reason = "The worker that was sending it stopped. It may have been sent, so it is not sent again."
    assert outcome(message) == ("unknown", reason)
    assert settled == [(message.pk, "unknown")]
    assert mail.outbox == []
    assert outbox.next_due_at() is None


@pytest.mark.parametrize("was_sent", [True, False])
def test_the_sandboxs_mailbox_tells_whether_it_was(was_sent, bob, client, now, settings, outcome):
    settings.EMAIL_BACKEND = "sandbox.mailbox.SandboxMailBackend"
    from sandbox.models import Email  # noqa: PLC0415 -- an app of the sandbox only

    message = message_factory.email_to(client, "Hi", "Hi", now, user=bob)
    outbox.queue_messages([message], now)
    dying = outbox.Drain(Message.Channel.EMAIL, now)
    _, taken = dying.claim()
    if was_sent:
        dying.hand_over(taken[0])  # and the worker dies before it writes that down

    outbox.run_due(now + MINUTE)

    assert outcome(message) == ("sent", "")
    assert Email.objects.count() == 1


def test_an_address_that_is_none_gets_no_email(bob, client, now, outcome):
    client.email = "clara at example"
    (message,) = outbox.queue_messages([message_factory.email_to(client, "Hi", "Hi", now, user=bob)], now)

    outbox.run_due(now)

    assert outcome(message) == ("cancelled", "There is no valid email address.")


def test_a_stuck_provider_leaves_the_other_channel_alone(text, bob, client, provider, now, outcome):
    """Both of the slots for texts are taken by threads that hang; emails go on, and a third text run turns away."""
    message = text()
    outbox.queue_messages([message_factory.email_to(client, "Hi", "Hi", now, user=bob)], now)
    slots = outbox.SLOTS[Message.Channel.TEXT]
    assert slots.acquire(blocking=False)
    assert slots.acquire(blocking=False)
    try:
        assert outbox.run_due(now) == 1
    finally:
        slots.release(2)

    assert len(mail.outbox) == 1
    assert outcome(message)[0] == "queued"


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_text(bob, client, provider, now):
    outbox.queue_messages([message_factory.text_to(client, f"Text {n}", now, user=bob) for n in range(100)], now)

    def work():
        try:
            outbox.run_due(now)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(body for _, body in provider.taken) == sorted(f"Text {n}" for n in range(100))
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_of_a_send_and_a_cancellation_at_once_one_wins(text, provider, now, outcome):
    message = text()
    cancelled = []

    def cancel():
        try:
            cancelled.append(outbox.cancel(Message.objects.all(), reason=other_reason("The client replied."), now=now))
        finally:
            connections.close_all()

    rival = threading.Thread(target=cancel)
    with transaction.atomic():
        outbox.Drain(Message.Channel.TEXT, now).claim()
        rival.start()  # waits for the row
        rival.join(timeout=0.3)
        assert cancelled == []
    rival.join()

    assert cancelled == [0]
    assert outcome(message)[0] == "sending"


@pytest.mark.django_db(transaction=True)
def test_and_if_the_cancellation_came_first_nothing_is_sent(text, provider, now, outcome):
    message = text()

    def run():
        try:
            outbox.run_due(now)
        finally:
            connections.close_all()

    rival = threading.Thread(target=run)
    with transaction.atomic():
        outbox.cancel(Message.objects.all(), reason=other_reason("The client replied."), now=now)
        rival.start()
        rival.join()  # passes over the row

    outbox.run_due(now)
    assert outcome(message) == ("cancelled", "The client replied.")
    assert provider.taken == []
