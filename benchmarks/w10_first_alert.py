"""W10: the time to the first alert, with all of `./pride up` on this machine.

Twenty leads a second are posted over HTTP, each is offered to a team, and its alert arrives at the Twilio emulator.
"""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import Any

import psycopg

from benchmarks.cast import A_LEAD, a_contact, fictional_numbers
from benchmarks.measure import Line, Sample, at_most
from benchmarks.place import Place
from benchmarks.up import Up

LEADS_A_SECOND = 20
CLIENTS = 4
PATIENCE = 60  # seconds for the last alert
SOURCE = 1  # Zillow

ARRIVED = "SELECT body, extract(epoch FROM at) FROM sandbox_emulatedtext WHERE body LIKE 'New lead: %'"


def prepare(place: Place) -> list[Line]:
    """Send leads in good time, and read in the carrier's ledger when their alerts came."""
    up = Up(place.home / "up")
    place.servers.append(up)
    office = Office(up)
    office.open()
    office.seconds_to_alerts(LEADS_A_SECOND)  # the first requests load code
    seconds = sorted(office.seconds_to_alerts(place.size(600)))
    second = at_most(1)
    return [
        Line("W10 first alert after POST /leads, half by", "s", lambda: Sample(median(seconds)), goal=second, rounds=1),
        Line("W10 99 of 100 by", "s", lambda: Sample(quantiles(seconds, n=100)[98]), goal=second, rounds=1),
    ]


class Office:
    """The demo account with a team, to which its leads are offered unasked."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.numbers = fictional_numbers()
        self.sent = 0

    def open(self) -> None:
        me = self.ask("PATCH", "/me", {"phone": next(self.numbers)})
        team = self.ask("POST", "/teams", {"name": "Pride"})
        turn = {"team_id": team["id"], "user_id": me["id"], "rank": 1, "assign_automatically": False}
        alerts = {"has_text_alert": True, "has_email_alert": False, "has_call_alert": False}
        self.ask("POST", "/team-member-distribution-options", turn | alerts)
        campaign = self.ask("POST", "/campaigns", {"name": "Nothing yet"})
        route = {"lead_source_id": SOURCE, "campaign_id": campaign["id"], "is_automatic": True}
        rollout = {"distribution_target": "Team Rollout", "team_selection_method": "Specific Team"}
        self.ask("POST", "/lead-routes", route | rollout | {"team_id": team["id"]})

    def seconds_to_alerts(self, number: int) -> list[float]:
        """Of so many leads, sent at their pace, the time from sending each to its alert's arrival."""
        leads = [self.a_lead() for _ in range(number)]
        begin = time.time() + 0.1
        with ThreadPoolExecutor(CLIENTS) as clients:
            moments = [begin + place / LEADS_A_SECOND for place in range(number)]
            sent = dict(clients.map(self.send, leads, moments))
        arrived = self.arrivals(set(sent))
        return [arrived[name] - sent[name] for name in sent]

    def a_lead(self) -> dict[str, Any]:
        """The request of a lead from a new contact; its name is unique."""
        self.sent += 1
        person = a_contact(next(self.numbers)) | {"last_name": f"Number{self.sent}"}
        return A_LEAD | {"contact_id": self.ask("POST", "/contacts", person)["id"], "name": person["last_name"]}

    def send(self, lead: dict[str, Any], at: float) -> tuple[str, float]:
        time.sleep(max(at - time.time(), 0))
        sent_at = time.time()
        self.ask("POST", "/leads", lead | {"source_id": SOURCE})
        return lead["name"], sent_at

    def arrivals(self, names: set[str]) -> dict[str, float]:
        """When the alert about each of these came in."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with psycopg.connect(self.up.database_url) as ledger:
                texts = ledger.execute(ARRIVED).fetchall()
            arrived = {body.split(",")[0].split()[-1]: float(at) for body, at in texts}
            if names <= arrived.keys():
                return arrived
            time.sleep(0.2)
        raise RuntimeError(f"{len(names - arrived.keys())} of {len(names)} alerts did not come.")

    def ask(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        client = http.client.HTTPConnection("127.0.0.1", self.up.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.up.token}", "Content-Type": "application/json"}
        client.request(method, path, json.dumps(body), headers)
        answer = client.getresponse()
        content = answer.read()
        client.close()
        assert answer.status < 300, content
        record: dict[str, Any] = json.loads(content)
        return record
