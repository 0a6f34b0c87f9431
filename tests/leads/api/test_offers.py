from datetime import timedelta

import pytest

from crm.models import ContactShare
from leads.models import Lead, LeadOffer
from messaging import consent
from messaging.models import Message
from teams.models import Team, TeamMember
from tests.conftest import make_user
from tests.leads.conftest import NOON, inquiry, make_option, make_route, offer_of, statuses, texts_to


def path_of(lead):
    return f"/leads/{lead.pk}/offers"


@pytest.mark.contract("Lead offers", "POST, without a body, answers a bare array", "documented")
def test_offers_are_returned_as_an_array(api, alice, bob, dana, mary, team, lead):
    answer = api(alice).post(path_of(lead))

    assert answer.status_code == 201
    first, second = answer.json()
    assert first == {
        "id": first["id"],
        "rank": 1,
        "notify_at": "2027-03-01T20:00:00.000Z",
        "status": "Pending",
        "assign_automatically": False,
        "has_call_alert": False,
        "has_text_alert": True,
        "has_email_alert": True,
        "team": {"id": team.pk, "name": "Pride"},
        "lead": {
            "id": lead.pk,
            "distribution_target": "Team Rollout",
            "contact": {"id": mary.pk, "first_name": "Mary", "last_name": "Jackson"},
        },
        "user": {"id": bob.pk, "first_name": "Bob", "last_name": "Example", "email": "bob@example.com"},
    }
    assert (second["user"]["id"], second["notify_at"]) == (dana.pk, "2027-03-01T20:05:00.000Z")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", ""),
        ("application/json; charset=utf-8", "{}"),
        ("application/x-www-form-urlencoded", ""),
        ("application/octet-stream", ""),
    ],
)
def test_no_body_is_required(api, alice, lead, kind, body):
    client = api(alice)

    assert client.http.generic("POST", path_of(lead), body, kind, headers=client.headers).status_code == 201


def test_an_invalid_json_body_is_refused(api, alice, lead):
    client = api(alice)

    answer = client.http.generic("POST", path_of(lead), "{nonsense", "application/json", headers=client.headers)

    assert answer.status_code == 400
    assert not LeadOffer.objects.exists()


@pytest.mark.contract("Lead offers", "A standing rollout is the answer to a second POST, 200", "ours")
def test_a_rollout_in_progress_is_returned(api, alice, lead):
    made = api(alice).post(path_of(lead)).json()

    again = api(alice).post(path_of(lead))

    assert again.status_code == 200
    assert again.json() == made
    assert LeadOffer.objects.count() == 2


def test_after_the_last_alert_only_new_members_are_offered(api, alice, lead, team, run):
    api(alice).post(path_of(lead))
    run(minutes=5)
    make_option(team, alice, rank=3)

    more = api(alice).post(path_of(lead))

    assert more.status_code == 201
    assert [offer["user"]["id"] for offer in more.json()] == [alice.pk]
    assert LeadOffer.objects.count() == 3


def test_sent_offers_stay_open_until_a_claim(api, alice, lead, run):
    made = api(alice).post(path_of(lead)).json()
    run(minutes=5)

    answer = api(alice).post(path_of(lead))

    assert answer.status_code == 200
    assert [(offer["id"], offer["status"]) for offer in answer.json()] == [(offer["id"], "Sent") for offer in made]


def test_after_all_members_declined_no_member_can_be_offered_the_lead(api, alice, lead, run):
    api(alice).post(path_of(lead))
    run(minutes=5)
    for offer in LeadOffer.objects.filter(lead=lead):
        api(offer.user).patch(f"{path_of(lead)}/{offer.pk}", {"status": "Declined"})

    answer = api(alice).post(path_of(lead))

    assert answer.status_code == 400
    assert "already offered" in answer.json()["message"]
    assert LeadOffer.objects.count() == 2


def refusal(api, user, lead):
    answer = api(user).post(path_of(lead))
    assert not LeadOffer.objects.exists()
    return answer.status_code, answer.json()["message"]


