"""After any actions and late ticks a lead is claimed by one member, or all reachable members were alerted."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign
from core.errors import Conflict
from leads import jobs
from leads.lifecycle.claims import claim, decline
from leads.lifecycle.intake import receive_lead
from leads.lifecycle.offer_request import CannotOffer, offer_lead
from leads.models import Lead, LeadOffer
from messaging.models import Message
from teams.models import Team, TeamMember
from teams.signals import member_left
from tests.conftest import make_user
from tests.leads.conftest import NOON, ZILLOW, make_contact, make_option, make_route

Status = LeadOffer.Status

MEMBERS = 4
member = st.fixed_dictionaries(
    {
        "rank": st.none() | st.integers(1, 3),
        "mins_until_lead_offer": st.none() | st.integers(0, 20),
        "assign_automatically": st.sampled_from([False, False, False, True]),
        "has_text_alert": st.booleans(),
        "has_email_alert": st.booleans(),
    }
)
rules = st.fixed_dictionaries(
    {"order_method": st.sampled_from(["Rank", "Time"]), "mins_until_next_alert": st.none() | st.integers(0, 7)}
)
action = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 30)),
    st.tuples(st.just("sleep"), st.integers(1, 30)),  # the worker is down
    st.tuples(st.just("claim"), st.integers(0, MEMBERS - 1)),
    st.tuples(st.just("decline"), st.integers(0, MEMBERS - 1)),
    st.tuples(st.just("leave"), st.integers(0, MEMBERS - 1)),
    st.tuples(st.just("deactivate"), st.integers(0, MEMBERS - 1)),
    st.tuples(st.just("offer again"), st.none()),
)


class Life:
    """One lead for a team of four, from its receipt."""

    def __init__(self, alice, rules, members):
        self.alice, self.now = alice, NOON
        self.team = Team.objects.create(creator=alice, name="Four", **rules)
        self.users = [make_user(f"Member{at}", f"018{at}") for at in range(MEMBERS)]
        for user, option in zip(self.users, members, strict=True):
            TeamMember.objects.create(team=self.team, user=user, request_status="Accepted")
            make_option(self.team, user, **option)
        rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team", "team": self.team}
        campaign = Campaign.objects.create(owner_user=alice, name="Any")
        make_route(alice, campaign, is_automatic=True, **rollout)
        contact = make_contact(alice, mobile_phone="")
        self.lead = receive_lead(owner=alice, contact=contact, source_id=ZILLOW, now=self.now)

    def do(self, name, what):
        getattr(self, name.replace(" ", "_"))(what)
        self.check()

    def wait(self, minutes):
        goal = self.now + timedelta(minutes=minutes)
        jobs.run_due(self.now)
        while (due_at := jobs.next_due_at()) and due_at <= goal:
            self.now = max(due_at, self.now)
            assert jobs.run_due(self.now)
        self.now = goal

    def sleep(self, minutes):
        self.now += timedelta(minutes=minutes)

    def claim(self, at):
        self.decide(at, lambda offer: claim(offer, through=Lead.ClaimedThrough.API, now=self.now))

    def decline(self, at):
        self.decide(at, lambda offer: decline(offer, now=self.now))

    def decide(self, at, verb):
        offer = LeadOffer.objects.filter(lead=self.lead, user=self.users[at]).first()
        if offer is None:
            return
        with suppress(Conflict):
            verb(offer)

    def leave(self, at):
        member_left.send(TeamMember, team=self.team, user=self.users[at], now=self.now)

    def deactivate(self, at):
        self.users[at].is_active = False
        self.users[at].save()

    def offer_again(self, _):
        """Refused only if no member can be alerted and none ever was."""
        standing = self.lead.offers.count()
        try:
            assert offer_lead(self.lead, caller=self.alice, now=self.now).offers
        except CannotOffer:
            assert not standing

    def check(self):
        """What holds at every moment."""
        self.lead.refresh_from_db()
        offers = list(self.lead.offers.select_related("alert_text", "alert_email"))
        count = Counter(offer.status for offer in offers)
        is_claimed = self.lead.claimed_by_user_id is not None
        assert count[Status.CLAIMED] == is_claimed
        assert not (is_claimed and (count[Status.SENT] or count[Status.PENDING]))
        assert not (count[Status.LOST] and not is_claimed)
        for offer in offers:
            alerts = [alert for alert in (offer.alert_text, offer.alert_email) if alert]
            assert bool(alerts) == (offer.alerted_at is not None)
            if offer.status == Status.LOST:
                assert {alert.status for alert in alerts} == {"cancelled"}
            if offer.status == Status.SENT:
                assert {alert.status for alert in alerts} == {"queued"}
        linked = sum(bool(offer.alert_text_id) + bool(offer.alert_email_id) for offer in offers)
        to_members = Message.objects.filter(user__in=self.users)
        assert to_members.count() == linked

    def check_end(self):
        """What holds when nothing more will happen."""
        assert jobs.next_due_at() is None
        assert not self.lead.offers.filter(status=Status.PENDING).exists()


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=rules, members=st.lists(member, min_size=MEMBERS, max_size=MEMBERS), actions=st.lists(action, max_size=12))
def test_every_lead_ends_claimed_or_offered_to_all_available_members(alice, rules, members, actions):
    with transaction.atomic():
        life = Life(alice, rules, members)
        for name, what in actions:
            life.do(name, what)
        life.do("wait", 10_000)
        life.check_end()
        transaction.set_rollback(True)
