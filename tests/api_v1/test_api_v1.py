"""API v1: `POST /` with an action, as programs of its time sent it."""

import base64
import contextlib
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken

from api_v1 import handlers
from campaigns.models import CampaignContact, Task
from crm.models import Activity, Contact, ContactSource, Event, EventProperty
from leads.models import Lead, LeadOffer, LeadSource
from messaging.models import Consent
from oauth.tokens import create_application, create_token
from teams.models import Application
from tests.concurrency import Rival
from tests.leads.conftest import make_contact, make_route, texts_to


class V1:
    """A program that speaks API v1: a key of its own, or `user`, and the account's."""

    def __init__(self, account, program="user"):
        self.account, self.program = account, program

    def send(self, body, **headers):
        basic = base64.b64encode(f"{self.program}:".encode()).decode()
        sent = {"Authorization": f"Basic {basic}", "X-LionDesk-Id": self.account} | headers
        body = body if isinstance(body, bytes | str) else json.dumps(body)
        return Client(enforce_csrf_checks=True, raise_request_exception=False).generic(
            "POST", "/", body, headers=sent.pop("headers", sent), content_type="text/plain"
        )

    def call(self, action, **parameters):
        """The answer of a call that must succeed."""
        answer = self.send({"action": action} | parameters)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert (told.pop("error"), told.pop("errorText"), told.pop("action")) == (0, "", action), told
        return told

    def refused(self, action, **parameters):
        """(number, text) of a call that must not succeed. Clients read nothing of what is not 200."""
        answer = self.send({"action": action} | parameters)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert told.keys() == {"error", "errorText"}
        assert told["error"] != 0
        return told["error"], told["errorText"]


@pytest.fixture
def v1(alice):
    """Alice's own key, as `./pride token` prints it."""
    return V1(create_token(alice, timezone.now()))


@pytest.fixture
def program(alice):
    """A program with a key of its own, which alice has let in."""
    client_id, _ = create_application("Old Forms", "https://app.example.com/")
    application = Application.objects.get(client_id=client_id)
    return V1(create_token(alice, timezone.now(), application), client_id)


# Keys


@pytest.mark.contract("API v1", "`Echo` returns `msg`", "documented")
def test_echo_says_what_it_was_told(v1, program):
    for client in (v1, program):
        assert client.call("Echo", msg="Hello ✓") == {"msg": "Hello ✓"}


@pytest.mark.contract(
    "API v1",
    "Basic with the program's key or `user`, `X-LionDesk-Id`; 10 for a wrong key, as LionDesk said it",
    "documented",
)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda v1: setattr(v1, "account", ""),
        lambda v1: setattr(v1, "account", "0" * 40),
        lambda v1: setattr(v1, "account", "\x01é"),
        lambda v1: setattr(v1, "program", ""),
        lambda v1: setattr(v1, "program", "somebody"),
        lambda v1: setattr(v1, "program", "us\0er"),
        lambda v1: AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1)),
        lambda v1: AccessToken.objects.all().delete(),
    ],
)
@pytest.mark.parametrize("action", ["Echo", "NewSubmission"])
def test_a_wrong_key_is_told_as_liondesk_told_it(program, action, spoil):
    spoil(program)

    assert program.refused(action, email="mary@example.com") == (10, "User Validation Error")
    assert not Contact.objects.exists()


