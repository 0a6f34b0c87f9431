"""Parts and their supervisor, with programs of a line or two in place of servers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import process
from launcher.errors import Refusal
from launcher.process import LEASH, Part
from launcher.supervisor import StopAsked, Supervisor
from tests.launcher.running import is_alive, wait_until

WAIT = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """Its signal handlers are gone again after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    with Supervisor() as supervisor:
        yield supervisor
    for number, handler in before.items():
        signal.signal(number, handler)


def part(folder: Path, program: str, name: str = "part") -> Part:
    return Part(name, [sys.executable, "-c", program], log=folder / f"{name}.log", patience=0.5)


def wait_for(part: Part, text: str) -> None:
    """Wait until a part has written something, as its supervisor does."""

    def is_written() -> bool:
        part.drain()
        return text in part.log.read_text()

    wait_until(is_written)


def process_of(part: Part) -> int:
    assert part.process
    return part.process.pid


def test_a_dead_part_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    waiting = part(tmp_path, WAIT)
    supervisor.start(waiting)
    killed = process_of(waiting)
    os.kill(killed, signal.SIGKILL)
    supervisor.wait_until(lambda: process_of(waiting) != killed, "not started again", 20)
    assert waiting.is_running


def test_a_part_that_cannot_start_is_given_up_and_its_words_are_shown_once(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(part(tmp_path, "raise SystemExit('no such table')"))
    with pytest.raises(Refusal, match="It did not start"):
        supervisor.wait_until(lambda: False, "It did not start.", 60)
    told = capsys.readouterr().err
    assert told.count("no such table") == 1
    assert "ended with status 1 again" in told


def test_what_a_part_wrote_long_before_it_died_is_not_shown(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = part(tmp_path, f"print('all is well', flush=True); {WAIT}")
    supervisor.start(waiting)
    wait_for(waiting, "all is well")
    os.utime(waiting.log, (0, 0))
    killed = process_of(waiting)
    os.kill(killed, signal.SIGKILL)
    supervisor.wait_until(lambda: process_of(waiting) != killed, "not started again", 20)
    assert capsys.readouterr().err == "part was killed by SIGKILL; it is started again.\n"


def test_pauses_grow_while_a_part_fails_and_shrink_after_a_good_life(tmp_path: Path) -> None:
    failing = part(tmp_path, WAIT)
    failing.started_at = float("inf")  # it has only just started
    pauses = [failing.next_start_at() for _ in range(8)]
    assert pauses == sorted(pauses)
    failing.started_at = float("-inf")
    assert failing.next_start_at() - pauses[0] < 5


def test_a_log_is_turned_over_while_its_part_runs_and_no_line_is_lost(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOG_LIMIT", 300_000)
    count = 30_000  # of lines, some 350 kB: more than one log, less than two
    talking = part(tmp_path, f"for number in range({count}): print('line', number, flush=True)\n{WAIT}")
    supervisor.start(talking)
    wait_for(talking, f"line {count - 1}\n")

    old = talking.log.with_suffix(".log.1")
    lines = (old.read_text() + talking.log.read_text()).splitlines()
    assert lines == [f"line {number}" for number in range(count)]
    assert max(old.stat().st_size, talking.log.stat().st_size) <= process.LOG_LIMIT


def test_a_log_does_not_grow_without_limit(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LOG_LIMIT", 10_000)
    talking = part(tmp_path, f"for number in range(10_000): print('line', number)\nprint('end', flush=True)\n{WAIT}")
    supervisor.start(talking)
    wait_for(talking, "end\n")

    logs = sorted(tmp_path.iterdir())
    assert [log.name for log in logs] == ["part.log", "part.log.1"]
    assert all(log.stat().st_size <= process.LOG_LIMIT for log in logs)


def test_a_part_may_write_more_than_a_pipe_holds_while_it_stops(supervisor: Supervisor, tmp_path: Path) -> None:
    talking = part(
        tmp_path,
        "import signal, sys\n"
        "def end(*_):\n    print('x' * 200_000, flush=True)\n    print('bye', flush=True)\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\nsignal.pause()\n",
    )
    talking.patience = 20
    supervisor.start(talking)
    wait_for(talking, "ready")
    supervisor.stop()
    assert talking.log.read_text().endswith("bye\n")
    assert talking.ending == "ended with status 0"


def test_a_part_that_shows_no_life_is_killed_and_started_again(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beating = (
        f"import pathlib, time\nwhile True:\n    pathlib.Path({str(tmp_path / 'alive')!r}).touch(); time.sleep(0.1)"
    )
    frozen = part(tmp_path, beating)
    frozen.heartbeat, frozen.stuck_seconds = tmp_path / "alive", 3
    supervisor.start(frozen)
    first = process_of(frozen)
    supervisor.wait_until(lambda: time.monotonic() - frozen.started_at > 4, "", 20)
    assert process_of(frozen) == first  # as long as it shows life

    os.kill(first, signal.SIGSTOP)
    supervisor.wait_until(lambda: process_of(frozen) != first, "not started again", 60)

    assert "part has shown no life for 3 seconds; it is killed." in capsys.readouterr().err
    assert not is_alive(first)


def test_what_stands_on_others_stops_first(supervisor: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    noting = (
        "import signal, sys, pathlib\n"
        "def end(*_):\n"
        f"    with open({str(ends)!r}, 'a') as file: file.write(sys.argv[1] + '\\n')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    for name in ("database", "service"):
        noted = part(tmp_path, noting, name)
        noted.command = [*noted.command, name]
        supervisor.start(noted)
        wait_for(noted, "ready")
    supervisor.stop()
    assert ends.read_text().split() == ["service", "database"]


def test_a_part_that_will_not_stop_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    stubborn = part(tmp_path, STUBBORN)
    supervisor.start(stubborn)
    wait_for(stubborn, "deaf")
    supervisor.stop()
    assert not stubborn.is_running
    assert stubborn.ending == "was killed by SIGKILL"


def test_a_signal_ends_the_watch(supervisor: Supervisor) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(StopAsked):
        supervisor.watch()


def test_a_leashed_program_ends_with_whoever_holds_the_leash() -> None:
    reader, writer = os.pipe()
    command = [sys.executable, LEASH, str(reader), str(int(signal.SIGTERM)), sys.executable, "-c", WAIT]
    leashed = subprocess.Popen(command, pass_fds=[reader])
    wait_until(lambda: bool(Path(f"/proc/{leashed.pid}/task/{leashed.pid}/children").read_text()))
    assert leashed.poll() is None
    os.close(writer)  # as the kernel does when its holder dies
    assert leashed.wait(20) == 128 + signal.SIGTERM
    os.close(reader)


def test_a_leashed_program_gets_the_signals_of_its_leash() -> None:
    reader, writer = os.pipe()
    saying = f"import signal; signal.signal(signal.SIGINT, lambda *_: exit(7)); print('ready', flush=True); {WAIT}"
    command = [sys.executable, LEASH, str(reader), str(int(signal.SIGTERM)), sys.executable, "-c", saying]
    leashed = subprocess.Popen(command, pass_fds=[reader], stdout=subprocess.PIPE)
    assert leashed.stdout
    assert leashed.stdout.readline() == b"ready\n"
    leashed.send_signal(signal.SIGINT)
    assert leashed.wait(20) == 7
    assert not is_alive(leashed.pid)
    os.close(writer)
    os.close(reader)
