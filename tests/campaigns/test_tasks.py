"""Tasks over HTTP: the documented shape, who sees them, completing, removing, and the next of a recurring one."""

from datetime import datetime, timedelta

import pytest

from campaigns.models import Task
from tests.campaigns.conftest import NOON, make_action, make_contact, start


@pytest.fixture(autouse=True)
def _standing(clock):
    """Until it is moved."""


def call_mary(**fields):
    return {"action_type": "Call Contact", "description": "Call Mary", "status": "incomplete"} | fields


def found(api, user, query=""):
    return [row["id"] for row in api(user).get(f"/tasks?{query}").json()["data"]]


@pytest.mark.contract("Tasks", "Nobody is user `0`; `reminder_type` mirrors `action_type`", "documented")
def test_a_task_looks_as_documented(api, alice, bob, team, mary):
    due = "2027-05-05T23:54:48.000Z"
    body = call_mary(contact_id=str(mary.pk), due_at=due, assigned_user_id=bob.pk, notes="Now")

    made = api(alice).made("/tasks", body)

    assert made == {
        "id": made["id"],
        "owner_user_id": alice.pk,
        "contact_id": mary.pk,
        "campaign_contact_id": None,
        "reminder_type": "Call Contact",
        "action_type": "Call Contact",
        "status": "incomplete",
        "created_at": "2027-03-01T20:00:00.000Z",
        "modified_at": "2027-03-01T20:00:00.000Z",
        "due_at": due,
        "completed_at": None,
        "description": "Call Mary",
        "is_all_day": False,
        "is_important": False,
        "due_end_at": None,
        "notes": "Now",
        "is_public": False,
        "assigned_user_id": bob.pk,
        "completing_user_id": 0,
        "category": None,
        "folder": None,
    }
    assert api(bob).get(f"/tasks/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"action_type": "Dance"}, "action_type"),
        ({"action_type": ""}, "action_type"),
        ({"description": ""}, "description"),
        ({"description": "x" * 2001}, "description"),
        ({"status": "done"}, "status"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"contact_id": 10**9}, "contact_id"),
        ({"assigned_user_id": 10**9}, "assigned_user_id"),
    ],
)
def test_what_makes_no_task_is_refused_by_name(api, alice, fields, field):
    answer = api(alice).post("/tasks", call_mary(**fields))
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {field}


@pytest.mark.contract("Tasks", "`status` may be left out, which is `incomplete`: LionDesk asked for it", "ours")
def test_a_task_without_a_status_is_incomplete(api, alice, mary):
    body = call_mary()
    body.pop("status", None)
    assert api(alice).made("/tasks", body)["status"] == "incomplete"


@pytest.mark.contract("Tasks", "About contacts you see, to colleagues in your teams", "documented")
def test_tasks_go_to_colleagues_about_contacts_one_sees(api, alice, charlie, mary):
    assert api(charlie).post("/tasks", call_mary(contact_id=mary.pk)).json()["errors"].keys() == {"contact_id"}
    answer = api(alice).post("/tasks", call_mary(assigned_user_id=charlie.pk))
    assert answer.json()["errors"].keys() == {"assigned_user_id"}


@pytest.mark.contract("Tasks", "`reminder_type` may be sent in place of `action_type`", "inferred")
def test_old_clients_say_reminder_type(api, alice):
    made = api(alice).made("/tasks", {"reminder_type": "call contact", "description": "Call Mary"})
    assert (made["action_type"], made["reminder_type"], made["status"]) == (
        "Call Contact",
        "Call Contact",
        "incomplete",
    )
    changed = api(alice).patch(f"/tasks/{made['id']}", {"reminder_type": "Text Contact"}).json()
    assert (changed["action_type"], changed["reminder_type"]) == ("Text Contact", "Text Contact")


@pytest.mark.contract("Tasks", "Those you own and those you are assigned; the documented questions", "documented")
def test_the_documented_questions_are_answered(api, alice, bob, team):
    own = api(alice).made("/tasks", call_mary(assigned_user_id=alice.pk))["id"]
    given = api(alice).made("/tasks", call_mary(assigned_user_id=bob.pk))["id"]
    nobodys = api(alice).made("/tasks", call_mary(assigned_user_id=0))["id"]
    received = api(bob).made("/tasks", call_mary(assigned_user_id=alice.pk))["id"]
    me = alice.pk

    assert found(api, alice) == [own, given, nobodys, received]
    assert found(api, alice, f"owner_user_id[$ne]={me}&assigned_user_id={me}") == [received]
    assert found(api, alice, f"owner_user_id={me}&assigned_user_id[$ne]={me}") == [given, nobodys]
    assert found(api, alice, f"owner_user_id={me}&assigned_user_id={me}") == [own]
    assert found(api, alice, "assigned_user_id=0") == [nobodys]
    assert found(api, alice, "assigned_user_id[$ne]=0") == [own, given, received]


