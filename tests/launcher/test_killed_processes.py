"""Real processes die while leads come in: nothing acknowledged is lost, and nobody is alerted twice."""

import threading
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.launcher.running import PATIENCE, Stack, wait_until

pytestmark = pytest.mark.stack

ALICE, BOB, DANA = (f"+1 949 555 01{digits}" for digits in (51, 52, 53))
BETWEEN_LEADS = 0.2  # seconds


class Intake:
    """Leads that come in, one after the other, whatever the service answers."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.taken: dict[str, int] = {}  # the person's name -> the id of the lead that was acknowledged
        self.refused = 0
        self.over = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.over.wait(BETWEEN_LEADS):
            number += 1
            name = f"Person{number}x"
            try:
                self.taken[name] = self.send(name)
            except httpx.HTTPError:
                self.refused += 1

    def send(self, name: str) -> int:
        contact = self.client.post("/contacts", json={"first_name": name}).raise_for_status().json()
        lead = {"contact_id": contact["id"], "source_id": 3, "type": "Buyer"}
        return int(self.client.post("/leads", json=lead).raise_for_status().json()["id"])


@pytest.fixture
def alice(stack: Stack) -> Iterator[httpx.Client]:
    """Leads a team; bob is told of a lead at once, dana five minutes later."""
    tokens = {
        name: stack.make_user(f"{name}@example.com", "--first-name", name.title(), "--phone", phone)
        for name, phone in (("alice", ALICE), ("bob", BOB), ("dana", DANA))
    }
    with stack.client(tokens["alice"]) as alice:
        team = post(alice, "/teams", name="Pride", order_method="Rank", mins_until_next_alert=5)
        for rank, name in enumerate(("bob", "dana"), start=1):
            invited = post(alice, "/team-members", team_id=team["id"], email=f"{name}@example.com")
            with stack.client(tokens[name]) as member:
                accepted = {"request_status": "Accepted"}
                member.patch(f"/team-members/{invited['id']}", json=accepted).raise_for_status()
                member_id = member.get("/me").json()["id"]
            post(
                alice,
                "/team-member-distribution-options",
                team_id=team["id"],
                user_id=member_id,
                rank=rank,
                assign_automatically=False,
                has_text_alert=True,
                has_email_alert=False,
                has_call_alert=name == "bob",
            )
        post(
            alice,
            "/lead-routes",
            lead_source_id=3,
            campaign_id=post(alice, "/campaigns", name="Drip")["id"],
            distribution_target="Team Rollout",
            team_selection_method="Specific Team",
            team_id=team["id"],
            is_automatic=True,
        )
        yield alice


def post(client: httpx.Client, path: str, **body: object) -> dict[str, object]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def alerts(stack: Stack, phone: str, kind: str = "texts", words: str = "body") -> Counter[str]:
    """How often a phone was told of whom."""
    with stack.client() as operator:
        rows = operator.get(f"/sandbox/{kind}", params={"to": phone.replace(" ", ""), "$limit": 1000}).json()["data"]
    return Counter(row[words].removeprefix("New lead: ").split()[0].rstrip(",") for row in rows if row[words])


def test_leads_survive_the_death_of_every_part_and_alert_everybody_once(stack: Stack, alice: httpx.Client) -> None:
    intake = Intake(alice)
    sender = threading.Thread(target=intake.run)
    sender.start()
    try:
        for part in ("worker", "beat", "valkey", "emulator", "postgres", "web", "worker", "postgres"):
            heard = len(intake.taken)
            killed = stack.kill(part)
            stack.wait_for_another(part, killed)
            wait_until(lambda heard=heard: len(intake.taken) > heard + 2)  # type: ignore[misc]
    finally:
        intake.over.set()
        sender.join()
    stack.wait_until_ready()

    for lead in intake.taken.values():
        assert alice.get(f"/leads/{lead}").status_code == 200
    with stack.client() as operator:
        operator.post("/sandbox/clock", json={"advance": "PT10M"}, timeout=120).raise_for_status()
    for phone in (BOB, DANA):
        told = alerts(stack, phone)
        assert [name for name, times in told.items() if times > 1] == []
        assert [name for name in intake.taken if not told[name]] == []
    # A call shows no words to Twilio: one in doubt beside another is rather not made.
    called = alerts(stack, BOB, "calls", "says")
    assert [name for name, times in called.items() if times > 1 and name in intake.taken] == []
    assert len(called) > len(intake.taken) * 0.8


def test_a_frozen_database_is_named_and_all_goes_on_when_it_thaws(stack: Stack) -> None:
    with stack.client() as client:
        assert client.get("/me").status_code == 200
        with stack.frozen("postgres"):
            answer = httpx.get(f"{stack.base_url}/readyz", timeout=10)
            assert answer.status_code == 503
            assert "database" in answer.json()["missing"]
            assert client.get("/me", timeout=PATIENCE).status_code == 503  # by one that had a connection, too
        stack.wait_until_ready()
        assert client.get("/me").status_code == 200
