"""API v1 is asked about the same people and teams as leads."""

from tests.leads.conftest import *  # noqa: F403  # their fixtures