def test_a_task_is_its_owners_and_its_assignees(api, alice, bob, dana, team):
    task = api(alice).made("/tasks", call_mary(assigned_user_id=bob.pk))["id"]
    assert api(dana).get(f"/tasks/{task}").status_code == 404
    assert api(dana).patch(f"/tasks/{task}", {"notes": "Mine"}).status_code == 404
    assert api(bob).patch(f"/tasks/{task}", {"notes": "Tomorrow"}).json()["notes"] == "Tomorrow"
    assert api(bob).delete(f"/tasks/{task}").status_code == 403
    assert api(bob).patch(f"/tasks/{task}", {"status": "deleted"}).status_code == 403
    assert found(api, alice) == [task]


@pytest.mark.contract("Tasks", "Completing one says who and when", "inferred")
def test_completing_says_who_and_when(api, alice, bob, team, clock):
    task = api(alice).made("/tasks", call_mary(assigned_user_id=bob.pk))["id"]
    clock.advance(hours=1)

    done = api(bob).patch(f"/tasks/{task}", {"status": "Complete", "notes": "She is glad"}).json()

    assert (done["status"], done["completed_at"], done["completing_user_id"]) == (
        "complete",
        "2027-03-01T21:00:00.000Z",
        bob.pk,
    )
    assert (done["notes"], done["modified_at"]) == ("She is glad", "2027-03-01T21:00:00.000Z")
    again = api(alice).patch(f"/tasks/{task}", {"status": "complete"}).json()
    assert again["completing_user_id"] == bob.pk
    undone = api(alice).patch(f"/tasks/{task}", {"status": "incomplete"}).json()
    assert (undone["status"], undone["completed_at"], undone["completing_user_id"]) == ("incomplete", None, 0)


def test_a_task_can_be_made_complete(api, alice):
    made = api(alice).made("/tasks", call_mary(status="complete"))
    assert (made["status"], made["completed_at"], made["completing_user_id"]) == (
        "complete",
        "2027-03-01T20:00:00.000Z",
        alice.pk,
    )


@pytest.mark.contract("Tasks", "`DELETE` marks it `deleted`; found by `?status=deleted`", "inferred")
def test_a_removed_task_is_out_of_sight_unless_asked_for(api, alice):
    task, other = (api(alice).made("/tasks", call_mary())["id"] for _ in range(2))

    removed = api(alice).delete(f"/tasks/{task}")

    assert (removed.status_code, removed.json()["id"]) == (200, task)
    assert found(api, alice) == [other]
    for verb in ("get", "patch", "delete"):
        assert getattr(api(alice), verb)(f"/tasks/{task}").status_code == 404
    assert found(api, alice, "status=deleted") == [task]
    assert found(api, alice, "status[$in]=deleted&status[$in]=incomplete") == [task, other]
    back = api(alice).patch(f"/tasks/{task}?status=deleted", {"status": "incomplete"})
    assert back.json()["status"] == "incomplete"
    assert found(api, alice) == [task, other]


@pytest.fixture
def weekly(api, alice, campaign, mary):
    """A call every week from now on, at nine in the morning where alice lives."""
    make_action(
        campaign,
        "Agent Task - Call Reminder",
        timing_type="Recurring",
        recurrence="FREQ=WEEKLY;COUNT=4;BYHOUR=9;BYMINUTE=0",
        notes="Call",
    )
    start(api, alice, campaign, mary)
    return Task.objects.get()


def complete(api, user, task, clock, at):
    clock.now = at
    return api(user).patch(f"/tasks/{task.pk}", {"status": "complete"}).json()


def test_completing_a_recurring_task_makes_the_next_one(api, alice, weekly, clock):
    assert weekly.due_at == datetime.fromisoformat("2027-03-08T17:00Z")

    complete(api, alice, weekly, clock, NOON + timedelta(days=1))

    following = Task.objects.get(status="incomplete")
    assert following.due_at == datetime.fromisoformat("2027-03-15T16:00Z")  # the clocks have changed, nine has not
    assert (following.description, following.assigned_user, following.contact) == ("Call", alice, weekly.contact)
    assert following.campaign_contact == weekly.campaign_contact


def test_an_occurrence_makes_only_one_next(api, alice, weekly, clock):
    for status in ("complete", "incomplete", "complete"):
        api(alice).patch(f"/tasks/{weekly.pk}", {"status": status})
    assert Task.objects.count() == 2


def test_missed_occurrences_are_left_out_and_the_series_ends(api, alice, weekly, clock):
    complete(api, alice, weekly, clock, NOON + timedelta(days=20))
    following = Task.objects.get(status="incomplete")
    assert following.due_at == datetime.fromisoformat("2027-03-22T16:00Z")

    complete(api, alice, following, clock, NOON + timedelta(days=60))

    assert not Task.objects.filter(status="incomplete").exists()


def test_removing_a_recurring_task_ends_the_series(api, alice, weekly):
    api(alice).delete(f"/tasks/{weekly.pk}")
    assert Task.objects.count() == 1


def test_tasks_of_a_removed_contact_go_with_it(api, alice):
    contact = make_contact(alice)
    api(alice).made("/tasks", call_mary(contact_id=contact.pk))
    api(alice).delete(f"/contacts/{contact.pk}")
    assert found(api, alice) == []
