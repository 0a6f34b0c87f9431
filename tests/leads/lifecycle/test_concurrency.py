"""Concurrency over real connections: simultaneous claims, overlapping ticks and killed workers."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from time import monotonic
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from core.reasons import Reason
from leads import jobs
from leads.alert_replies import claim_by_digit
from leads.distribution.roster import load_roster, lock_round_robins
from leads.lifecycle.claims import lock_lead
from leads.lifecycle.first_contact import record_first_contacts
from leads.lifecycle.offers import OfferHistory, create_offers
from leads.models import Lead, LeadOffer, LeadRoute
from messaging.models import Message
from teams.membership import remove as leave
from teams.models import TeamMember, TeamMemberDistributionOption, User
from tests.concurrency import Rival
from tests.conftest import give_phone, make_user
from tests.leads.conftest import NOON, ZILLOW, inquiry, make_contact, make_option, offer_of, statuses

pytestmark = pytest.mark.django_db(transaction=True)


def run_concurrently(actions: list[Callable[[], Any]]) -> list[Any]:
    """Run all of these at the same time, each on its own connection."""
    barrier = Barrier(len(actions))

    def act(deed: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


@pytest.fixture
def everybody_at_once(team):
    team.mins_until_next_alert = 0
    team.save()


def join(team, count: int) -> list[User]:
    """Add this many members with text alerts."""
    members = [make_user(f"Member{at}", f"01{at:02}") for at in range(20, 20 + count)]
    for member in members:
        TeamMember.objects.create(team=team, user=member, request_status="Accepted")
        make_option(team, member, rank=9)
    return members


def offer_leads(api, alice, count: int) -> list[Lead]:
    client, made = api(alice), []
    for _ in range(count):
        made.append(client.made("/leads", inquiry(make_contact(alice)))["id"])
        assert client.post(f"/leads/{made[-1]}/offers").status_code == 201
    return list(Lead.objects.filter(pk__in=made).order_by("pk"))


def test_of_thirty_simultaneous_claims_exactly_one_succeeds(api, alice, team, route, everybody_at_once, clock):
    members = join(team, 30)
    (lead,) = offer_leads(api, alice, 1)
    jobs.run_due(clock.now)
    rivals = [(api(member), f"/leads/{lead.pk}/offers/{offer_of(lead, member).pk}") for member in members]

    answers = run_concurrently(
        [lambda rival=rival: rival[0].patch(rival[1], {"status": "Claimed"}) for rival in rivals]
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 29}
    losers = [answer.json()["message"] for answer in answers if answer.status_code == 409]
    assert set(losers) == {"This lead has already been claimed."}
    lead.refresh_from_db()
    winner = members[[answer.status_code for answer in answers].index(200)]
    assert (lead.claimed_by_user, lead.contact.assigned_user) == (winner, winner)
    assert Counter(lead.offers.values_list("status", flat=True)) == {"Claimed": 1, "Lost": 29}
    assert set(Message.objects.values_list("status", flat=True)) == {"cancelled"}


def test_of_simultaneous_claims_from_the_pond_exactly_one_succeeds(api, alice, team, route, everybody_at_once, clock):
    """Half of them claim from the pond, half by their offer."""
    members = join(team, 8)
    team.fallback_target, team.mins_until_fallback = "Pond", 0
    team.save()
    (lead,) = offer_leads(api, alice, 1)
    jobs.run_due(clock.now)
    rivals = [
        (api(member), f"/leads/{lead.pk}/offers/{offer_of(lead, member).pk}" if at % 2 else f"/leads/{lead.pk}/claim")
        for at, member in enumerate(members)
    ]

    def try_it(client, path):
        return client.post(path) if path.endswith("claim") else client.patch(path, {"status": "Claimed"})

    answers = run_concurrently([lambda rival=rival: try_it(*rival) for rival in rivals])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}
    lead.refresh_from_db()
    winner = members[[answer.status_code for answer in answers].index(200)]
    assert (lead.claimed_by_user, lead.offers.get(status="Claimed").user) == (winner, winner)


def test_two_simultaneous_claims_of_one_member_both_succeed(api, alice, bob, team, route, options, clock):
    for lead in offer_leads(api, alice, 5):
        jobs.run_due(clock.now)
        client, path = api(bob), f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}"

        answers = run_concurrently([lambda client=client, path=path: client.patch(path, {"status": "Claimed"})] * 2)

        assert [answer.status_code for answer in answers] == [200, 200]


def test_offers_requested_twice_simultaneously_are_created_once(api, alice, team, route, options):
    for _ in range(5):
        client = api(alice)
        path = f"/leads/{client.made('/leads', inquiry(make_contact(alice)))['id']}/offers"

        answers = run_concurrently([lambda client=client, path=path: client.post(path)] * 3)

        assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
        assert {len(answer.json()) for answer in answers} == {2}


def test_routes_created_simultaneously_have_different_positions(api, alice, campaign):
    client = api(alice)
    body = {"campaign_id": campaign.pk, "lead_source_id": ZILLOW, "distribution_target": "Myself"}

    run_concurrently([lambda at=at: client.post("/lead-routes", body | {"filter": str(at)}) for at in range(6)])

    assert sorted(LeadRoute.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_of_simultaneous_texts_and_clicks_exactly_one_succeeds(api, alice, team, route, everybody_at_once, clock):
    members = join(team, 8)
    (lead,) = offer_leads(api, alice, 1)
    jobs.run_due(clock.now)

    def click(member: User) -> Callable[[], Any]:
        client, path = api(member), f"/leads/{lead.pk}/offers/{offer_of(lead, member).pk}"
        return lambda: client.patch(path, {"status": "Claimed"}).status_code

    def text(member: User) -> Callable[[], Any]:
        message = Message.objects.create(
            channel="text", purpose="inbound", status="received", sender=member.phone_e164, recipient="+1", body="1"
        )
        return lambda: claim_by_digit(message, clock.now)

    codes = run_concurrently([click(member) for member in members[:4]] + [text(member) for member in members[4:]])[:4]

    lead.refresh_from_db()
    assert codes.count(200) == (lead.claimed_by_user in members[:4])
    assert lead.offers.filter(status="Claimed").count() == 1
    told = Message.objects.filter(body__startswith="Already claimed", user__in=members[4:]).count()
    assert told == 4 - (lead.claimed_by_user in members[4:])


def test_overlapping_ticks_alert_no_member_twice(
    api, alice, team, route, options, everybody_at_once, clock, monkeypatch
):
    monkeypatch.setattr(jobs.send_offers, "BATCH_SIZE", 7)
    leads = offer_leads(api, alice, 25)

    run_concurrently([lambda: jobs.run_due(clock.now)] * 4)
    jobs.run_due(clock.now)  # what each passed over because another held it

    assert_alerted_once(leads)


def test_overlapping_ticks_give_one_phone_different_numbers(
    api, alice, bob, dana, team, route, options, everybody_at_once, clock, monkeypatch
):
    monkeypatch.setattr(jobs.send_offers, "BATCH_SIZE", 1)
    give_phone(dana, bob.phone)
    offer_leads(api, alice, 10)

    run_concurrently([lambda: jobs.run_due(clock.now)] * 4)
    jobs.run_due(clock.now)  # what each passed over because another held it

    numbers = list(LeadOffer.objects.filter(status="Sent").values_list("reply_number", flat=True))
    assert len(numbers) == len(set(numbers)) == 20


def assert_alerted_once(leads: list[Lead]) -> None:
    offers = LeadOffer.objects.filter(lead__in=leads)
    assert set(offers.values_list("status", flat=True)) == {"Sent"}
    alerts = Message.objects.filter(purpose="alert")
    assert Counter(alerts.values_list("channel", flat=True)) == {"text": offers.count(), "email": offers.count()}
    assert set(offers.values_list("alert_text_id", flat=True)) | set(
        offers.values_list("alert_email_id", flat=True)
    ) == set(alerts.values_list("pk", flat=True))
    for user_id in offers.values_list("user_id", flat=True).distinct():
        numbers = list(offers.filter(user=user_id).values_list("reply_number", flat=True))
        assert len(set(numbers)) == len(numbers)


def test_a_killed_worker_neither_loses_nor_repeats_alerts(
    api, alice, team, route, options, everybody_at_once, clock, monkeypatch
):
    monkeypatch.setattr(jobs.send_offers, "BATCH_SIZE", 5)
    leads = offer_leads(api, alice, 30)
    deaths = 0

    def work() -> None:
        while not lived_through():
            pass

    def lived_through() -> bool:
        """Process due work. Return whether the worker survived."""
        nonlocal deaths
        try:
            jobs.run_due(clock.now)
            return jobs.next_due_at() is None
        except OperationalError:
            deaths += 1
            connection.close()
            return False

    def kill() -> None:
        with connection.cursor() as cursor:
            for _ in range(200):
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND state <> 'idle' AND query LIKE '%leads_leadoffer%'"
                )
                if deaths > 5:
                    break

    run_concurrently([work, kill])

    assert deaths
    assert_alerted_once(leads)


def test_simultaneous_claims_and_ticks_alert_no_member_of_a_claimed_lead(
    api, alice, bob, team, route, options, clock, monkeypatch
):
    """Bob claims each lead at the time of dana's turn."""
    monkeypatch.setattr(jobs.send_offers, "BATCH_SIZE", 3)
    leads = offer_leads(api, alice, 12)
    jobs.run_due(clock.now)
    clock.now = NOON + timedelta(minutes=5)
    client = api(bob)
    paths = [f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}" for lead in leads]

    def claim_all() -> list[int]:
        return [client.patch(path, {"status": "Claimed"}).status_code for path in paths]

    codes, *_ = run_concurrently([claim_all, lambda: jobs.run_due(clock.now), lambda: jobs.run_due(clock.now)])

    assert codes == [200] * 12
    danas = LeadOffer.objects.filter(user__first_name="Dana").select_related("alert_text")
    for offer in danas:
        assert offer.status in ("Cancelled", "Lost")
        assert offer.alert_text is None or offer.alert_text.status == "cancelled"


