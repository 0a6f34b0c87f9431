"""Events and the properties they are about."""

import json

import pytest
from django.db import connection

from core import clock
from crm.models import Contact, ContactShare, Event, EventProperty

HOUSE = {
    "mls": "OC18001234",
    "url": "https://example.com/houses/1",
    "address": "16215 Alton Pkwy",
    "city": "Irvine",
    "state": "CA",
    "zip": "92618",
    "beds": 4,
    "full_baths": 2,
    "half_baths": 1,
    "type": "Single Family Home",
    "square_feet": "2,400 sq ft",
    "listing_price": 100500.9,
    "estimated_value": 99000,
    "last_sold_price": 80000.5,
    "listing_status": "For Sale",
    "listing_days_on_market": 12,
    "year_built": 1988,
    "last_sold_at": "2011-02-03T00:00:00.000Z",
    "listed_at": "2018-01-16T09:09:09.000Z",
    "latitude": 33.6638,
    "longitude": -117.7656,
    "images": "https://example.com/1.jpg,https://example.com/2.jpg",
}
LONGEST = {
    "mls": 255,
    "url": 200,
    "address": 200,
    "city": 200,
    "state": 200,
    "zip": 200,
    "type": 45,
    "square_feet": 45,
    "listing_status": 45,
    "images": 255,
}


@pytest.fixture
def contact(alice):
    return Contact.objects.create(owner_user=alice, first_name="Mary")


@pytest.fixture
def event(alice, api, contact):
    return api(alice).made("/events", {"contact_id": str(contact.pk), "type": "property_viewed"})


@pytest.fixture
def path(event):
    """Where the event's property is."""
    return f"/events/{event['id']}/properties"


def test_an_event_is_told_read_and_listed(alice, api, contact):
    told = {"contact_id": contact.pk, "type": "property_viewed", "description": "Twice", "site_domain": "example.com"}

    event = api(alice).made("/events", told)

    assert event == told | {
        "id": event["id"],
        "user_id": alice.pk,
        "source": "api",
        "dialer_session_id": None,
        "property": None,
        "created_at": event["created_at"],
        "modified_at": event["created_at"],
    }
    assert api(alice).get(f"/events/{event['id']}").json() == event
    assert api(alice).get("/events").json() == {"total": 1, "limit": 10, "skip": 0, "data": [event]}


@pytest.mark.contract("Events", "`source` of an event that is told here is `api`", "inferred")
def test_the_server_says_who_told_and_how_and_the_client_when(alice, bob, api, contact):
    event = api(alice).made(
        "/events",
        {
            "contact_id": contact.pk,
            "type": "x",
            "user_id": bob.pk,
            "source": "web",
            "dialer_session_id": 7,
            "property": {"city": "Irvine"},
            "created_at": "2018-01-16T09:09:09.000Z",
            "modified_at": "2018-01-17T09:09:09Z",
        },
    )

    assert (event["user_id"], event["source"], event["dialer_session_id"]) == (alice.pk, "api", None)
    assert event["property"] is None
    assert (event["created_at"], event["modified_at"]) == ("2018-01-16T09:09:09.000Z", "2018-01-17T09:09:09.000Z")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"contact_id": "contact_id is required.", "type": "type is required."}),
        ({"contact_id": None, "type": ""}, {"contact_id": None, "type": None}),
        ({"contact_id": 999, "type": "x"}, {"contact_id": None}),
        ({"contact_id": "Mary", "type": "x"}, {"contact_id": "contact_id must be a whole number."}),
        ({"contact_id": 10**30, "type": "x"}, {"contact_id": "contact_id is too large a number."}),
        ({"type": "x" * 46}, {"contact_id": None, "type": "type may have at most 45 characters."}),
        ({"type": ["x"]}, {"contact_id": None, "type": "type must be text."}),
    ],
)
def test_what_an_event_lacks_is_named(alice, api, contact, body, errors):
    refused = api(alice).post("/events", body)

    assert refused.status_code == 400
    said = refused.json()["errors"]
    assert said.keys() == errors.keys()
    assert [said[name] for name, words in errors.items() if words] == [words for words in errors.values() if words]
    assert not Event.objects.exists()