def test_keys_must_come_as_they_did(v1, alice):
    account = v1.account
    for headers in (
        {},
        {"X-LionDesk-Id": account},
        {"Authorization": f"Bearer {account}"},
        {"Authorization": f"Bearer {account}", "X-LionDesk-Id": account},
        {"Authorization": "Basic", "X-LionDesk-Id": account},
        {"Authorization": "Basic !!!", "X-LionDesk-Id": account},
        {"Authorization": "Basic /w==", "X-LionDesk-Id": account},
    ):
        answer = v1.send({"action": "Echo"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (200, 10), headers


def test_a_key_of_one_program_is_no_key_of_another(alice, program):
    other, _ = create_application("Another", "https://app.example.com/")
    program.program = other

    assert program.refused("Echo")[0] == 10


def test_who_does_not_work_here_any_more_is_not_let_in(alice, v1):
    alice.is_active = False
    alice.save()

    assert v1.refused("Echo")[0] == 10


@pytest.mark.contract("API v1", "A token that may only read does for the calls that only read", "ours")
def test_a_token_that_may_only_read_reads(mary, program):
    AccessToken.objects.update(scope="read")

    assert program.call("Echo", msg="Hello") == {"msg": "Hello"}
    assert program.call("GetUsers")["users"]
    assert program.call("GetAllContacts")["total"] == 1
    assert program.call("GetContactDetails", contactid=mary.pk)["contact"]["id"] == mary.pk
    assert program.call("GetContactActivity", contactid=mary.pk)["comments"] == []


@pytest.mark.parametrize("action", ["NewContact", "NewSubmission", "NewComment", "NewTask", "NewActivity"])
def test_a_token_that_may_only_read_writes_nothing(v1, action):
    AccessToken.objects.update(scope="read")

    number, text = v1.refused(action, firstname="Mary")

    assert (number, text) == (403, "This token may only read: it was granted without the scope write.")
    assert not Contact.objects.exists()


@pytest.mark.contract("API v1", "`GetUsers` tells a program its user, and nothing to personal access", "documented")
def test_a_program_is_told_its_user_but_personal_access_is_not(v1, program):
    assert program.call("GetUsers") == {"users": [{"userKey": program.account, "email": "alice@example.com"}]}
    assert v1.refused("GetUsers")[0] == 403


def test_strangers_who_keep_coming_are_asked_to_wait(settings, v1, monkeypatch):
    monkeypatch.setattr("api.throttling.anonymous_wait", lambda request: 7)
    v1.account = "wrong"

    answer = v1.send({"action": "Echo"})

    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (429, "7", 429)


# What cannot be understood


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "The body is not valid JSON"),
        ("[]", "The body is a list"),
        ('"Echo"', "The body must be a JSON object."),
        (b"\xff", "The body is not UTF-8."),
        ("", "action is required: it must be one of Echo, GetUsers, NewContact"),
        ({}, "action is required: it must be one of Echo"),
        ({"action": None}, "action is required: it must be"),
        ({"action": ["Echo"]}, "action must be text: it must be"),
        ({"action": True}, "action must be text: it must be"),
        ({"action": "DropTables"}, "There is no action DropTables"),
        ({"action": "Echo", "msg": "\0"}, "msg may not contain a NUL character."),
    ],
)
def test_what_cannot_be_understood_is_told_in_the_same_shape(v1, body, said):
    answer = v1.send(body)

    assert (answer.status_code, answer.json()["error"]) == (200, 400)
    assert answer.json()["errorText"].startswith(said)


def test_the_content_type_may_be_anything_and_the_action_in_any_case(v1):
    for kind in ("application/json; charset=utf-8", "application/x-www-form-urlencoded", "text/html", "x/y"):
        answer = v1.send({"action": "eCHO", "MSG": 1}, **{"Content-Type": kind})
        assert answer.json() == {"error": 0, "errorText": "", "action": "Echo", "msg": 1}


