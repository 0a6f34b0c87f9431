"""W6: what the whole of `./pride up` holds in memory, and how that grows under load; its web part beside a bare one.

Memory is PSS: what processes share is divided among them, so that the sum is what the machine gives.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from benchmarks import load
from benchmarks.cast import A_LEAD, a_contact, fictional_numbers
from benchmarks.measure import Goal, Line, Sample, at_most
from benchmarks.place import INSTALLATION, Place
from benchmarks.processes import command_line, megabytes, tree
from config.stack.parts import die_with_us

OWN = ("DATABASE_URL", "REDIS_URL")  # `up` starts its own servers, as at a newcomer's
# Code and plans that first requests leave in every process and connection. What grows after them might grow for ever.
WARMING = 1_000
PATIENCE = 180  # seconds until it must be ready
SETTLE = 5  # seconds of ticks before memory is read


def prepare(place: Place) -> list[Line]:
    """Read memory after the start, after first requests, and after many."""
    up = Up(place.home / "up")
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


class Up:
    """A whole `./pride up` as a newcomer starts it, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if name not in (*OWN, *INSTALLATION)}
        said = home.with_suffix(".said")
        with open(said, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.stack", "up"],
                env=kept | {"PRIDE_HOME": str(home), "PORT": "0", "SANDBOX": "1"},
                stdout=out,
                stderr=out,
                preexec_fn=die_with_us(signal.SIGTERM),
            )
        until = time.monotonic() + PATIENCE
        while "Pridedesk is ready" not in said.read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"`up` did not get ready:\n{said.read_text()}")
            time.sleep(0.1)
        time.sleep(SETTLE)

    def megabytes(self, mark: str = "") -> float:
        """The memory of all its processes, or of those whose command line bears `mark`."""
        return sum(megabytes(pid) for pid in tree(self.process.pid) if mark in command_line(pid))

    def work(self, requests: int) -> None:
        """Let eight integrators read and write in turn."""
        demo = json.loads((self.home / "demo.json").read_text())
        port = json.loads((self.home / "run.json").read_text())["PORT"]
        load.drive(int(port), lambda: integrator(demo["access_token"]), answers=requests)
        time.sleep(SETTLE)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


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
