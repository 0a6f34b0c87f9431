"""W7: a million contacts of one account: whether costs grow with the table, and what exact totals cost.

The same service runs on two databases, with ten thousand and with a million contacts. The million is also compared
with the bare service, which counts as Django does; For lists with totals, it counts too.
"""

import random
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.core import signing
from django.db import connection
from django.db.models import CharField
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.lists import cursor_pagination
from benchmarks import load
from benchmarks.cast import copy, copy_contacts, fictional_numbers, make_users, token_of
from benchmarks.measure import Goal, Line, Sample, at_least_of_reference
from benchmarks.place import PRODUCT, Place, Server, url_of
from core.phone_numbers import e164
from crm import contact_counts
from crm.models import Contact
from teams.models import User

FEW, MANY = 10_000, 1_000_000
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = ["Mary", "Paul", "Anna", "Peter", "Lucy", "Tom", "Marcus", "Dora", "Will", "Zoe"]
TAGGED = 20  # one contact in so many has the common tag
RARE = 50  # contacts at the end of each copy have the rare tag
DEPTH = 0.9  # of the list, for deep pages
ASKED = 100  # consecutive requests on one connection, for a median
AS_FAST = at_least_of_reference(0.8)
NO_GROWTH = Goal(1.5, of_ratio=True, at_most=True)

# As much as a naive server could wish for: it is to lose by counting alone.
BARE_INDEXES = """
    ALTER TABLE bare_contact ADD tag_list text[] GENERATED ALWAYS AS (string_to_array(lower(tags), ', ')) STORED;
    CREATE INDEX ON bare_contact USING gin (tag_list);
    CREATE INDEX ON bare_contact (first_name text_pattern_ops);
    CREATE INDEX ON bare_contact (created_at);
    CREATE INDEX ON bare_contact (owner_user_id);
"""


@dataclass(frozen=True)
class World:
    """A database of the service with so many contacts, all Alice's."""

    size: int
    phones: list[str]

    @property
    def depth(self) -> int:
        """How many contacts come before a deep page."""
        return int(DEPTH * self.size)

    def email(self) -> str:
        return f"mary{random.randrange(self.size)}@example.com"

    def phone(self) -> str:
        return urlencode({"mobile_phone": random.choice(self.phones)})

    def cursor(self) -> str:
        """Ours, of the contact at that depth."""
        keys = [str(created_at(self.depth)), self.depth + 1]
        return signing.dumps([[("created_at", False)], keys], salt=cursor_pagination.SALT)

    def bare_cursor(self) -> str:
        return b64encode(urlencode({"p": str(created_at(self.depth))}).encode()).decode()


@dataclass(frozen=True)
class Ask:
    """Something integrators ask for, in the words of both services."""

    name: str
    ours: Callable[[World], str]
    theirs: Callable[[World], str]
    goal: Goal
    growth: Goal | None = None
    is_totalled: bool = False  # whether it returns a kept total


OWN = "owner_user_id=1"  # a service with several accounts counts what this user sees; Alice is the first user

ASKS = [
    Ask("by email", lambda w: f"email={w.email()}", lambda w: f"contacts?email={w.email()}", AS_FAST, NO_GROWTH),
    Ask("by phone", lambda w: w.phone(), lambda w: f"contacts?{w.phone()}", AS_FAST, NO_GROWTH),
    Ask(
        "name prefix, no total",
        lambda w: "first_name[$like]=Mar%25&$total=false",
        lambda w: "contacts-by-cursor?first_name__startswith=Mar",
        AS_FAST,
        NO_GROWTH,
    ),
    Ask(
        "newest 25, exact total",
        lambda w: "$limit=25&$sort[created_at]=-1",
        lambda w: f"contacts?{OWN}&limit=25&ordering=-created_at",
        at_least_of_reference(20),
        is_totalled=True,
    ),
    Ask(
        "25 with a tag of 5 %, exact total",
        lambda w: "$limit=25&tags=Buyer",
        lambda w: f"contacts?{OWN}&limit=25&tag=buyer",
        at_least_of_reference(20),
        is_totalled=True,
    ),
    Ask(
        "25 with a tag of the newest only, exact total",
        lambda w: "$limit=25&tags=Probate",
        lambda w: f"contacts?{OWN}&limit=25&tag=probate",
        AS_FAST,
        NO_GROWTH,
    ),
    Ask(
        "25 after $skip of 90 %, exact total",
        lambda w: f"$limit=25&$skip={w.depth}",
        lambda w: f"contacts?{OWN}&limit=25&offset={w.depth}",
        at_least_of_reference(5),
        is_totalled=True,
    ),
    Ask(
        "25 after $cursor at 90 %",
        lambda w: f"$limit=25&$sort[created_at]=1&$total=false&$cursor={w.cursor()}",
        lambda w: f"contacts-by-cursor?cursor={w.bare_cursor()}",
        AS_FAST,
        NO_GROWTH,
    ),
]


