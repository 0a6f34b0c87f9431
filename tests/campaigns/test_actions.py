"""Campaign actions over HTTP: the documented shape, what is refused, and who may."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import CampaignAction
from tests.campaigns.conftest import make_action, make_campaign, make_template


@pytest.fixture(autouse=True)
def _standing(clock):
    """All of this at one moment."""


@pytest.fixture
def actions(campaign):
    return f"/campaigns/{campaign.pk}/actions"


def example(**fields):
    """The body of the documentation's example."""
    return {
        "type": "Email Contact",
        "timing_type": "Delay by Day and Time",
        "delay_by_seconds": None,
        "delay_by_days": 1,
        "dispatch_time": "20:30:00",
        "dispatch_datetime": None,
        "notes": "",
        "is_stopped_on_text_reply": False,
    } | fields


def test_an_action_looks_as_documented(api, alice, bob, team, actions):
    template = make_template(alice, "Email")

    made = api(alice).made(actions, example(assigned_user_id=bob.pk, template_metadata_id=template.pk))

    assert made == {
        "id": made["id"],
        "template_metadata_id": template.pk,
        "delay_by_seconds": None,
        "trigger_type": 1,
        "timing_type": "Delay by Day and Time",
        "dispatch_time": "20:30:00",
        "dispatch_datetime": None,
        "delay_by_days": 1,
        "notes": "",
        "assigned_user_id": bob.pk,
        "recurrence": None,
        "is_stopped_on_text_reply": False,
        "type": "Email Contact",
    }
    assert api(alice).get(f"{actions}/{made['id']}").json() == made


@pytest.mark.contract("Campaign actions", "`$load=template` embeds it", "documented")
def test_a_template_is_embedded_where_asked(api, alice, campaign, actions):
    template = make_template(alice, "Text", description="Modi", subject="Unde")
    make_action(campaign, template=template)
    make_action(campaign, "Agent Task - Text Reminder")

    with_one, without = api(alice).get(f"{actions}?$load=template").json()["data"]

    embedded = {"template_metadata_id": template.pk, "id": template.pk, "description": "Modi", "subject": "Unde"}
    assert (with_one["template_metadata_id"], with_one["template"]) == (template.pk, embedded)
    assert (without["template_metadata_id"], without["template"]) == (0, None)
    assert "template" not in api(alice).get(actions).json()["data"][0]
    assert api(alice).get(f"{actions}?$load=campaign").status_code == 400


@pytest.mark.contract(
    "Campaign actions", "`template_id` and `template_metadata_id` name the template; `0` is none", "documented"
)
def test_a_template_goes_by_both_names(api, alice, actions):
    template = make_template(alice, "Email")
    made = api(alice).made(actions, example(template_id=str(template.pk)))
    assert made["template_metadata_id"] == template.pk
    cleared = api(alice).patch(f"{actions}/{made['id']}", {"template_metadata_id": 0}).json()
    assert cleared["template_metadata_id"] == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "Fax Contact"}, "type"),
        ({"type": None}, "type"),
        ({"timing_type": "Whenever"}, "timing_type"),
        ({"delay_by_days": None}, "delay_by_days"),
        ({"delay_by_days": -1}, "delay_by_days"),
        ({"dispatch_time": None}, "dispatch_time"),
        ({"dispatch_time": "25:00"}, "dispatch_time"),
        ({"dispatch_time": "09:00+02:00"}, "dispatch_time"),
        ({"dispatch_time": ["09:00", "10:00"]}, "dispatch_time"),
        ({"timing_type": "Delay by Minutes"}, "delay_by_seconds"),
        ({"timing_type": "Exact Date and Time"}, "dispatch_datetime"),
        ({"timing_type": "Recurring", "recurrence": "FREQ=DAILY"}, "timing_type"),
        ({"type": "Agent Task - No Reminder", "timing_type": "Recurring", "recurrence": "every day"}, "recurrence"),
        ({"template_metadata_id": 10**9}, "template_metadata_id"),
        ({"template_id": 10**9}, "template_id"),
        ({"assigned_user_id": 10**9}, "assigned_user_id"),
    ],
)
def test_what_cannot_be_timed_or_found_is_refused_by_name(api, alice, actions, fields, field):
    answer = api(alice).post(actions, example(**fields))
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {field}
    assert not CampaignAction.objects.exists()


