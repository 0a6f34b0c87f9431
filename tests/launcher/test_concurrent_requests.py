"""Many at once, over HTTP and in real processes: a lead is claimed once, and each alert leaves once."""

import json
import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from tests.launcher.running import Stack, wait_until

pytestmark = pytest.mark.stack

RIVALS = 50
WORKERS = 4
LEADS = 60
KILL_AFTER = 10  # leads

# A team whose members are told of everything at once; prints a token of each.
TEAM = """
import json
from campaigns.models import Campaign
from oauth.tokens import create_token
from django.utils import timezone
from leads.models import LeadRoute
from teams.models import Team, TeamMember, TeamMemberDistributionOption as Option, User

phones = {phones!r}
users = [User.objects.create_user(f"{name}{{n}}@example.com", phone=phones[n] if phones else "") for n in range({size})]
for user in users:
    user.confirm_phone(timezone.now())
    user.save()
team = Team.objects.create(creator=users[0], name="{name}", order_method="Broadcast")
TeamMember.objects.bulk_create(TeamMember(team=team, user=user, request_status="Accepted") for user in users)
told = {{"has_text_alert": bool(phones), "has_email_alert": not phones}}
Option.objects.bulk_create(Option(team=team, user=user, **told) for user in users)
campaign = Campaign.objects.create(owner_user=users[0], name="{name}")
LeadRoute.objects.create(owner_user=users[0], lead_source_id=3, campaign=campaign, is_automatic=True, team=team,
                         distribution_target="Team Rollout", team_selection_method="Specific Team")
print("TOKENS", json.dumps([create_token(user, timezone.now()) for user in users]))
"""


def make_team(stack: Stack, name: str, size: int, phones: list[str]) -> list[str]:
    """A token of each member; the first one leads the team."""
    made = stack.pride("manage", "shell", "-c", TEAM.format(name=name, size=size, phones=phones))
    assert "TOKENS" in made.stdout, made.stderr
    return list(json.loads(made.stdout.rpartition("TOKENS")[2]))


def bring_in(leader: httpx.Client, name: str) -> int:
    contact = leader.post("/contacts", json={"first_name": name}).raise_for_status().json()
    lead = {"contact_id": contact["id"], "source_id": 3, "type": "Buyer"}
    return int(leader.post("/leads", json=lead).raise_for_status().json()["id"])


def test_of_fifty_rivals_over_http_one_gets_the_lead(stack: Stack) -> None:
    tokens = make_team(stack, "rival", RIVALS, [])
    with stack.client(tokens[0]) as leader:
        lead = bring_in(leader, "Mary")
        offers = f"/leads/{lead}/offers"

        def open_offers() -> list[dict[str, object]]:
            rows = leader.get(offers, params={"$limit": RIVALS}).raise_for_status().json()["data"]
            return [row for row in rows if row["status"] == "Sent"]

        wait_until(lambda: len(open_offers()) == RIVALS)
        at_once = Barrier(RIVALS)

        def claim(token: str) -> int:
            with stack.client(token) as rival:
                (mine,) = rival.get(offers).raise_for_status().json()["data"] if token != tokens[0] else own(rival)
                at_once.wait()
                return rival.patch(f"{offers}/{mine['id']}", json={"status": "Claimed"}).status_code

        def own(rival: httpx.Client) -> list[dict[str, object]]:
            """Who brought the lead in sees everybody's."""
            return list(rival.get("/lead-offers").raise_for_status().json()["data"])

        with ThreadPoolExecutor(RIVALS) as pool:
            answers = Counter(pool.map(claim, tokens))

        assert answers == {200: 1, 409: RIVALS - 1}
        rows = leader.get(offers, params={"$limit": RIVALS}).json()["data"]
        (winner,) = [row["user"]["id"] for row in rows if row["status"] == "Claimed"]
        assert leader.get(f"/leads/{lead}").json()["claimed_by_user_id"] == winner
        assert Counter(row["status"] for row in rows) == {"Claimed": 1, "Lost": RIVALS - 1}


def test_four_workers_that_are_killed_at_random_send_each_alert_once(stack: Stack) -> None:
    phones = [f"+194955501{number}" for number in (71, 72, 73)]
    tokens = make_team(stack, "hunted", len(phones), phones)
    chance = random.Random(4)
    with stack.client(tokens[0]) as leader, more_workers(stack, WORKERS - 1) as workers:
        for number in range(LEADS):
            bring_in(leader, f"Hunted{number}x")
            if number % KILL_AFTER == KILL_AFTER - 1:
                kill_one(stack, workers, chance)

        def alerts() -> Counter[str]:
            with stack.client() as operator:
                rows = operator.get("/sandbox/texts", params={"$limit": 1000}).json()["data"]
            return Counter(f"{row['to']} {row['body'].split()[2]}" for row in rows if "Hunted" in row["body"])

        wait_until(lambda: len(alerts()) == LEADS * len(phones))

        assert set(alerts().values()) == {1}


Workers = list["subprocess.Popen[bytes]"]


@contextmanager
def more_workers(stack: Stack, number: int) -> Iterator[Workers]:
    """So many workers beside the stack's own, each the same program in the same surroundings."""
    own = stack.pid("worker")
    assert own, "the stack's worker does not run"
    workers = [another(own) for _ in range(number)]
    try:
        yield workers
    finally:
        for worker in workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def another(pid: int) -> "subprocess.Popen[bytes]":
    """A second process of what `pid` is."""
    process = Path(f"/proc/{pid}")
    command = process.joinpath("cmdline").read_bytes().split(b"\0")[:-1]
    pairs = [entry.split(b"=", 1) for entry in process.joinpath("environ").read_bytes().split(b"\0") if b"=" in entry]
    environment = {name.decode(): value.decode() for name, value in pairs}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command,
        cwd=process.joinpath("cwd").resolve(),
        env=environment,
        start_new_session=True,
        stdout=quiet,
        stderr=quiet,
    )


def kill_one(stack: Stack, workers: Workers, chance: random.Random) -> None:
    """Kill -9 one of the workers with all its processes; another takes its place."""
    number = chance.randrange(len(workers) + 1)
    if number == len(workers):
        stack.wait_for_another("worker", stack.kill("worker"))
        return
    os.killpg(workers[number].pid, signal.SIGKILL)
    workers[number].wait()
    own = stack.pid("worker")
    if own:
        workers[number] = another(own)
