"""Texts that come in, through the webhook as Twilio calls it."""

import re
import threading
from datetime import timedelta
from itertools import count
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from twilio.request_validator import RequestValidator

from crm.models import Contact
from messaging import consent, message_factory, outbox
from messaging.inbound import texts as inbox
from messaging.inbound.handlers import inbound_text_handlers
from messaging.models import Consent, Message
from messaging.signals import messages_settled, text_received
from tests.conftest import give_phone
from tests.messaging.conftest import CLIENT, make_client

STRANGER = "+14155550177"
TEXTS = "/webhooks/twilio/texts"

taken_by_us = []


def take_digits(message, now):
    """A handler of another app: takes lone digits."""
    if message.body.isdigit():
        taken_by_us.append(message.pk)
        return True
    return False


@pytest.fixture(autouse=True)
def handlers(settings, bobs_number):
    settings.PUBLIC_URL = "https://crm.example.com"
    taken_by_us.clear()
    with inbound_text_handlers.only(take_digits):
        yield


@pytest.fixture
def heard():
    """The signals that told of an inbound text: (contact, is_new)."""
    told = []

    def note(message, contact, is_new, now, **rest):
        told.append((contact, is_new))

    text_received.connect(note)
    yield told
    text_received.disconnect(note)


@pytest.fixture
def texts_in(settings, bobs_number):
    """`texts_in(body, sender=..., to=...)` posts a signed announcement; the answer comes back."""
    turn = count(1)

    def post(body="Hello", *, sender=CLIENT, to=bobs_number, sid="", path=TEXTS, signature=None, **more):
        form = {"MessageSid": sid or f"SM{next(turn):032x}", "From": sender, "To": to, "Body": body, **more}
        signed = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(settings.PUBLIC_URL + path, form)
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        return Client().post(path, urlencode(form), "application/x-www-form-urlencoded", headers=headers)

    return post


def test_a_reply_lands_on_the_contact(texts_in, client, bob, bobs_number, heard):
    answer = texts_in("Yes, Saturday suits me", NumMedia="1", MediaUrl0="https://example.com/house.jpg")

    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "text/xml", b"<Response></Response>")
    message = Message.objects.get()
    assert (message.status, message.purpose, message.channel) == ("received", "inbound", "text")
    assert (message.contact, message.user) == (client, bob)
    assert (message.sender, message.recipient) == (CLIENT, bobs_number)
    assert (message.body, message.media) == ("Yes, Saturday suits me", ["https://example.com/house.jpg"])
    assert heard == [(client, False)]


def test_a_text_that_lost_to_another_request_is_taken_in_all_the_same(texts_in, client):
    """Twilio announces it once, and would not again after a 500."""
    losses = [OperationalError("deadlock detected"), IntegrityError("a key that somebody else just wrote")]

    def lose(sender, **news):
        if losses:
            raise losses.pop()

    text_received.connect(lose)
    try:
        answer = texts_in("Yes, Saturday suits me")
    finally:
        text_received.disconnect(lose)

    assert answer.status_code == 200
    assert losses == []
    assert Message.objects.get().contact == client


def test_from_any_of_the_contacts_numbers(texts_in, client, heard):
    client.home_phone = "(310) 555-0143"
    client.save()

    texts_in(sender="+13105550143")

    assert heard == [(client, False)]


def test_a_forged_text_is_403_and_changes_nothing(texts_in, client, heard):
    assert texts_in("STOP", signature="").status_code == 403
    assert texts_in("STOP", signature="bm90IHR3aWxpbydz").status_code == 403

    assert not Message.objects.exists()
    assert not Consent.objects.exists()
    assert heard == []


def test_without_an_auth_token_nobody_can_sign(texts_in, client, settings):
    settings.TWILIO_AUTH_TOKEN = ""

    assert texts_in("STOP").status_code == 403


def test_a_signature_is_for_one_address_and_one_form(texts_in, client, settings):
    form = {"MessageSid": "SM1", "From": CLIENT, "To": "+19495550150", "Body": "Hi"}
    signer = RequestValidator(settings.TWILIO_AUTH_TOKEN)
    for_another_host = signer.compute_signature("https://evil.example.com" + TEXTS, form)
    for_another_body = signer.compute_signature(settings.PUBLIC_URL + TEXTS, form | {"Body": "Ho"})

    assert texts_in("Hi", sid="SM1", signature=for_another_host).status_code == 403
    assert texts_in("Hi", sid="SM1", signature=for_another_body).status_code == 403
    assert not Message.objects.exists()


