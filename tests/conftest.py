"""The cast: alice leads a team, bob and dana are its agents, charlie is a stranger."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as installation
from hypothesis import settings

from core.phone_numbers import e164
from teams.models import Team, TeamMember, User
from tests.client import Api

settings.register_profile("pride", deadline=None)  # a property is right or wrong, never too slow
settings.load_profile("pride")

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")  # of several, each with a database of its own

CONFIRMED_AT = datetime(2026, 1, 5, 17, tzinfo=UTC)  # the cast's phones

ApiFor = Callable[[User | None], Api]


def pytest_configure() -> None:
    """Give each test worker a part of Valkey of its own: counters and triggers are not shared."""
    if WORKER:
        store = installation.CACHES["default"]
        store["LOCATION"] += f"?db={WORKER}"
        name = "virtual_host" if "socket" in installation.CELERY_BROKER_URL else "db"
        installation.CELERY_BROKER_URL += f"?{name}={WORKER}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs whole installations takes longest: it comes first, and one after the other."""
    whole = [item for item in items if item.get_closest_marker("stack")]
    for item in whole:
        item.add_marker(pytest.mark.xdist_group("stack"))
    items.sort(key=lambda item: item not in whole)


def make_user(name: str, digits: str) -> User:
    """An agent of this first name with a confirmed phone, such as +1 949 555 0123."""
    phone = f"+1 949 555 {digits}"
    return User.objects.create_user(
        f"{name.lower()}@example.com",
        password="a long pass phrase",
        first_name=name,
        last_name="Example",
        phone=phone,
        confirmed_phone=e164(phone),
        phone_confirmed_at=CONFIRMED_AT,
    )


def give_phone(user: User, phone: str) -> None:
    """The user gets this phone, confirmed."""
    user.phone = phone
    user.confirm_phone(CONFIRMED_AT)
    user.save()


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """A quarter of a second for each of the cast, in every test, proves nothing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture
def api() -> ApiFor:
    """`api(alice)` is a client with a token of hers; `api(None)` has none."""
    return Api


@pytest.fixture
def alice(db: None) -> User:
    return make_user("Alice", "0111")


@pytest.fixture
def bob(db: None) -> User:
    return make_user("Bob", "0112")


@pytest.fixture
def dana(db: None) -> User:
    return make_user("Dana", "0113")


@pytest.fixture
def charlie(db: None) -> User:
    """Belongs to nobody's team."""
    return make_user("Charlie", "0114")


@pytest.fixture
def team(alice: User, bob: User, dana: User) -> Team:
    """Alice's team: she, bob and dana have accepted; contacts are shared."""
    team = Team.objects.create(creator=alice, name="Pride", is_contact_resource_sharing_enabled=True)
    TeamMember.objects.bulk_create(
        TeamMember(team=team, user=user, request_status=TeamMember.RequestStatus.ACCEPTED)
        for user in (alice, bob, dana)
    )
    return team