def test_other_verbs_are_none(v1):
    for verb in ("put", "patch", "delete"):
        answer = getattr(Client(), verb)("/")
        assert (answer.status_code, answer.json()["className"]) == (405, "method-not-allowed")
    assert Client().options("/")["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_a_browsers_program_may_send_the_accounts_key(v1):
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    assert "X-LionDesk-Id" in Client().options("/", headers=asked)["Access-Control-Allow-Headers"]


# Contacts


@pytest.mark.contract("API v1", "`NewContact`, in v1's words or v2's", "inferred")
def test_a_contact_is_made_in_v1s_words_or_v2s(alice, api, v1):
    old = {"firstname": "Mary", "lastname": "Jackson", "phone": "(949) 555-0150", "workphone": "(949) 555-0151"}
    new = {"first_name": "Mary", "last_name": "Jackson", "mobile_phone": "(949) 555-0150"}

    made = [v1.call("NewContact", **words, email="mary@example.com", source="Fair") for words in (old, new)]

    for told in made:
        contact = api(alice).get(f"/contacts/{told['id']}").json()
        assert {name: contact[name] for name in new} == new
        assert (contact["email"], contact["owner_user_id"]) == ("mary@example.com", alice.pk)
        assert contact["source_id"] == ContactSource.objects.get(user=alice, name="Fair").pk
    assert made[0] != made[1]


def test_a_contact_bears_tags_and_custom_fields_as_in_v2(alice, api, v1):
    pets = api(alice).made("/custom-fields", {"name": "Pets", "data_type": "Text"})

    told = v1.call("NewContact", firstname="Mary", tags="Buyer", customfields=[{"id": pets["id"], "value": "A dog"}])

    contact = v1.call("GetContactDetails", contactid=told["id"])["contact"]
    assert (contact["tags"], contact["custom_fields"][0]["value"]) == ("Buyer", "A dog")
    assert [tag["content"] for tag in api(alice).get("/tags").json()["data"]] == ["Buyer"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"firstname": "x" * 256}, "firstname may have at most 255 characters."),
        ({"FirstName": {"a": 1}}, "FirstName must be text."),
        ({"first_name": "x" * 256}, "first_name may have at most 255 characters."),
        ({"hotnessid": 999}, "hotnessid names no record: there is no 999 that you may use."),
        ({"source": "x" * 201}, "source may have at most 200 characters."),
        ({"workphone": "1" * 256}, "workphone may have at most 45 characters."),
    ],
)
def test_what_does_not_fit_a_contact_is_told_and_nothing_is_made(v1, parameters, said):
    assert v1.refused("NewContact", **{"source": "Fair"} | parameters) == (400, said)
    assert not Contact.objects.exists()
    assert not ContactSource.objects.exists()


@pytest.mark.contract("API v1", "`GetAllContacts`", "inferred")
def test_all_contacts_are_read_in_pages(alice, charlie, v1):
    Contact.objects.bulk_create(Contact(owner_user=alice, first_name=str(number)) for number in range(101))
    make_contact(charlie)

    first = v1.call("GetAllContacts")
    rest = v1.call("GetAllContacts", limit="2", offset=100)

    assert (first["total"], first["limit"], first["offset"], len(first["contacts"])) == (101, 100, 0, 100)
    assert (rest["limit"], rest["offset"]) == (2, 100)
    assert [contact["first_name"] for contact in rest["contacts"]] == ["100"]


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("abc", "must be a whole number."),
        ("1.5", "must be a whole number."),
        ([2], "must be a whole number."),
        (True, "must be a whole number."),
        (10**40, "is too large a number."),
        (-1, "must be 0 or more."),
    ],
)
def test_a_page_of_no_number_is_told_by_name(v1, mary, name, given, said):
    for action in ("GetAllContacts", "GetContactActivity"):
        assert v1.refused(action, contactid=mary.pk, **{name: given}) == (400, f"{name} {said}")


def test_an_empty_limit_is_none_and_a_large_one_the_largest(v1, mary):
    assert v1.call("GetAllContacts", limit="", offset=None)["limit"] == 100
    assert v1.call("GetAllContacts", limit=0)["contacts"] == []
    assert v1.call("GetAllContacts", limit=2**63 - 1, offset=2**63 - 1)["limit"] == 1000


@pytest.mark.contract("API v1", "`GetContactDetails`", "inferred")
def test_the_details_of_a_contact_are_v2s_with_its_addresses(alice, api, v1, mary):
    address = api(alice).made(f"/contacts/{mary.pk}/addresses", {"city": "Irvine"})

    contact = v1.call("GetContactDetails", contactid=str(mary.pk))["contact"]

    assert contact == api(alice).get(f"/contacts/{mary.pk}").json() | {"addresses": [address]}


