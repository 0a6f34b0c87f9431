"""W2: finding contacts among ten thousand, over HTTP, with a token and visibility against neither."""

import random
from collections.abc import Callable, Generator
from itertools import islice
from urllib.parse import quote

from psycopg import sql

from benchmarks import load
from benchmarks.cast import fictional_numbers, make_team, make_users, token_of
from benchmarks.measure import Goal, Line, Sample
from benchmarks.place import Place, Server
from crm.models import Contact
from crm.serializers import ContactSerializer
from teams.models import User

HALF_OF_BARE = Goal(0.5, of_ratio=True)

Path = Callable[[], str]


def prepare(place: Place) -> list[Line]:
    alice, *agents = make_users(["alice", "bob", "dana", "erin", "frank", "grace"])
    make_team(alice, [alice, *agents[:4]])
    contacts = make_contacts(alice, place.size(10_000))
    copy_contacts(place)
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


def make_contacts(owner: User, number: int) -> list[Contact]:
    contacts = [
        Contact(
            owner_user=owner,
            first_name=f"Mary{position}",
            last_name="Jackson",
            email=f"mary{position}@example.com",
            mobile_phone=phone,
            company="Example Homes",
            tags="Buyer, Irvine",
        )
        for position, phone in enumerate(islice(fictional_numbers(), number))
    ]
    for contact in contacts:
        contact.normalize()
    return Contact.objects.bulk_create(contacts, batch_size=1000)


def copy_contacts(place: Place) -> None:
    """The same rows, with the same ids, into the bare table."""
    columns = ContactSerializer.Meta.fields
    into = sql.SQL("COPY bare_contact ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    with place.bare_database.cursor().copy(into) as copy:
        for row in Contact.objects.values_list(*columns):
            copy.write_row(row)
