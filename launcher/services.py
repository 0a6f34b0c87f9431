"""The parts that are Pridedesk itself: web, workers and beat, and below them in the sandbox the Twilio emulator."""

import sys
from collections.abc import Mapping
from pathlib import Path

from launcher.data_dir import Home
from launcher.process import Part

STUCK_SECONDS = 120  # as in settings


def emulator_part(home: Home, environment: Mapping[str, str]) -> Part:
    """The Twilio emulator."""
    command = [sys.executable, "-m", "sandbox.twilio"]
    return Part("emulator", command, log=home.logs / "emulator.log", environment=environment)


def product_parts(home: Home, environment: Mapping[str, str], listener: int, workers: int) -> list[Part]:
    """All parts that need the servers and nothing of each other."""
    names = ["worker"] if workers == 1 else [f"worker-{number}" for number in range(1, workers + 1)]
    commands = {name: worker(name) for name in names} | {"beat": ["-m", "config.beat"], "web": web(listener)}
    return [
        Part(
            name,
            [sys.executable, *command],
            log=home.logs / f"{name}.log",
            environment=environment
            if name == "web"
            else {**environment, "DATABASE_PREPARED": "0"} | watched(home, name),
            keeps=[listener] if name == "web" else [],
            heartbeat=None if name == "web" else heartbeat(home, name),  # gunicorn watches its own
            stuck_seconds=float(environment.get("STUCK_SECONDS") or STUCK_SECONDS),
        )
        for name, command in commands.items()
    ]


def heartbeat(home: Home, name: str) -> Path:
    """The file whose age shows that a part is alive."""
    return home.logs / f"{name}.alive"


def watched(home: Home, name: str) -> dict[str, str]:
    return {"HEARTBEAT_FILE": str(heartbeat(home, name))}


def web(listener: int) -> list[str]:
    """Two processes on the socket that we hold open for them. Most threads only wait for slow clients (config.wsgi)."""
    options = (
        "--workers=2 --worker-class=server.gunicorn_worker.DeadlineWorker --threads=64 --preload --no-control-socket"
    )
    options += " --graceful-timeout=5 --log-level=warning"
    options += " --limit-request-line=8190"  # the most there may be: lists of ids make long queries
    options += " --forwarded-allow-ips="  # none: TRUSTED_PROXIES alone names whose headers count
    return ["-m", "gunicorn", "config.wsgi", f"--bind=fd://{listener}", *options.split()]


def worker(name: str) -> list[str]:
    """One Celery process. Threads suffice: it waits for PostgreSQL and Twilio. It need not know of its like."""
    options = "-P threads -c 5 --without-gossip --without-mingle --without-heartbeat -l WARNING"
    return ["-m", "celery", "-A", "config", "worker", f"--hostname={name}@%h", *options.split()]
