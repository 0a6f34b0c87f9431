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

from launcher.data_dir import CHECKOUT

PR_SET_PDEATHSIG = 1
LEASH = Path(__file__).with_name("parent_watchdog.py")
LOG_LIMIT = 10_000_000  # then it is turned over; one old one is kept
READ_BYTES, MAX_READS = 65_536, 64
HEALTHY_SECONDS = 10
LONGEST_PAUSE = 10.0
LAST_WORDS_SECONDS = 10  # earlier output is not the reason why it ended


def plain_environment() -> dict[str, str]:
    """Return the environment of a server: without our secrets and without PG* variables of the shell."""
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
    heartbeat: Path | None = None  # a file that it touches while it is not stuck
    stuck_seconds: float = 120  # without that

    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0
    output: int | None = None  # the reading end of a pipe: what it writes, on the way to its log
    log_starts_at: int = 0  # where in the log this life of it begins
    heartbeat_seen: tuple[float, float] = (0, 0)  # the file's time when we saw it change, and our own clock then
    failures: int = 0

    def start(self) -> None:
        """Start it. Its output goes to its log, by us: a log that a part writes itself cannot be turned over."""
        self.close_output()
        self.output, writer = os.pipe()
        os.set_blocking(self.output, False)
        with open(self.log, "ab") as log:
            self.log_starts_at = log.tell()
        if self.heartbeat:
            self.heartbeat.touch()
        command, keeps = tied(self.command, self.stop_signal)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=subprocess.STDOUT,
                cwd="/" if self.account else CHECKOUT,
                env=dict(self.environment),
                umask=0o077,
                pass_fds=[*self.keeps, *keeps],
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the parts in order
                preexec_fn=die_with_us(self.stop_signal),
                **as_account(self.account),
            )
        finally:
            os.close(writer)
        self.started_at = time.monotonic()

    def drain(self) -> None:
        """Move what it has written into its log; not without end, if it writes faster than we do."""
        for _ in range(MAX_READS):
            if self.output is None:
                return
            try:
                text = os.read(self.output, READ_BYTES)
            except BlockingIOError:
                return
            if text:
                self.write(text)
            else:
                self.close_output(is_drained=True)

    def write(self, text: bytes) -> None:
        """Append to the log; turn it over between two lines when it is full. A full disk must not stop the part."""
        with suppress(OSError):
            while len(text) > (room := LOG_LIMIT - size_of(self.log)):
                end = text.rfind(b"\n", 0, max(room, 0)) + 1
                if not end and room == LOG_LIMIT:  # a line longer than a log
                    end = room
                append(self.log, text[:end])
                self.log.replace(self.log.with_suffix(".log.1"))
                self.log_starts_at, text = 0, text[end:]
            append(self.log, text)

    def close_output(self, is_drained: bool = False) -> None:
        if self.output is not None and not is_drained:
            self.drain()
        if self.output is not None:
            os.close(self.output)
            self.output = None

    @property
    def is_stuck(self) -> bool:
        """Return whether its heartbeat is too old, by a clock that stops while the machine sleeps."""
        if self.heartbeat is None or not self.is_running:
            return False
        try:
            beat_at = self.heartbeat.stat().st_mtime
        except OSError:  # the file was deleted
            beat_at = 0
        if beat_at != self.heartbeat_seen[0]:
            self.heartbeat_seen = beat_at, time.monotonic()
        return time.monotonic() - max(self.heartbeat_seen[1], self.started_at) > self.stuck_seconds

    def kill(self) -> None:
        """End it and what it started by force."""
        if self.process:
            signal_group(self.process.pid, signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.process.returncode if self.process else None
        return f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with status {code}"

    def next_start_at(self) -> float:
        """Return when a stopped part may start again: immediately after a long run, later after short ones."""
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
        until = time.monotonic() + self.patience
        while self.is_running and time.monotonic() < until:
            self.drain()  # otherwise it could wait for us
            time.sleep(0.02)
        if self.is_running:
            self.kill()
            self.process.wait()
        self.close_output()

    def last_lines(self, count: int = 8) -> str:
        """The end of what this life of it wrote to the log, indented; nothing when it wrote that long before."""
        self.drain()
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
    """Return the arguments of Popen to run as another user."""
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


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def append(log: Path, text: bytes) -> None:
    with open(log, "ab") as file:
        file.write(text)
