"""W2: finding contacts among ten thousand, over HTTP, with a token and visibility against neither."""

import random
from collections.abc import Callable, Generator
from urllib.parse import quote

from benchmarks import load
from benchmarks.cast import copy_contacts, make_contacts, make_team, make_users, token_of
from benchmarks.measure import Line, Sample, at_least_of_reference
from benchmarks.place import Place, Server

HALF_OF_BARE = at_least_of_reference(0.5)

Path = Callable[[], str]


def prepare(place: Place) -> list[Line]:
    alice, *agents = make_users(["alice", "bob", "dana", "erin", "frank", "grace"])
    make_team(alice, [alice, *agents[:4]])
    contacts = make_contacts(alice, place.size(10_000))
    copy_contacts(place.bare_database)
    place.settle()
    token = token_of(alice)
    ids = [contact.pk for contact in contacts]
    emails = [contact.email for contact in contacts]
    phones = [quote(contact.mobile_phone) for contact in contacts]

    def line(name: str, ours: Path, theirs: Path) -> Line:
        return Line(
            f"W2 {name}",
            "requests/s",
            lambda: asked(place.product, ours, token, place),
            lambda: asked(place.bare, theirs, "", place),
            HALF_OF_BARE,
        )

    def by_email() -> str:
        return f"/contacts?email={random.choice(emails)}"

    def by_phone() -> str:
        return f"/contacts?mobile_phone={random.choice(phones)}"

    def by_id() -> str:
        return f"/contacts/{random.choice(ids)}"

    def start() -> int:
        return random.randrange(len(contacts) - 50)

    return [
        line("contact by email", by_email, by_email),
        line("contact by phone", by_phone, by_phone),
        line("contact by id", by_id, by_id),
        line(
            "page of 50, exact total",
            lambda: f"/contacts?$limit=50&$skip={start()}",
            lambda: f"/contacts?limit=50&offset={start()}",
        ),
    ]


def asked(server: Server, path: Path, token: str, place: Place) -> Sample:
    """One side, asked for random contacts."""

    def ask() -> Generator[bytes, bytes, None]:
        while True:
            yield load.request("GET", path(), token)

    return server.answer(ask, place.seconds)