def test_what_is_no_form_is_403(settings):
    signed = RequestValidator(settings.TWILIO_AUTH_TOKEN).compute_signature(settings.PUBLIC_URL + TEXTS, {})

    answer = Client().post(TEXTS, {"From": CLIENT}, "application/json", headers={"X-Twilio-Signature": signed})

    assert answer.status_code == 403


def test_a_replay_is_200_and_changes_nothing(texts_in, client, heard):
    assert texts_in("Hello", sid="SM77").status_code == 200
    assert texts_in("Hello", sid="SM77").status_code == 200

    assert Message.objects.count() == 1
    assert len(heard) == 1


def test_the_contact_of_the_user_who_owns_the_number_is_preferred(texts_in, bob, alice, charlie, client):
    make_client(alice)
    make_client(charlie)

    texts_in()

    assert Message.objects.get().contact == client


def test_most_of_all_the_one_they_work_with(texts_in, bob, alice, dana):
    worked_with = make_client(alice, assigned_user=bob)
    make_client(bob, assigned_user=dana)

    texts_in()

    assert Message.objects.get().contact == worked_with


def test_then_one_they_see_then_anybodys(texts_in, bob, team, alice, charlie):
    of_a_teammate = make_client(alice)
    of_a_stranger = make_client(charlie)
    texts_in()
    of_a_teammate.delete()
    texts_in()

    assert list(Message.objects.order_by("pk").values_list("contact", flat=True)) == [None, of_a_stranger.pk]


def test_a_reply_belongs_to_the_contact_who_was_texted_last(texts_in, bob, alice, text, provider, now):
    """Clara has the number as her mobile; her husband, added later, as his home phone."""
    husband = make_client(bob, phone="", home_phone=CLIENT)
    text()
    outbox.run_due(now)
    texts_in("Saturday suits me")
    assert Message.objects.filter(purpose="inbound").get().contact.first_name == "Clara"

    outbox.queue_messages([message_factory.text_to(husband, "And you?", now, user=bob)], now)
    texts_in("What is waiting was not read yet")
    outbox.run_due(now)
    texts_in("Me too")

    heard = list(Message.objects.filter(purpose="inbound").order_by("pk").values_list("contact", flat=True))
    assert heard == [heard[0], heard[0], husband.pk]
    assert heard[0] != husband.pk


def test_whom_another_number_of_ours_texted_last_does_not_count(texts_in, bob, alice, client, text, provider, now):
    husband = make_client(bob, phone="", home_phone=CLIENT)
    text()
    from_elsewhere = message_factory.text_to(husband, "Hello", now, user=bob)
    from_elsewhere.sender = "+19495550159"
    outbox.queue_messages([from_elsewhere], now)
    outbox.run_due(now)

    texts_in()

    assert Message.objects.get(purpose="inbound").contact == client


def test_who_was_texted_and_has_the_number_no_more_is_not_heard(texts_in, bob, client, text, provider, now):
    husband = make_client(bob, phone="", home_phone=CLIENT)
    sister = make_client(bob, phone="", office_phone=CLIENT)
    text()
    outbox.run_due(now)
    client.mobile_phone = "+13105550149"
    client.save()

    texts_in()

    assert Message.objects.get(purpose="inbound").contact == husband
    assert sister.pk > husband.pk


def test_then_the_mobile_comes_before_home_and_office(texts_in, bob, client, settings):
    make_client(bob, phone="", home_phone=CLIENT)
    make_client(bob, phone="", office_phone=CLIENT)

    texts_in()
    texts_in(to=settings.ALERT_NUMBER)

    assert set(Message.objects.values_list("contact", flat=True)) == {client.pk}


