"""Lists: the envelope, what can be asked of them, and what is refused by name."""

import pytest

from teams.models import Team, User

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture
def ask(api, alice):
    """`ask("name=a")` GETs Alice's shelves with a raw query string."""
    client = api(alice)

    def get(query=""):
        raw = query.encode("utf-8", "surrogatepass").decode("latin-1")  # as WSGI hands on the bytes of a URL
        return client.http.get("/shelves", QUERY_STRING=raw, headers=client.headers)

    return get


@pytest.fixture
def names(ask):
    """The names a query finds, in the answer's order."""

    def found(query):
        answer = ask(query)
        assert answer.status_code == 200, answer.content
        return [row["name"] for row in answer.json()["data"]]

    return found


@pytest.fixture
def shelves(alice):
    """Four teams of Alice's."""
    return Team.objects.bulk_create(
        Team(
            creator=alice,
            name=name,
            order_method=method,
            mins_until_next_alert=minutes,
            distribution_zipcodes=zipcodes,
            created_at=at,
        )
        for name, method, minutes, zipcodes, at in (
            ("Blizzard", "Rank", 5, "", "2018-01-16T09:09:09.123456Z"),
            ("Rockstar", "Time", None, "", "2018-01-16T23:59:59.999999Z"),
            ("blizz%ard\\", "Rank", 10, "null", "2018-01-17T00:00:00Z"),
            ("Ünder_world", "Rank", 0, "", "2019-06-01T00:00:00Z"),
        )
    )


@pytest.mark.contract("Lists", '`{"total","limit","skip","data"}`; the default limit is 10', "documented", client=[9])
def test_a_list_is_an_envelope(ask, shelves):
    assert ask().json() | {"data": None} == {"total": 4, "limit": 10, "skip": 0, "data": None}
    assert [row["id"] for row in ask().json()["data"]] == [team.pk for team in shelves]


@pytest.mark.contract("Lists", "An empty list is 200 with `data: []`", "inferred", client=[9])
def test_an_empty_list_is_200(ask):
    assert ask().json() == {"total": 0, "limit": 10, "skip": 0, "data": []}


@pytest.mark.contract(
    "Lists",
    "`$limit` up to 1000, above it clamped; 0 gives the total; nonsense falls back. The total is exact",
    "inferred",
    client=[9],
)
@pytest.mark.parametrize(
    ("query", "total", "limit", "skip", "rows"),
    [
        ("$limit=3", 4, 3, 0, 3),
        ("%24limit=3&%24skip=3", 4, 3, 3, 1),
        ("$limit=3&$skip=30", 4, 3, 30, 0),
        ("$limit=4", 4, 4, 0, 4),
        ("$limit=0", 4, 0, 0, 0),
        ("$limit=5000", 4, 1000, 0, 4),
        ("$limit=many", 4, 10, 0, 4),
        ("$skip=99999999999999999999999", 4, 10, 2**53 - 1, 0),
        ("$limit=1&order_method=Rank", 3, 1, 0, 1),
        ("$limit=1&name=nobody", 0, 1, 0, 0),
    ],
)
def test_total_is_exact_whatever_the_page(ask, shelves, query, total, limit, skip, rows):
    page = ask(query).json()
    assert (page["total"], page["limit"], page["skip"], len(page["data"])) == (total, limit, skip, rows)


