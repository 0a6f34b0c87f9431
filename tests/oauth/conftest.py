"""These tests use the example resources of tests/api."""

from tests.api.conftest import _quick_passwords, shelf  # noqa: F401
