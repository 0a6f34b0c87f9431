"""A part of the stack: one process, its log, how it is started, and how it is asked to stop."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from config.stack.home import CHECKOUT

PR_SET_PDEATHSIG = 1
LEASH = Path(__file__).with_name("leash.py")
LOG_LIMIT = 10_000_000
HEALTHY_SECONDS = 10
LONGEST_PAUSE = 10.0
LAST_WORDS_SECONDS = 10  # what a part wrote earlier does not say why it ended


def plain_environment() -> dict[str, str]:
    """What a server gets: no secrets of ours, and none of the PG* variables of somebody's shell."""
    return {"PATH": os.defpath, "LC_ALL": "C"} | {name: os.environ[name] for name in ("TZ",) if name in os.environ}


@dataclass
class Part:
    """One process. It dies with us, also when we are killed."""

    name: str
    command: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str] = field(default_factory=plain_environment)
    stop_signal: signal.Signals = signal.SIGTERM
    account: pwd.struct_passwd | None = None
    keeps: Sequence[int] = ()  # open files it inherits
    patience: float = 10  # seconds it may take to stop

    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0
    log_starts_at: int = 0  # where in the log this life of it begins
    failures: int = 0

    def start(self) -> None:
        """Start it. Its output goes to its log."""
        turn_over(self.log)
        command, keeps = tied(self.command, self.stop_signal)
        with open(self.log, "ab") as log:
            self.log_starts_at = log.tell()
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/" if self.account else CHECKOUT,
                env=dict(self.environment),
                umask=0o077,
                pass_fds=[*self.keeps, *keeps],
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the parts in order
                preexec_fn=die_with_us(self.stop_signal),
                **as_account(self.account),
            )
        self.started_at = time.monotonic()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode if self.process else None
        return f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with status {code}"

    def next_start_at(self) -> float:
        """When a dead part may start again: at once after a good life, later and later after short ones."""
        if time.monotonic() - self.started_at > HEALTHY_SECONDS:
            self.failures = 0
        pause = min(0.25 * 2.0**self.failures, LONGEST_PAUSE)
        self.failures += 1
        return time.monotonic() + pause

    def sweep(self) -> None:
        """Ask what a dead part left behind to stop, too."""
        if self.process:
            signal_group(self.process.pid, self.stop_signal)

    def ask_to_stop(self) -> None:
        """Send the signal that ends it in good order."""
        if self.process and self.is_running:
            self.process.send_signal(self.stop_signal)

    def wait_until_stopped(self) -> None:
        """Wait for it to end, and end it by force when it does not."""
        if not self.process:
            return
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_lines(self, count: int = 8) -> str:
        """The end of what this life of it wrote to the log, indented; nothing when it wrote that long before."""
        if time.time() - self.log.stat().st_mtime > LAST_WORDS_SECONDS:
            return ""
        with open(self.log, "rb") as log:
            log.seek(max(self.log_starts_at, self.log.stat().st_size - 4000))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-count:])


def tied(command: Sequence[str | Path], stop_signal: signal.Signals) -> tuple[list[str | Path], list[int]]:
    """The command, on a leash where the kernel offers no death signal, and the open files that needs."""
    if sys.platform == "linux":
        return list(command), []
    return [sys.executable, LEASH, str(lifeline()), str(int(stop_signal)), *command], [lifeline()]


@cache
def lifeline() -> int:
    """The reading end of a pipe whose writing end only we hold, until we die."""
    reader, _ = os.pipe()
    return reader


def as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """What Popen needs to run as somebody else."""
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def die_with_us(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """On Linux the kernel sends `stop_signal` when we die. Runs in the child, after its change of account."""
    if sys.platform != "linux":
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, stop_signal)
        if os.getppid() != parent:  # we died before the line above
            os._exit(1)

    return arrange


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal a process and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def turn_over(log: Path) -> None:
    """Begin a new log when the old one is long; one old one is kept."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.rename(log.with_suffix(".log.1"))