@pytest.mark.contract("Lead offers", "Only who brought the lead in can offer it", "documented")
def test_only_the_owner_can_offer_a_lead(api, bob, lead):
    assert refusal(api, bob, lead) == (400, "Only the user who created this lead can offer it.")


def test_a_lead_of_charlie_cannot_be_offered(api, charlie, lead):
    assert refusal(api, charlie, lead) == (404, f"No record found for id '{lead.pk}'")


def test_a_lead_for_its_owner_cannot_be_offered(api, alice, mary):
    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary, source_id=3))["id"])

    code, message = refusal(api, alice, lead)

    assert code == 400
    assert "Myself, not Team Rollout" in message


@pytest.mark.contract("Lead offers", "Only to a team they created", "documented")
def test_only_the_creator_of_the_team_can_offer_to_it(api, alice, bob, lead):
    team = Team.objects.create(creator=bob, name="Bob's")
    lead.team = team
    lead.save()

    assert refusal(api, alice, lead) == (400, "The team Bob's was not created by you.")


def test_without_distribution_options_no_member_can_be_offered_the_lead(api, alice, lead, team):
    team.distribution_options.all().delete()

    answer = api(alice).post(path_of(lead))
    assert (answer.status_code, answer.json()["data"]) == (
        400,
        {"code": "no_member_set_up", "details": {"team_id": team.pk}},
    )


@pytest.mark.contract("Lead offers", "A claimed lead is not offered", "documented")
def test_a_claimed_lead_cannot_be_offered(api, alice, bob, lead, run):
    api(alice).post(path_of(lead))
    run()
    api(bob).patch(f"{path_of(lead)}/{offer_of(lead, bob).pk}", {"status": "Claimed"})

    answer = api(alice).post(path_of(lead))

    assert answer.status_code == 409
    assert answer.json()["message"] == "This lead has already been claimed."


@pytest.mark.contract("Team member distribution options", "All alerts off pauses a member", "documented")
def test_paused_and_unreachable_members_are_skipped_with_a_reason(api, alice, bob, dana, lead, team):
    options = {option.user: option for option in team.distribution_options.all()}
    options[bob].has_text_alert = options[bob].has_email_alert = False
    options[bob].save()
    dana.phone = "none"
    dana.save()
    dave, erin, frank = (make_user(name, f"012{at}") for at, name in enumerate(("Dave", "Erin", "Frank")))
    TeamMember.objects.create(team=team, user=dave, request_status="Pending")
    TeamMember.objects.create(team=team, user=erin, request_status="Accepted")
    TeamMember.objects.create(team=team, user=frank, request_status="Accepted")
    for user in (dave, erin, frank):
        make_option(team, user, rank=9)
    consent.opt_out(erin.phone_e164, source="text", now=NOON)
    frank.is_active = False
    frank.save()

    offers = api(alice).post(path_of(lead)).json()

    assert [offer["user"]["first_name"] for offer in offers] == ["Dana"]
    assert offers[0]["notify_at"] == "2027-03-01T20:00:00.000Z"  # skipped members take no turn
    trace = api(alice).get(f"/leads/{lead.pk}/routing-trace").json()
    assert {skipped["user_id"]: skipped["code"] for skipped in trace["skipped"]} == {
        bob.pk: "alerts_off",
        dave.pk: "invitation_not_accepted",
        erin.pk: "no_channel",
        frank.pk: "user_inactive",
    }


def test_a_member_with_a_phone_can_have_call_alerts_only(api, alice, bob, dana, lead, team):
    team.distribution_options.update(has_text_alert=False, has_email_alert=False, has_call_alert=True)
    dana.phone = ""
    dana.save()

    (offer,) = api(alice).post(path_of(lead)).json()

    assert (offer["user"]["id"], offer["has_call_alert"]) == (bob.pk, True)
    (skipped,) = api(alice).get(f"/leads/{lead.pk}/routing-trace").json()["skipped"]
    assert (skipped["user_id"], skipped["code"]) == (dana.pk, "no_channel")
    assert skipped["reason"] == "no alert can be delivered: no valid phone number"


