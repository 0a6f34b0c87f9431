"""`./pride up`: the whole installation, until Ctrl-C."""

import argparse
import os
import shutil
import socket
import urllib.request

from launcher.data_dir import Home, write_json
from launcher.environment import TOLD, bind, describe, is_sandbox, refuse_if_incomplete, without_secrets
from launcher.errors import Refusal
from launcher.servers import start_servers
from launcher.services import emulator_part, product_parts
from launcher.supervisor import StopAsked, Supervisor, say

READY_SECONDS = 120


def up(arguments: list[str]) -> int:
    """Start everything, print its addresses, supervise it."""
    options = read_options(arguments)
    sandbox = is_sandbox(options.no_sandbox, os.environ)
    if not sandbox:
        refuse_if_incomplete(os.environ)
    home = Home.chosen()
    home.refuse_if_taken()
    with bind(os.environ.get("PORT") or "8000") as listener:  # before anything is written
        home.prepare()
        run(home, home.take(), listener, sandbox, options.workers)
    return 0


def run(home: Home, servers_lock: int, listener: socket.socket, sandbox: bool, workers: int) -> None:
    """Start everything in our own home, until a signal stops us."""
    try:
        with Supervisor() as supervisor:
            told = start(supervisor, home, servers_lock, listener, sandbox, workers)
            print(welcome(home, told), flush=True)
            supervisor.watch()
    except StopAsked:
        say("\nStopped.")
    finally:
        home.run_file.unlink(missing_ok=True)
        shutil.rmtree(home.sockets, ignore_errors=True)


def read_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./pride up", description="Start everything on this machine, until Ctrl-C.")
    parser.add_argument("--no-sandbox", action="store_true", help="real texts, real clock, real emails")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="Celery worker processes (default 1)")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def start(
    supervisor: Supervisor, home: Home, lock: int, listener: socket.socket, sandbox: bool, workers: int
) -> dict[str, str]:
    """Start the parts in order and wait until the service answers; return the parts' environment."""
    port = listener.getsockname()[1]
    say(f"Starting Pridedesk in {home.path}")
    told = describe(home, port, sandbox, os.environ) | start_servers(supervisor, home, lock, report=step)
    environment = (without_secrets(os.environ) if sandbox else dict(os.environ)) | told
    write_json(home.run_file, {name: told[name] for name in TOLD if name in told})
    step("database migrations" + (" and the demo account" if sandbox else ""))
    if sandbox:
        supervisor.start(emulator_part(home, environment))
    if supervisor.run(["-m", "launcher.bootstrap", f"http://127.0.0.1:{port}"], environment, in_front=False):
        raise Refusal("The database could not be prepared; see the lines above.")
    step(f"services: web, {'worker' if workers == 1 else f'{workers} workers'}, beat")
    supervisor.start(*product_parts(home, environment, listener.fileno(), workers))
    supervisor.wait_until(lambda: is_ready(port), f"The service did not get ready: see {home.logs}.", READY_SECONDS)
    return told


def step(what: str) -> None:
    """Show what is being done now."""
    say(f"  {what} ...")


def is_ready(port: int) -> bool:
    """Return whether `/readyz` reports that all parts work."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def welcome(home: Home, told: dict[str, str]) -> str:
    """What a newcomer wants to know next."""
    base = f"http://127.0.0.1:{told['PORT']}"
    lines = ["", f"Pridedesk is ready:  {base}", f"  API explorer:      {base}/docs"]
    if told["SANDBOX"] == "1":
        demo = home.demo
        lines += [
            f"  Admin:             {base}/admin/   {demo['email']} / {demo['password']}",
            f"  Access token:      {demo['access_token']}",
            f"  Try:               curl -H 'Authorization: Bearer {demo['access_token']}' {base}/contacts",
            "  The sandbox sends no real texts or emails.",
            "What to do next, in another terminal:",
            "  ./pride demo       follows a lead's whole way through it",
            "  README.md          has five minutes to a claimed lead, step by step",
        ]
    else:
        lines += [
            f"  Admin:             {base}/admin/   (make yourself a log-in: ./pride user EMAIL --password P --staff)"
        ]
    return "\n".join([*lines, f"  Logs:              {home.logs}", "Ctrl-C stops everything."])
