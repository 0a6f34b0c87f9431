"""Listening to the news that crm sends."""

import pytest

from tests import conftest


@pytest.fixture
def make_user(db):
    return conftest.make_user


@pytest.fixture
def heard():
    """`heard(signal)` is the list of what is told from now on; with `fail`, the listener breaks."""
    listening = []

    def listen(signal, fail=False):
        told = []

        def receiver(**news):
            told.append(news)
            if fail:
                raise RuntimeError("a receiver failed")

        signal.connect(receiver)
        listening.append((signal, receiver))
        return told

    yield listen
    for signal, receiver in listening:
        signal.disconnect(receiver)
