"""Reassigning, returning and merging leads."""

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
def test_the_owner_reassigns_a_claimed_lead(api, alice, bob, dana, mary, claimed):
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


def test_an_unclaimed_lead_can_be_reassigned(api, alice, dana, offered, run):
    assert reassign(api, alice, offered, dana).status_code == 200

    run(hours=1)

    assert statuses(offered) == {"Bob": "Lost", "Dana": "Cancelled"}
    offered.refresh_from_db()
    assert offered.claimed_by_user == dana


def test_reassigning_cancels_the_unsent_notice_of_the_claimer(api, alice, bob, dana, team, offered, run):
    LeadOffer.objects.filter(user=dana).update(assign_automatically=True)
    run(minutes=5)
    assert "The lead is yours" in texts_to(dana)[0]

    reassign(api, alice, offered, bob)

    assert [text[:27] for text in texts_to(dana)] == ["You no longer have the lead"]


def test_reassigning_to_the_claimer_changes_nothing(api, alice, bob, claimed):
    assert reassign(api, alice, claimed, bob).status_code == 200

    assert offer_of(claimed, bob).status == "Claimed"
    assert not claimed.trace_entries.filter(kind="Reassigned").exists()


def test_the_creator_of_the_team_can_reassign(api, alice, bob, dana, charlie, claimed):
    Contact.objects.update(owner_user=charlie)
    Lead.objects.update(owner_user=charlie)

    assert reassign(api, alice, claimed, dana).status_code == 200


def test_a_member_cannot_reassign(api, bob, dana, claimed):
    assert reassign(api, bob, claimed, dana).status_code == 403


@pytest.mark.parametrize("given", ["charlie", 999999, None, "soon"])
def test_a_lead_cannot_be_reassigned_to_charlie(given, request, api, alice, claimed):
    user = request.getfixturevalue(given) if given == "charlie" else given

    refusal = reassign(api, alice, claimed, user)

    assert refusal.status_code == 400
    assert list(refusal.json()["errors"]) == ["user_id"]


# Duplicates


@pytest.fixture
def duplicate(api, alice, mary, lead):
    """Mary inquires a second time."""
    told = {"city": "Tustin", "text_body": "And a pool?", "type": "", "mls_id": "", "street_address": ""}
    return Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary, **told))["id"])


def merge(api, actor, lead, duplicate):
    return api(actor).post(f"/leads/{lead.pk}/merge", {"lead_id": getattr(duplicate, "pk", duplicate)})


@pytest.fixture
def on_its_way(api, alice, duplicate, offered):
    """Return the second inquiry, which is offered too."""
    api(alice).post(f"/leads/{duplicate.pk}/offers")
    return duplicate


@pytest.mark.contract("Leads", "`POST /leads/:id/merge`: of doubled leads", "ours")
def test_a_lead_takes_missing_facts_from_its_duplicate(api, alice, lead, duplicate):
    merged = merge(api, alice, duplicate, lead)

    assert merged.status_code == 200
    assert (merged.json()["city"], merged.json()["type"], merged.json()["mls_id"]) == (
        "Tustin",
        "Buyer",
        int(lead.mls_id),
    )
    assert merged.json()["text_body"] == "And a pool?\n\nLead from Zillow"
    lead.refresh_from_db()
    assert lead.merged_into == duplicate
    for each in (lead, duplicate):
        entry = each.trace_entries.get(kind="Merged")
        assert (entry.actor_user, entry.details) == (alice, {"lead_id": lead.pk, "into_lead_id": duplicate.pk})


def test_the_offers_of_the_duplicate_end(api, alice, bob, dana, offered, on_its_way, run):
    merge(api, alice, on_its_way, offered)

    run(hours=1)

    assert statuses(offered) == {"Bob": "Cancelled", "Dana": "Cancelled"}
    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 1)  # of the other
    assert jobs.next_due_at() is None


def test_a_lead_without_offers_continues_the_distribution_of_its_duplicate(
    api, alice, bob, dana, offered, duplicate, run
):
    """Bob was alerted to the duplicate, and dana has a pending offer."""
    assert merge(api, alice, duplicate, offered).status_code == 200
    assert (statuses(offered), statuses(duplicate)) == ({}, {"Bob": "Sent", "Dana": "Pending"})
    assert duplicate.trace_entries.get(kind="Merged").code == "merged_and_continued"

    run(minutes=5)

    assert (len(texts_to(bob)), len(texts_to(dana))) == (1, 1)
    claim = api(bob).patch(f"/leads/{duplicate.pk}/offers/{offer_of(duplicate, bob).pk}", {"status": "Claimed"})
    assert claim.status_code == 200
    duplicate.refresh_from_db()
    assert duplicate.claimed_by_user == bob


def test_a_member_alerted_to_the_duplicate_can_claim_the_lead(api, alice, dana, offered, duplicate, run):
    """Both members were alerted to the duplicate, and it has no pending offer."""
    run(minutes=30)
    assert statuses(offered) == {"Bob": "Sent", "Dana": "Sent"}

    merge(api, alice, duplicate, offered)

    claim = api(dana).patch(f"/leads/{duplicate.pk}/offers/{offer_of(duplicate, dana).pk}", {"status": "Claimed"})
    assert claim.status_code == 200
    assert statuses(duplicate) == {"Bob": "Lost", "Dana": "Claimed"}


