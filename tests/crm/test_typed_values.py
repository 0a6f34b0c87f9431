"""What people and programs put about an email, a name or a number does not make another person of anybody."""

import unicodedata
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from crm.models import Contact
from oauth.tokens import create_token
from tests.api_v1.test_api_v1 import V1

BLANKS = [" ", "\u00a0", "\r\n", "\t", "\u200b", "\ufeff", "\u2003"]
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "José Ñandú") for form in ("NFC", "NFD"))


def submit(user, **fields):
    """The id of the contact that a submission to API v1 is from."""
    return V1(create_token(user, timezone.now())).call("NewSubmission", source="Zillow", **fields)["id"]


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_blanks_about_an_email_and_names_are_not_kept(alice, api, blank):
    given = {"email": f"{blank}pad@example.com{blank}", "first_name": f"{blank}Ann{blank}", "last_name": f"Lee{blank}"}
    contact = api(alice).made("/contacts", given)

    assert (contact["email"], contact["first_name"], contact["last_name"]) == ("pad@example.com", "Ann", "Lee")
    for asked in ("pad@example.com", given["email"]):
        assert [row["id"] for row in api(alice).get("/contacts", {"email": asked}).json()["data"]] == [contact["id"]]

    changed = api(alice).patch(f"/contacts/{contact['id']}", {"email": f"{blank}new@example.com{blank}"}).json()
    assert changed["email"] == "new@example.com"
    assert api(alice).get(f"/contacts/{contact['id']}").json()["email"] == "new@example.com"


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
def test_a_submission_with_blanks_doubles_nobody(alice, api, blank):
    contact = api(alice).made("/contacts", {"email": "pad@example.com"})

    assert submit(alice, email=f"{blank}Pad@example.com{blank}") == contact["id"]
    assert submit(alice, email="Ann <pad@example.com>") == contact["id"]
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *(("Ann Lee <ann@example.com>", "ann@example.com"), ("<ann@example.com>;", "ann@example.com")),
        *(("mailto:ann@example.com?subject=Hi", "ann@example.com"), ("ann@example.com.", "ann@example.com")),
        *(("ann@example.com,", "ann@example.com"), ("ma\u200bry@example.com", "mary@example.com")),
        *(("ann@example.com, bob@example.com", "ann@example.com, bob@example.com"), ("none", "none")),
        *(
            ("ann@example.com / bob@example.com", "ann@example.com / bob@example.com"),
            ("ann @example.com", "ann @example.com"),
        ),
    ],
)
def test_one_address_is_kept_bare_and_none_is_guessed(alice, api, typed, kept):
    assert api(alice).made("/contacts", {"email": typed})["email"] == kept


def test_line_breaks_in_a_name_become_spaces(alice, api):
    assert api(alice).made("/contacts", {"first_name": "Mary\r\nAnn\tLee"})["first_name"] == "Mary Ann Lee"


@pytest.mark.parametrize("kept", [COMPOSED, DECOMPOSED], ids=["composed", "decomposed"])
@pytest.mark.parametrize("asked", [COMPOSED, DECOMPOSED], ids=["by composed", "by decomposed"])
def test_text_is_found_in_either_unicode_form(alice, api, kept, asked):
    contact = api(alice).made("/contacts", {"first_name": kept, "tags": f"{kept}, Buyer", "company": kept})

    assert contact["first_name"] == COMPOSED
    for query in ({"first_name": asked}, {"tags": asked}, {"first_name[$like]": f"%{asked[:6]}%"}, {"company": asked}):
        assert [row["id"] for row in api(alice).get("/contacts", query).json()["data"]] == [contact["id"]], query


@pytest.mark.parametrize("path", ["/contact-sources", "/tags"])
def test_a_name_in_two_unicode_forms_is_one(alice, api, path):
    field = "content" if path == "/tags" else "name"
    first, second = (api(alice).post(path, {field: name}).json() for name in (COMPOSED, DECOMPOSED))

    assert first["id"] == second["id"]


@pytest.mark.parametrize("typed", ["555-2368 Ann", "949-555 Mary", "9.49555E+09", 4.423794609e11, "2027-03-01 12:00"])
def test_no_number_is_made_of_what_is_typed_beside_half_of_one(alice, api, typed):
    contact = Contact.objects.get(pk=api(alice).made("/contacts", {"mobile_phone": typed})["id"])
    assert contact.numbers == []

    submitted = Contact.objects.get(pk=submit(alice, firstname="Ann", phone=typed))
    assert submitted.numbers == []


@pytest.mark.parametrize(
    "typed", ["949-555-0123 cell", "(949) 555-0123 (Mary)", "949-555-0123 / 949-555-0132", 9495550123.0]
)
def test_the_number_beside_a_label_is_kept_and_found(alice, api, typed):
    contact = api(alice).made("/contacts", {"mobile_phone": typed})

    assert contact["mobile_phone"] == str(typed)
    found = api(alice).get("/contacts", {"mobile_phone": "+19495550123"}).json()["data"]
    assert [row["id"] for row in found] == [contact["id"]]
    assert submit(alice, phone="9495550123") == contact["id"]


def test_half_a_number_is_no_phone_of_a_user(alice, api):
    answer = api(alice).patch("/me", {"phone": "555-2368 cel"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["phone"])

    api(alice).patch("/me", {"phone": "949-555-0123 cell", "first_name": " Alice\u200b"})
    alice.refresh_from_db()
    assert (alice.phone_e164, alice.first_name) == ("+19495550123", "Alice")


def test_what_was_read_wrongly_is_read_again(alice):
    """The migrations do so once for an installation that is older."""
    stored = {"mobile_phone": "555-0123 Ann", "mobile_e164": "+15550123266", "email": " pad@example.com\u200b"}
    ann = Contact.objects.create(owner_user=alice, home_phone="949-555-0123")
    Contact.objects.filter(pk=ann.pk).update(**stored, first_name=DECOMPOSED, tags=f"Buyer,{DECOMPOSED}")
    type(alice).objects.filter(pk=alice.pk).update(
        phone="949-555-0111 cell", phone_e164="", confirmed_phone="", phone_confirmed_at=None
    )

    for name in ("crm.migrations.0010_texts_as_kept", "teams.migrations.0009_phones_read_again"):
        import_module(name).read_again(apps, None)

    for record in (ann, alice):
        record.refresh_from_db()
    assert (ann.numbers, ann.email, ann.first_name) == (["+19495550123"], "pad@example.com", COMPOSED)
    assert ann.tag_list == ["buyer", COMPOSED.lower()]
    assert alice.phone_e164 == "+19495550111"
