"""Leads that are given to somebody else, and leads that are one."""

from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.models import CampaignAction, ContactCommunication
from crm.models import Contact
from leads import jobs
from leads.models import Lead, LeadOffer
from tests.leads.conftest import inquiry, make_contact, offer_of, statuses, texts_to


@pytest.fixture
def offered(api, alice, lead, run):
    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    return lead


@pytest.fixture
def claimed(api, bob, offered):
    api(bob).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, bob).pk}", {"status": "Claimed"})
    return offered


def reassign(api, actor, lead, user):
    return api(actor).post(f"/leads/{lead.pk}/reassign", {"user_id": getattr(user, "pk", user)})


@pytest.mark.contract("Leads", "`POST /leads/:id/reassign`: to another user", "ours")
def test_the_owner_gives_a_claimed_lead_to_another(api, alice, bob, dana, mary, claimed):
    answer = reassign(api, alice, claimed, dana)

    assert answer.status_code == 200
    assert (answer.json()["claimed_by_user_id"], answer.json()["claimed_via"]) == (dana.pk, "Assigned")
    assert answer.json()["claimed_through"] == "assignment"
    assert offer_of(claimed, bob).status == "Returned"
    mary.refresh_from_db()
    assert mary.assigned_user == dana
    assert f"{alice} reassigned it to {dana}." in texts_to(bob)[-1]
    assert "The lead is yours" in texts_to(dana)[-1]
    entry = claimed.trace_entries.get(kind="Reassigned")
    assert len(entry.details.pop("alerts")) == 4  # to bob and to dana, by email and by text
    assert (entry.actor_user, entry.details) == (alice, {"user_id": dana.pk, "from_user_id": bob.pk})


def test_one_that_nobody_has_is_given_as_well(api, alice, dana, offered, run):
    assert reassign(api, alice, offered, dana).status_code == 200

    run(hours=1)

    assert statuses(offered) == {"Bob": "Lost", "Dana": "Cancelled"}
    offered.refresh_from_db()
    assert offered.claimed_by_user == dana


def test_what_told_them_that_it_is_theirs_leaves_no_more(api, alice, bob, dana, team, offered, run):
    LeadOffer.objects.filter(user=dana).update(assign_automatically=True)
    run(minutes=5)
    assert "The lead is yours" in texts_to(dana)[0]

    reassign(api, alice, offered, bob)

    assert [text[:27] for text in texts_to(dana)] == ["You no longer have the lead"]


def test_to_whoever_has_it_changes_nothing(api, alice, bob, claimed):
    assert reassign(api, alice, claimed, bob).status_code == 200

    assert offer_of(claimed, bob).status == "Claimed"
    assert not claimed.trace_entries.filter(kind="Reassigned").exists()


def test_the_creator_of_its_team_may(api, alice, bob, dana, charlie, claimed):
    Contact.objects.update(owner_user=charlie)
    Lead.objects.update(owner_user=charlie)

    assert reassign(api, alice, claimed, dana).status_code == 200


def test_a_member_may_not(api, bob, dana, claimed):
    assert reassign(api, bob, claimed, dana).status_code == 403


@pytest.mark.parametrize("given", ["charlie", 999999, None, "soon"])
def test_to_strangers_it_is_not_given(given, request, api, alice, claimed):
    user = request.getfixturevalue(given) if given == "charlie" else given

    refusal = reassign(api, alice, claimed, user)

    assert refusal.status_code == 400
    assert list(refusal.json()["errors"]) == ["user_id"]


# Doubles


@pytest.fixture
def double(api, alice, mary, lead):
    """Mary asked a second time."""
    told = {"city": "Tustin", "text_body": "And a pool?", "type": "", "mls_id": "", "street_address": ""}
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary, **told))["id"])


def merge(api, actor, lead, double):
    return api(actor).post(f"/leads/{lead.pk}/merge", {"lead_id": getattr(double, "pk", double)})


@pytest.fixture
def on_its_way(api, alice, double, offered):
    """The second inquiry is offered as well."""
    api(alice).post(f"/leads/{double.pk}/offers")
    return double