def test_whom_we_texted_last_is_looked_up_by_both_numbers(bob, client, now):
    """Also when PostgreSQL plans for any parameters, as it does from the sixth execution of a statement on."""
    texts = [message_factory.text_to(client, f"Text {turn}", now, user=bob) for turn in range(500)]
    for turn, text in enumerate(texts):
        text.recipient = f"+1310555{turn:04}"
    outbox.queue_messages(texts, now)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as captured:
        inbox.last_texted(CLIENT, "+19495550150")
        statement = captured[0]["sql"]
        cursor.execute("ANALYZE messaging_message")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        turned = re.sub(r"'(\+\d+|text|queued|held|cancelled|failed)'", "$1", statement)
        cursor.execute(f"PREPARE look_up(text) AS {turned}")
        cursor.execute("EXPLAIN EXECUTE look_up('x')")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("DEALLOCATE look_up")

    assert "message_to_contact" in plan


def test_a_stranger_becomes_a_contact(texts_in, bob, heard, now):
    texts_in("Is the house on Elm still for sale?", sender=STRANGER)
    texts_in("Hello?", sender=STRANGER)

    contact = Contact.objects.get()
    assert (contact.first_name, contact.mobile_phone, contact.mobile_e164) == (STRANGER, STRANGER, STRANGER)
    assert (contact.owner_user, contact.source.name, contact.source.user) == (bob, "Text", bob)
    assert heard == [(contact, True), (contact, False)]
    assert list(Message.objects.filter(purpose="inbound").values_list("contact", flat=True)) == [contact.pk] * 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sids", [("SM1", "SM1"), ("SM1", "SM2")])
def test_two_first_texts_of_a_stranger_at_once_make_one_contact(sids, texts_in, bob):
    def post(sid):
        try:
            texts_in(sender=STRANGER, sid=sid)
        finally:
            connections.close_all()

    posts = [threading.Thread(target=post, args=[sid]) for sid in sids]
    for thread in posts:
        thread.start()
    for thread in posts:
        thread.join()

    assert Contact.objects.count() == 1
    assert Message.objects.filter(purpose="inbound", contact=Contact.objects.get()).count() == len(set(sids))


def test_a_strangers_keyword_changes_the_opt_out_and_creates_nobody(texts_in, heard):
    texts_in("Stop.", sender=STRANGER)

    assert consent.state_of(STRANGER).opted_out
    assert not Contact.objects.exists()
    assert heard == []
    (row,) = Consent.objects.all()
    assert (row.kind, row.source, row.words, row.message) == ("opted_out", "text", "Stop.", Message.objects.get())


def test_stop_cancels_what_waits_for_the_number_whoever_sends_it(texts_in, client, text, provider, now, heard):
    message = text()

    texts_in("STOP")

    outbox.run_due(now)
    row = Message.objects.get(pk=message.pk)
    assert (row.status, row.reason) == ("cancelled", "The number has opted out of texts.")
    assert provider.taken == []
    assert heard == []
    assert Message.objects.get(purpose="inbound").contact == client


def test_start_lifts_it_and_yes_only_when_there_was_a_stop(texts_in, client, heard):
    texts_in("yes")
    assert not Consent.objects.exists()
    assert len(heard) == 1

    texts_in("STOP")
    texts_in("Yes!")
    assert not consent.state_of(CLIENT).opted_out
    texts_in("STOP")
    texts_in("START")
    assert not consent.state_of(CLIENT).opted_out
    assert len(heard) == 1


def test_what_the_carrier_understood_counts(texts_in, client):
    texts_in("arrêt", OptOutType="STOP")

    assert consent.state_of(CLIENT).opted_out


def test_help_is_answered_by_the_carrier(texts_in, client, heard):
    texts_in("HELP")

    assert heard == []
    assert Message.objects.get().status == "received"


def test_stop_among_other_words_is_no_keyword(texts_in, client, heard):
    texts_in("STOP by tomorrow at 5")

    assert not Consent.objects.exists()
    assert heard == [(client, False)]


def test_a_wish_in_ones_own_words_opts_out_as_stop_does(texts_in, client, text, provider, now, heard):
    message = text()

    texts_in("Please stop texting me!")

    outbox.run_due(now)
    assert consent.state_of(CLIENT).opted_out
    assert Message.objects.get(pk=message.pk).status == "cancelled"
    assert heard == [(client, False)]  # and it is a reply, which somebody should read

    texts_in("START")
    assert not consent.state_of(CLIENT).opted_out


