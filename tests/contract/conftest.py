"""What bob has in the table of permissions is what the contract is asked of."""

from tests.test_permissions import world

__all__ = ["world"]