@pytest.mark.parametrize(("field", "limit"), [("type", 45), ("description", 2000), ("site_domain", 100)])
def test_what_is_too_long_is_refused_by_name_and_limit(alice, api, event, field, limit):
    for length, status in ((limit, 200), (limit + 1, 400)):
        answer = api(alice).patch(f"/events/{event['id']}", {field: "x" * length})
        assert answer.status_code == status
    assert answer.json()["errors"] == {field: f"{field} may have at most {limit} characters."}


def test_patch_answers_the_whole_record_and_delete_the_removed_one(alice, api, event):
    changed = api(alice).patch(f"/events/{event['id']}", {"description": "Twice"}).json()
    assert changed == event | {"description": "Twice", "modified_at": changed["modified_at"]}
    assert changed["modified_at"] > event["modified_at"]

    removed = api(alice).delete(f"/events/{event['id']}")
    assert (removed.status_code, removed.json()) == (200, changed)
    assert api(alice).get(f"/events/{event['id']}").status_code == 404


def test_an_event_may_be_moved_to_another_contact_one_sees(alice, charlie, api, event):
    mine, theirs = Contact.objects.create(owner_user=alice), Contact.objects.create(owner_user=charlie)

    assert api(alice).patch(f"/events/{event['id']}", {"contact_id": mine.pk}).json()["contact_id"] == mine.pk
    assert api(alice).patch(f"/events/{event['id']}", {"contact_id": theirs.pk}).status_code == 400


@pytest.mark.contract(
    "Events", "Whoever sees the contact tells of it, and its owner alone changes what was told", "documented"
)
def test_whoever_sees_a_contact_tells_of_it_and_its_owner_alone_changes_what_was_told(
    alice, bob, dana, charlie, team, api, make_user
):
    erin, frank = make_user("Erin", "0115"), make_user("Frank", "0116")
    contact = Contact.objects.create(owner_user=bob, assigned_user=erin)
    ContactShare.objects.create(contact=contact, user=frank)
    body = {"contact_id": contact.pk, "type": "property_viewed"}

    for user in (alice, dana, erin, frank):
        event = api(user).made("/events", body)
        at = f"/events/{event['id']}"
        assert api(user).get(at).json() == event
        assert (api(user).patch(at, {"type": "y"}).status_code, api(user).delete(at).status_code) == (403, 403)
        assert api(charlie).get(at).status_code == 404
        assert api(bob).patch(at, {"type": "z"}).status_code == 200
        assert api(bob).delete(at).status_code == 200
    assert api(charlie).post("/events", body).status_code == 400
    assert api(charlie).get("/events").json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("type=PROPERTY_VIEWED", ["property_viewed"]),
        ("type[$ne]=property_viewed", ["call"]),
        ("description[$like]=%kitchen%", ["call"]),
        ("site_domain=example.com", ["property_viewed"]),
        ("source=API", ["property_viewed", "call"]),
        ("source=web", []),
        ("dialer_session_id=null", ["property_viewed", "call"]),
        ("contact_id={contact}", ["property_viewed", "call"]),
        ("contact_id[$ne]={contact}", []),
        ("user_id={user}", ["property_viewed", "call"]),
        ("id[$gt]=0&$sort[id]=-1", ["call", "property_viewed"]),
        ("created_at[$lt]=2018-01-01", ["call"]),
        ("modified_at[$gte]=2018-01-01", ["property_viewed"]),
        ("$sort[created_at]=1", ["call", "property_viewed"]),
        ("$sort[type]=1", ["call", "property_viewed"]),
    ],
)
def test_events_are_found_by_every_field(alice, api, contact, query, types):
    old = {"created_at": "2017-07-01T12:00:00Z", "modified_at": "2017-07-01T12:00:00Z"}
    body = {"contact_id": contact.pk}
    api(alice).made("/events", body | {"type": "property_viewed", "site_domain": "example.com"})
    api(alice).made("/events", body | {"type": "call", "description": "About the kitchen"} | old)

    answer = api(alice).get(f"/events?{query.format(contact=contact.pk, user=alice.pk)}")

    assert [row["type"] for row in answer.json()["data"]] == types


@pytest.mark.parametrize("query", ["source=phone", "property=1", "id=x", "$sort[property]=1", "created_at=soon"])
def test_what_cannot_be_asked_is_refused(alice, api, query):
    assert api(alice).get(f"/events?{query}").status_code == 400