def test_by_time_each_member_has_their_own_delay(api, alice, bob, dana, lead, team):
    team.order_method = "Time"
    team.save()
    team.distribution_options.filter(user=bob).update(mins_until_lead_offer=30)
    team.distribution_options.filter(user=dana).update(mins_until_lead_offer=0)

    first, second = api(alice).post(path_of(lead)).json()

    assert (first["user"]["id"], first["notify_at"], first["rank"]) == (dana.pk, "2027-03-01T20:00:00.000Z", None)
    assert (second["user"]["id"], second["notify_at"]) == (bob.pk, "2027-03-01T20:30:00.000Z")


def test_the_zip_code_selects_the_team_that_is_offered_the_lead(api, alice, bob, mary, team, campaign):
    make_route(alice, campaign, distribution_target="Team Rollout", team_selection_method="Zipcode")
    team.distribution_zipcodes = "92618"
    team.save()
    make_option(team, bob)
    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])

    assert [offer["user"]["id"] for offer in api(alice).post(path_of(lead)).json()] == [bob.pk]


# Who sees offers


@pytest.mark.contract(
    "Lead offers", "`GET /leads/:id/offers`, and one of them; `GET /lead-offers` are those made to you", "ours"
)
def test_an_offered_member_sees_the_offer_but_not_the_lead(api, alice, bob, charlie, dana, lead, team):
    team.is_contact_resource_sharing_enabled = False
    team.save()
    offers = {offer["user"]["id"]: offer for offer in api(alice).post(path_of(lead)).json()}

    assert api(bob).get(path_of(lead)).json()["data"] == [offers[bob.pk]]
    assert api(bob).get(f"{path_of(lead)}/{offers[bob.pk]['id']}").json() == offers[bob.pk]
    assert api(bob).get(f"{path_of(lead)}/{offers[dana.pk]['id']}").status_code == 404
    assert api(bob).get("/lead-offers").json()["data"] == [offers[bob.pk]]
    assert api(bob).get(f"/lead-offers/{offers[bob.pk]['id']}").json() == offers[bob.pk]
    assert api(bob).get(f"/leads/{lead.pk}").status_code == 404
    assert api(bob).get(f"/contacts/{lead.contact_id}").status_code == 404
    assert api(alice).get(path_of(lead)).json()["total"] == 2
    assert api(alice).get("/lead-offers").json()["total"] == 0
    assert api(charlie).get(path_of(lead)).status_code == 404
    assert api(charlie).get(f"{path_of(lead)}/{offers[bob.pk]['id']}").status_code == 404


def test_a_lead_without_offers_has_an_empty_list(api, alice, lead):
    assert api(alice).get(path_of(lead)).json() == {"total": 0, "limit": 10, "skip": 0, "data": []}
    assert api(alice).get("/leads/nonsense/offers").status_code == 404
    assert api(alice).post("/leads/999999/offers").status_code == 404


def test_offers_are_filtered(api, alice, bob, lead):
    api(alice).post(path_of(lead))

    assert api(alice).get(path_of(lead), {"user_id": bob.pk, "status": "pending"}).json()["total"] == 1
    assert api(alice).get(path_of(lead), {"status": "Sent"}).json()["total"] == 0
    assert api(alice).get(path_of(lead), {"reason": "x"}).status_code == 400


def test_a_list_of_offers_takes_as_many_queries_as_one_offer(api, alice, bob, lead, team, django_assert_num_queries):
    client = api(alice)
    client.post(path_of(lead))
    LeadOffer.objects.filter(user=bob).delete()
    with django_assert_num_queries(3):
        client.get(path_of(lead))
    for at in range(8):
        LeadOffer.objects.create(
            lead=lead, team=team, user=make_user(f"Member{at}", f"013{at}"), position=at, notify_at=NOON
        )
    with django_assert_num_queries(3):
        assert client.get(path_of(lead)).json()["total"] == 9


# Claiming and declining


@pytest.fixture
def offered(api, alice, lead, run):
    """The lead is offered, and bob was alerted."""
    api(alice).post(path_of(lead))
    run()
    return lead


def answer(api, user, lead, status, **more):
    return api(user).patch(f"{path_of(lead)}/{offer_of(lead, user).pk}", {"status": status, **more})