@pytest.mark.parametrize("action", ["GetContactDetails", "GetContactActivity", "NewComment"])
@pytest.mark.parametrize(
    ("given", "number", "said"),
    [
        ({}, 400, "contactid is required."),
        ({"contactid": ""}, 400, "contactid is required."),
        ({"contactid": 999}, 404, "No record found for id '999'"),
        ({"contactid": "Mary"}, 404, "No record found for id 'Mary'"),
        ({"contactid": [1]}, 400, "contactid must be a whole number."),
        ({"ContactId": True}, 400, "ContactId must be a whole number."),
        ({"id": 1.5}, 400, "id must be a whole number."),
        ({"contactid": 10**40}, 404, f"No record found for id '{10**40}'"),
    ],
)
def test_a_contact_that_is_not_there_is_told(v1, action, given, number, said):
    assert v1.refused(action, comment="Hello", **given) == (number, said)


def test_a_strangers_contact_is_not_there(v1, charlie):
    theirs = make_contact(charlie)
    for action in ("GetContactDetails", "GetContactActivity", "NewComment"):
        assert v1.refused(action, contactid=theirs.pk, comment="Hello")[0] == 404
    assert v1.refused("NewActivity", contactid=theirs.pk, type="x")[0] == 400
    assert v1.refused("NewTask", contactid=theirs.pk, description="x")[0] == 400
    assert not Activity.objects.exists()


# What happens with them


@pytest.mark.contract("API v1", "`NewComment` is a note on the contact", "ours")
def test_a_comment_is_a_note_on_the_contact(alice, api, v1, mary):
    told = v1.call("NewComment", contactid=mary.pk, comment="Likes the kitchen")

    note = api(alice).get(f"/contacts/{mary.pk}/activities/{told['id']}").json()
    assert (note["kind"], note["body"], note["user_id"]) == ("Note", "Likes the kitchen", alice.pk)
    assert v1.refused("NewComment", contactid=mary.pk) == (400, "comment is required.")
    too_long = v1.refused("NewComment", contactid=mary.pk, Comment="x" * 100_001)
    assert too_long == (400, "Comment may have at most 10000 characters.")


@pytest.mark.contract("API v1", "`NewTask`", "inferred")
def test_a_task_needs_a_description(alice, v1, mary):
    told = v1.call("NewTask", contactid=mary.pk, description="Call Mary", duedate="2027-03-02T18:00:00Z", notes="Soon")

    task = Task.objects.get(pk=told["id"])
    assert (task.owner_user, task.contact, task.description, task.notes) == (alice, mary, "Call Mary", "Soon")
    assert (task.action_type, task.status, task.due_at.isoformat()) == (
        "None", "incomplete", "2027-03-02T18:00:00+00:00",
    )  # fmt: skip
    whenever = v1.call("NewTask", contactid=mary.pk, description="Call Mary", duedate="0001-01-01")
    assert Task.objects.get(pk=whenever["id"]).due_at is None
    assert v1.refused("NewTask", contactid=mary.pk) == (400, "description is required.")
    assert v1.refused("NewTask", description="x", type="Fly")[1].startswith("type must be one of None, ")
    assert v1.refused("NewTask", description="x", duedate="soon")[1].startswith("duedate must be a date")
    assert v1.refused("NewTask", description="x", due_at="soon")[1].startswith("due_at must be a date")