def test_a_list_of_twenty_costs_what_a_list_of_two_does(alice, api, contact, django_assert_num_queries):
    client = api(alice)
    for size in (2, 20):
        while client.get("/events?$limit=0").json()["total"] < size:
            event = client.made("/events", {"contact_id": contact.pk, "type": "property_viewed"})
            client.made(f"/events/{event['id']}/properties", HOUSE)
        with django_assert_num_queries(3):  # the token, whose contacts she sees, the page, which tells the total
            assert len(client.get("/events?$limit=50").json()["data"]) == size


# Properties


@pytest.mark.contract("Event properties", "At `/events/:event_id/properties`, and embedded in its event", "inferred")
def test_a_property_is_written_read_and_embedded_in_its_event(alice, api, contact, event, path):
    house = api(alice).made(path, HOUSE)

    assert house == HOUSE | {"id": house["id"], "api_event_id": event["id"], "contact_id": contact.pk}
    assert api(alice).get(f"{path}/{house['id']}").json() == house
    assert api(alice).get(path).json() == {"total": 1, "limit": 10, "skip": 0, "data": [house]}
    assert api(alice).get(f"/events/{event['id']}").json() == event | {"property": house}
    assert api(alice).get("/events").json()["data"] == [event | {"property": house}]


def test_numbers_may_come_as_text_and_nothing_is_required(alice, api, path):
    house = api(alice).made(path, {"listing_price": "100500.90", "beds": "4", "latitude": "33.5", "year_built": ""})

    assert (house["listing_price"], house["beds"], house["latitude"]) == (100500.9, 4, 33.5)
    assert {house[name] for name in ("year_built", "longitude", "listed_at", "half_baths")} == {None}
    assert {house[name] for name in LONGEST} == {""}


@pytest.mark.contract("Event properties", "The event and the contact are set by the server", "documented")
def test_the_event_and_the_contact_of_a_property_are_set_by_the_server(alice, api, contact, event, path):
    house = api(alice).made(path, {"api_event_id": 999, "contact_id": 999, "id": 999})

    assert (house["api_event_id"], house["contact_id"]) == (event["id"], contact.pk)


@pytest.mark.parametrize(("field", "limit"), LONGEST.items())
def test_what_is_too_long_for_a_property_is_refused_by_name_and_limit(alice, api, path, field, limit):
    refused = api(alice).post(path, {field: "x" * (limit + 1)})
    assert refused.status_code == 400
    assert refused.json()["errors"] == {field: f"{field} may have at most {limit} characters."}
    assert api(alice).made(path, {field: "x" * limit})[field] == "x" * limit


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("beds", "four", "must be a whole number."),
        ("beds", 2.5, "must be a whole number."),
        ("beds", 10**10, "must lie between -2147483648 and 2147483647."),
        ("listing_price", "a lot", "must be a number."),
        ("listing_price", "1e99", "is too large a number."),
        ("listing_price", "9999999999999.999", "is too large a number."),
        ("listing_price", "NaN", "must be a number of ordinary size."),
        ("latitude", "north", "must be a number."),
        ("listed_at", "soon", "must be a date-time such as 2018-01-16T09:09:09.000Z."),
        ("city", {"name": "Irvine"}, "must be text."),
    ],
)
def test_what_does_not_fit_is_refused_by_name(alice, api, path, field, given, said):
    refused = api(alice).post(path, {field: given})

    assert refused.status_code == 400
    assert refused.json()["errors"] == {field: f"{field} {said}"}
    assert not EventProperty.objects.exists()


def test_a_property_is_changed_and_removed(alice, api, event, path):
    house = api(alice).made(path, HOUSE)

    changed = api(alice).patch(f"{path}/{house['id']}", {"half_baths": "2", "listed_at": None}).json()
    assert changed == house | {"half_baths": 2, "listed_at": None}
    removed = api(alice).delete(f"{path}/{house['id']}")
    assert (removed.status_code, removed.json()) == (200, changed)
    assert api(alice).get(f"/events/{event['id']}").json()["property"] is None


@pytest.mark.contract("Event properties", "An event has one; a second POST is 409", "inferred")
def test_an_event_has_one_property(alice, api, path):
    house = api(alice).made(path, HOUSE)

    refused = api(alice).post(path, HOUSE)

    assert refused.status_code == 409
    assert refused.json()["data"] == {"id": house["id"]}
    assert api(alice).delete(f"{path}/{house['id']}").status_code == 200
    api(alice).made(path, HOUSE)


