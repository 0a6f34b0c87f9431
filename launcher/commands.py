"""Commands that work on a running `up`, and those with their own servers."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.data_dir import HOME_MODE, Home
from launcher.environment import describe, refuse_if_incomplete, without_secrets
from launcher.errors import Refusal
from launcher.servers import start_servers
from launcher.supervisor import StopAsked, Supervisor, say

# A production environment as `manage.py check --deploy` should find it.
PRODUCTION = {
    "SANDBOX": "0",
    "PUBLIC_URL": "https://crm.example.com",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "0",
    "TWILIO_AUTH_TOKEN": 32 * "0",
    "ALERT_NUMBER": "+19495550100",
    "EMAIL_URL": "smtp://mail.example.com",
}

# All tests in one run of pytest-xdist. A group stays on one worker; tests/conftest.py sets the order.
SPREAD = ["-n", "auto", "--maxprocesses=4", "--dist=loadgroup", "--no-loadscope-reorder"]


def user(arguments: list[str]) -> int:
    return operate(["user", *arguments])


def token(arguments: list[str]) -> int:
    return operate(["token", *arguments])


def app(arguments: list[str]) -> int:
    return operate(["app", *arguments])


def operate(arguments: list[str]) -> int:
    """One of the operator's commands, on the servers of the running `up`."""
    return become(["-m", "launcher.manage", *arguments], running())


def manage(arguments: list[str]) -> int:
    """Django's command line, on the servers of the running `up`."""
    return become(["manage.py", *arguments], running())


def demo(arguments: list[str]) -> int:
    """Run both walkthroughs over HTTP."""
    return become(["-m", "launcher.demo", *arguments], running())


def running() -> dict[str, str]:
    """The environment of the running `up`, or of the servers that the environment names."""
    home = Home.chosen()
    if home.is_taken():
        if not home.run:
            raise Refusal(f"Pridedesk is still starting in {home.path}.")
        is_sandbox = home.run["SANDBOX"] == "1"
        if not is_sandbox:
            refuse_if_incomplete(os.environ)  # secrets are not kept in PRIDE_HOME: this shell must know them, too
        return {**(without_secrets(os.environ) if is_sandbox else os.environ), **home.run}
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return dict(os.environ)
    raise Refusal(f"Nothing runs in {home.path}: start ./pride up in another terminal (or set PRIDE_HOME).")


def become(command: list[str], environment: dict[str, str]) -> int:
    """Replace this process by another Python program."""
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *command], environment)


def test(arguments: list[str]) -> int:
    """Run pytest on separate servers, beside a running `up`. All processors share the tests."""
    with own_servers() as (supervisor, environment):
        return supervisor.run(["-m", "pytest", *(arguments or SPREAD)], environment)


def bench(arguments: list[str]) -> int:
    """Run the benchmarks on separate, durable servers: durability is part of the cost."""
    with own_servers(throwaway=False) as (supervisor, environment):
        return supervisor.run(["-m", "benchmarks", *arguments], environment)


def lint(arguments: list[str]) -> int:
    """Run all static checks. Continues after a failure, to show all of them."""
    with own_servers() as (supervisor, environment):
        production = environment | PRODUCTION | {"SECRET_KEY": secrets.token_urlsafe(50)}
        checks = [
            (["-m", "ruff", "check"], environment),
            (["-m", "ruff", "format", "--check"], environment),
            (["-m", "mypy", "."], environment),
            (["-m", "launcher.plain_english"], environment),
            (["manage.py", "makemigrations", "--check", "--dry-run"], environment),
            (["manage.py", "check", "--deploy", "--fail-level", "WARNING"], production),
        ]
        failed = [" ".join(command) for command, told in checks if supervisor.run(command, told)]
    for command in failed:
        say(f"pride lint: {command} found something")
    return 1 if failed else 0


@contextmanager
def own_servers(throwaway: bool = True) -> Iterator[tuple[Supervisor, dict[str, str]]]:
    """A sandbox's environment with empty servers in a temporary home, which is removed."""
    home = Home(Path(tempfile.mkdtemp(prefix="pride-", dir="/tmp")).resolve())
    home.path.chmod(HOME_MODE)
    try:
        home.prepare()
        servers_lock = home.take()
        with Supervisor() as supervisor:
            servers = start_servers(supervisor, home, servers_lock, throwaway)
            told = describe(home, port=8000, sandbox=True, given={})
            yield supervisor, without_secrets(os.environ) | told | servers
    except StopAsked:
        raise Refusal("stopped") from None
    finally:
        shutil.rmtree(home.path, ignore_errors=True)
        shutil.rmtree(home.sockets, ignore_errors=True)