@pytest.mark.contract(
    "Lists", "`field=value`, all of several; a repeated field is any of; `$ne`, `$like`", "documented"
)
@pytest.mark.contract(
    "Lists",
    "`null` asks for rows without a value, text that is empty included; where all rows have one, for none",
    "ours",
)
@pytest.mark.contract("Lists", "`$lt`, `$lte`, `$gt`, `$gte`, `$in`, `$nin`, `$notLike`", "inferred")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=BLIZZARD", ["Blizzard"]),
        ("name=blizzard&name=rockstar", ["Blizzard", "Rockstar"]),
        ("name=blizzard&order_method=Time", []),
        ("name=üNDER_WORLD", ["Ünder_world"]),
        ("name[$ne]=blizzard", ["Rockstar", "blizz%ard\\", "Ünder_world"]),
        ("name[$in][]=blizzard&name[$in][]=rockstar", ["Blizzard", "Rockstar"]),
        ("name[$nin]=blizzard&name[$nin]=rockstar", ["blizz%ard\\", "Ünder_world"]),
        ("name[$like]=%BLIZZ%", ["Blizzard", "blizz%ard\\"]),
        ("name[$like]=blizz%25", ["Blizzard", "blizz%ard\\"]),
        ("name[$like]=%\\", ["blizz%ard\\"]),
        ("name[$like]=B_izzard", ["Blizzard"]),
        ("name[$like]=blizz", []),
        ("name[$notLike]=%izz%", ["Rockstar", "Ünder_world"]),
        ("name[$gte]=c&name[$lt]=s", ["Rockstar"]),
        ("order_method=time", ["Rockstar"]),
        ("mins_until_next_alert=5", ["Blizzard"]),
        ("mins_until_next_alert=05", ["Blizzard"]),
        ("mins_until_next_alert=5&mins_until_next_alert=10", ["Blizzard", "blizz%ard\\"]),
        ("mins_until_next_alert[$gt]=0", ["Blizzard", "blizz%ard\\"]),
        ("mins_until_next_alert[$lte]=5", ["Blizzard", "Ünder_world"]),
        ("mins_until_next_alert=null", ["Rockstar"]),
        ("mins_until_next_alert=", ["Rockstar"]),
        ("mins_until_next_alert[$ne]=null", ["Blizzard", "blizz%ard\\", "Ünder_world"]),
        ("mins_until_next_alert[$ne]=5", ["Rockstar", "blizz%ard\\", "Ünder_world"]),
        ("mins_until_next_alert=null&mins_until_next_alert=0", ["Rockstar", "Ünder_world"]),
        ("is_contact_resource_sharing_enabled=0&name=rockstar", ["Rockstar"]),
        ("is_contact_resource_sharing_enabled=true", []),
        ("created_at=2018-01-16T09:09:09.123Z", ["Blizzard"]),
        ("created_at=2018-01-16", ["Blizzard", "Rockstar"]),
        ("created_at[$gt]=2018-01-16T09:09:09.123Z", ["Rockstar", "blizz%ard\\", "Ünder_world"]),
        ("created_at[$lte]=2018-01-16T09:09:09.123Z", ["Blizzard"]),
        ("created_at[$lte]=2018-01-16", ["Blizzard", "Rockstar"]),
        ("created_at[$gt]=2018-01-16", ["blizz%ard\\", "Ünder_world"]),
        ("created_at[$gte]=2018-01-16T16:00:00-08:00", ["blizz%ard\\", "Ünder_world"]),
        ("created_at[$gte]=2018-01-17T00:00:00+00:00", ["blizz%ard\\", "Ünder_world"]),
        ("created_at[$gt]=0001-01-01T00:00:00&created_at[$lte]=2018-01-16", ["Blizzard", "Rockstar"]),
        ("created_at[$gte]=0001-01-01T00:00:00%2B14:00&created_at[$lt]=2018-01-17", ["Blizzard", "Rockstar"]),
        ("created_at[$gte]=2018-01-17&created_at[$lte]=9999-12-31", ["blizz%ard\\", "Ünder_world"]),
        ("created_at[$gte]=2018-01-17&created_at[$lte]=9999-12-31T23:59:59-12:00", ["blizz%ard\\", "Ünder_world"]),
        ("created_at=9999-12-31", []),
        ("$or[0][name]=rockstar&$or[1][mins_until_next_alert]=0", ["Rockstar", "Ünder_world"]),
        ("order_method=Rank&$or[0][name]=rockstar&$or[1][mins_until_next_alert]=0", ["Ünder_world"]),
        ("id=0", []),
        ("id[$lt]=0", []),
        ("name=null", []),
        ("name[$ne]=null", ["Blizzard", "Rockstar", "blizz%ard\\", "Ünder_world"]),
        ("distribution_zipcodes=null", ["Blizzard", "Rockstar", "Ünder_world"]),
        ("distribution_zipcodes[$ne]=null", ["blizz%ard\\"]),
        (
            "distribution_zipcodes[$in][]=null&distribution_zipcodes[$in][]=2108",
            ["Blizzard", "Rockstar", "Ünder_world"],
        ),
        ("distribution_zipcodes[$nin][]=null&distribution_zipcodes[$nin][]=2108", ["blizz%ard\\"]),
        ("distribution_zipcodes[$like]=null", ["blizz%ard\\"]),
        ("$or[0][distribution_zipcodes]=null&$or[1][name]=nobody", ["Blizzard", "Rockstar", "Ünder_world"]),
        ("id=null", []),
        ("id[$in][]=null&order_method=Time", []),
        ("id[$ne]=null&order_method=Time", ["Rockstar"]),
        ("is_contact_resource_sharing_enabled=null", []),
        ("created_at[$nin][]=null&order_method=Time", ["Rockstar"]),
        ("created_at=0001-01-01T00:00:00Z", []),
        ("order_method=null", []),
        ("order_method=", []),
        ("order_method[$ne]=null&name=rockstar", ["Rockstar"]),
    ],
)
def test_a_query_finds(names, shelves, query, found):
    assert names(query) == found