@pytest.mark.contract("Event properties", "Only for events whose `source` is `api`", "documented")
def test_only_events_of_the_api_have_one(alice, api, event, path):
    Event.objects.update(source="web")

    refused = api(alice).post(path, HOUSE)

    assert refused.status_code == 400
    assert refused.json()["message"] == "Only events whose source is api have a property."


def test_a_property_is_found_under_its_own_event_only(alice, api, contact, path):
    house = api(alice).made(path, HOUSE)
    other = api(alice).made("/events", {"contact_id": contact.pk, "type": "x"})

    assert api(alice).get(f"/events/{other['id']}/properties/{house['id']}").status_code == 404
    assert api(alice).get(f"/events/{other['id']}/properties").json()["total"] == 0


def test_properties_follow_their_events(alice, bob, charlie, team, api):
    contact = Contact.objects.create(owner_user=bob)
    event = api(alice).made("/events", {"contact_id": contact.pk, "type": "x"})
    path = f"/events/{event['id']}/properties"

    house = api(alice).made(path, HOUSE)
    at = f"{path}/{house['id']}"

    assert api(alice).get(at).json() == house
    assert (api(alice).patch(at, {"beds": 1}).status_code, api(alice).delete(at).status_code) == (403, 403)
    assert api(bob).patch(at, {"beds": 1}).status_code == 200
    for answer in (api(charlie).get(path), api(charlie).post(path, HOUSE), api(charlie).patch(at, {"beds": 2})):
        assert answer.status_code == 404
    assert api(bob).delete(at).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        *(f"{name}={value}" for name, value in HOUSE.items() if name not in ("url", "images", "square_feet")),
        "square_feet[$like]=2,400%",
        "url[$like]=https:%",
        "images[$like]=%2.jpg",
        "api_event_id={event}",
        "contact_id={contact}",
        "listing_price[$gt]=100000.5&listing_price[$lt]=1e99",
        "latitude[$gte]=33",
        "listed_at=2018-01-16",
    ],
)
def test_a_property_is_found_by_every_field(alice, api, contact, event, path, query):
    api(alice).made(path, HOUSE)
    query = query.format(event=event["id"], contact=contact.pk)

    assert api(alice).get(f"{path}?{query}").json()["total"] == 1
    assert api(alice).get(f"{path}?{query}&id=0").json()["total"] == 0


def test_they_go_with_their_contact(alice, api, contact, path):
    api(alice).made(path, HOUSE)

    assert api(alice).delete(f"/contacts/{contact.pk}").status_code == 200
    assert not Event.objects.exists()
    assert not EventProperty.objects.exists()


def test_the_admin_shows_them(alice, charlie, api, path, client):
    api(alice).made(path, HOUSE)

    for user, shown in ((alice, True), (charlie, False)):
        client.force_login(user)
        assert ("property_viewed" in client.get("/admin/crm/event/").content.decode()) is shown
        assert ("Alton Pkwy" in client.get("/admin/crm/eventproperty/").content.decode()) is shown


# Whoever sees few of many


@pytest.fixture
def many_events(alice, bob, charlie, team):
    """Five events for each of 6,000 contacts: bob's, but for three of charlie's."""
    now = clock.now()
    contacts = Contact.objects.bulk_create(
        Contact(owner_user=charlie if number % 2000 == 7 else bob, created_at=now, modified_at=now)
        for number in range(6000)
    )
    Event.objects.bulk_create(
        Event(contact=contact, user=bob, type="property_viewed", created_at=now, modified_at=now)
        for _ in range(5)
        for contact in contacts
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_event, crm_contact, crm_contactshare")


@pytest.mark.parametrize("order", ["id", "-created_at"])
def test_events_are_read_as_far_as_they_are_asked_for_however_many_there_are(alice, charlie, many_events, order):
    """The cost is told in rows that PostgreSQL reads, in the order of thousands if it goes through them all."""
    for user, total in ((charlie, 15), (alice, 29_985)):
        rows = Event.objects.visible_to(user).order_by(order)
        assert rows_read(rows[:10]) < 1000
        assert rows.count() == total
    assert rows_read(Event.objects.visible_to(charlie).order_by()) < 1000


def rows_read(rows):
    """Of events, by the plan that was carried out."""
    plan = json.loads(rows.explain(analyze=True, format="json"))
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes_of(plan[0]["Plan"])
        if node.get("Relation Name") == "crm_event"
    )


def nodes_of(node):
    yield node
    for below in node.get("Plans", ()):
        yield from nodes_of(below)
