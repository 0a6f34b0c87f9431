"""The SQL our lookups write is served by the indexes that were made for it."""

import pytest
from django.db import connection

from api.lists.filter_backend import ordering
from api.lists.query_parser import parse_query
from crm.api.filters import ContactFilters
from crm.models import Contact


@pytest.fixture
def plan(db):
    """The plan of a query, as a table too big to be read whole would have it."""

    def explain(raw):
        query = parse_query(raw)
        rows = Contact.objects.filter(ContactFilters.condition(query))
        rows = rows.order_by(*ordering(query, ContactFilters, list(ContactFilters.base_filters)))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            if not query.sort:
                cursor.execute("SET LOCAL enable_indexscan = off")  # so that the order's own index does not win
        return rows.explain()

    return explain


@pytest.mark.parametrize(
    ("raw", "index"),
    [
        ("email=Ann@example.com", "contact_lower_email"),
        ("email=ann+crm@example.com", "contact_lower_email"),
        ("email[$in]=a@example.com&email[$in]=b@example.com", "contact_lower_email"),
        ("first_name=Ann", "contact_lower_first_name"),
        ("first_name[$like]=An%", "contact_lower_first_name"),
        ("last_name=Lovelace&first_name[$ne]=Ann", "contact_lower_last_name"),
        ("mobile_phone=(949) 555-0123", "contact_mobile_e164"),
        ("mobile_phone=(949) 555-0123&mobile_phone=(949) 555-0124", "contact_mobile_e164"),
        ("tags=Buyer", "contact_tags"),
        ("$or[0][email]=a@example.com&$or[1][mobile_phone]=(949) 555-0123", "contact_lower_email"),
        ("$or[0][email]=a@example.com&$or[1][mobile_phone]=(949) 555-0123", "contact_mobile_e164"),
    ],
)
def test_a_filter_is_served_by_its_index(plan, raw, index):
    assert f"Bitmap Index Scan on {index}" in plan(raw)


@pytest.mark.parametrize(
    ("raw", "scan"),
    [
        ("", "Index Scan using crm_contact_pkey"),
        ("$sort[created_at]=1", "Index Scan using contact_created"),
        ("$sort[created_at]=-1", "Index Scan Backward using contact_created"),
        ("$sort[modified_at]=-1&$sort[id]=-1", "Index Scan Backward using contact_modified"),
    ],
)
def test_an_order_is_served_by_its_index_ties_included(plan, raw, scan):
    shown = plan(raw or "$sort[id]=1")
    assert scan in shown
    assert "Sort" not in shown