def state_of(message):
    row = Message.objects.get(pk=message.pk)
    return row.status, row.not_before


def test_what_may_be_a_wish_to_stop_holds_automatic_texts_until_a_person_has_read_it(
    texts_in, client, bob, charlie, api, text, provider, now, heard
):
    message, path = text(), f"/contacts/{client.pk}/consents"

    texts_in("I told you to stop")
    texts_in("I told you to stop!")

    outbox.run_due(now)
    assert state_of(message) == ("held", now + timedelta(hours=1))
    assert provider.taken == []
    assert heard == [(client, False)] * 2
    (row,) = api(bob).get(path).json()["data"]
    assert (row["kind"], row["number"], row["words"]) == ("suspended", CLIENT, "I told you to stop")
    assert api(charlie).post(path, {"kind": "resumed", "number": CLIENT}).status_code == 404
    assert api(bob).post(path, {"kind": "resumed", "number": "+13105550199"}).status_code == 400
    assert api(bob).post(path, {"kind": "granted", "number": CLIENT}).status_code == 400

    assert api(bob).post(path, {"kind": "resumed", "number": CLIENT}).status_code == 201

    outbox.run_due(now)
    assert [body for _, body in provider.taken] == ["Hello Clara"]


def test_a_person_who_finds_it_was_a_wish_opts_the_number_out(texts_in, client, bob, api, text, provider, now):
    message = text()
    texts_in("wrong number")

    made = api(bob).post(f"/contacts/{client.pk}/consents", {"kind": "opted_out", "number": CLIENT})

    assert (made.status_code, made.json()["source"]) == (201, f"user {bob.pk}")
    assert state_of(message)[0] == "cancelled"
    assert consent.state_of(CLIENT).opted_out


def test_lifting_a_suspension_lifts_no_stop(texts_in, client, bob, api):
    texts_in("STOP")
    texts_in("I told you to stop")

    api(bob).post(f"/contacts/{client.pk}/consents", {"kind": "resumed", "number": CLIENT})

    assert consent.state_of(CLIENT).opted_out
    texts_in("START")
    assert consent.state_of(CLIENT) == consent.NOTHING_KNOWN


def test_a_strangers_wish_opts_out_and_creates_nobody(texts_in, heard):
    texts_in("please don't text me again", sender=STRANGER)

    assert consent.state_of(STRANGER).opted_out
    assert not Contact.objects.exists()
    assert heard == []


def test_those_whom_settings_name_may_take_a_text(texts_in, client, heard, bob):
    texts_in("3", sender=bob.phone_e164)
    texts_in("3")

    assert taken_by_us == list(Message.objects.order_by("pk").values_list("pk", flat=True))
    assert heard == []


def test_a_users_own_phone_is_told_what_the_number_is_for_each_time_within_bounds(texts_in, dana, heard, settings):
    texts_in("hello?", sender=dana.phone_e164)
    (answer,) = Message.objects.filter(purpose="alert")
    assert (answer.recipient, answer.sender, answer.body) == (dana.phone_e164, settings.ALERT_NUMBER, inbox.HELP)

    for turn in range(9):
        texts_in(f"Which one is it? {turn}", sender=dana.phone_e164)

    assert Message.objects.filter(purpose="alert").count() == 5
    assert not Contact.objects.exists()
    assert heard == []


def test_a_phone_that_answers_by_itself_is_not_answered(texts_in, dana):
    texts_in("I'm driving with Do Not Disturb While Driving turned on.", sender=dana.phone_e164)
    texts_in("Liked \u201cNew lead\u201d", sender=dana.phone_e164)

    assert not Message.objects.filter(purpose="alert").exists()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("Liked \u201cHello Clara\u201d", "reaction"),
        ("A rare verb \u201cHello Clara\u201d", "reaction"),
        ("I\u2019m driving with Do Not Disturb While Driving turned on.", "auto_reply"),
    ],
)
def test_what_a_handset_sends_by_itself_is_kept_and_is_no_reply(
    body, kind, texts_in, client, bob, api, text, provider, now, heard
):
    text()
    outbox.run_due(now)

    texts_in(body)

    (kept,) = api(bob).get(f"/contacts/{client.pk}/messages", {"purpose": "inbound"}).json()["data"]
    assert (kept["automatic"], kept["body"]) == (kind, body)
    assert heard == []


