"""W6: what the whole of `./pride up` holds in memory, and how that grows under load; its web part beside a bare one.

Memory is PSS: what processes share is divided among them, so that the sum is what the machine gives.
"""

import time
from collections.abc import Generator
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from benchmarks import load
from benchmarks.cast import A_LEAD, a_contact, fictional_numbers
from benchmarks.measure import Goal, Line, Sample, at_most
from benchmarks.place import Place
from benchmarks.processes import command_line, megabytes, tree
from benchmarks.up import Up

# Code and plans that first requests leave in every process and connection. What grows after them might grow for ever.
WARMING = 1_000
SETTLE = 5  # seconds of ticks before memory is read


def prepare(place: Place) -> list[Line]:
    """Read memory after the start, after first requests, and after many."""
    up = Watched(place.home / "up")
    place.servers.append(up)
    started = up.megabytes()
    up.work(WARMING)
    warm = up.megabytes()
    requests = place.size(10_000)
    up.work(requests)
    growth = 100 * (up.megabytes() - warm) / warm
    ours, theirs = up.megabytes("gunicorn"), bare_megabytes(place, requests)
    return [
        once("W6 all of ./pride up, after start", "MB", started, at_most(550)),
        once(f"W6 all of it, after {WARMING:,} requests", "MB", warm, at_most(550)),
        once(f"W6 growth by {requests:,} more", "%", growth, at_most(5)),
        Line("W6 web processes after them", "MB", lambda: Sample(ours), lambda: Sample(theirs), rounds=1),
    ]


def bare_megabytes(place: Place, requests: int) -> float:
    """The memory of the bare service after as many requests."""

    def ask() -> Generator[bytes, bytes, None]:
        while True:
            yield load.request("GET", "/contacts?limit=50")

    load.drive(place.bare.port, ask, answers=requests)
    return sum(map(megabytes, tree(place.bare.pid)))


def once(name: str, unit: str, figure: float, goal: Goal) -> Line:
    return Line(name, unit, lambda: Sample(figure), goal=goal, rounds=1)


class Watched(Up):
    """A running `up` whose memory is read."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        time.sleep(SETTLE)

    def megabytes(self, mark: str = "") -> float:
        """The memory of all its processes, or of those whose command line bears `mark`."""
        return sum(megabytes(pid) for pid in tree(self.process.pid) if mark in command_line(pid))

    def work(self, requests: int) -> None:
        """Let eight integrators read and write in turn."""
        load.drive(self.port, lambda: integrator(self.token), answers=requests)
        time.sleep(SETTLE)


def integrator(token: str) -> Generator[bytes, bytes, None]:
    """Ten requests a round: two contacts come in, one with a lead; they are looked for, read and changed."""
    for number in cycle(fictional_numbers()):
        contact = load.loaded((yield load.request("POST", "/contacts", token, a_contact(number))))
        path, email = f"/contacts/{contact['id']}", contact["email"]
        yield load.request("POST", "/leads", token, A_LEAD | {"contact_id": contact["id"], "source_id": 1})
        yield load.request("GET", path, token)
        yield load.request("GET", f"/contacts?email={email}", token)
        yield load.request("GET", f"/contacts?mobile_phone={quote(number)}", token)
        yield load.request("PATCH", path, token, {"tags": "Buyer, Seller"})
        yield load.request("GET", "/contacts?$limit=50&$sort[created_at]=-1", token)
        yield load.request("GET", "/leads?$limit=10", token)
        yield load.request("POST", "/contacts", token, a_contact(number))
        yield load.request("GET", "/me", token)
