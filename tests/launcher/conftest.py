"""One running stack for all tests that do not end it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.running import Stack, reachable_folder, running


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A whole `./pride up`, shared; a test may kill parts of it if it waits for their return."""
    with reachable_folder() as folder, running(folder) as stack:
        yield stack


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a stack of one's own."""
    with reachable_folder() as folder:
        yield folder
