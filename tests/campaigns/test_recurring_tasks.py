"""Tasks v2.1: tasks that recur, and how much of a series a change or a removal is meant for."""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from campaigns.models import ActionType, Task
from campaigns.recurrence import next_occurrence, rest_of
from teams.timezones import to_local
from tests.campaigns.conftest import NOON, make_action, start
from tests.campaigns.test_recurrence import FREQUENCIES, PACIFIC, STARTS

PATH = "/api/v1/tasks"
DUE = "2027-03-02T17:00:00.000Z"  # Tuesday at nine in Los Angeles
WEEKLY = "FREQ=WEEKLY;COUNT=5"

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def task(api, alice):
    """`task(...)` makes one of alice's, for herself, and returns the answer's record."""

    def post(**fields):
        return api(alice).made(
            PATH, {"assigned_user_id": alice.pk, "due_at": DUE, "description": "Water the plants"} | fields
        )

    return post


@pytest.fixture
def weekly(task):
    return task(recurrence_rule=WEEKLY, reminder=4)


@pytest.fixture
def patch(api, alice):
    def ask(record, scope=None, **changes):
        answer = api(alice).patch(f"{PATH}/{record['id']}", changes | ({"update_scope": scope} if scope else {}))
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


@pytest.fixture
def standing(api, alice):
    """The tasks that are to be done: when each is due, and what it says."""

    def ask():
        rows = api(alice).get(PATH, {"status": "incomplete", "$sort[due_at]": 1}).json()["data"]
        return [(row["due_at"][:16], row["description"]) for row in rows]

    return ask


@pytest.mark.contract("Tasks v2.1", "At `/api/v1/tasks`: the task, with its `event` inside", "inferred")
def test_a_task_looks_as_documented(api, alice, bob, team, task, clock):
    made = task(assigned_user_id=str(bob.pk), recurrence_rule=WEEKLY, reminder="3", notes="All of them")
    assert made == {
        "id": made["id"],
        "event": {
            "scheduled_event_id": made["id"],
            "crm_user_id": alice.pk,
            "single_due_at": DUE,
            "action": "tasks",
            "type": "recurrent",
            "created_at": "2027-03-01T20:00:00.000Z",
            "updated_at": "2027-03-01T20:00:00.000Z",
        },
        "crm_user_id": alice.pk,
        "contact_id": None,
        "assigned_user_id": bob.pk,
        "due_at": DUE,
        "recurrence_rule": WEEKLY,
        "is_all_day": False,
        "description": "Water the plants",
        "notes": "All of them",
        "status": "incomplete",
        "reminder": 3,
        "completed_at": None,
        "completing_user_id": 0,
        "created_at": "2027-03-01T20:00:00.000Z",
        "updated_at": "2027-03-01T20:00:00.000Z",
    }
    assert api(bob).get(f"{PATH}/{made['id']}").json() == made


@pytest.mark.contract(
    "Tasks v2.1",
    "`type` is `single` without a rule, else `recurrent`; `single_due_at` is when it began",
    "documented",
)
def test_without_a_rule_it_is_single(task):
    made = task()
    assert (made["event"]["type"], made["event"]["single_due_at"], made["recurrence_rule"]) == ("single", DUE, None)


@pytest.mark.contract("Tasks v2.1", "The body may be wrapped as `manual_event`", "inferred")
def test_the_body_may_be_wrapped_as_the_documentation_names_it(api, alice):
    inner = {"assigned_user_id": alice.pk, "due_at": DUE, "description": "Call"}
    assert api(alice).made(PATH, {"manual_event": inner})["description"] == "Call"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"assigned_user_id": 0}, "assigned_user_id"),
        ({"assigned_user_id": 10**9}, "assigned_user_id"),
        ({"due_at": ""}, "due_at"),
        ({"description": "x" * 2001}, "description"),
        ({"contact_id": 10**9}, "contact_id"),
        ({"reminder": 13}, "reminder"),
        ({"reminder": "soon"}, "reminder"),
        ({"update_scope": 4}, "update_scope"),
        ({"recurrence_rule": "every Monday"}, "recurrence_rule"),
        ({"recurrence_rule": "FREQ=SECONDLY"}, "recurrence_rule"),
        ({"recurrence_rule": "FREQ=DAILY;COUNT=1000000"}, "recurrence_rule"),
        ({"due_at": "2027-03-02T17:00:00Z", "recurrence_rule": "FREQ=DAILY;UNTIL=20270301"}, "recurrence_rule"),
        ({"due_at": "2027-03-02T17:00:00Z", "recurrence_rule": "FREQ=DAILY;UNTIL=20270302T165959Z"}, "recurrence_rule"),
        ({"recurrence_rule": "FREQ=DAILY;COUNT=10001"}, "recurrence_rule"),
        ({"recurrence_rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence_rule"),
    ],
)
def test_what_makes_no_task_is_refused_by_name(api, alice, fields, named):
    body = {"assigned_user_id": alice.pk, "due_at": DUE, "description": "Call"} | fields
    answer = api(alice).post(PATH, body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {named})
    assert not Task.objects.exists()


