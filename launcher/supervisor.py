"""Keeps the parts running: starts them in order, starts a dead one again, stops all in the opposite order."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType, TracebackType

from launcher.data_dir import CHECKOUT
from launcher.errors import Refusal
from launcher.process import Part, die_with_us

TIDYING_SECONDS = 30


class StopAsked(Exception):
    """Ctrl-C, or a signal that means the same."""


class Supervisor:
    """Parts in stages. The parts of one stage stop together, before those of the stage below."""

    def __init__(self) -> None:
        self.stages: list[list[Part]] = []
        self.restarts: dict[str, float] = {}  # when which dead part starts again
        self.reported: dict[str, str] = {}  # the last printed lines of each part's log
        self.stop_asked: int | None = None  # by which signal

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup: we outlive the terminal
                signal.signal(number, self.ask_to_stop)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        """Only noted here: a signal may come in the middle of a start."""
        self.stop_asked = number

    @property
    def parts(self) -> list[Part]:
        return [part for stage in self.stages for part in stage]

    def start(self, *parts: Part) -> None:
        """Start parts that need all parts started before."""
        self.stages.append(list(parts))
        for part in parts:
            part.start()

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        """Look after the parts until `ready`, or refuse for the reason `what`."""
        until = time.monotonic() + seconds
        while not ready():
            hopeless = [part.name for part in self.parts if part.failures > 3]
            if hopeless or time.monotonic() > until:
                raise Refusal(what)
            self.pause()

    def watch(self) -> None:
        """Supervise the parts until a signal stops us."""
        while True:
            self.pause()

    def pause(self) -> None:
        """One short breath, and a look at every part."""
        if self.stop_asked:
            raise StopAsked
        time.sleep(0.1)
        for part in self.parts:
            part.drain()
            self.look_after(part)

    def run(self, arguments: list[str], environment: Mapping[str, str], in_front: bool = True) -> int:
        """Run a Python program to its end. One in front has the terminal, and its own share of a Ctrl-C."""
        program = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=dict(environment),
            start_new_session=not in_front,
            preexec_fn=die_with_us(signal.SIGTERM),
        )
        while program.poll() is None:
            try:
                self.pause()
            except StopAsked:
                end(program, patience=TIDYING_SECONDS if in_front and self.stop_asked == signal.SIGINT else 0)
                raise
        return program.returncode

    def look_after(self, part: Part) -> None:
        """Report a death, and start the part again when its pause is over. One that is stuck dies by us."""
        if part.is_stuck:
            say(f"{part.name} has shown no life for {part.stuck_seconds:.0f} seconds; it is killed.")
            part.kill()
            return
        if part.is_running:
            return
        restart_at = self.restarts.get(part.name)
        if restart_at is None:
            part.sweep()
            self.restarts[part.name] = part.next_start_at()
            self.report(part)
        elif time.monotonic() >= restart_at:
            del self.restarts[part.name]
            part.start()

    def report(self, part: Part) -> None:
        """Print how a part ended, with its log; a repeated failure is printed once."""
        last_lines = part.last_lines()
        if self.reported.get(part.name) == last_lines:
            say(f"{part.name} {part.ending} again.")
            return
        self.reported[part.name] = last_lines
        words = f" The end of {part.log}:\n{last_lines}" if last_lines else ""
        say(f"{part.name} {part.ending}; it is started again.{words}")

    def stop(self) -> None:
        """Stop everything, the latest stage first."""
        while self.stages:
            stage = self.stages.pop()
            for part in stage:
                part.ask_to_stop()
            for part in stage:
                part.wait_until_stopped()


def end(program: "subprocess.Popen[bytes]", patience: float) -> None:
    """End a program that may have had the Ctrl-C, too, and be tidying up."""
    with suppress(subprocess.TimeoutExpired):
        program.wait(patience)
    program.terminate()
    program.wait()


def say(text: str) -> None:
    """Print for the user at the terminal, which may be closed."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
