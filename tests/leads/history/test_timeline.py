"""The timeline of a lead: its events and their order."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.models import Contact
from leads.history.timeline import build_timeline
from leads.history.timeline_event import TimelineEvent
from leads.models import Lead, LeadOffer, RoutingTrace, TraceEntry
from leads.reasons import EventCode
from leads.routing.mismatch_text import mismatch_text
from messaging.models import Message
from tests.conftest import make_user
from tests.leads.conftest import NOON, TRULIA, inquiry, make_contact, make_option, make_route, offer_of

MINUTE = timedelta(minutes=1)

moments = st.sampled_from([NOON + minutes * MINUTE for minutes in range(3)])
perhaps = st.none() | moments
users = st.integers(1, 3)
plans = st.fixed_dictionaries(
    {
        "skipped": st.lists(
            st.fixed_dictionaries({"user_id": users, "code": st.text(max_size=9), "details": st.just({})}), max_size=2
        ),
        "rotation": st.none() | st.fixed_dictionaries({"pointer_before": st.none() | users, "pointer_after": users}),
    }
)
entries = st.builds(
    TraceEntry,
    at=moments,
    kind=st.sampled_from(TraceEntry.Kind.values) | st.text(min_size=1, max_size=11),
    actor_user_id=st.none() | users,
    code=st.sampled_from(EventCode.values) | st.text(max_size=20),
    details=plans | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
offers = st.builds(
    LeadOffer,
    id=st.integers(1, 10**6),
    team_id=users,
    user_id=users,
    position=st.integers(0, 9),
    notify_at=moments,
    closes_at=perhaps,
    created_at=moments,
    alerted_at=perhaps,
    settled_at=perhaps,
    status=st.sampled_from(LeadOffer.Status.values),
    assign_automatically=st.booleans(),
    alert_text_id=st.none() | users,
    alert_email_id=st.none() | users,
)
messages = st.builds(
    Message,
    id=users,
    user_id=users,
    channel=st.sampled_from(Message.Channel.values),
    status=st.sampled_from(Message.Status.values),
    code=st.sampled_from(["", "quiet_hours", "other"]),
    created_at=moments,
    sent_at=perhaps,
    modified_at=moments,
)
leads = st.builds(
    Lead,
    contact=st.builds(Contact),
    owner_user_id=users,
    created_at=moments,
    claimed_by_user_id=st.none() | users,
    claimed_at=perhaps,
    claimed_via=st.sampled_from(Lead.ClaimedVia.values),
    contacted_at=perhaps,
)
attempts = st.fixed_dictionaries(
    {"route_id": users, "matched": st.booleans(), "condition": st.text(max_size=5), "expected": st.text(max_size=5)}
)
traces = st.none() | st.builds(
    lambda tried, at, plan: RoutingTrace(decided_at=at, decision={"tried": tried, "code": "no_route_matches"}, **plan),
    st.lists(attempts, max_size=2),
    moments,
    plans,
)
ways = st.tuples(
    leads,
    traces,
    st.lists(entries, max_size=4),
    st.lists(offers, max_size=3, unique_by=lambda offer: offer.pk),
    st.lists(messages, max_size=3),
)


def told(way: Any) -> list[TimelineEvent]:
    lead, trace, happened, made, alerts = way
    return build_timeline(lead, trace, happened, made, {message.pk: message for message in alerts})


@given(ways)
def test_a_timeline_of_any_rows_is_ordered_by_time(way: Any):
    found = told(way)

    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    assert all(entry.reason and entry.kind is not None for entry in found)


WITHIN_A_TURN = {"Offer planned": 0, "Offered": 1} | dict.fromkeys(
    ("Claimed", "Declined", "Expired", "Lost", "Cancelled", "Released"), 2
)


def in_time(offer: LeadOffer) -> bool:
    """Return whether the times of an offer are in order."""
    times = [at for at in (offer.created_at, offer.alerted_at, offer.settled_at) if at]
    return times == sorted(times)


@given(ways.filter(lambda way: all(in_time(offer) for offer in way[3])))
def test_causes_come_before_effects_at_the_same_time(way: Any):
    """A turn is planned before it begins, and begins before it is answered."""
    courses: dict[int | None, list[str]] = {}
    for entry in told(way):
        courses.setdefault(entry.offer_id, []).append(entry.kind)
    courses.pop(None)
    for course in courses.values():
        order = [WITHIN_A_TURN[kind] for kind in course if kind in WITHIN_A_TURN]
        assert order == sorted(order)


@given(ways)
def test_receipt_and_routing_come_first_at_the_same_time(way: Any):
    found = told(way)
    (came_in,) = [place for place, entry in enumerate(found) if entry.kind == "Received"]

    assert all(entry.at < found[came_in].at for entry in found[:came_in])


def test_other_offers_are_lost_after_the_claim():
    lead = Lead(owner_user_id=1, created_at=NOON, claimed_by_user_id=3, claimed_at=NOON + MINUTE, claimed_via="Text")
    shared: dict[str, Any] = {"team_id": 1, "position": 0, "notify_at": NOON, "created_at": NOON, "alerted_at": NOON}
    bobs = LeadOffer(pk=1, user_id=2, status="Lost", settled_at=NOON + MINUTE, **shared)
    danas = LeadOffer(pk=2, user_id=3, status="Claimed", settled_at=NOON + MINUTE, **shared)

    last = build_timeline(lead, None, [], [bobs, danas], {})[-2:]

    assert [(entry.kind, entry.user_id) for entry in last] == [("Claimed", 3), ("Lost", 2)]


TURN: dict[str, Any] = {"team_id": 1, "position": 0, "notify_at": NOON}


@pytest.mark.parametrize("created_at", [NOON - MINUTE, NOON])
def test_a_skipped_turn_is_canceled_before_the_next_turn_begins(created_at):
    lead = Lead(owner_user_id=1, created_at=NOON - MINUTE)
    missed = LeadOffer(pk=1, user_id=2, status="Cancelled", settled_at=NOON, created_at=created_at, **TURN)
    missed.end_code = "user_inactive"
    others = LeadOffer(pk=2, user_id=3, status="Sent", created_at=NOON - MINUTE, alerted_at=NOON, **TURN)

    kinds = [entry.kind for entry in build_timeline(lead, None, [], [others, missed], {})]

    assert kinds[-2:] == ["Cancelled", "Offered"]
    assert kinds.index("Cancelled") > kinds.index("Offer planned")


def test_a_skipped_turn_is_canceled_before_the_fallback():
    lead = Lead(owner_user_id=1, created_at=NOON - MINUTE)
    missed = LeadOffer(pk=1, user_id=2, status="Cancelled", settled_at=NOON, created_at=NOON - MINUTE, **TURN)
    nobody = TraceEntry(at=NOON, kind="No member", code="no_fallback", details={"from_team_id": 1})

    assert [entry.kind for entry in build_timeline(lead, None, [nobody], [missed], {})][-2:] == [
        "Cancelled",
        "No member",
    ]


def test_a_merge_comes_before_the_offers_that_it_ends():
    lead = Lead(owner_user_id=1, created_at=NOON - MINUTE)
    ended = LeadOffer(pk=1, user_id=2, status="Cancelled", settled_at=NOON, created_at=NOON - MINUTE, **TURN)
    ended.end_code, ended.end_details = "lead_merged", {"lead_id": 7}
    merged = TraceEntry(at=NOON, kind="Merged", code="merged", details={})

    assert [entry.kind for entry in build_timeline(lead, None, [merged], [ended], {})][-2:] == ["Merged", "Cancelled"]


def test_an_unclaimed_alert_follows_its_offer():
    lead = Lead(owner_user_id=1, created_at=NOON)
    offer = LeadOffer(pk=2, user_id=3, status="Sent", created_at=NOON, alerted_at=NOON, alert_text_id=5, **TURN)
    alarm = TraceEntry(at=NOON, kind="Alarm", code="unclaimed_alert", details={"alerts": [6]})
    texts = {pk: Message(pk=pk, channel="text", status="queued", user_id=3, created_at=NOON) for pk in (5, 6)}

    kinds = [entry.kind for entry in build_timeline(lead, None, [alarm], [offer], texts)]

    assert kinds == ["Received", "Offer planned", "Offered", "Alarm", "Alert queued", "Alert queued"]


def test_members_are_skipped_before_the_lead_leaves_their_team():
    lead = Lead(owner_user_id=1, created_at=NOON)
    trace = RoutingTrace(
        decided_at=NOON, decision={"team_id": 7}, skipped=[{"user_id": 2, "code": "alerts_off", "details": {}}]
    )
    fell = TraceEntry(at=NOON, kind="Fell back", code="fell_back_to_team")
    fell.details = {"team_id": 8, "skipped": trace.skipped, "rotation": None}
    planned = TraceEntry(at=NOON, kind="Planned", code="offered_to_team")
    planned.details = {"skipped": [{"user_id": 3, "code": "day_off", "details": {}}], "rotation": None}

    found = build_timeline(lead, trace, [fell, planned], [], {})

    assert [(entry.kind, entry.team_id, entry.user_id) for entry in found[2:]] == [
        ("Skipped", 7, 2),
        ("Fell back", 8, None),
        ("Planned", 8, None),
        ("Skipped", 8, 3),
    ]


@pytest.mark.parametrize(
    ("condition", "expected", "actual", "words"),
    [
        ("lead_source", 3, 1, "source lead source 1, required: lead source 3"),
        ("cities", ["irvine", "tustin", "orange"], "", "city nothing, required: irvine, tustin or orange"),
        ("price", [250000, None], 180000, "price $180,000, required: from $250,000"),
        ("price", [250000, 500000], None, "price nothing, required: from $250,000 and below $500,000"),
        (
            "open_hours",
            "Mon-Fri 9:00-17:00 (America/Los_Angeles)",
            "Tue 18:35",
            "time Tue 18:35, required: within Mon-Fri 9:00-17:00 (America/Los_Angeles)",
        ),
        ("moon_phase", "full", "new", "moon phase new, required: full"),
    ],
)
def test_a_failed_condition_is_shown_with_the_compared_values(condition, expected, actual, words):
    assert mismatch_text({"condition": condition, "expected": expected, "actual": actual}) == words


# Over HTTP


def timeline_of(api: Any, user: Any, lead: Lead) -> list[dict[str, Any]]:
    answer = api(user).get(f"/leads/{lead.pk}/routing-trace")
    assert answer.status_code == 200
    return answer.json()["timeline"]


def brief(entries: list[dict[str, Any]]) -> list[tuple[str, int | None]]:
    return [(entry["kind"], entry["user_id"]) for entry in entries]


@pytest.mark.contract(
    "Leads", "`routing-trace` has a `timeline`: every rule, offer, alert with its delivery, answer and move", "ours"
)
def test_the_timeline_shows_a_lead_from_receipt_to_claim(
    api, alice, bob, dana, mary, campaign, route, options, run, clock
):
    make_route(alice, campaign, lead_source_id=TRULIA, position=0)
    greta = make_user("Greta", "0117")
    make_option(route.team, greta)  # who has not accepted
    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])
    clock.advance(seconds=1)
    assert api(alice).post(f"/leads/{lead.pk}/offers").status_code == 201
    run(minutes=5)
    text = offer_of(lead, dana).alert_text
    Message.objects.filter(pk=text.pk).update(
        status="undelivered", code="handset_unreachable", sent_at=clock.now, modified_at=clock.now, error_code=30003
    )
    clock.advance(minutes=1)
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed", "claimed_via": "Email"})

    found = timeline_of(api, alice, lead)

    assert brief(found) == [
        ("Received", None),
        ("Rule tried", None),
        ("Rule tried", None),
        ("Routed", None),
        ("Planned", None),
        ("Skipped", greta.pk),
        ("Offer planned", bob.pk),
        ("Offer planned", dana.pk),
        ("Offered", bob.pk),
        ("Alert queued", bob.pk),
        ("Alert queued", bob.pk),
        ("Offered", dana.pk),
        ("Alert queued", dana.pk),
        ("Alert queued", dana.pk),
        ("Alert sent", dana.pk),
        ("Alert failed", dana.pk),
        ("Claimed", bob.pk),
        ("Lost", dana.pk),
        ("Alert cancelled", bob.pk),
        ("Alert cancelled", bob.pk),
        ("Alert cancelled", dana.pk),
    ]
    by_kind = {entry["kind"]: entry for entry in found}
    assert by_kind["Planned"]["actor_user_id"] == alice.pk
    assert by_kind["Claimed"]["actor_user_id"] == bob.pk
    told = {"claimed_via": "Email", "claimed_through": "api", "time_to_claim": 361}
    assert by_kind["Claimed"]["details"] == told
    assert by_kind["Claimed"]["reason"] == f"User {bob.pk} claimed the lead through the API."
    assert (
        by_kind["Alert failed"]["reason"]
        == f"The text to user {dana.pk} was not delivered: The handset could not be reached."
    )
    assert by_kind["Alert failed"]["details"]["error_code"] == 30003
    assert found[1]["reason"].endswith(f"source lead source 1, required: lead source {TRULIA}.")
    assert found[0]["at"] == "2027-03-01T20:00:00.000Z"


def test_the_timeline_shows_that_a_lead_stays_with_its_owner(api, alice, mary):
    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])

    assert [entry["reason"] for entry in timeline_of(api, alice, lead)] == [
        f"User {alice.pk} created the lead.",
        "No route matches: the lead goes to its owner.",
        f"The lead is assigned to user {alice.pk}, who created it.",
        f"The email to user {alice.pk} was queued.",
        f"The text to user {alice.pk} was queued.",
    ]


def test_notices_of_a_reassignment_are_in_the_timeline(api, alice, bob, dana, team, lead):
    """The lead is reassigned from bob, who had claimed it, to dana."""
    Lead.objects.filter(pk=lead.pk).update(ponded_at=NOON)
    api(bob).post(f"/leads/{lead.pk}/claim")
    assert api(alice).post(f"/leads/{lead.pk}/reassign", {"user_id": dana.pk}).status_code < 300

    found = timeline_of(api, alice, lead)

    (moved,) = [entry for entry in found if entry["kind"] == "Reassigned"]
    assert (moved["actor_user_id"], moved["user_id"]) == (alice.pk, dana.pk)
    assert [(entry["user_id"], entry["details"]["channel"]) for entry in found if entry["kind"] == "Alert queued"] == [
        (bob.pk, "email"),
        (bob.pk, "text"),
        (dana.pk, "email"),
        (dana.pk, "text"),
    ]


def test_the_round_robin_pointer_is_shown_before_and_after(api, alice, bob, dana, mary, team, route, options):
    team.order_method = "Round Robin"
    team.save()
    route.is_automatic = True
    route.save()
    first, second = (Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"]) for _ in range(2))

    turns = [
        next(entry for entry in timeline_of(api, alice, lead) if entry["kind"] == "Round robin")
        for lead in (first, second)
    ]

    assert [turn["reason"] for turn in turns] == [
        f"The round robin makes it user {bob.pk}'s turn.",
        f"The round robin makes it user {dana.pk}'s turn, after user {bob.pk}'s.",
    ]
    assert turns[1]["details"]["pointer_before"] == bob.pk
    assert api(alice).get(f"/leads/{second.pk}/routing-trace").json()["rotation"] == turns[1]["details"]


def test_the_earlier_claim_is_shown_when_a_lead_is_taken_back(api, alice, bob, dana, team, lead, run, clock):
    """The undone claim, its reason, and the next round."""
    team.mins_until_contact = 30
    team.save()
    api(alice).post(f"/leads/{lead.pk}/offers")
    run(minutes=1)
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed", "claimed_via": "Text"})
    run(minutes=31)

    found = timeline_of(api, alice, lead)

    (claimed,) = [entry for entry in found if entry["kind"] == "Claimed"]
    assert (claimed["at"], claimed["actor_user_id"]) == ("2027-03-01T20:01:00.000Z", bob.pk)
    assert claimed["details"] == {
        "user_id": bob.pk,
        "claimed_via": "Text",
        "claimed_through": "api",
        "time_to_claim": 60,
    }
    since = [(entry["kind"], entry["user_id"]) for entry in found if entry["at"] >= "2027-03-01T20:31"]
    assert since[:4] == [("Taken back", bob.pk), ("Planned", None), ("Skipped", bob.pk), ("Offer planned", dana.pk)]
    assert found[-1]["at"] > claimed["at"]


def test_a_claim_from_the_pond_shows_no_planned_offer(api, alice, bob, team, lead):
    Lead.objects.filter(pk=lead.pk).update(ponded_at=NOON)
    assert api(bob).post(f"/leads/{lead.pk}/claim").status_code < 300

    assert [(entry["kind"], entry["user_id"]) for entry in timeline_of(api, alice, lead)[-2:]] == [
        ("Routed", None),
        ("Claimed", bob.pk),
    ]


def test_an_entry_with_an_unknown_code_shows_its_text(api, alice, bob, lead):
    TraceEntry.objects.create(
        lead=lead, at=NOON + MINUTE, kind="Sung", actor_user=bob, code="other", details={"text": "User 5 sang."}
    )

    last = timeline_of(api, alice, lead)[-1]

    assert (last["kind"], last["reason"], last["actor_user_id"]) == ("Sung", "User 5 sang.", bob.pk)
    assert last["code"] == "other"


def test_the_timeline_contains_no_contact_details(api, alice, bob, route, options, run):
    mary = make_contact(alice, email="secret@example.com", mobile_phone="+1 949 555 0177")
    route.is_automatic = True
    route.save()
    lead = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary, text_body="Call +1 949 555 0178"))["id"])
    run(minutes=5)
    api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})

    words = str(api(alice).get(f"/leads/{lead.pk}/routing-trace").json())

    assert not any(secret in words for secret in ("0177", "0178", "secret@", "Mary"))


def test_the_team_lead_reads_the_timeline_without_contact_details(
    api, alice, bob, dana, charlie, team, campaign, options
):
    """Bob's route sends leads to alice's team, which does not share contacts."""
    team.is_contact_resource_sharing_enabled = False
    team.save()
    make_route(
        bob,
        campaign,
        distribution_target="Team Rollout",
        team_selection_method="Specific Team",
        team=team,
        is_automatic=True,
    )
    mary = make_contact(bob, email="secret@example.com", mobile_phone="+1 949 555 0177")
    lead = Lead.objects.get(pk=api(bob).made("/leads", inquiry(mary, text_body="Call +1 949 555 0178"))["id"])

    assert api(alice).get(f"/leads/{lead.pk}").status_code == 404
    assert "Offer planned" in [entry["kind"] for entry in timeline_of(api, alice, lead)]
    words = str(api(alice).get(f"/leads/{lead.pk}/routing-trace").json())
    assert not any(secret in words for secret in ("0177", "0178", "secret@", "Mary"))
    for other in (dana, charlie):
        assert api(other).get(f"/leads/{lead.pk}/routing-trace").status_code == 404


def test_a_long_timeline_takes_as_many_queries_as_a_short_one(
    api, alice, mary, team, route, options, run, django_assert_max_num_queries
):
    route.is_automatic = True
    route.save()
    short = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])
    for number in range(20, 40):
        member = make_user(f"Member{number}", f"01{number}")
        team.memberships.create(user=member, request_status="Accepted")
        make_option(team, member)
    long = Lead.objects.get(pk=api(alice).made("/leads", inquiry(mary))["id"])
    run(minutes=200)
    client = api(alice)
    client.get(f"/leads/{short.pk}/routing-trace")

    counts = []
    for lead in (short, long):
        with django_assert_max_num_queries(30) as asked:
            found = client.get(f"/leads/{lead.pk}/routing-trace").json()["timeline"]
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert len(found) > 60