def prepare(place: Place) -> list[Line]:
    """Ten thousand contacts, a copy of that database, and then the rest of the million."""
    (alice,) = make_users(["alice"])
    token = token_of(alice)
    phones = list(fictional_numbers())
    few, many = World(place.size(FEW), phones[: place.size(FEW)]), World(place.size(MANY), phones)
    copy_in(alice, phones, 0, few.size)
    small = place.twin()
    copy_in(alice, phones, few.size, many.size)
    copy_contacts(place.bare_database)
    place.bare_database.execute(BARE_INDEXES)
    contact_counts.compact_totals()
    place.settle()
    lines = []
    for ask in ASKS:
        lines += [
            grown(ask, few, many, place, small, token),
            compared(ask, many, place, token),
            touched(ask, many, token),
        ]
        if ask.is_totalled:
            lines.append(counted(ask, many, place, token))
    return lines


def created_at(position: int) -> datetime:
    return BEGAN + timedelta(minutes=position)


def copy_in(owner: User, phones: list[str], start: int, end: int) -> None:
    """Contacts by COPY: all columns of text are filled, most with nothing."""
    texts = [field.attname for field in Contact._meta.concrete_fields if isinstance(field, CharField)]
    given = ["id", "owner_user_id", "is_do_not_contact", "is_imported", "created_at", "modified_at"]
    with psycopg.connect(url_of(PRODUCT), autocommit=True) as session:
        copy(session, "crm_contact", [*given, *texts], rows(owner, phones, start, end, texts))


def rows(owner: User, phones: list[str], start: int, end: int, texts: list[str]) -> Iterator[list[Any]]:
    """Contacts by position; as many as there are fictional numbers have one."""
    for position in range(start, end):
        phone = phones[position] if position < len(phones) else ""
        told = {
            "first_name": f"{NAMES[position % len(NAMES)]}{position}",
            "email": f"mary{position}@example.com",
            "mobile_phone": phone,
            "mobile_e164": e164(phone),
            "tags": tags_of(position, end),
        }
        at = created_at(position)
        yield [position + 1, owner.pk, False, False, at, at, *(told.get(name, "") for name in texts)]


def tags_of(position: int, end: int) -> str:
    if position >= end - RARE:
        return "Probate"
    return "Buyer, Irvine" if position % TAGGED == 0 else f"Seller {position % 7}"


def grown(ask: Ask, few: World, many: World, place: Place, small: Server, token: str) -> Line:
    """How long an answer takes among the million, beside ten thousand."""
    return Line(
        f"W7 {ask.name}: among {many.size:,}, beside {few.size:,}",
        "ms p50",
        lambda: latency(place.product, lambda: "/contacts?" + ask.ours(many), token),
        lambda: latency(small, lambda: "/contacts?" + ask.ours(few), token),
        ask.growth,
        rounds=5,
    )


def compared(ask: Ask, many: World, place: Place, token: str) -> Line:
    """How many answers a second, beside the bare service."""
    return Line(
        f"W7 {ask.name}",
        "requests/s",
        lambda: answers(place.product, lambda: "/contacts?" + ask.ours(many), token, place),
        lambda: answers(place.bare, lambda: "/" + ask.theirs(many), "", place),
        ask.goal,
        rounds=3,
    )


def counted(ask: Ask, many: World, place: Place, token: str) -> Line:
    """How many answers a second, beside the same service on the same database that counts what the user sees."""
    return Line(
        f"W7 {ask.name}, beside counting",
        "requests/s",
        lambda: answers(place.product, lambda: "/contacts?" + ask.ours(many), token, place),
        lambda: answers(place.counting, lambda: "/contacts?" + ask.ours(many), token, place),
        rounds=3,
    )


def touched(ask: Ask, many: World, token: str) -> Line:
    """How many pages of 8 kB PostgreSQL looks at for an answer, and by how many statements."""
    statements = asked_statements("/contacts?" + ask.ours(many), token)
    return Line(
        f"W7 {ask.name}: pages touched by {len(statements)} statements",
        "pages",
        lambda: Sample(sum(map(pages, statements))),
        rounds=1,
    )


def latency(server: Server, path: Callable[[], str], token: str) -> Sample:
    """The median of many answers to one client, in milliseconds."""
    client = HTTPConnection("127.0.0.1", server.port)
    taken = []
    for _ in range(ASKED):
        began = perf_counter()
        client.request("GET", path(), headers={"Authorization": f"Bearer {token}"})
        client.getresponse().read()
        taken.append(perf_counter() - began)
    client.close()
    return Sample(1000 * median(taken))


def answers(server: Server, path: Callable[[], str], token: str, place: Place) -> Sample:
    def ask() -> Generator[bytes, bytes, None]:
        while True:
            yield load.request("GET", path(), token)

    return server.answer(ask, place.seconds)


def asked_statements(path: str, token: str) -> list[str]:
    """The SELECTs behind an answer."""
    with CaptureQueriesContext(connection) as asked:
        answer = Client().get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.content
    return [row["sql"] for row in asked if row["sql"].lstrip("(\n ").startswith(("SELECT", "WITH"))]


def pages(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement.replace("%", "%%"), [])
        plan = cursor.fetchone()[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
