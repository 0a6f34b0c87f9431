"""A worker or beat that stands still without dying is started again."""

import os
import signal
from pathlib import Path

import pytest

from tests.launcher.running import Stack, descendants, running, wait_until

pytestmark = pytest.mark.stack


@pytest.fixture
def impatient(folder: Path):
    """A stack that waits for a sign of life for some seconds only."""
    with running(folder, STUCK_SECONDS="15") as stack:
        yield stack


def test_a_frozen_part_is_replaced_and_work_continues(impatient: Stack) -> None:
    for part in ("worker", "beat"):
        frozen = impatient.pid(part)
        assert frozen
        for pid in (frozen, *descendants(frozen)):
            os.kill(pid, signal.SIGSTOP)
        impatient.wait_for_another(part, frozen)
        wait_until(lambda part=part: f"{part} has shown no life for 15 seconds" in impatient.words)  # type: ignore[misc]
        impatient.forget_beat()
        impatient.wait_until_ready()