@pytest.mark.contract("Tasks v2.1", "The same tasks as v2.0; `action` tells those of campaigns", "inferred")
def test_both_versions_show_the_same_tasks(api, alice, task, campaign, mary):
    made = task(reminder=3)
    old = api(alice).made("/tasks", {"action_type": "Agent Task - Email Reminder", "description": "Call Mary"})
    make_action(campaign, "Agent Task - Call Reminder", timing_type="Recurring", recurrence="FREQ=DAILY")
    start(api, alice, campaign, mary)

    assert api(alice).get(f"/tasks/{made['id']}").json()["action_type"] == "Text Contact"
    rows = api(alice).get(PATH).json()["data"]
    assert [(row["reminder"], row["event"]["action"], row["event"]["type"]) for row in rows] == [
        (3, "tasks", "single"),
        (4, "tasks", "single"),
        (5, "campaign_actions", "recurrent"),
    ]
    assert rows[1]["event"]["scheduled_event_id"] == old["id"]


@pytest.mark.contract(
    "Tasks v2.1",
    "`reminder` counts the values of `action_type`: 0 to 4 are documented, and agree",
    "inferred",
)
def test_reminders_are_numbered_in_the_order_of_the_older_types():
    kinds = list(ActionType)
    assert kinds[:5] == ["None", "Email Contact", "Call Contact", "Text Contact", "Agent Task - Email Reminder"]


@pytest.mark.contract("Tasks v2.1", "Found by each field, those of the event too: `?scheduled_event_id=`", "inferred")
@pytest.mark.parametrize(
    ("query", "number"),
    [
        *(("type=single", 1), ("type=recurrent", 2), ("action=tasks", 3), ("action=campaign_actions", 0)),
        *(("reminder=4", 2), ("reminder[$ne]=4", 1), ("recurrence_rule[$like]=%25weekly%25", 2)),
        *(("scheduled_event_id={series}", 2), ("due_at[$gte]=2027-03-03&due_at[$lte]=2027-03-31", 1)),
        *(("crm_user_id={alice}", 3), ("assigned_user_id={alice}", 3), ("updated_at[$lt]=2027-03-01", 0)),
    ],
)
def test_tasks_are_found_by_what_they_tell(api, alice, task, weekly, patch, query, number):
    task()
    patch(weekly, status="complete")
    answer = api(alice).get(f"{PATH}?{query.format(series=weekly['id'], alice=alice.pk)}").json()
    assert answer["total"] == number, answer


@pytest.mark.contract(
    "Tasks v2.1",
    "A series has one open occurrence; completing it makes the next, at the same time on the wall",
    "ours",
)
def test_completing_one_makes_the_next_in_either_version(api, alice, weekly, patch, standing):
    patch(weekly, status="complete")
    assert standing() == [("2027-03-09T17:00", "Water the plants")]
    following = Task.objects.get(status="incomplete")
    api(alice).patch(f"/tasks/{following.pk}", {"status": "complete"})
    assert standing() == [("2027-03-16T16:00", "Water the plants")]  # the clocks have changed, nine has not

    rows = api(alice).get(PATH, {"scheduled_event_id": weekly["id"]}).json()["data"]
    assert [(row["status"], row["recurrence_rule"]) for row in rows] == [
        ("complete", WEEKLY),
        ("complete", WEEKLY),
        ("incomplete", WEEKLY),
    ]


@pytest.mark.contract("Tasks v2.1", "`update_scope` 1: this task alone", "documented")
def test_one_alone_is_changed_and_the_next_is_as_before(weekly, patch, standing):
    changed = patch(weekly, scope=1, due_at="2027-03-03T20:00:00Z", description="Water the lawn")
    assert changed["event"] == weekly["event"] | {"updated_at": changed["updated_at"]}
    assert standing() == [("2027-03-03T20:00", "Water the lawn"), ("2027-03-09T17:00", "Water the plants")]
    patch(weekly, notes="By hand")
    assert len(standing()) == 2


@pytest.mark.contract("Tasks v2.1", "No scope is scope 1", "inferred")
def test_one_alone_is_what_no_scope_means_and_an_echo_changes_nothing(weekly, patch, standing):
    echo = {name: weekly[name] for name in ("description", "due_at", "recurrence_rule", "reminder", "assigned_user_id")}
    patch(weekly, **echo)
    assert len(standing()) == 1
    patch(weekly, **echo | {"description": "Water the lawn"})
    assert len(standing()) == 2