def test_a_wish_to_stop_in_an_automatic_text_counts(texts_in, client):
    texts_in("I'm driving with Do Not Disturb While Driving turned on. Stop texting me.")

    assert consent.state_of(CLIENT).opted_out


def test_a_reaction_to_how_to_stop_is_no_stop(texts_in, client):
    texts_in("Loved \u201cReply STOP to end\u201d")

    assert not Consent.objects.exists()


def test_a_strangers_automatic_answer_may_be_a_persons(texts_in, heard):
    texts_in("Liked \u201cHello\u201d", sender=STRANGER)
    assert not Contact.objects.exists()

    texts_in("I am out of the office and will respond on Monday.", sender=STRANGER)
    assert heard == [(Contact.objects.get(), True)]


def test_a_contact_at_a_phone_that_a_user_names_as_theirs_is_heard(texts_in, client, dana, heard):
    give_phone(dana, CLIENT)

    texts_in("Saturday suits me")
    texts_in("Please stop texting me")

    assert heard == [(client, False)] * 2
    assert not Message.objects.filter(purpose="alert").exists()
    assert consent.state_of(CLIENT).opted_out


def test_whoever_holds_a_users_phone_may_wish_to_be_left_alone(texts_in, dana, heard):
    texts_in("Please stop texting me", sender=dana.phone_e164)

    assert consent.state_of(dana.phone_e164).opted_out
    assert not Message.objects.filter(purpose="alert").exists()
    assert heard == []


def test_whether_they_were_told_is_looked_up_among_their_latest_messages(alice, bob, now):
    Message.objects.bulk_create(message_factory.alert_text(alice, f"Lead {number}", now) for number in range(500))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = inbox.messages_since(bob, now - timedelta(hours=1)).explain()

    assert "message_of_user" in plan
    assert re.search(r"Index Cond: .*user_id = .*created_at > ", plan)


def test_a_text_to_the_alert_number_from_a_known_contact_lands_there(texts_in, client, heard, settings):
    texts_in(to=settings.ALERT_NUMBER)

    assert heard == [(client, False)]


def test_a_stranger_to_the_alert_number_is_stored_and_nobodys(texts_in, settings, heard):
    assert texts_in(to=settings.ALERT_NUMBER, sender=STRANGER).status_code == 200

    assert Message.objects.get().contact is None
    assert heard == []


def test_a_text_to_a_number_that_is_not_ours_is_200_and_nothing(texts_in, client):
    assert texts_in(to="+19495550199").status_code == 200

    assert not Message.objects.exists()


def test_but_a_stop_to_it_counts(texts_in):
    texts_in("STOP", to="+19495550199")

    assert consent.state_of(CLIENT).opted_out


def test_our_own_numbers_do_not_talk_to_each_other(texts_in, settings):
    assert texts_in(sender=settings.ALERT_NUMBER).status_code == 200

    assert not Message.objects.exists()


def test_odd_texts_are_stored(texts_in, client):
    assert texts_in("nul \0 byte \U0001f3e0").status_code == 200
    assert texts_in("", NumMedia="many").status_code == 200
    assert texts_in(sender="AMAZON").status_code == 200
    assert texts_in(sender="").status_code == 200

    assert list(Message.objects.order_by("pk").values_list("body", "contact")) == [
        ("nul  byte \U0001f3e0", client.pk),
        ("", client.pk),
        ("Hello", None),
    ]


@pytest.mark.parametrize("sender", ["whatsapp:+13105550142", "AMAZON", "a name that is longer than any number"])
def test_a_keyword_from_what_is_no_number_is_only_stored(sender, texts_in, heard):
    assert texts_in("STOP", sender=sender).status_code == 200

    assert Message.objects.get().sender == sender
    assert not Consent.objects.exists()
    assert heard == []


def test_only_posts_are_answered(db):
    assert Client().get(TEXTS).status_code == 405


# Receipts


@pytest.fixture
def sent(text, provider, now):
    """A text that the provider took."""
    message = text()
    outbox.run_due(now)
    return Message.objects.get(pk=message.pk)