def test_the_rounds_of_the_duplicate_follow_those_of_the_lead(api, alice, bob, dana, offered, duplicate, run):
    """All members of the first team declined the lead; they are alerted to the duplicate."""
    for user in (bob, dana):
        api(user).patch(f"/leads/{offered.pk}/offers/{offer_of(offered, user).pk}", {"status": "Declined"})
    run()
    api(alice).post(f"/leads/{duplicate.pk}/offers")

    assert merge(api, alice, offered, duplicate).status_code == 200

    run(minutes=5)
    rows = offered.offers.order_by("round", "position").values_list("round", "user", "status")
    assert list(rows) == [
        (0, bob.pk, "Declined"),
        (0, dana.pk, "Declined"),
        (1, bob.pk, "Sent"),
        (1, dana.pk, "Sent"),
    ]
    offered.refresh_from_db()
    assert offered.distribution_round == 1


def test_a_lead_can_be_claimed_from_the_pond_of_its_duplicate(api, alice, bob, team, offered, duplicate, run):
    team.fallback_target = "Pond"
    team.save()
    Lead.objects.filter(pk=offered.pk).update(falls_back_at=offered.created_at)
    run(minutes=10)
    merge(api, alice, duplicate, offered)

    assert [shown["id"] for shown in api(bob).get("/pond").json()["data"]] == [duplicate.pk]


def test_a_merged_duplicate_cannot_be_claimed_or_offered(api, alice, bob, offered, on_its_way):
    offer, duplicate = offer_of(offered, bob), on_its_way
    merge(api, alice, duplicate, offered)
    message = f"This lead was merged into lead {duplicate.pk}."

    answers = [
        api(bob).patch(f"/leads/{offered.pk}/offers/{offer.pk}", {"status": "Claimed"}),
        api(alice).post(f"/leads/{offered.pk}/offers"),
        api(bob).post(f"/leads/{offered.pk}/claim"),
        api(alice).post(f"/leads/{offered.pk}/return"),
        reassign(api, alice, offered, bob),
    ]

    assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [(409, message)] * 5


def test_the_claimer_of_the_duplicate_gets_the_lead(api, alice, bob, claimed, duplicate, run):
    api(alice).post(f"/leads/{duplicate.pk}/offers")

    merged = merge(api, alice, duplicate, claimed)

    assert merged.json()["claimed_by_user_id"] == bob.pk
    run(hours=1)
    assert set(duplicate.offers.values_list("status", flat=True)) == {"Cancelled"}


def test_merging_two_claimed_leads_names_both_claimers(api, alice, bob, dana, claimed, duplicate, run):
    reassign(api, alice, duplicate, dana)

    refusal = merge(api, alice, duplicate, claimed)

    assert refusal.status_code == 409
    assert (
        f"Lead {duplicate.pk} was claimed by user {dana.pk}, lead {claimed.pk} by user {bob.pk}."
        in (refusal.json()["message"])
    )
    claimed.refresh_from_db()
    assert claimed.merged_into is None


def test_a_lead_cannot_be_merged_with_itself_twice_or_across_contacts(api, alice, lead, duplicate):
    other = api(alice).made("/leads", inquiry(make_contact(alice)))["id"]
    assert merge(api, alice, lead, duplicate).status_code == 200
    refusals = {
        lead: f"lead_id {lead.pk} is the lead itself.",
        duplicate: f"lead_id {duplicate.pk}: lead {duplicate.pk} is already merged into lead {lead.pk}.",
        other: f"lead_id {other} is a lead of another contact, {Lead.objects.get(pk=other).contact_id}.",
    }

    for named, message in refusals.items():
        refusal = merge(api, alice, lead, named)
        assert (refusal.status_code, refusal.json()["message"]) == (400, message)
        assert list(refusal.json()["errors"]) == ["lead_id"]
    assert merge(api, alice, duplicate, lead).status_code == 400


def test_only_the_owner_can_merge(api, bob, claimed, duplicate):
    assert merge(api, bob, claimed, duplicate).status_code == 403


def test_unknown_ids_are_refused_by_field(api, alice, charlie, lead):
    strange = Lead.objects.create(owner_user=charlie, contact=make_contact(charlie), distribution_target="Myself")
    for named in (strange, 999999, None, "x"):
        refusal = merge(api, alice, lead, named)
        assert refusal.status_code == 400
        assert list(refusal.json()["errors"]) == ["lead_id"]
    assert LeadOffer.objects.count() == 0


def test_a_campaign_is_sent_in_the_name_of_the_current_agent(api, alice, bob, dana, mary, campaign, lead, run):
    """It uses the name of the claimer, then of the next claimer, and of the owner if the lead is unclaimed."""
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
    """The constraint was missing for some time; the migration that restores it first removes second claims."""
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