@pytest.mark.contract("Tasks v2.1", "`update_scope` 3: the status only", "documented")
def test_the_status_alone(weekly, patch, standing):
    done = patch(weekly, scope=3, status="complete", description="Forget it")
    assert (done["status"], done["description"]) == ("complete", "Water the plants")
    assert standing() == [("2027-03-09T17:00", "Water the plants")]


def complete_all(patch, api, alice):
    """When each that is left was due, completing one after the other."""
    found = []
    while rows := api(alice).get(PATH, {"status": "incomplete"}).json()["data"]:
        (row,) = rows
        found.append((row["due_at"][:16], row["description"]))
        patch(row, status="complete")
    return found


@pytest.mark.contract("Tasks v2.1", "`update_scope` 2: this and following, as a series of their own", "documented")
def test_this_and_following_keep_the_rule_and_its_count(api, alice, weekly, patch):
    patch(weekly, status="complete")
    (second,) = api(alice).get(PATH, {"status": "incomplete"}).json()["data"]

    changed = patch(second, scope=2, due_at="2027-03-10T20:00:00Z", description="Water the lawn")
    done = api(alice).get(f"{PATH}/{weekly['id']}").json()
    assert (done["event"]["type"], done["recurrence_rule"]) == ("single", None)  # what it was of goes on no more

    assert (changed["event"]["scheduled_event_id"], changed["recurrence_rule"]) == (second["id"], "FREQ=WEEKLY;COUNT=4")
    assert api(alice).get(f"{PATH}/{weekly['id']}").json()["description"] == "Water the plants"
    assert complete_all(patch, api, alice) == [
        ("2027-03-10T20:00", "Water the lawn"),
        ("2027-03-17T19:00", "Water the lawn"),  # noon on the wall still
        ("2027-03-24T19:00", "Water the lawn"),
        ("2027-03-31T19:00", "Water the lawn"),
    ]


def test_words_of_this_and_following_leave_the_times_alone(api, alice, weekly, patch):
    patch(weekly, scope=2, description="Water the lawn")
    due = [due for due, words in complete_all(patch, api, alice) if words == "Water the lawn"]
    assert due == [f"2027-03-{day:02}T{hour}:00" for day, hour in ((2, 17), (9, 17), (16, 16), (23, 16), (30, 16))]


def test_what_was_made_of_the_following_gives_way(api, alice, weekly, patch, standing):
    patch(weekly, scope=1, description="Water the lawn")
    patch(weekly, scope=2, description="Water the roof", recurrence_rule="FREQ=DAILY;COUNT=2")
    assert standing() == [("2027-03-02T17:00", "Water the roof")]
    assert len(complete_all(patch, api, alice)) == 2


def test_a_rule_is_given_and_taken_with_what_follows(api, alice, task, patch, standing):
    single = task()
    begun = patch(single, recurrence_rule="FREQ=DAILY")
    assert (begun["event"]["type"], begun["recurrence_rule"]) == ("recurrent", "FREQ=DAILY")
    answer = api(alice).patch(f"{PATH}/{single['id']}", {"recurrence_rule": "FREQ=WEEKLY", "update_scope": 1})
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"recurrence_rule"})
    assert patch(single, scope=2, recurrence_rule="")["event"]["type"] == "single"
    patch(single, status="complete")
    assert standing() == []


def test_a_rule_may_end_with_its_first_day_not_before(api, alice, weekly):
    def answer_to(until, **more):
        body = {"update_scope": 2, "recurrence_rule": f"FREQ=DAILY;UNTIL={until}"} | more
        return api(alice).patch(f"{PATH}/{weekly['id']}", body)

    for until in ("20270301", "20270302T165959Z"):
        answer = answer_to(until)
        assert (answer.status_code, set(answer.json()["errors"])) == (400, {"recurrence_rule"})
    assert answer_to("20270302", due_at="2027-03-03T17:00:00Z").status_code == 400
    assert answer_to("20270302").status_code == answer_to("20270302T170000Z").status_code == 200


def test_what_follows_is_not_changed_from_one_that_is_done(api, alice, weekly, patch):
    patch(weekly, status="complete")
    answer = api(alice).patch(f"{PATH}/{weekly['id']}", {"update_scope": 2, "description": "Forget it"})
    assert answer.status_code == 409