@pytest.mark.contract("Leads", "`POST /leads/:id/merge`: of doubled leads", "ours")
def test_a_lead_learns_from_its_double(api, alice, lead, double):
    merged = merge(api, alice, double, lead)

    assert merged.status_code == 200
    assert (merged.json()["city"], merged.json()["type"], merged.json()["mls_id"]) == (
        "Tustin",
        "Buyer",
        int(lead.mls_id),
    )
    assert merged.json()["text_body"] == "And a pool?\n\nLead from Zillow"
    lead.refresh_from_db()
    assert lead.merged_into == double
    for each in (lead, double):
        entry = each.trace_entries.get(kind="Merged")
        assert (entry.actor_user, entry.details) == (alice, {"lead_id": lead.pk, "into_lead_id": double.pk})


def test_nobody_is_told_of_the_double_any_more(api, alice, bob, dana, offered, on_its_way, run):
    merge(api, alice, on_its_way, offered)

    run(hours=1)

    assert statuses(offered) == {"Bob": "Cancelled", "Dana": "Cancelled"}
    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 1)  # of the other
    assert jobs.next_due_at() is None


def test_a_lead_that_stood_still_goes_on_where_its_double_was(api, alice, bob, dana, offered, double, run):
    """Bob was told of the double already, and dana is still to be."""
    assert merge(api, alice, double, offered).status_code == 200
    assert (statuses(offered), statuses(double)) == ({}, {"Bob": "Sent", "Dana": "Pending"})
    assert double.trace_entries.get(kind="Merged").code == "merged_and_continued"

    run(minutes=5)

    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 1)
    claim = api(bob).patch(f"/leads/{double.pk}/offers/{offer_of(double, bob).pk}", {"status": "Claimed"})
    assert claim.status_code == 200
    double.refresh_from_db()
    assert double.claimed_by_user == bob


def test_who_was_told_last_of_the_double_may_still_claim(api, alice, dana, offered, double, run):
    """Both were told of the double, and nothing more is to come of it."""
    run(minutes=30)
    assert statuses(offered) == {"Bob": "Sent", "Dana": "Sent"}

    merge(api, alice, double, offered)

    claim = api(dana).patch(f"/leads/{double.pk}/offers/{offer_of(double, dana).pk}", {"status": "Claimed"})
    assert claim.status_code == 200
    assert statuses(double) == {"Bob": "Lost", "Dana": "Claimed"}


def test_it_goes_on_behind_its_own_rounds(api, alice, bob, dana, offered, double, run):
    """All of the first team have declined the lead; of the double they are told."""
    for user in (bob, dana):
        api(user).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, user).pk}", {"status": "Declined"})
    run()
    api(alice).post(f"/leads/{double.pk}/offers")

    assert merge(api, alice, offered, double).status_code == 200

    run(minutes=5)
    rows = offered.offers.order_by("round", "position").values_list("round", "user", "status")
    assert list(rows) == [
        (0, bob.pk, "Declined"),
        (0, dana.pk, "Declined"),
        (1, bob.pk, "Sent"),
        (1, dana.pk, "Sent"),
    ]
    offered.refresh_from_db()
    assert offered.round == 1


def test_out_of_the_pond_of_its_double_it_is_taken(api, alice, bob, team, offered, double, run):
    team.fallback_target = "Pond"
    team.save()
    Lead.objects.filter(pk=offered.pk).update(falls_back_at=offered.created_at)
    run(minutes=10)
    merge(api, alice, double, offered)

    assert [shown["id"] for shown in api(bob).get("/pond").json()["data"]] == [double.pk]


def test_a_double_is_neither_claimed_nor_offered_nor_taken(api, alice, bob, offered, on_its_way):
    offer, double = offer_of(offered, bob), on_its_way
    merge(api, alice, double, offered)
    message = f"This lead was merged into lead {double.pk}."

    answers = [
        api(bob).patch(f"/leads/{offered.pk}/offers/{offer.pk}", {"status": "Claimed"}),
        api(alice).post(f"/leads/{offered.pk}/offers"),
        api(bob).post(f"/leads/{offered.pk}/claim"),
        api(alice).post(f"/leads/{offered.pk}/return"),
        reassign(api, alice, offered, bob),
    ]

    assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [(409, message)] * 5


