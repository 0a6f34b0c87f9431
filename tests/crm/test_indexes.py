"""Finding contacts costs no more when there are many: the plan names the index that serves."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api.lists.query_parser import parse_query
from api.lists.sql_template import array_sql
from core import clock
from crm.api.filters import ContactFilters
from crm.models import Contact, ContactShare
from teams.models import SubAccount, User
from tests.conftest import make_user

MANY, AGENTS = 5_000, 100


@pytest.fixture
def crowd(alice, bob, charlie, team):
    """Many contacts of many agents, some of alice's team, a few assigned to charlie and shared with him."""
    now = clock.now()
    names = [f"agent{number}@example.com" for number in range(AGENTS)]
    agents = User.objects.bulk_create(
        User(email=name, username=name, created_at=now, modified_at=now, date_joined=now) for name in names
    )
    Contact.objects.bulk_create(
        Contact(
            owner_user=bob if number % 50 == 0 else agents[number % AGENTS],
            assigned_user=charlie if number % 500 == 1 else None,
            first_name=f"Mary{number % 97}" if number % 10 else "Bill",
            email=f"client{number}@example.com",
            mobile_phone=f"+1 212 {number // 10_000 + 200} {number % 10_000:04}" if number % 7 else f"555-{number:04}",
            mobile_e164=f"+1212{number // 10_000 + 200}{number % 10_000:04}" if number % 7 else "",
            tags=f"Tag{number % 300}, Client",
            created_at=now,
            modified_at=now,
        )
        for number in range(MANY)
    )
    ContactShare.objects.bulk_create(ContactShare(contact_id=pk, user=charlie, created_at=now) for pk in some_ids())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact, crm_contactshare, teams_user, teams_team, teams_teammember")


def some_ids():
    return Contact.objects.order_by("pk").values_list("pk", flat=True)[3:10]


def plan(user, query):
    """How PostgreSQL finds the contacts this user sees, of those the query asks for."""
    rows = Contact.objects.visible_to(user).filter(ContactFilters.condition(parse_query(query))).order_by()
    return rows.explain()


QUESTIONS = {
    "email=Client77@example.com": "contact_lower_email",
    "mobile_phone=1(212)200-0101": "contact_mobile_e164",
    "mobile_phone=555-0147": "contact_unread_mobile_phone",
    "first_name[$like]=Mary96%": "contact_lower_first_name",
    "tags=tag77": "contact_tags",
    "id=5": "crm_contact_pkey",
}


@pytest.mark.parametrize("who", ["alice", "charlie", "erin"])
def test_a_question_is_answered_through_an_index(crowd, request, subtests, who):
    """Or, where they see few contacts, through those: then the indexes on who sees them serve."""
    for query, index in QUESTIONS.items():
        with subtests.test(query):
            found = plan(request.getfixturevalue(who), query)

            assert "Seq Scan on crm_contact " not in found, found
            assert index in found or "BitmapOr" in found, found


def generic_plan(rows):
    """Return the plan for a prepared statement that is used often: one for all parameters."""
    sql, parameters = rows.order_by().query.sql_with_params()
    numbered = (
        sql.replace("%%", "%") if not parameters else sql % tuple(f"${at}" for at in range(1, len(parameters) + 1))
    )
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (GENERIC_PLAN) " + numbered.replace("%", "%%"), [])
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_number_is_looked_up_by_indexes_in_a_prepared_statement_too(crowd):
    found = generic_plan(Contact.objects.reached_at("+12122000101"))

    for index in ("contact_mobile_e164", "contact_home_e164", "contact_office_e164"):
        assert index in found, found


@pytest.mark.parametrize("query", [query for query in QUESTIONS if "phone" in query])
def test_a_filter_by_phone_uses_its_index_in_a_prepared_statement_too(crowd, query):
    found = generic_plan(Contact.objects.filter(ContactFilters.condition(parse_query(query))))

    assert QUESTIONS[query] in found, found


@pytest.fixture
def erin(crowd, bob):
    """A sub-account of bob's, who shares his contacts."""
    erin = make_user("Erin", "0115")
    erin.sub_account = SubAccount.objects.create(broker_user=bob, is_contact_ownership_enabled=True)
    erin.save()
    return erin


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "erin"])
def test_whoever_sees_few_contacts_reads_few(crowd, request, who):
    """Owned, assigned and shared: an OR of three, each with its index."""
    found = plan(request.getfixturevalue(who), "")

    assert "Seq Scan on crm_contact " not in found, found
    assert "BitmapOr" in found, found


def test_a_page_in_any_order_comes_off_an_index(crowd, alice):
    for column, index in (("created_at", "contact_created"), ("modified_at", "contact_modified")):
        rows = Contact.objects.order_by(f"-{column}", "-pk")[:10]
        assert index in rows.explain()


# Lists


@pytest.mark.parametrize("query", ["", "$total=false&$cursor=&", "last_name[$ne]=Smith&"])
def test_who_sees_few_of_many_contacts_has_only_those_read(few_owners, api, few, query):
    """Whose they are stands in the text: as a parameter, the plan for who sees most would soon serve everybody."""
    with CaptureQueriesContext(connection) as asked:
        assert len(api(few).get(f"/contacts?{query}$sort[created_at]=-1").json()["data"]) == 3
    (page,) = [row["sql"] for row in asked if "ORDER BY" in row["sql"] and 'FROM "crm_contact"' in row["sql"]]
    assert array_sql([few.pk]) in page
    assert contacts_read(page) < 100


@pytest.fixture
def big(db):
    return make_user("Big", "0116")


@pytest.fixture
def few(db):
    return make_user("Few", "0117")


@pytest.fixture
def few_owners(big, few):
    """Two who have all contacts, of which one has three."""
    now = clock.now()
    Contact.objects.bulk_create(
        Contact(owner_user=few if number < 3 else big, created_at=now, modified_at=now) for number in range(MANY)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact, crm_contactshare, teams_user, teams_team, teams_teammember")


@pytest.mark.parametrize("query", ["", "$sort[last_name]=1&", "$total=false&$cursor=&"])
def test_a_rare_tag_of_the_newest_contacts_is_found_by_the_index_of_tags(api, big, query):
    """PostgreSQL expects rows with a tag to be spread evenly, and would walk to the end of the page's order."""
    now = clock.now()
    Contact.objects.bulk_create(
        Contact(owner_user=big, tags="Probate" if number >= MANY - 200 else "", created_at=now, modified_at=now)
        for number in range(MANY)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_contact, crm_contactshare, teams_user, teams_team, teams_teammember")
        cursor.execute("SELECT gin_clean_pending_list('contact_tags')")  # autovacuum does so in time, not here
    with CaptureQueriesContext(connection) as asked:
        shown = api(big).get(f"/contacts?{query}tags=probate").json()["data"]
    (page,) = [row["sql"] for row in asked if "ORDER BY" in row["sql"] and 'FROM "crm_contact"' in row["sql"]]
    assert [row["id"] for row in shown] == list(Contact.objects.order_by("pk").values_list("pk", flat=True)[4800:4810])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # it would do for a table as small as this one
    assert contacts_read(page) < 1000


def contacts_read(statement):
    """How many rows of contacts PostgreSQL reads for it."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.replace('%', '%%')}", [])
        return sum(map(read_by, nodes_of(cursor.fetchone()[0][0]["Plan"])))


def read_by(node):
    is_theirs = node.get("Relation Name") == "crm_contact"
    return is_theirs * node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))


def nodes_of(node):
    yield node
    for below in node.get("Plans", ()):
        yield from nodes_of(below)