@pytest.mark.parametrize("kind", ["Text Contact", "Call Contact", "Agent Task - Email Reminder"])
def test_a_template_fits_its_action(api, alice, actions, kind):
    template = make_template(alice, "Email")
    answer = api(alice).post(actions, example(type=kind, template_metadata_id=template.pk))
    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"template_metadata_id"}


def test_templates_and_colleagues_of_others_are_out_of_reach(api, alice, charlie, actions):
    theirs = make_template(charlie, "Email")
    for fields in ({"template_metadata_id": theirs.pk}, {"assigned_user_id": charlie.pk}):
        answer = api(alice).post(actions, example(**fields))
        assert answer.status_code == 400
        assert answer.json()["errors"].keys() == fields.keys()


def test_a_change_is_judged_with_what_stands(api, alice, campaign, actions):
    action = make_action(campaign, "Email Contact")
    path = f"{actions}/{action.pk}"

    assert api(alice).patch(path, {"type": "text contact"}).json()["errors"].keys() == {"template_metadata_id"}
    assert api(alice).patch(path, {"timing_type": "Delay by Day and Time"}).status_code == 400
    changed = api(alice).patch(path, {"type": "text contact", "template_id": make_template(alice, "Text").pk})

    assert changed.json()["type"] == "Text Contact"
    action.refresh_from_db()
    assert (action.type, action.timing_type) == ("Text Contact", "Delay by Minutes")


def test_an_action_of_another_campaign_is_not_found_here(api, alice, campaign, actions):
    elsewhere = make_action(make_campaign(alice, "Seller Drip"))
    for verb in ("get", "patch", "delete"):
        assert getattr(api(alice), verb)(f"{actions}/{elsewhere.pk}").status_code == 404


def test_a_removed_action_is_answered(api, alice, campaign, actions):
    action = make_action(campaign, notes="Call them")
    assert api(alice).delete(f"{actions}/{action.pk}").json()["notes"] == "Call them"
    assert api(alice).get(actions).json()["total"] == 0


def test_actions_are_found_by_type_and_template(api, alice, campaign, actions):
    text, task = make_action(campaign), make_action(campaign, "Agent Task - No Reminder")

    def found(query):
        return [row["id"] for row in api(alice).get(f"{actions}?{query}").json()["data"]]

    assert found("type=text contact") == [text.pk]
    assert found("template_metadata_id=0") == [task.pk]
    assert found(f"template_id={text.template_id}") == [text.pk]


def test_twenty_actions_cost_what_two_do(api, alice, campaign, actions):
    client = api(alice)
    counts = []
    for more in (2, 18):
        for _ in range(more):
            make_action(campaign)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"{actions}?$load=template&$limit=50").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("field", "most"), [("delay_by_seconds", 2**31 - 1), ("delay_by_days", 36_500)])
@pytest.mark.parametrize("beyond", [-(2**40), -1, 1, 2**40])
def test_a_delay_beyond_its_bounds_is_refused_in_one_wording(api, alice, actions, field, most, beyond):
    timing = {"delay_by_seconds": "Delay by Minutes", "delay_by_days": "Delay by Day and Time"}[field]
    body = {"type": "Agent Task - No Reminder", "timing_type": timing, "dispatch_time": "09:00"}

    refused = api(alice).post(actions, body | {field: beyond if beyond < 0 else most + beyond})

    message = f"{field} must lie between 0 and {most}."
    assert (refused.status_code, refused.json()["errors"]) == (400, {field: message})


def test_a_placeholder_in_the_notes_is_refused_with_the_right_spelling(api, alice, actions):
    refused = api(alice).post(actions, example(notes="Ask [First Name]"))

    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"notes"})
    assert "[First Name] at position 5 (write {{first_name}})" in refused.json()["errors"]["notes"]