def test_deleting_a_contact_during_a_claim_is_consistent(api, alice, bob, team, route, options, clock):
    for lead in offer_leads(api, alice, 8):
        jobs.run_due(clock.now)
        claimer, remover = api(bob), api(alice)
        path, contact = f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", f"/contacts/{lead.contact_id}"

        claimed, removed = run_concurrently(
            [
                lambda claimer=claimer, path=path: claimer.patch(path, {"status": "Claimed"}).status_code,
                lambda remover=remover, contact=contact: remover.delete(contact).status_code,
            ]
        )

        assert removed == 200
        assert claimed in (200, 404)
        assert not Lead.objects.filter(pk=lead.pk).exists()


def test_leaving_a_team_and_a_round_robin_turn_do_not_deadlock(api, alice, team, route, options, clock):
    """Offering locks the lead before the round robin; removing a member locks the team before their leads."""
    team.order_method = "Round Robin"
    team.save()
    (lead,) = offer_leads(api, alice, 1)
    member, remover = TeamMember.objects.get(team=team, user__first_name="Dana"), api(alice)
    is_held = Event()

    def offer() -> None:
        with transaction.atomic():
            lock_lead(lead.pk)
            is_held.set()
            wait_for_somebody_who_waits()
            lock_round_robins([team.pk])

    def remove() -> int:
        is_held.wait(10)
        return int(remover.delete(f"/team-members/{member.pk}").status_code)

    assert run_concurrently([offer, remove]) == [None, 200]