@pytest.mark.contract("Lead offers", '`PATCH {"status":"Claimed"}` by the offered member', "ours")
def test_the_claimer_gets_the_lead_and_the_contact(api, alice, bob, mary, offered, run):
    run(minutes=2)
    claimed = answer(api, bob, offered, "claimed")

    assert claimed.status_code == 200
    assert claimed.json()["status"] == "Claimed"
    lead = api(bob).get(f"/leads/{offered.pk}").json()
    assert lead["claimed_by_user_id"] == bob.pk
    assert lead["claimed_at"] == "2027-03-01T20:02:00.000Z"
    assert lead["claimed_via"] == "Text"
    assert lead["time_to_claim"] == 120
    contact = api(bob).get(f"/contacts/{mary.pk}").json()
    assert (contact["assigned_user_id"], contact["owner_user_id"]) == (bob.pk, alice.pk)
    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Cancelled"}


def test_an_assigned_contact_is_shared_with_the_claimer(api, alice, bob, mary, offered, team):
    team.is_contact_resource_sharing_enabled = False
    team.save()
    mary.assigned_user = alice
    mary.save()

    answer(api, bob, offered, "Claimed")

    mary.refresh_from_db()
    assert mary.assigned_user == alice
    assert ContactShare.objects.get().user == bob
    assert api(bob).get(f"/contacts/{mary.pk}").status_code == 200


def test_a_claim_stores_the_posted_channel(api, bob, offered):
    answer(api, bob, offered, "Claimed", claimed_via="phone")

    offered.refresh_from_db()
    assert offered.claimed_via == "Phone"


@pytest.mark.contract("Leads", "`claimed_through` shows how a lead was really claimed", "ours")
def test_claimed_through_is_api_for_any_posted_channel(api, alice, bob, offered):
    answer(api, bob, offered, "Claimed", claimed_via="phone")

    shown = api(alice).get(f"/leads/{offered.pk}").json()
    assert (shown["claimed_via"], shown["claimed_through"]) == ("Phone", "api")
    assert api(alice).get("/leads?claimed_through=api").json()["total"] == 1
    (claimed,) = (
        entry
        for entry in api(alice).get(f"/leads/{offered.pk}/routing-trace").json()["timeline"]
        if entry["kind"] == "Claimed"
    )
    assert claimed["details"]["claimed_through"] == "api"


def test_a_claim_after_an_email_only_alert_counts_as_email(api, bob, offered):
    LeadOffer.objects.filter(user=bob).update(has_text_alert=False)

    answer(api, bob, offered, "Claimed")

    offered.refresh_from_db()
    assert offered.claimed_via == "Email"


def test_claiming_before_the_turn_is_refused(api, dana, offered):
    refused = answer(api, dana, offered, "Claimed")

    assert refused.status_code == 409
    assert "not your turn yet" in refused.json()["message"]
    assert statuses(offered) == {"Bob": "Sent", "Dana": "Pending"}


@pytest.mark.contract("Lead offers", "A second claim is told that the lead is claimed, 409", "documented")
def test_the_second_claim_is_refused(api, bob, dana, offered, run):
    run(minutes=5)
    answer(api, bob, offered, "Claimed")

    refused = answer(api, dana, offered, "Claimed")

    assert refused.status_code == 409
    assert refused.json()["message"] == "This lead has already been claimed."
    assert statuses(offered) == {"Bob": "Claimed", "Dana": "Lost"}
    offered.refresh_from_db()
    assert offered.claimed_by_user == bob


def test_the_claimer_can_claim_again(api, bob, offered, run):
    answer(api, bob, offered, "Claimed")
    run(minutes=3)

    assert answer(api, bob, offered, "Claimed").status_code == 200
    offered.refresh_from_db()
    assert offered.time_to_claim == 0


def test_an_agent_cannot_claim_the_offer_of_another(api, alice, bob, charlie, offered):
    path = f"{path_of(offered)}/{offer_of(offered, bob).pk}"

    assert api(alice).patch(path, {"status": "Claimed"}).status_code == 403
    assert api(charlie).patch(path, {"status": "Claimed"}).status_code == 404
    assert statuses(offered)["Bob"] == "Sent"


