"""Two requests at once, over real connections."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from teams.membership import lock_team
from teams.models import Team, TeamMember, TeamMemberDistributionOption, User
from teams.team_actions import create_team, delete_team
from tests.concurrency import Rival
from tests.conftest import make_user

RIVALS = 4


@pytest.fixture
def at_once(api):
    """`at_once(requests)` sends each from a thread of its own, all together; the sorted statuses."""

    def send(user, requests):
        clients = [api(user) for _ in requests]
        start = Barrier(len(requests))

        def one(client, request):
            try:
                client.get("/me")  # connect first, so that they start even
                start.wait()
                return client.post(*request).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(requests)) as threads:
            return sorted(threads.map(one, clients, requests))

    return send


@pytest.fixture
def leader(transactional_db):
    return make_user("Alice", "0111")


def test_a_zip_code_goes_to_one_of_the_teams_made_at_once(leader, at_once):
    teams = [("/teams", {"name": f"Team {n}", "distribution_zipcodes": f"98112,1000{n}"}) for n in range(RIVALS)]

    assert at_once(leader, teams) == [201, 400, 400, 400]
    assert leader.created_teams.count() == 1


def test_invitations_at_once_make_one_row(leader, at_once, api):
    make_user("Bob", "0112")
    team = api(leader).made("/teams", {"name": "Pride"})

    got = at_once(leader, [("/team-members", {"team_id": team["id"], "email": "bob@example.com"})] * RIVALS)

    assert got == [200, 200, 200, 201]
    assert TeamMember.objects.count() == 2


def test_options_set_at_once_are_set_once(leader, at_once, api):
    team = api(leader).made("/teams", {"name": "Pride"})
    body = {"team_id": team["id"], "user_id": leader.pk, "assign_automatically": False}

    assert at_once(leader, [("/team-member-distribution-options", body)] * RIVALS) == [201, 409, 409, 409]
    assert TeamMemberDistributionOption.objects.count() == 1
    assert User.objects.count() == 1


def test_a_team_removed_and_a_member_who_accepts_do_not_wait_for_each_other(leader):
    """Either has the team before its members."""
    bob = make_user("Bob", "0112")
    team = create_team(leader, name="Pride", now=leader.created_at)
    place = TeamMember.objects.create(team=team, user=bob)
    rival = Rival()

    with transaction.atomic():
        lock_team(team)
        rival.begin(lambda: delete_team(Team.objects.get(pk=team.pk)))
        rival.wait_until_it_waits()
        TeamMember.objects.filter(pk=place.pk).update(request_status="Accepted")

    rival.finish()
    assert not Team.objects.exists()


def test_to_accept_for_a_team_that_is_removed_meanwhile_is_404(leader, api):
    bob = make_user("Bob", "0112")
    team = create_team(leader, name="Pride", now=leader.created_at)
    client, path = api(bob), f"/team-members/{TeamMember.objects.create(team=team, user=bob).pk}"
    answers, rival = [], Rival()

    with transaction.atomic():
        lock_team(team)
        rival.begin(lambda: answers.append(client.patch(path, {"request_status": "Accepted"}).status_code))
        rival.wait_until_it_waits()
        team.delete()

    rival.finish()
    assert answers == [404]