@pytest.mark.contract("API v1", "`NewActivity` is an event of v2, with its property", "documented")
def test_an_activity_is_an_event_of_v2_with_its_property(alice, api, v1, mary):
    told = v1.call(
        "NewActivity", contactid=mary.pk, type="property_viewed", sitedomain="example.com", description="Twice",
        property={"mls": "OC1", "listingprice": "100500.90", "full_baths": 2},
    )  # fmt: skip

    event = api(alice).get(f"/events/{told['id']}").json()
    assert (event["type"], event["site_domain"], event["source"]) == ("property_viewed", "example.com", "api")
    house = event["property"]
    assert (house["mls"], house["listing_price"], house["full_baths"]) == ("OC1", 100500.9, 2)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "type is required."),
        ({"type": "x", "property": "a house"}, "property must be an object."),
        ({"type": "x", "property": {"Beds": "four"}}, "Beds must be a whole number."),
        ({"type": "x", "createdat": "soon"}, "createdat must be"),
    ],
)
def test_an_activity_with_a_fault_is_not_half_made(v1, mary, parameters, said):
    number, text = v1.refused("NewActivity", contactid=mary.pk, **parameters)
    assert number == 400
    assert text.startswith(said)
    assert not Event.objects.exists()
    assert not EventProperty.objects.exists()


@pytest.mark.contract("API v1", "`GetContactActivity`", "inferred")
def test_what_happened_with_a_contact_is_read_the_latest_first(alice, api, v1, mary):
    for day in ("01", "02"):
        v1.call("NewActivity", contactid=mary.pk, type=f"viewed {day}", createdat=f"2027-02-{day}T00:00:00Z")
        v1.call("NewComment", contactid=mary.pk, comment=f"said {day}", happenedat=f"2027-02-{day}T00:00:00Z")
    other = make_contact(alice, first_name="Ann")
    v1.call("NewActivity", contactid=other.pk, type="viewed")

    told = v1.call("GetContactActivity", contactid=mary.pk)
    assert [event["type"] for event in told["activities"]] == ["viewed 02", "viewed 01"]
    assert [note["body"] for note in told["comments"]] == ["said 02", "said 01"]
    last = v1.call("GetContactActivity", contactid=mary.pk, limit=1, offset=1)
    assert [event["type"] for event in last["activities"]] == ["viewed 01"]
    assert [note["body"] for note in last["comments"]] == ["said 01"]


# Submissions

MARY = {"firstname": "Mary", "lastname": "Jackson", "email": "Mary@Example.com", "phone": "+1 949-555-0150"}


@pytest.mark.contract("API v1", "`NewSubmission` is a contact and a lead, which is distributed at once", "ours")
def test_a_submission_is_distributed_and_enrolled_unasked(alice, bob, v1, route, options, run):
    told = v1.call("NewSubmission", **MARY, source="zillow", comments="Is it free?", zip="92618", type="Buyer")

    lead = Lead.objects.get(pk=told["leadid"])
    assert (lead.contact_id, lead.owner_user, lead.source.name) == (told["id"], alice, "Zillow")
    assert (lead.text_body, lead.zipcode, lead.type) == ("Is it free?", "92618", "Buyer")
    assert (lead.contact.first_name, lead.contact.mobile_e164) == ("Mary", "+19495550150")
    assert lead.contact.source.name == "Zillow"
    assert LeadOffer.objects.filter(lead=lead).count() == 2
    assert CampaignContact.objects.filter(contact=lead.contact, campaign=route.campaign).exists()
    run(minutes=1)
    assert len(texts_to(bob)) == 1


def test_a_source_of_a_new_name_is_a_lead_source_and_a_contact_source(alice, v1, campaign):
    fair = ContactSource.objects.create(user=alice, name="spring fair")
    route = make_route(alice, campaign, lead_source_id=None, contact_source=fair)

    told = v1.call("NewSubmission", **MARY, source="Spring Fair")

    lead = Lead.objects.get(pk=told["leadid"])
    assert (lead.source.name, lead.contact.source, lead.route) == ("Spring Fair", fair, route)
    v1.call("NewSubmission", firstname="Ann", source="SPRING FAIR")
    assert LeadSource.objects.filter(name__iexact="spring fair").count() == 1