def test_whoever_claimed_the_double_has_the_lead(api, alice, bob, claimed, double, run):
    api(alice).post(f"/leads/{double.pk}/offers")

    merged = merge(api, alice, double, claimed)

    assert merged.json()["claimed_by_user_id"] == bob.pk
    run(hours=1)
    assert set(double.offers.values_list("status", flat=True)) == {"Cancelled"}


def test_two_claimers_are_named(api, alice, bob, dana, claimed, double, run):
    reassign(api, alice, double, dana)

    refusal = merge(api, alice, double, claimed)

    assert refusal.status_code == 409
    assert (
        f"Lead {double.pk} was claimed by user {dana.pk}, lead {claimed.pk} by user {bob.pk}."
        in (refusal.json()["message"])
    )
    claimed.refresh_from_db()
    assert claimed.merged_into is None


def test_neither_into_itself_nor_twice_nor_of_another_contact(api, alice, lead, double):
    other = api(alice).made("/leads", inquiry(make_contact(alice)))["id"]
    assert merge(api, alice, lead, double).status_code == 200
    refusals = {
        lead: f"lead_id {lead.pk} is the lead itself.",
        double: f"lead_id {double.pk}: lead {double.pk} is already merged into lead {lead.pk}.",
        other: f"lead_id {other} is a lead of another contact, {Lead.objects.get(pk=other).contact_id}.",
    }

    for named, message in refusals.items():
        refusal = merge(api, alice, lead, named)
        assert (refusal.status_code, refusal.json()["message"]) == (400, message)
        assert list(refusal.json()["errors"]) == ["lead_id"]
    assert merge(api, alice, double, lead).status_code == 400


def test_only_its_owner_merges(api, bob, claimed, double):
    assert merge(api, bob, claimed, double).status_code == 403


def test_unknown_ids_are_named(api, alice, charlie, lead):
    strange = Lead.objects.create(owner_user=charlie, contact=make_contact(charlie), distribution_target="Myself")
    for named in (strange, 999999, None, "x"):
        refusal = merge(api, alice, lead, named)
        assert refusal.status_code == 400
        assert list(refusal.json()["errors"]) == ["lead_id"]
    assert LeadOffer.objects.count() == 0


def test_a_drip_follows_the_lead_from_agent_to_agent(api, alice, bob, dana, mary, campaign, lead, run):
    """It speaks in the claimer's name, then the next one's, and the owner's where nobody has the lead any more."""
    CampaignAction.objects.create(
        campaign=campaign, type="Text Contact", timing_type="Delay by Minutes", delay_by_seconds=86400
    )
    api(alice).made(f"/campaigns/{campaign.pk}/contacts", {"contact_id": mary.pk})
    drip = ContactCommunication.objects.get()
    assert drip.send_from_user == alice

    def sender():
        drip.refresh_from_db()
        return drip.send_from_user

    api(alice).post(f"/leads/{lead.pk}/offers")
    run()
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
    assert sender() == bob
    assert reassign(api, alice, lead, dana).status_code == 200
    assert sender() == dana
    assert api(dana).post(f"/leads/{lead.pk}/return").status_code == 200
    assert sender() == alice


def test_a_lead_that_was_claimed_twice_keeps_the_claim_of_the_user_who_has_it(offered, bob):
    """The constraint was missing for some time; the migration that restores it settles the doubles first."""
    lead = offered
    migration = import_module("leads.migrations.0019_one_claim_per_lead")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the rows are new to this transaction
        cursor.execute("DROP INDEX one_claim_per_lead")
        lead.offers.update(status="Claimed")
        Lead.objects.filter(pk=lead.pk).update(claimed_by_user=bob, claimed_at=lead.created_at)
        cursor.execute(migration.KEEP_ONE)
        cursor.execute(migration.RESTORE)

    assert statuses(lead) == {"Bob": "Claimed", "Dana": "Returned"}
    with pytest.raises(IntegrityError, match="one_claim_per_lead"), transaction.atomic():
        lead.offers.update(status="Claimed")
