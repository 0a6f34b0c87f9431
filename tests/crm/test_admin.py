"""Finding a contact in the admin: by what indexes serve, however many there are."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Contact

LIST = "/admin/crm/contact/"


@pytest.fixture
def people(bob):
    Contact.objects.create(owner_user=bob, first_name="Anna", last_name="Lovelace", email="ANNA@example.com")
    Contact.objects.create(owner_user=bob, first_name="Joanna", mobile_phone="(949) 555-0123")
    Contact.objects.create(owner_user=bob, first_name="100%", last_name="Off_er", home_phone="(949) 555-0123")


@pytest.fixture
def browser(bob, people):
    browser = Client()
    browser.force_login(bob)
    return browser


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("ann", ["Anna"]),
        ("ANN love", ["Anna"]),
        ("anna@ex", ["Anna"]),
        ("100%", ["100%"]),
        ("off_", ["100%"]),
        ("1%", []),
        ("%", []),
        ("949-555-0123", ["100%", "Joanna"]),
        ("0123", ["Joanna"]),
        ("555 01", ["Joanna"]),
        ("-", []),
    ],
)
def test_a_contact_is_found(term, found, browser):
    shown = browser.get(LIST, {"q": term}).context_data["cl"].result_list
    assert sorted(contact.first_name for contact in shown) == found


@pytest.mark.parametrize(
    ("term", "index"),
    [
        ("ann", "contact_lower_first_name"),
        ("ann", "contact_lower_last_name"),
        ("ann", "contact_lower_email"),
        ("949-555-0123", "contact_mobile_e164"),
        ("949-555-0123", "contact_home_e164"),
    ],
)
def test_by_an_index(term, index, browser):
    with CaptureQueriesContext(connection) as asked:
        browser.get(LIST, {"q": term})
    (search,) = {query["sql"] for query in asked if re.search(r'COUNT.* FROM "crm_contact" WHERE', query["sql"])}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {search}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"Bitmap Index Scan on {index}" in plan
