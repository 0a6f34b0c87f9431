"""One running stack for all tests that do not end it."""

from collections.abc import Iterator

import pytest

from tests.stack.running import Stack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole `./pride up`, shared; a test may kill parts of it if it waits for their return."""
    with running(tmp_path_factory.mktemp("stack") / "home") as stack:
        yield stack
