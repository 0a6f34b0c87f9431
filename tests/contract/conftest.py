"""What bob has in the table of permissions is what the contract is asked of."""

import pytest

from tests.contract.fields import TABLES
from tests.contract.requests import Asked, undone
from tests.test_permissions import world

__all__ = ["world"]


@pytest.fixture
def turns(world):
    """Each table's resource in its turn; what was done in it is undone."""

    def resources():
        for table in TABLES:
            with undone():
                yield Asked(table, *world)

    return resources
