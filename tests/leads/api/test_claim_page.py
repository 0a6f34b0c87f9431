"""The page behind the link in an alert, with a button to claim."""

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
    """Bob and dana are alerted to mary's inquiry together."""
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


def test_opening_the_page_claims_nothing(offered, bob):
    page = Client().get(link_in(texts_to(bob)[0]))

    assert page.status_code == 200
    assert "Mary Jackson" in page.text
    assert "555-0150" not in page.text
    assert "mary@example.com" not in page.text
    offered.refresh_from_db()
    assert offered.claimed_by_user is None


@pytest.mark.parametrize("channel", ["text", "email"])
def test_one_tap_claims_and_shows_contact_details(offered, bob, channel):
    page = claim_by(link_in(Message.objects.get(user=bob, channel=channel).body))

    assert page.status_code == 200
    assert "tel:+19495550150" in page.text
    offered.refresh_from_db()
    assert (offered.claimed_by_user, offered.claimed_via) == (bob, channel.title())
    assert offered.claimed_through == f"{channel}_link"


def test_the_second_agent_to_tap_reads_that_the_lead_is_claimed(offered, bob, dana):
    bobs, danas = link_in(texts_to(bob)[0]), link_in(texts_to(dana)[0])
    claim_by(bobs)

    page = claim_by(danas)

    assert page.status_code == 409
    assert "Already claimed: another agent has Mary Jackson." in page.text
    assert "555-0150" not in page.text


def test_the_claimer_can_tap_again(offered, bob):
    link = link_in(texts_to(bob)[0])
    claim_by(link)

    assert "555-0150" not in Client().get(link).text  # contact details appear only after another tap
    assert "tel:+19495550150" in claim_by(link).text


def test_a_lead_can_be_declined_on_the_page(offered, bob):
    assert "You declined this lead" in claim_by(link_in(texts_to(bob)[0]), decline="1").text
    assert offer_of(offered, bob).status == LeadOffer.Status.DECLINED


def test_a_link_expires_after_a_week(offered, bob, clock):
    link = link_in(texts_to(bob)[0])
    clock.advance(days=7)

    assert Client().get(link).status_code == 404
    assert claim_by(link).status_code == 404


@pytest.mark.parametrize("change", [lambda link: link[:-1] + "-", lambda link: link.replace("/c/t", "/c/e")])
def test_a_link_with_a_wrong_signature_is_refused(offered, bob, change):
    page = Client().get(change(link_in(texts_to(bob)[0])))

    assert page.status_code == 404
    assert "Mary" not in page.text


@pytest.mark.parametrize("token", ["x", ".", "t.", "é.é", "t1.\x00", "t" * 500])
def test_a_malformed_link_is_refused(db, token):
    assert Client().get(f"/c/{token}").status_code == 404


def test_a_deactivated_member_cannot_claim(offered, bob):
    bob.is_active = False
    bob.save()
    assert claim_by(link_in(texts_to(bob)[0])).status_code == 404


def test_the_page_is_not_cached(offered, bob):
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
def test_the_team_sets_what_is_shown_before_a_claim(api, alice, bob, lead, run, preview, told, untold):
    Team.objects.update(claim_preview=preview)
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    (text,) = texts_to(bob)
    assert told in text
    assert untold not in text
    assert text.endswith("Reply 1 to claim.")
    assert untold not in Client().get(link_in(text)).text


def test_the_area_preview_hides_the_name_in_the_offer(api, alice, bob, lead, run):
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
def test_the_message_is_shown_before_a_claim_without_contact_details(api, alice, bob, lead, run, said):
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


def test_a_name_that_is_an_address_is_hidden_before_a_claim(api, alice, bob, mary, lead, run):
    type(mary).objects.update(first_name="mary@example.com", last_name="")
    api(alice).made(f"/leads/{lead.pk}/offers", {})
    run()

    (text,) = texts_to(bob)
    assert "mary@" not in text
    assert "mary@" not in Client().get(link_in(text)).text
    (offer,) = api(bob).get("/lead-offers").json()["data"]
    assert offer["lead"]["contact"]["first_name"] == ""


def test_the_area_preview_hides_the_street(api, alice, bob, lead, run):
    """The street of a seller identifies them."""
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
def test_a_post_that_neither_claims_nor_declines_changes_nothing(offered, bob, body, kind):
    answer = Client().post(link_in(texts_to(bob)[0]), body, content_type=kind)

    assert answer.status_code == 400
    offered.refresh_from_db()
    assert offered.claimed_by_user is None
    assert offer_of(offered, bob).status == LeadOffer.Status.SENT
