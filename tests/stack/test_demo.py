"""The story that `./pride demo` tells is the acceptance test of both walkthroughs."""

import pytest

from tests.stack.running import Stack

pytestmark = pytest.mark.stack


def test_the_demo_ends_well_and_can_be_told_again(stack: Stack):
    for _ in range(2):
        told = stack.pride("demo")
        assert told.returncode == 0, told.stdout[-2000:] + told.stderr
        assert "NOT SO" not in told.stdout
        assert told.stdout.rstrip().endswith("Everything went as it should.")
