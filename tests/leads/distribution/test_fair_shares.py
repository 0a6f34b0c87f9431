"""Leads posted simultaneously over real connections are spread exactly by weight."""

from collections import Counter
from threading import Barrier, Thread

import pytest
from django.db import connections

from leads.models import LeadOffer, LeadRoute, RotationSlot
from tests.conftest import make_user
from tests.leads.conftest import inquiry, make_option

pytestmark = pytest.mark.django_db(transaction=True)

WEIGHTS = {"Bob": 1, "Dana": 2, "Erin": 3, "Frank": 4}
EACH, CLIENTS = 25, 8  # 200 leads


@pytest.fixture
def members(team, bob, dana, route):
    """Create four members of different weights, and a route that offers automatically."""
    team.order_method = "Round Robin"
    team.save()
    LeadRoute.objects.update(is_automatic=True)
    people = {"Bob": bob, "Dana": dana, "Erin": make_user("Erin", "0120"), "Frank": make_user("Frank", "0121")}
    for name, user in people.items():
        team.memberships.get_or_create(user=user, defaults={"request_status": "Accepted"})
        make_option(team, user, weight=WEIGHTS[name])
    return people


def test_leads_posted_simultaneously_are_spread_exactly_by_weight(api, alice, mary, members):
    begin, answers = Barrier(CLIENTS), []

    def post_leads(client):
        begin.wait()
        try:
            answers.extend(client.post("/leads", inquiry(mary)).status_code for _ in range(EACH))
        finally:
            connections.close_all()

    clients = [Thread(target=post_leads, args=[api(alice)]) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert answers == [201] * EACH * CLIENTS
    firsts = Counter(LeadOffer.objects.filter(position=0).values_list("user__first_name", flat=True))
    assert firsts == {name: EACH * CLIENTS * weight // 10 for name, weight in WEIGHTS.items()}
    turns = RotationSlot.objects.order_by("-last_turn").values_list("last_turn", flat=True)
    assert turns[0] == EACH * CLIENTS
