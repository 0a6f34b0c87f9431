"""The shelf: resources of these tests alone, so that the dialect is tested apart from any app's rules."""

import pytest


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["oauth.tokens.GeneratedSecretHasher"]


@pytest.fixture
def shelf(settings, db):
    settings.ROOT_URLCONF = "tests.api.example_resources"
