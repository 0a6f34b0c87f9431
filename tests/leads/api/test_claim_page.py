"""The link in an alert: a page on any phone, and a button that claims."""

import re

import pytest
from django.test import Client

from leads.models import LeadOffer
from messaging.models import Message
from teams.models import Team
from tests.leads.conftest import offer_of, texts_to

LINK = re.compile(r"http\S+(/c/\S+)")


@pytest.fixture
def offered(api, alice, lead, run):
    """Bob and dana are told of mary's inquiry, all at once."""
    Team.objects.update(mins_until_next_alert=0)
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()
    return lead


def link_in(message: str) -> str:
    match = LINK.search(message)
    assert match, message
    return match[1]


def claim_by(link: str, **form: str):
    return Client().post(link, form or {"claim": "1"})


def test_looking_at_the_page_claims_nothing(offered, bob):
    page = Client().get(link_in(texts_to(bob)[0]))

    assert page.status_code == 200
    assert "Mary Jackson" in page.text
    assert "555-0150" not in page.text
    assert "mary@example.com" not in page.text
    offered.refresh_from_db()
    assert offered.claimed_by_user is None


@pytest.mark.parametrize("channel", ["text", "email"])
def test_one_tap_claims_and_tells_how_to_reach_the_person(offered, bob, channel):
    page = claim_by(link_in(Message.objects.get(user=bob, channel=channel).body))

    assert page.status_code == 200
    assert "tel:+19495550150" in page.text
    offered.refresh_from_db()
    assert (offered.claimed_by_user, offered.claimed_via) == (bob, channel.title())
    assert offered.claimed_through == f"{channel}_link"


def test_the_second_to_tap_is_told_so(offered, bob, dana):
    bobs, danas = link_in(texts_to(bob)[0]), link_in(texts_to(dana)[0])
    claim_by(bobs)

    page = claim_by(danas)

    assert page.status_code == 409
    assert "Already claimed: another agent has Mary Jackson." in page.text
    assert "555-0150" not in page.text


def test_the_winner_may_tap_again(offered, bob):
    link = link_in(texts_to(bob)[0])
    claim_by(link)

    assert "555-0150" not in Client().get(link).text  # whoever finds the phone still has to tap
    assert "tel:+19495550150" in claim_by(link).text


def test_a_lead_can_be_declined_there(offered, bob):
    assert "You declined this lead" in claim_by(link_in(texts_to(bob)[0]), decline="1").text
    assert offer_of(offered, bob).status == LeadOffer.Status.DECLINED


def test_a_link_lives_a_week(offered, bob, clock):
    link = link_in(texts_to(bob)[0])
    clock.advance(days=7)

    assert Client().get(link).status_code == 404
    assert claim_by(link).status_code == 404


@pytest.mark.parametrize("change", [lambda link: link[:-1] + "-", lambda link: link.replace("/c/t", "/c/e")])
def test_a_link_we_did_not_sign_opens_nothing(offered, bob, change):
    page = Client().get(change(link_in(texts_to(bob)[0])))

    assert page.status_code == 404
    assert "Mary" not in page.text


@pytest.mark.parametrize("token", ["x", ".", "t.", "é.é", "t1.\x00", "t" * 500])
def test_rubbish_opens_nothing(db, token):
    assert Client().get(f"/c/{token}").status_code == 404


def test_a_member_who_was_deactivated_claims_nothing(offered, bob):
    bob.is_active = False
    bob.save()
    assert claim_by(link_in(texts_to(bob)[0])).status_code == 404


def test_a_page_of_one_phone_is_kept_by_nobody(offered, bob):
    page = Client().get(link_in(texts_to(bob)[0]))
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("preview", "told", "untold"),
    [
        ("Area", "Buyer, Irvine", "Mary"),
        ("Summary", "Mary Jackson, Buyer, Irvine", "Lead from Zillow"),
        ("Message", 'They wrote: "Lead from Zillow"', "555-0150"),
    ],
)
def test_the_team_says_how_much_is_told_before_a_claim(api, alice, bob, lead, run, preview, told, untold):
    Team.objects.update(claim_preview=preview)
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    (text,) = texts_to(bob)
    assert told in text
    assert untold not in text
    assert text.endswith("Reply 1 to claim.")
    assert untold not in Client().get(link_in(text)).text


def test_an_area_alone_keeps_the_name_out_of_the_offer_too(api, alice, bob, lead, run):
    Team.objects.update(claim_preview="Area")
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    (offer,) = api(bob).get("/lead-offers").json()["data"]
    assert offer["lead"]["contact"]["first_name"] == ""
    (mine, _) = api(alice).get(f"/leads/{lead.pk}/offers").json()["data"]
    assert mine["lead"]["contact"]["first_name"] == "Mary"


@pytest.mark.parametrize(
    "said",
    [
        "Call me at (949) 555-0150!",
        "949.555.0150",
        "9495550150 any time",
        "+1 949 555 0150",
        "Write to mary@example.com, please",
    ],
)
def test_what_they_wrote_tells_before_a_claim_not_how_to_reach_them(api, alice, bob, lead, run, said):
    Team.objects.update(claim_preview="Message")
    type(lead).objects.update(text_body=f"Is it sold? {said} I pay $1,250,000 for MLS 22001234")
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    (text,) = texts_to(bob)
    email = Message.objects.get(user=bob, channel="email").body
    for told in (text, email, Client().get(link_in(text)).text):
        assert "Is it sold?" in told
        assert "0150" not in told
        assert "mary@" not in told
    assert "$1,250,000 for MLS 22001234" in email
    assert said.split()[0] in claim_by(link_in(text)).text


def test_a_name_that_is_an_address_is_none_before_a_claim(api, alice, bob, mary, lead, run):
    type(mary).objects.update(first_name="mary@example.com", last_name="")
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    (text,) = texts_to(bob)
    assert "mary@" not in text
    assert "mary@" not in Client().get(link_in(text)).text
    (offer,) = api(bob).get("/lead-offers").json()["data"]
    assert offer["lead"]["contact"]["first_name"] == ""


def test_an_area_is_no_address(api, alice, bob, lead, run):
    """Of who sells, the street tells who they are and how to reach them."""
    Team.objects.update(claim_preview="Area")
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    email = Message.objects.get(user=bob, channel="email")
    page = Client().get(link_in(texts_to(bob)[0])).text
    for told in (email.subject + email.body, page):
        assert "Irvine" in told
        assert "Alton Pkwy" not in told
    assert "Alton Pkwy" in claim_by(link_in(texts_to(bob)[0])).text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "application/x-www-form-urlencoded"),
        ("claims=1", "application/x-www-form-urlencoded"),
        ("claim=1&decline=1", "application/x-www-form-urlencoded"),
        ("\x00\xff=&&&", "application/x-www-form-urlencoded"),
        ('{"claim": 1}', "application/json"),
        ("claim=1", "text/plain"),
        ("--x\r\nclaim", "multipart/form-data; boundary=x"),
    ],
)
def test_what_neither_claims_nor_declines_changes_nothing(offered, bob, body, kind):
    answer = Client().post(link_in(texts_to(bob)[0]), body, content_type=kind)

    assert answer.status_code == 400
    offered.refresh_from_db()
    assert offered.claimed_by_user is None
    assert offer_of(offered, bob).status == LeadOffer.Status.SENT