def test_an_offer_is_found_only_under_its_own_lead(api, alice, bob, mary, offered):
    other = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])

    path = f"{path_of(other)}/{offer_of(offered, bob).pk}"
    assert api(bob).patch(path, {"status": "Claimed"}).status_code == 404


def test_only_claimed_and_declined_can_be_patched(api, bob, offered):
    assert "status" in answer(api, bob, offered, "Sent").json()["errors"]
    for nothing in (None, ""):
        refused = answer(api, bob, offered, nothing)
        assert (refused.status_code, refused.json()["message"]) == (400, "status must be Claimed or Declined.")
    assert "claimed_via" in answer(api, bob, offered, "Claimed", claimed_via="Pigeon").json()["errors"]
    assert statuses(offered)["Bob"] == "Sent"


def test_an_empty_patch_changes_nothing(api, bob, offered):
    path = f"{path_of(offered)}/{offer_of(offered, bob).pk}"
    unchanged = api(bob).patch(path, {"rank": 1})

    assert (unchanged.status_code, unchanged.json()["status"], unchanged.json()["rank"]) == (200, "Sent", 1)
    for body, field in (({"rank": 7}, "rank"), ({"claimed_via": "Phone"}, "claimed_via")):
        refused = api(bob).patch(path, body)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])


@pytest.mark.contract("Lead offers", '`"Declined"` leaves it to the others', "ours")
def test_a_decline_ends_only_the_offer_of_that_member(api, bob, dana, offered, run):
    declined = answer(api, bob, offered, "Declined")

    assert (declined.status_code, declined.json()["status"]) == (200, "Declined")
    assert answer(api, bob, offered, "Declined").status_code == 200
    assert answer(api, bob, offered, "Claimed").status_code == 409
    run(minutes=5)
    assert answer(api, dana, offered, "Claimed").status_code == 200
    assert answer(api, bob, offered, "Claimed").json()["message"] == "This lead has already been claimed."


def test_a_member_who_declines_before_their_turn_is_not_alerted(api, dana, offered, run):
    assert answer(api, dana, offered, "Declined").status_code == 200

    run(minutes=10)

    assert texts_to(dana) == []


def test_the_claimer_cannot_decline(api, bob, offered):
    answer(api, bob, offered, "Claimed")

    assert answer(api, bob, offered, "Declined").status_code == 409
    assert statuses(offered)["Bob"] == "Claimed"


def alerts():
    """Return user, channel and status of each alert."""
    return sorted(Message.objects.filter(purpose="alert").values_list("user__first_name", "channel", "status"))


def test_a_claim_cancels_all_unsent_alerts(api, bob, dana, offered, run):
    run(minutes=5)

    answer(api, bob, offered, "Claimed")

    assert alerts() == [(name, channel, "cancelled") for name in ("Bob", "Dana") for channel in ("email", "text")]
    assert set(Message.objects.values_list("code", flat=True)) == {"lead_claimed"}


def test_an_alert_that_is_being_sent_is_not_canceled(api, bob, offered, clock):
    Message.objects.filter(channel="text").update(status="sending", leased_until=clock.now)

    assert answer(api, bob, offered, "Claimed").status_code == 200

    assert alerts() == [("Bob", "email", "cancelled"), ("Bob", "text", "sending")]


def test_a_decline_cancels_the_unsent_alert(api, bob, dana, offered, run):
    run(minutes=5)

    answer(api, bob, offered, "Declined")

    assert [alert[0] for alert in alerts() if alert[2] == "queued"] == ["Dana", "Dana"]
    assert [alert[2] for alert in alerts() if alert[0] == "Bob"] == ["cancelled", "cancelled"]


def test_offers_cannot_be_deleted(api, bob, offered):
    assert api(bob).delete(f"{path_of(offered)}/{offer_of(offered, bob).pk}").status_code == 405


def test_an_offer_can_be_claimed_much_later(api, bob, offered, clock):
    clock.now += timedelta(days=40)

    assert answer(api, bob, offered, "Claimed").status_code == 200