@pytest.fixture
def told(texts_in):
    """`told(sid, status)` posts a signed status callback."""

    def post(sid, status, query="", **more):
        path = f"/webhooks/twilio/texts/status{query}"
        return texts_in(sid=sid, path=path, MessageStatus=status, **more)

    return post


def state(message):
    row = Message.objects.get(pk=message.pk)
    return row.status, row.provider_status


def test_receipts_move_a_text_forward_only(sent, told, settled):
    assert state(sent) == ("sent", "")
    for status, then in [
        ("sending", ("sent", "sending")),
        ("delivered", ("delivered", "delivered")),
        ("sent", ("delivered", "delivered")),
        ("delivered", ("delivered", "delivered")),
        ("undelivered", ("delivered", "delivered")),
        ("read", ("delivered", "read")),
        ("failed", ("delivered", "read")),
    ]:
        assert told(sent.provider_sid, status).status_code == 200
        assert state(sent) == then
    assert settled == []  # it was told of when the provider took it


def test_an_undelivered_text_says_why(sent, told):
    told(sent.provider_sid, "undelivered", ErrorCode="30005")

    row = Message.objects.get(pk=sent.pk)
    assert (row.status, row.error_code, row.reason) == (
        "undelivered",
        30005,
        "The number is unknown or no longer in use.",
    )


def test_a_receipt_may_tell_of_an_opt_out(sent, told):
    told(sent.provider_sid, "failed", ErrorCode="21610")

    assert Consent.objects.get().source == "carrier"


def test_a_forged_receipt_is_403(sent, told):
    assert told(sent.provider_sid, "delivered", signature="x").status_code == 403
    assert state(sent) == ("sent", "")


def test_unknown_receipts_are_200_and_nothing(sent, told):
    assert told("SMnobodys", "delivered").status_code == 200
    assert told("SMnobodys", "delivered", query="?message=99999999999999999999").status_code == 200
    assert told(sent.provider_sid, "beamed").status_code == 200
    assert told(sent.provider_sid, "").status_code == 200
    assert state(sent) == ("sent", "")


def test_a_receipt_that_outruns_its_sid_adopts_the_text(text, told, now, provider, settled):
    message = text()
    dying = outbox.Drain(Message.Channel.TEXT, now)
    _, taken = dying.claim()
    dying.hand_over(taken[0])

    told("SMearly", "delivered", query=f"?message={message.pk}")
    dying.write(taken)

    row = Message.objects.get(pk=message.pk)
    assert (row.status, row.provider_sid) == ("delivered", "SMearly")
    assert (row.sent_at is not None, row.settled_at is not None, row.leased_until) == (True, True, None)
    assert settled == [(message.pk, "delivered")]
    assert outbox.next_due_at() is None


def test_a_receipt_names_no_text_that_has_another_sid(sent, told, client):
    told("SMother", "delivered", query=f"?message={sent.pk}")

    assert state(sent) == ("sent", "")


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_lost_to_another_transaction_is_noted_all_the_same(text, told, now):
    """Twilio reports a status once. Here each waits for what the other holds, until PostgreSQL ends the receipt's."""
    message, rivals = text(), text("A row that somebody else holds")
    dying = outbox.Drain(Message.Channel.TEXT, now)
    dying.claim()
    rows = Message.objects.select_for_update()
    waits, tries = threading.Barrier(2, timeout=20), []

    def wait_for_the_rival(messages, **rest):
        tries.append(messages)
        if len(tries) == 1:
            waits.wait()
        rows.get(pk=rivals.pk)

    def rival():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # so that it is the receipt's turn to give in
                rows.get(pk=rivals.pk)
                waits.wait()
                rows.get(pk=message.pk)
        finally:
            connections.close_all()

    other = threading.Thread(target=rival)
    messages_settled.connect(wait_for_the_rival)
    try:
        other.start()
        answer = told("SMdeadlock", "delivered", query=f"?message={message.pk}")
    finally:
        messages_settled.disconnect(wait_for_the_rival)
        other.join()

    assert (answer.status_code, len(tries)) == (200, 2)
    assert state(message) == ("delivered", "delivered")