@pytest.mark.parametrize("source", ["Zillow", ""])
@pytest.mark.parametrize("shared", [True, False])
def test_no_submission_is_lost_because_a_broker_keeps_sources_from_being_made(alice, bob, team, api, source, shared):
    theirs = api(alice).made("/contact-sources", {"name": source or "api"})["id"]
    flags = {"is_lead_sources_new_enabled": False, "is_lead_sources_enabled": shared}
    api(alice).made("/sub-accounts", {"user_id": bob.pk} | flags)

    told = V1(create_token(bob, timezone.now())).call("NewSubmission", **MARY, source=source)

    lead = Lead.objects.get(pk=told["leadid"])
    assert (lead.owner_user, lead.contact.source_id) == (bob, theirs if shared else None)
    assert not ContactSource.objects.filter(user=bob).exists()


def test_a_submission_that_names_no_source_came_by_the_api(v1):
    told = v1.call("NewSubmission", firstname="Mary")

    lead = Lead.objects.get(pk=told["leadid"])
    assert (lead.source.name, lead.contact.source.name) == ("API", "API")
    assert (lead.claimed_by_user, lead.distribution_target) == (lead.owner_user, "Myself")


@pytest.mark.parametrize(
    "by", [{"email": "MARY@example.com"}, {"phone": "1 (949) 555-0150"}, {"homephone": "949.555.0150"}]
)
def test_a_submission_finds_the_contact_it_is_from(v1, mary, by):
    told = v1.call("NewSubmission", **by, firstname="Maria")

    assert told["id"] == mary.pk
    assert Contact.objects.count() == 1
    assert Lead.objects.get(pk=told["leadid"]).contact == mary


def test_a_phone_they_share_does_not_make_one_person_of_two_with_emails_of_their_own(alice, v1, mary):
    told = v1.call("NewSubmission", **MARY | {"firstname": "Ann", "email": "ann@example.com"})

    ann = Contact.objects.get(pk=told["id"])
    assert (ann.first_name, ann.email, ann.mobile_e164) == ("Ann", "ann@example.com", mary.mobile_e164)
    assert v1.call("NewSubmission", **MARY | {"email": ""})["id"] == ann.pk  # the newest who has the phone
    mary.email = ""
    mary.save()
    assert v1.call("NewSubmission", **MARY)["id"] == mary.pk


@pytest.mark.django_db(transaction=True)
def test_two_submissions_of_one_person_at_once_make_one_contact(alice, v1, monkeypatch):
    v1.call("NewSubmission", firstname="Ann")  # the sources stand: nobody waits for those
    second, known = Rival(), handlers.known_contact

    def looked_up(user, body):
        found = known(user, body)
        if not second.is_alive():
            second.begin(lambda: v1.call("NewSubmission", **MARY | {"phone": "949 555 0150"}))
            with contextlib.suppress(AssertionError):  # it had no need to wait: it has made its own
                second.wait_until_it_waits()
        return found

    monkeypatch.setattr(handlers, "known_contact", looked_up)
    v1.call("NewSubmission", **MARY | {"email": ""})
    second.finish()

    assert (Contact.objects.filter(mobile_e164="+19495550150").count(), Lead.objects.count()) == (1, 3)


def test_what_is_known_of_a_contact_stays_and_what_is_not_is_filled_in(v1, mary):
    v1.call("NewSubmission", email="mary@example.com", firstname="Maria", company="Acme", phone="(949) 555-0199")

    mary.refresh_from_db()
    assert (mary.first_name, mary.company, mary.mobile_phone, mary.source.name) == (
        "Mary", "Acme", "(949) 555-0150", "Email",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "granted"),
    [
        ({"email": "mary@example.com"}, []),
        ({"email": "mary@example.com", "numbers": ["+19495550150"]}, []),
        ({"email": "mary@example.com", "phone": ""}, []),
        ({"email": "mary@example.com", "homephone": "949 555 0151"}, ["+19495550151"]),
        ({"email": "mary@example.com", "phone": "949 555 0152"}, ["+19495550152"]),
        ({"phone": "949 555 0150", "workphone": "949.555.0150"}, ["+19495550150"]),
        ({"phone": "949 555 0150", "homephone": "half of 555 0151"}, ["+19495550150"]),
    ],
)
@pytest.mark.contract("API v1", "A submission is consent to texts to the numbers it brought, and to no other", "ours")
def test_a_submission_is_consent_for_the_numbers_it_brought(v1, mary, given, granted):
    mary.home_phone = "(949) 555-0151"
    mary.save()

    assert v1.call("NewSubmission", **given)["id"] == mary.pk

    assert list(Consent.objects.values_list("number", flat=True)) == granted