def test_leaving_a_team_and_a_due_turn_do_not_deadlock(api, alice, team, route, options, clock):
    """A change of an offer locks its lead first; removing a member locks the leads before their offers."""
    (lead,) = offer_leads(api, alice, 1)
    member, rival = TeamMember.objects.get(team=team, user__first_name="Dana"), Rival()

    with transaction.atomic():
        lock_lead(lead.pk)
        rival.begin(lambda: leave(member, now=clock.now))
        rival.wait_until_it_waits()
        LeadOffer.objects.filter(lead=lead, user=member.user).update(status="Sent")

    rival.finish()
    assert statuses(lead) == {"Bob": "Pending", "Dana": "Cancelled"}


def test_a_lead_survives_options_deleted_while_its_offers_are_created(alice, mary, team, route, options, clock):
    lead = Lead.objects.create(owner_user=alice, contact=mary, team=team)
    rival = Rival()

    with transaction.atomic():
        plan = load_roster(team, clock.now).plan((), clock.now)
        rival.begin(TeamMemberDistributionOption.objects.all().delete)
        rival.finish()
        create_offers([(lead, plan)], {lead.pk: OfferHistory()}, now=clock.now)

    assert statuses(lead) == {"Bob": "Pending", "Dana": "Pending"}


def test_a_member_who_leaves_while_offers_are_created_is_not_alerted(alice, mary, team, route, options, clock):
    lead = Lead.objects.create(owner_user=alice, contact=mary, team=team)
    bobs, rival = TeamMember.objects.get(team=team, user__first_name="Bob"), Rival()

    with transaction.atomic():
        plan = load_roster(team, clock.now).plan((), clock.now)
        rival.begin(lambda: leave(bobs, now=clock.now))
        rival.finish()
        create_offers([(lead, plan)], {lead.pk: OfferHistory()}, now=clock.now)
    jobs.run_due(clock.now)

    assert statuses(lead) == {"Bob": "Cancelled", "Dana": "Sent"}
    assert lead.offers.get(user__first_name="Bob").end_code == "left_team"
    assert not Message.objects.filter(user=bobs.user).exists()


def test_taking_a_lead_back_and_recording_a_contact_do_not_deadlock(api, alice, bob, team, route, options, clock):
    """Bob has two leads of mary; his text to her is sent while he returns the second one."""
    (first, second) = offer_leads(api, alice, 2)
    Lead.objects.filter(pk=second.pk).update(contact=first.contact)
    jobs.run_due(clock.now)
    for lead in (first, second):
        claimed = api(bob).patch(f"/leads/{lead.pk}/offers/{offer_of(lead, bob).pk}", {"status": "Claimed"})
        assert claimed.status_code == 200
    giver, is_held = api(bob), Event()

    def give_back() -> int:
        with transaction.atomic():
            lock_lead(second.pk)
            is_held.set()
            wait_for_somebody_who_waits()
            return int(giver.post(f"/leads/{second.pk}/return").status_code)

    def note() -> None:
        is_held.wait(10)
        with transaction.atomic():
            record_first_contacts(
                {(bob.pk, first.contact_id): Reason("contact_messaged", {"channel": "text"})}, now=clock.now
            )

    assert run_concurrently([give_back, note]) == [200, None]


def wait_for_somebody_who_waits() -> None:
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )
    deadline = monotonic() + 10
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