def test_a_task_without_a_date_cannot_recur(api, alice):
    made = api(alice).made("/tasks", {"action_type": "None", "description": "Some day"})
    answer = api(alice).patch(f"{PATH}/{made['id']}", {"recurrence_rule": "FREQ=DAILY"})
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"due_at"})


@pytest.fixture
def three(weekly, patch, api, alice):
    """One done, one put off, and the next of it."""
    patch(weekly, status="complete")
    (second,) = api(alice).get(PATH, {"status": "incomplete"}).json()["data"]
    patch(second, description="Water the lawn")
    return weekly, second


@pytest.mark.contract("Tasks v2.1", "`delete_scope` 1 this, 2 this and following, 3 all of the series", "documented")
@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (None, ["complete", "incomplete"]),
        (1, ["complete", "incomplete"]),
        (2, ["complete"]),
        (3, []),
    ],
)
def test_a_removal_says_how_much(api, alice, three, scope, left):
    _, second = three
    query = f"?delete_scope={scope}" if scope else ""
    assert api(alice).delete(f"{PATH}/{second['id']}{query}").json()["id"] == second["id"]
    rows = api(alice).get(PATH).json()["data"]
    assert [row["status"] for row in rows] == left


def test_removing_the_next_one_alone_makes_the_one_after(api, alice, weekly, standing):
    api(alice).delete(f"{PATH}/{weekly['id']}")
    assert standing() == [("2027-03-09T17:00", "Water the plants")]


@pytest.mark.contract("Tasks v2.1", "`delete_scope` in the query or the body", "inferred")
def test_the_scope_may_stand_in_the_body(api, alice, weekly, standing):
    answer = api(alice)._send("DELETE", f"{PATH}/{weekly['id']}", {"delete_scope": "2"})
    assert answer.status_code == 200
    assert standing() == []


@pytest.mark.parametrize("scope", [1, 2, 3])
def test_a_single_task_is_removed_by_any_scope(api, alice, scope):
    made = api(alice).made("/tasks", {"action_type": "None", "description": "Some day"})
    assert api(alice).delete(f"{PATH}/{made['id']}?delete_scope={scope}").json()["due_at"] is None
    assert Task.objects.get().status == "deleted"


@pytest.mark.parametrize("scope", ["4", "0.5", "all"])
def test_a_scope_that_there_is_not_is_refused_by_name(api, alice, weekly, scope):
    answer = api(alice).delete(f"{PATH}/{weekly['id']}?delete_scope={scope}")
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"delete_scope"})


def test_the_status_deleted_leaves_a_series_as_its_scope_says(weekly, patch, standing, api, alice):
    patch(weekly, status="deleted")
    assert standing() == [("2027-03-09T17:00", "Water the plants")]
    (following,) = api(alice).get(PATH).json()["data"]
    patch(following, scope=2, status="deleted")
    assert standing() == []


def test_only_the_owner_removes_and_strangers_see_nothing(api, bob, charlie, team, task):
    made = task(assigned_user_id=bob.pk, recurrence_rule=WEEKLY)
    assert api(bob).delete(f"{PATH}/{made['id']}?delete_scope=3").status_code == 403
    assert api(bob).patch(f"{PATH}/{made['id']}", {"status": "deleted", "update_scope": 2}).status_code == 403
    assert api(charlie).get(f"{PATH}/{made['id']}").status_code == 404
    assert Task.objects.get().recurrence == WEEKLY


def test_each_occurrence_is_made_once(api, alice, weekly, patch):
    for status in ("complete", "incomplete", "complete"):
        patch(weekly, status=status)
    assert Task.objects.filter(series=weekly["id"]).count() == 2


@given(FREQUENCIES, st.integers(1, 5), st.integers(2, 12), st.data(), STARTS)
def test_what_is_left_of_a_series_is_its_rest(frequency, interval, number, data, start):
    rule = f"FREQ={frequency};INTERVAL={interval};COUNT={number}"
    moments = walk(rule, start)
    assume(len(moments) == number)
    cut = data.draw(st.integers(0, number - 1))
    assume(to_local(moments[cut], PACIFIC).time() == to_local(moments[0], PACIFIC).time() or frequency == "HOURLY")
    assert walk(rest_of(rule, start, moments[cut], PACIFIC), moments[cut]) == moments[cut:]


def walk(rule, start):
    found, after = [], start - timedelta(seconds=1)
    while (moment := next_occurrence(rule, start, after, PACIFIC)) is not None:
        found.append(after := moment)
    return found


def test_reminders_of_a_series_go_out(weekly, patch, run):
    patch(weekly, scope=1, due_at="2027-03-02T18:00:00Z")
    run(days=10)
    assert Task.objects.exclude(reminded_for=None).count() == 2
    assert Task.objects.earliest("pk").reminded_for > NOON
