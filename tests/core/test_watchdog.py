"""A worker or beat that is stuck ends itself, whatever its threads do."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from config import beat, settings
from config.celery import wait_no_longer_than
from core import watchdog
from core.db import statement_timeout

WATCHED = """
import re, sys, threading, time
from core import watchdog
watchdog.LOOK_SECONDS = 0.1
watch = threading.Thread(target=watchdog.watch_worker, args=({file!r}, 1.0, lambda: {broker_answers}), daemon=True)
watch.start()
{work}
"""
HOLD_THE_GIL = "time.sleep(0.5); re.match('(a+)+$', 40 * 'a' + 'b')"
WAIT_FOR_EVER = """
def wait():
    with watchdog.watch("leads.jobs"):
        threading.Event().wait()
threading.Thread(target=wait, daemon=True).start()
while True:
    time.sleep(0.1)
    with watchdog.watch("heartbeat"): pass
"""
LONG_WORK = """
end = time.monotonic() + 3
with watchdog.watch("leads.jobs"):
    while time.monotonic() < end:
        time.sleep(0.1)
        watchdog.record_progress()
"""
NOTHING = "time.sleep(4)"


def run(tmp_path: Path, work: str, broker_answers: bool = True) -> "subprocess.CompletedProcess[str]":
    program = WATCHED.format(file=str(tmp_path / "alive"), broker_answers=broker_answers, work=work)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("work", [HOLD_THE_GIL, WAIT_FOR_EVER])
def test_stuck_work_ends_the_process_and_shows_where_it_is_stuck(work: str, tmp_path: Path):
    ended = run(tmp_path, work)
    assert ended.returncode != 0
    assert 'File "<string>"' in ended.stderr


@pytest.mark.parametrize(
    ("work", "broker_answers", "ends_well"),
    [(LONG_WORK, True, True), (NOTHING, True, False), (NOTHING, False, True)],
)
def test_only_what_does_nothing_though_it_could_is_stuck(
    work: str, broker_answers: bool, ends_well: bool, tmp_path: Path
):
    """Long work that moves on is not, nor is a worker whose broker is away."""
    assert (run(tmp_path, work, broker_answers).returncode == 0) == ends_well


def test_the_health_check_looks_at_the_age_of_the_sign_of_life(tmp_path: Path):
    file = tmp_path / "alive"
    check = [sys.executable, "-m", "config.heartbeat"]
    environment = os.environ | {"HEARTBEAT_FILE": str(file), "STUCK_SECONDS": "60"}

    def is_alive() -> bool:
        return subprocess.run(check, env=environment, check=False).returncode == 0

    assert not is_alive()
    file.touch()
    assert is_alive()
    an_hour_ago = time.time() - 3600
    os.utime(file, (an_hour_ago, an_hour_ago))
    assert not is_alive()


def test_beat_shows_life_at_each_turn(monkeypatch: pytest.MonkeyPatch):
    shown = []
    monkeypatch.setattr(watchdog, "record_liveness", lambda *given: shown.append(given))
    monkeypatch.setattr(beat.Scheduler, "tick", lambda self: 1.0)

    assert beat.WatchedScheduler.tick(object.__new__(beat.WatchedScheduler)) == 1.0
    assert shown == [(settings.HEARTBEAT_FILE, settings.STUCK_SECONDS)]


def test_a_workers_statements_have_a_limit_shorter_than_its_own(monkeypatch: pytest.MonkeyPatch):
    options: dict[str, Any] = {"pool": {}, "options": "-c search_path=public"}
    monkeypatch.setitem(django_settings.DATABASES["default"], "OPTIONS", options)

    wait_no_longer_than()

    assert options["pool"]["connection_class"].timeout_seconds < settings.STUCK_SECONDS
    assert options["options"] == f"-c search_path=public {statement_timeout.WORKER_OPTIONS}"
