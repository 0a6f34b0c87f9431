"""Numbers of the emulated carrier, bought through the real client."""

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException

from sandbox.models import EmulatedNumber
from sandbox.twilio.phone_numbers import AREA_CODES, e164, on_sale
from sandbox.twilio.segments import count_segments

# With this app alone, emptying the tables after a test takes no time.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["sandbox"])

HANDSETS = [f"+1949555{line:04d}" for line in range(110, 150)]


def test_numbers_on_sale_belong_to_nobody(client):
    offered = client.available_phone_numbers("US").local.list(limit=3)

    assert [one.phone_number for one in offered] == ["+19495550101", "+19495550102", "+19495550103"]
    assert offered[0].capabilities == {"MMS": True, "SMS": True, "fax": False, "voice": True}


def test_numbers_are_offered_by_area_code(client):
    (offered,) = client.available_phone_numbers("US").local.list(area_code=206, limit=1)

    assert offered.phone_number == "+12065550101"


def test_a_number_is_bought_and_then_texts_leave_from_it(client):
    bought = client.incoming_phone_numbers.create(
        phone_number="+19495550101", sms_url="https://crm.example.com/texts", friendly_name="Bob"
    )

    assert (bought.phone_number, bought.sms_url, bought.friendly_name) == (
        "+19495550101",
        "https://crm.example.com/texts",
        "Bob",
    )
    assert client.messages.create(to="+19495550123", from_=bought.phone_number, body="Hi").status == "queued"
    assert [one.sid for one in client.incoming_phone_numbers.list(phone_number="+19495550101")] == [bought.sid]
    assert client.incoming_phone_numbers(bought.sid).fetch().phone_number == "+19495550101"


def test_a_number_is_bought_by_area_code(client):
    bought = [client.incoming_phone_numbers.create(area_code="949").phone_number for _ in range(2)]

    assert bought == ["+19495550101", "+19495550102"]


def test_the_alert_number_is_the_accounts_own_from_the_start(client):
    (owned,) = client.incoming_phone_numbers.list()

    assert owned.phone_number == "+19495550100"


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 5000])
def test_a_number_of_many_digits_in_a_query_is_answered(client, digits):
    """Python reads no number of more than 4,300 digits, PostgreSQL no id of more than 19."""
    own = f"/2010-04-01/Accounts/{client.account_sid}"
    for query in ("PageSize", "PageToken", "Page"):
        answer = client.request("GET", f"https://api.twilio.com{own}/IncomingPhoneNumbers.json", params={query: digits})
        assert answer.status_code == 200
    with pytest.raises(TwilioException, match="21452"):
        client.available_phone_numbers("US").local.list(area_code=digits, limit=1)
    with pytest.raises(TwilioRestException) as refused:
        client.incoming_phone_numbers.create(area_code=digits)
    assert refused.value.code == 21452


def test_a_bought_number_is_offered_no_more(client):
    client.incoming_phone_numbers.create(phone_number="+19495550101")

    (offered,) = client.available_phone_numbers("US").local.list(limit=1)

    assert offered.phone_number == "+19495550102"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"phone_number": "+19495550100"}, 21422),
        ({"phone_number": "+19495550101"}, 21422),
        ({"phone_number": "five"}, 21421),
        ({"area_code": "111"}, 21452),
        ({}, 21421),
    ],
)
def test_what_cannot_be_bought_is_refused(client, wanted, code):
    client.incoming_phone_numbers.create(phone_number="+19495550101")

    with pytest.raises(TwilioRestException) as caught:
        client.incoming_phone_numbers.create(**wanted)

    assert (caught.value.code, caught.value.status) == (code, 400)
    assert EmulatedNumber.objects.count() == 1


def test_where_a_numbers_texts_go_can_be_changed(client):
    bought = client.incoming_phone_numbers.create(area_code="949")

    client.incoming_phone_numbers(bought.sid).update(sms_url="https://crm.example.com/other")

    assert client.incoming_phone_numbers(bought.sid).fetch().sms_url == "https://crm.example.com/other"


def test_numbers_do_not_run_out_and_spare_those_of_handsets():
    every = list(on_sale(AREA_CODES))

    assert len(every) == len(set(every)) > 20_000
    assert not {"+19495550100", *HANDSETS} & set(every)
    assert all(e164(number) == number for number in every)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+19495550123", "+19495550123"),
        (" 19495550123", "+19495550123"),
        ("(949) 555-0123", "+19495550123"),
        ("1-949-555-0123", "+19495550123"),
        ("+44 20 7946 0123", "+442079460123"),
        ("555-0123", None),
        ("+1 949 155 0123", None),
        ("949-555-HOME", None),
        ("", None),
    ],
)
def test_numbers_are_read(text, number):
    assert e164(text) == number


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("é" * 160, 1),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("🏠" * 35, 1),
        ("🏠" * 36, 2),
        ("я" * 66 + "🏠" + "я" * 66, 3),
    ],
)
def test_segments_are_counted_as_on_the_air(body, segments):
    assert count_segments(body) == segments
