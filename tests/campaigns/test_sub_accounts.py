"""Campaigns that a broker shares with sub-accounts."""

import pytest

from campaigns.models import CampaignContact, ContactCommunication
from teams.models import SubAccount

HELLO = {"type": "Email Contact", "timing_type": "Delay by Minutes", "delay_by_seconds": 600}


@pytest.fixture
def sub(alice, bob, team, api):
    """Bob's place under alice; their contacts are their own."""
    team.is_contact_resource_sharing_enabled = False
    team.save()
    return SubAccount.objects.get(pk=api(alice).made("/sub-accounts", {"user_id": bob.pk})["id"])


@pytest.fixture
def drip(alice, api):
    """Alice's campaign, shared."""
    made = api(alice).made("/campaigns", {"name": "Drip", "is_broker_sharing_on": "true"})
    api(alice).made(f"/campaigns/{made['id']}/actions", HELLO)
    return made


def names(client):
    return [row["name"] for row in client.get("/campaigns").json()["data"]]


@pytest.mark.contract(
    "Campaigns",
    "`is_broker_sharing_on` lets sub-accounts see it with its actions; `is_shared_by_broker` tells them",
    "documented",
)
def test_a_sub_account_sees_the_campaigns_its_broker_shares(alice, bob, dana, sub, drip, api):
    api(alice).made("/campaigns", {"name": "Mine alone"})

    assert names(api(bob)) == ["Drip"]
    assert names(api(dana)) == []
    assert api(bob).get(f"/campaigns/{drip['id']}").json() == drip | {"is_shared_by_broker": True}
    assert api(alice).get(f"/campaigns/{drip['id']}").json() == drip
    assert drip["is_shared_by_broker"] is False


def test_campaigns_can_be_asked_for_by_whether_they_are_the_brokers(alice, bob, sub, drip, api):
    api(bob).made("/campaigns", {"name": "Mine"})

    def found(query):
        return [row["name"] for row in api(bob).get(f"/campaigns?{query}").json()["data"]]

    assert found("is_shared_by_broker=true") == ["Drip"]
    assert found("is_shared_by_broker[$ne]=true") == ["Mine"]
    assert found("is_shared_by_broker=null") == []
    assert found("$sort[is_shared_by_broker]=1") == found("$sort[is_shared_by_broker]=1&$cursor=") == ["Mine", "Drip"]


def test_sharing_ends_with_the_flag_the_sub_account_or_the_broker(alice, bob, sub, drip, api):
    path = f"/campaigns/{drip['id']}"
    api(alice).patch(path, {"is_broker_sharing_on": False})
    assert names(api(bob)) == []
    api(alice).patch(path, {"is_broker_sharing_on": True})
    assert names(api(bob)) == ["Drip"]

    alice.is_active = False
    alice.save()
    assert names(api(bob)) == []
    alice.is_active = True
    alice.save()
    assert names(api(bob)) == ["Drip"]

    api(bob).delete(f"/sub-accounts/{sub.pk}")
    assert names(api(bob)) == []


def test_a_shared_campaign_and_its_actions_are_read_and_not_written(bob, sub, drip, api):
    path = f"/campaigns/{drip['id']}"
    (action,) = api(bob).get(f"{path}/actions").json()["data"]

    for answer in (
        api(bob).patch(path, {"name": "Mine"}),
        api(bob).delete(path),
        api(bob).post(f"{path}/actions", HELLO),
        api(bob).patch(f"{path}/actions/{action['id']}", {"notes": "x"}),
        api(bob).delete(f"{path}/actions/{action['id']}"),
    ):
        assert answer.status_code == 403


def test_a_name_of_the_brokers_is_still_free_for_a_campaign_of_ones_own(bob, sub, drip, api):
    made = api(bob).made("/campaigns", {"name": "drip", "is_broker_sharing_on": True})

    assert made["is_shared_by_broker"] is False


def test_what_a_sub_account_shares_goes_to_nobody(alice, bob, dana, sub, api):
    api(bob).made("/campaigns", {"name": "Bob's", "is_broker_sharing_on": True})

    assert names(api(alice)) == names(api(dana)) == []


def test_a_sub_account_starts_a_shared_campaign_for_its_contacts(alice, bob, dana, sub, drip, api):
    path = f"/campaigns/{drip['id']}/contacts"
    mary, alices = api(bob).made("/contacts"), api(alice).made("/contacts")

    enrolled = api(bob).made(path, {"contact_id": mary["id"]})

    assert CampaignContact.objects.get(pk=enrolled["id"]).started_by == bob
    assert ContactCommunication.objects.get().send_from_user == bob
    assert api(bob).post(path, {"contact_id": alices["id"]}).status_code == 400  # alice does not share her contacts
    assert api(alice).post(path, {"contact_id": mary["id"]}).status_code == 400  # nor bob his
    assert api(dana).post(path, {"contact_id": api(dana).made("/contacts")["id"]}).status_code == 404


def test_what_was_started_goes_on_when_sharing_ends(alice, bob, sub, drip, api):
    mary = api(bob).made("/contacts")
    api(bob).made(f"/campaigns/{drip['id']}/contacts", {"contact_id": mary["id"]})

    api(alice).delete(f"/sub-accounts/{sub.pk}")

    (row,) = api(bob).get(f"/contacts/{mary['id']}/campaign-communications").json()["data"]
    assert (row["campaign_name"], row["is_active"]) == ("Drip", True)


def test_a_route_starts_a_shared_campaign_as_long_as_it_is_shared(alice, bob, sub, drip, api):
    fair = api(bob).made("/contact-sources", {"name": "Fair"})
    route = {"contact_source_id": fair["id"], "distribution_target": "Myself", "campaign_id": drip["id"]}
    api(bob).made("/lead-routes", route | {"is_automatic": True})

    for expected in (1, 0):
        contact = api(bob).made("/contacts", {"source_id": fair["id"]})
        api(bob).made("/leads", {"contact_id": contact["id"]})
        assert CampaignContact.objects.filter(contact=contact["id"]).count() == expected
        api(alice).patch(f"/campaigns/{drip['id']}", {"is_broker_sharing_on": False})
