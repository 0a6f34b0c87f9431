"""With any teams and actions, a lead always has a destination, and no member is alerted in vain."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Q
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.errors import DomainError
from core.reasons import Reason
from leads import jobs
from leads.lifecycle import claims, first_contact, pond, reassignment
from leads.lifecycle.intake import receive_lead
from leads.models import Lead, LeadOffer
from leads.reasons import EventCode
from teams.models import Team, TeamMember
from tests.conftest import make_user
from tests.leads.conftest import NOON, make_contact, make_option, make_route, standing_clock

Status = LeadOffer.Status

minutes = strategies.sampled_from([None, 0, 1, 5])
teams = strategies.lists(
    strategies.fixed_dictionaries(
        {
            "order_method": strategies.sampled_from(["Rank", "Time", "Round Robin", "Broadcast"]),
            "is_exclusive_window": strategies.booleans(),
            "mins_until_next_alert": minutes,
            "mins_until_alarm": minutes,
            "mins_until_contact": strategies.sampled_from([None, 7]),
            "mins_until_fallback": minutes,
            "fallback": strategies.sampled_from([None, "Team", "Pond", "User"]),
        }
    ),
    min_size=1,
    max_size=3,
)
options = strategies.fixed_dictionaries(
    {
        "rank": strategies.integers(0, 2),
        "mins_until_lead_offer": minutes,
        "weight": strategies.sampled_from([1, 2, 3, 0]),
        "cap_open": strategies.sampled_from([None, None, 2, 0]),
        "cap_day": strategies.sampled_from([None, None, 3]),
        "has_text_alert": strategies.sampled_from([True, True, True, False]),
        "assign_automatically": strategies.sampled_from([False, False, False, False, True]),
        "paused_until": strategies.sampled_from([None, None, NOON + timedelta(minutes=4)]),
    }
)
seats = strategies.tuples(strategies.integers(0, 2), strategies.integers(0, 3), options)  # team, agent
pick = strategies.integers(0, 1000)

LOGGED = Reason(EventCode.CONTACT_LOGGED, {"activity": "Call"})


class WayOfALead(RuleBasedStateMachine):
    """Teams with fallbacks from one to the next, which receive leads."""

    cast: Any  # the owner, four agents, and a fallback user
    campaign: Any

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        standing_clock.now = NOON

    @initialize(told=teams, seats=strategies.lists(seats, min_size=3, max_size=8))
    def set_up(self, told, seats):
        alice, *agents, charlie = self.cast
        following = None
        self.agents, self.first = agents, None
        for at, given in reversed(list(enumerate(told))):
            fallback = given.pop("fallback")
            target = None if fallback == "Team" and following is None else fallback
            self.first = following = Team.objects.create(
                creator=alice,
                name=f"Team {at}",
                fallback_target=target,
                fallback_team=following if target == "Team" else None,
                fallback_user=charlie if target == "User" else None,
                **given,
            )
            following.memberships.create(user=charlie, request_status="Accepted")
            for team, agent, option in seats:
                if team % len(told) == at:
                    self.seat(following, agents[agent], option)
        self.route = make_route(
            alice,
            self.campaign,
            distribution_target="Team Rollout",
            team_selection_method="Specific Team",
            team=self.first,
            is_automatic=True,
        )

    def seat(self, team, agent, option):
        _, is_new = TeamMember.objects.get_or_create(team=team, user=agent, request_status="Accepted")
        if is_new:
            make_option(team, agent, **option)

    def one_of(self, rows, number):
        found = list(rows.order_by("pk"))
        return found[number % len(found)] if found else None

    def tried(self, verb, *args, **more):
        """Do it, if it is allowed."""
        with contextlib.suppress(DomainError):
            verb(*args, now=standing_clock.now, **more)

    # What people do

    @precondition(lambda self: Lead.objects.count() < 4)
    @rule()
    def a_lead_comes_in(self):
        alice = self.cast[0]
        source = self.route.lead_source
        receive_lead(owner=alice, contact=make_contact(alice), source=source, now=standing_clock.now)

    @rule(number=pick)
    def somebody_claims(self, number):
        if offer := self.one_of(LeadOffer.objects.all(), number):
            self.tried(claims.claim, offer, through=Lead.ClaimedThrough.API)

    @rule(number=pick)
    def somebody_declines(self, number):
        if offer := self.one_of(LeadOffer.objects.filter(status__in=claims.UNDECIDED), number):
            self.tried(claims.decline, offer)

    @rule(number=pick)
    def somebody_takes_one_from_the_pond(self, number):
        agent = self.agents[number % len(self.agents)]
        if lead := self.one_of(pond.pond_leads(agent), number):
            self.tried(pond.claim_from_pond, lead, agent, through=Lead.ClaimedThrough.API)

    @rule(number=pick)
    def whoever_has_it_returns_it(self, number):
        if lead := self.one_of(Lead.objects.filter(claimed_by_user__isnull=False), number):
            self.tried(reassignment.return_lead, lead, actor=lead.claimed_by_user)

    @rule(number=pick)
    def the_owner_gives_it_to_another(self, number):
        if lead := self.one_of(Lead.objects.all(), number):
            self.tried(reassignment.reassign, lead, self.agents[number % len(self.agents)], actor=self.cast[0])

    @rule(number=pick)
    def whoever_has_it_calls(self, number):
        if lead := self.one_of(Lead.objects.filter(claimed_by_user__isnull=False), number):
            first_contact.record_first_contacts(
                {(lead.claimed_by_user_id, lead.contact_id): LOGGED}, now=standing_clock.now
            )

    @rule(number=pick)
    def somebody_takes_a_break(self, number):
        agent = self.agents[number % len(self.agents)]
        agent.__class__.objects.filter(pk=agent.pk).update(paused_until=standing_clock.now + timedelta(minutes=8))

    @rule(length=strategies.integers(0, 12))
    def time_goes_by(self, length):
        self.run(minutes=length)

    @rule(length=strategies.integers(2, 20))
    def nobody_is_there_for_a_while(self, length):
        """An outage: all that became due is done late."""
        standing_clock.advance(minutes=length)
        jobs.run_due(standing_clock.now)

    def run(self, **by):
        goal = standing_clock.now + timedelta(**by)
        jobs.run_due(standing_clock.now)
        while (due_at := jobs.next_due_at()) and due_at <= goal:
            assert due_at > standing_clock.now or jobs.run_due(standing_clock.now), "the engine goes round in circles"
            standing_clock.now = max(due_at, standing_clock.now)
            jobs.run_due(standing_clock.now)
        standing_clock.now = goal

    # What is so

    @invariant()
    def nobody_is_told_after_the_claim(self):
        over = LeadOffer.objects.filter(lead__claimed_by_user__isnull=False)
        assert not over.filter(status__in=claims.UNDECIDED).exists()
        assert not over.filter(round=F("lead__distribution_round"), alerted_at__gt=F("lead__claimed_at")).exists()
        assert not over.exclude(status=Status.CLAIMED).filter(alert_text__status="queued").exists()

    @invariant()
    def a_claimed_offer_is_the_claimers(self):
        claimed = LeadOffer.objects.filter(status=Status.CLAIMED)
        assert not claimed.exclude(user=F("lead__claimed_by_user")).exists()

    @invariant()
    def nobody_who_said_no_is_offered_it_again(self):
        declined = LeadOffer.objects.filter(status=Status.DECLINED)
        for offer in declined:
            later = LeadOffer.objects.filter(lead=offer.lead_id, user=offer.user_id, round__gt=offer.round)
            assert not later.exclude(Q(status=Status.RETURNED) | Q(status=Status.CLAIMED)).exists()

    @invariant()
    def one_window_is_open_at_a_time(self):
        windows = LeadOffer.objects.filter(status=Status.SENT, closes_at__isnull=False)
        assert not windows.filter(closes_at__lt=F("alerted_at")).exists()
        opened = {}
        for offer in windows.filter(closes_at__gt=F("notify_at")):
            assert opened.setdefault((offer.lead_id, offer.team_id, offer.round), offer.notify_at) == offer.notify_at

    @invariant()
    def what_is_claimed_has_nothing_due_but_a_contact(self):
        claimed = Lead.objects.filter(claimed_by_user__isnull=False)
        due = Q(falls_back_at__isnull=False) | Q(alarm_at__isnull=False) | Q(ponded_at__isnull=False)
        assert not claimed.filter(due).exists()

    def teardown(self):
        try:
            self.run(days=3)
            for lead in Lead.objects.all():
                assert self.has_arrived(lead), (lead, list(lead.offers.values()), list(lead.trace_entries.values()))
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)

    def has_arrived(self, lead):
        """Claimed, in the pond, waiting for its notified owner, or open to members of a team without a fallback."""
        is_told = lead.trace_entries.filter(kind="No member").exists()
        is_open = lead.offers.filter(status=Status.SENT).exists()
        return lead.claimed_by_user_id or lead.ponded_at or is_told or (is_open and lead.falls_back_at is None)


@pytest.fixture
def cast(alice, bob, dana, charlie):
    return [alice, bob, dana, make_user("Erin", "0115"), make_user("Frank", "0116"), charlie]


def test_every_lead_reaches_a_destination(cast, campaign):
    WayOfALead.cast, WayOfALead.campaign = cast, campaign
    chances = settings(
        max_examples=MOST_EXAMPLES, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(WayOfALead, settings=chances)


MOST_EXAMPLES = 25
