"""Both walkthroughs of LionDesk's leads overview, in its order and with its bodies, inside one process."""

from urllib.parse import quote

import pytest

from tests.leads.conftest import NOON, texts_to


@pytest.fixture
def drip(api, alice):
    """A campaign of a text after ten minutes, an email the next day at 20:30, and a reminder for alice."""
    client = api(alice)
    folder = client.made("/template-folders", {"name": "New Contacts Template Folder"})
    template = {"template_folder_id": folder["id"], "description": "Saying Hello", "body": "Hello {{first_name}}"}
    text = client.made("/templates", template | {"template_type": "Text", "subject": "Text Template"})
    email = client.made("/templates", template | {"template_type": "Email", "subject": "Email Template"})
    drip = client.made("/campaigns", {"name": "LionDesk: General Buyer Drip", "is_broker_sharing_on": True})
    actions = f"/campaigns/{drip['id']}/actions"
    later = {"timing_type": "Delay by Minutes", "delay_by_seconds": 600}
    client.made(
        actions, later | {"type": "Text Contact", "template_metadata_id": text["id"], "is_stopped_on_text_reply": True}
    )
    client.made(
        actions,
        {
            "type": "Email Contact",
            "template_metadata_id": email["id"],
            "timing_type": "Delay by Day and Time",
            "delay_by_seconds": None,
            "delay_by_days": 1,
            "dispatch_time": "20:30:00",
            "dispatch_datetime": None,
            "notes": "",
            "is_stopped_on_text_reply": False,
        },
    )
    client.made(actions, later | {"type": "Agent Task - Text Reminder", "notes": "Follow up with the client at 18:30."})
    return drip


@pytest.fixture
def by_mail(api, alice):
    api(alice).made("/contact-sources", {"name": "Email"})
    return api(alice).get("/contact-sources?name=Email").json()["data"][0]


def find_or_create_paul(client, source_id):
    found = client.get(f"/contacts?email={quote('paul@example.com')}&mobile_phone=1(604)555-0172").json()
    if found["total"]:
        return found["data"][0]
    body = {
        "source_id": source_id,
        "first_name": "Paul",
        "last_name": "Allen",
        "email": "paul@example.com",
        "mobile_phone": "1(604)555-0172",
        "company": "Example",
        "tags": "Pending",
    }
    return client.made("/contacts", body)


def inquiry_of(contact, source, **fields):
    return {
        "contact_id": contact["id"],
        "source_id": source["id"],
        "text_body": "Lead from Zillow",
        "mls_id": 2000,
        "listing_status": "For Sale",
        "listing_price": "10000000",
        "street_address": "16215 Alton Pkwy",
        "city": "Irvine",
        "state": "CA",
        "type": "Buyer",
    } | fields


def start(client, drip, contact):
    """Start the campaign, and see what it has planned."""
    enrolment = client.made(f"/campaigns/{drip['id']}/contacts", {"contact_id": contact["id"]})
    path = f"/contacts/{contact['id']}/campaign-communications"
    planned = client.get(f"{path}?campaign_name[$like]=%Buyer Drip%").json()
    assert [row["type"] for row in planned["data"]] == ["Text Contact", "Email Contact"]
    assert {row["is_active"] for row in planned["data"]} == {True}
    tasks = client.get(f"/tasks?campaign_contact_id={enrolment['id']}").json()
    assert [task["action_type"] for task in tasks["data"]] == ["Agent Task - Text Reminder"]


@pytest.mark.contract("Leads", "The documented walkthrough of a lead for oneself", "documented")
def test_a_lead_for_the_current_user(api, alice, drip, by_mail):
    client = api(alice)
    zillow = client.get("/lead-sources?name=Zillow").json()["data"][0]
    found = client.get("/campaigns?name[$like]=%25Buyer Drip%25").json()["data"][0]
    assert client.get(f"/campaigns/{found['id']}/actions?$load=template").json()["total"] == 3
    sources = {"lead_source_id": zillow["id"], "contact_source_id": by_mail["id"]}
    route = {"campaign_id": found["id"], "distribution_target": "Myself", "filter": "Buyer"} | sources
    client.made("/lead-routes", route)
    routes = client.get(f"/lead-routes?lead_source_id={zillow['id']}&contact_source_id={by_mail['id']}").json()
    assert routes["data"][0]["team"] is None

    paul = find_or_create_paul(client, by_mail["id"])
    lead = client.made("/leads", inquiry_of(paul, zillow))
    start(client, found, paul)

    assert (lead["claimed_by_user_id"], lead["distribution_target"]) == (alice.pk, "Myself")
    assert find_or_create_paul(client, by_mail["id"])["id"] == paul["id"]
    assert client.get(f"/contacts/{paul['id']}").json()["assigned_user_id"] == alice.pk


@pytest.mark.contract("Leads", "and of one for a team", "documented")
@pytest.mark.parametrize("method", ["Specific Team", "Zipcode"])
def test_a_lead_for_a_team(api, alice, bob, dana, team, drip, by_mail, run, clock, method):
    client = api(alice)
    zillow = client.get("/lead-sources?name=Zillow").json()["data"][0]
    client.patch(f"/teams/{team.pk}", {"distribution_zipcodes": "91109,92618,32899", "mins_until_next_alert": 5})
    for rank, user in enumerate((bob, dana), 1):
        option = {"team_id": team.pk, "user_id": user.pk, "rank": rank, "assign_automatically": False}
        alerts = {"has_call_alert": False, "has_text_alert": True, "has_email_alert": False}
        client.made("/team-member-distribution-options", option | alerts | {"mins_until_lead_offer": 5})
    route = {"team_id": team.pk, "campaign_id": drip["id"], "distribution_target": "Team Rollout", "filter": "Buyer"}
    sources = {"lead_source_id": zillow["id"], "contact_source_id": by_mail["id"]}
    client.made("/lead-routes", route | sources | {"team_selection_method": method})

    paul = find_or_create_paul(client, by_mail["id"])
    lead = client.made("/leads", inquiry_of(paul, zillow, zipcode=92618))
    assert (lead["claimed_by_user_id"], lead["distribution_target"]) == (None, "Team Rollout")
    start(client, drip, paul)
    offers = client.post(f"/leads/{lead['id']}/offers").json()
    assert [(offer["user"]["first_name"], offer["status"]) for offer in offers] == [
        ("Bob", "Pending"),
        ("Dana", "Pending"),
    ]

    run(minutes=6)
    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 1)
    (mine,) = api(dana).get("/lead-offers").json()["data"]
    claimed = api(dana).patch(f"/leads/{lead['id']}/offers/{mine['id']}", {"status": "Claimed"})

    assert claimed.json()["status"] == "Claimed"
    late = api(bob).patch(f"/leads/{lead['id']}/offers/{offers[0]['id']}", {"status": "Claimed"})
    assert (late.status_code, late.json()["message"]) == (409, "This lead has already been claimed.")
    after = client.get(f"/leads/{lead['id']}").json()
    assert (after["claimed_by_user_id"], after["claimed_via"], after["time_to_claim"]) == (dana.pk, "Text", 360)
    assert clock.now > NOON