@pytest.mark.contract("Lists", "Text sorts and compares ignoring case; ties go by id", "inferred")
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("$sort[name]=1", ["blizz%ard\\", "Blizzard", "Rockstar", "Ünder_world"]),
        ("$sort[name]=-1", ["Ünder_world", "Rockstar", "Blizzard", "blizz%ard\\"]),
        ("%24sort%5Border_method%5D=-1&$sort[created_at]=-1", ["Rockstar", "Ünder_world", "blizz%ard\\", "Blizzard"]),
        ("$sort[order_method]=1", ["Blizzard", "blizz%ard\\", "Ünder_world", "Rockstar"]),
        ("$sort[order_method]=-1", ["Rockstar", "Ünder_world", "blizz%ard\\", "Blizzard"]),
        ("$sort[id]=-1", ["Ünder_world", "blizz%ard\\", "Rockstar", "Blizzard"]),
    ],
)
def test_sorting_ignores_case_and_ties_go_by_id_in_the_same_direction(names, shelves, query, order):
    assert names(query) == order


@pytest.mark.contract("Lists", "An unknown field, operator or order is 400 and named", "ours")
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("nmae=a", "nmae"),
        ("name[$regex]=a", "name"),
        ("$sort[password]=1", "$sort"),
        ("$sort[modified_at]=1", "$sort"),
        ("$select=password", "$select"),
        ("$load=members", "$load"),
        ("$or[0][nmae]=a", "nmae"),
        ("id=abc", "id"),
        ("id=1.5", "id"),
        ("id=99999999999999999999", "id"),
        ("id=" + "9" * 5000, "id"),
        ("id[$like]=1%", "id"),
        ("mins_until_next_alert=NaN", "mins_until_next_alert"),
        ("created_at=yesterday", "created_at"),
        ("created_at[$gt]=99999-01-01", "created_at"),
        ("created_at=\ud800", "created_at"),
        ("is_contact_resource_sharing_enabled=perhaps", "is_contact_resource_sharing_enabled"),
        ("is_contact_resource_sharing_enabled[$gt]=1", "is_contact_resource_sharing_enabled"),
        ("order_method=Chaos", "order_method"),
        ("name=a%00b", "name"),
        ("password=x", "password"),
        ("creator__password=x", "creator__password"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(ask, shelves, query, named):
    answer = ask(query)
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["name"], problem["className"], problem["code"]) == ("BadRequest", "bad-request", 400)
    assert named in problem["errors"]
    assert problem["message"].startswith(named)


@pytest.mark.contract("Lists", "`$select` keeps fields, and the id", "inferred")
def test_select_narrows_the_rows_and_keeps_the_id(ask, shelves, api, alice):
    assert ask("$select[]=name&$limit=1").json()["data"] == [{"id": shelves[0].pk, "name": "Blizzard"}]
    one = api(alice).get(f"/shelves/{shelves[0].pk}?$select=name")
    assert one.json() == {"id": shelves[0].pk, "name": "Blizzard"}


@pytest.mark.contract("Lists", "A row has the shape of the item", "inferred")
def test_a_list_row_has_the_shape_of_the_item(ask, shelves, api, alice):
    assert ask("$limit=1").json()["data"][0] == api(alice).get(f"/shelves/{shelves[0].pk}").json()


def test_twenty_rows_cost_as_many_queries_as_two(ask, alice, django_assert_num_queries):
    Team.objects.bulk_create(Team(creator=alice, name=f"Team {n}") for n in range(20))
    for limit in (2, 15):
        with django_assert_num_queries(3):  # the token, the rows, the total
            assert len(ask(f"$limit={limit}").json()["data"]) == limit
    with django_assert_num_queries(2):  # a list read to its end knows its total
        assert ask("$limit=50").json()["total"] == 20


def test_strangers_rows_are_not_listed(api, charlie, shelves):
    assert api(charlie).get("/shelves").json()["total"] == 0


@pytest.mark.contract("Lists", "A raw `+` in an email, which arrives as a space, is found", "ours", client=[13])
def test_a_raw_plus_in_an_email_is_found(api, alice):
    User.objects.create_user("ann+crm@example.com")
    for query in ("email=ann+crm@example.com", "email=ANN%2Bcrm@example.com", "email[$in]=ann+crm@example.com"):
        found = api(alice).get(f"/people?{query}").json()
        assert [row["email"] for row in found["data"]] == ["ann+crm@example.com"]
    assert api(alice).get("/people?email[$ne]=ann+crm@example.com").json()["total"] == 1


@pytest.mark.contract(
    "Lists", "A phone is found however it is written: `1(604)555-4572` finds `+1 604-555-4572`", "ours", client=[13]
)
@pytest.mark.parametrize("written", ["(949)555-0111", "+1 949 555 0111", "949.555.0111", "%2B19495550111"])
def test_a_phone_is_found_however_it_is_written(api, alice, bob, written):
    found = api(alice).get(f"/people?phone={written}").json()
    assert [row["id"] for row in found["data"]] == [alice.pk]


def test_what_is_no_phone_is_compared_as_text(api, alice):
    odd = User.objects.create_user("odd@example.com", phone="Ask reception")
    assert [row["id"] for row in api(alice).get("/people?phone=ask reception").json()["data"]] == [odd.pk]
    assert api(alice).get("/people?phone[$like]=%reception").json()["total"] == 1