def test_custom_fields_are_filled_in_one_by_one(alice, api, v1, mary):
    kids, pets = (api(alice).made("/custom-fields", {"data_type": "Text", "name": name})["id"] for name in ("K", "P"))
    api(alice).patch(f"/contacts/{mary.pk}", {"custom_fields": [{"id": kids, "value": "Ann"}]})

    given = [{"id": str(kids), "value": "Bob"}, {"id": pets, "value": "Rex"}]
    v1.call("NewSubmission", email="mary@example.com", customfields=given)

    rows = api(alice).get(f"/contacts/{mary.pk}").json()["custom_fields"]
    assert [row["value"] for row in rows] == ["Ann", "Rex"]
    wrong = v1.refused("NewSubmission", email="mary@example.com", customfields="Rex")
    assert wrong == (400, "customfields must be a list of objects with id and value.")


def test_ones_own_contact_is_meant_before_a_teammates_and_email_before_phone(alice, bob, charlie, team, v1):
    make_contact(charlie)
    bobs = make_contact(bob)
    assert v1.call("NewSubmission", **MARY)["id"] == bobs.pk
    own = make_contact(alice)
    make_contact(bob)
    assert v1.call("NewSubmission", **MARY)["id"] == own.pk
    by_email = make_contact(bob, email="ann@example.com", mobile_phone="")
    assert v1.call("NewSubmission", **MARY | {"email": "ann@example.com"})["id"] == by_email.pk


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "A submission needs a firstname, lastname, email or phone."),
        ({"email": "", "comments": "Hello"}, "A submission needs a firstname, lastname, email or phone."),
        ({"email": {"a": 1}}, "email must be text."),
        ({"firstname": "Mary", "source": 5}, "source must be a name of at most 200 characters."),
        ({"firstname": "Mary", "source": "x" * 201}, "source must be a name of at most 200 characters."),
        ({"firstname": "Mary", "city": "x" * 256}, "city may have at most 255 characters."),
        (
            {"firstname": "Mary", "claimedvia": "Fax"},
            "claimedvia must be one of None, Email, Text, Phone, Assigned, Auto.",
        ),
    ],
)
def test_a_submission_with_a_fault_leaves_nothing_behind(v1, parameters, said):
    sources = LeadSource.objects.count()

    assert v1.refused("NewSubmission", **{"source": "Spring Fair"} | parameters) == (400, said)

    assert not Contact.objects.exists()
    assert not Lead.objects.exists()
    assert not ContactSource.objects.exists()
    assert LeadSource.objects.count() == sources


def test_a_fault_that_nobody_foresaw_leaves_nothing_behind(v1, monkeypatch):
    def broken(**given):
        raise RuntimeError("a fault")

    monkeypatch.setattr("leads.api.views.receive_lead", broken)

    answer = v1.send({"action": "NewSubmission", "firstname": "Mary"})

    assert (answer.status_code, answer.json()["code"]) == (500, 500)
    assert not Contact.objects.exists()


def test_a_contact_that_is_asked_for_too_often_counts_once(settings, v1, mary, monkeypatch):
    asked = []
    settings.THROTTLE_PER_USER = 100
    monkeypatch.setattr("api.throttling.count_request", lambda what, most, seconds: asked.append(what) or 0)

    v1.call("NewSubmission", **MARY)

    assert asked == [f"requests of {mary.owner_user_id}"]
