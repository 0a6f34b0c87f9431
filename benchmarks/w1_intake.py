"""W1: a contact and its lead come in over HTTP, with token, validation, routing and its trace; against two inserts."""

from collections.abc import Callable, Generator
from itertools import count
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import load
from benchmarks.cast import (
    A_LEAD,
    a_contact,
    copy_contacts,
    fictional_numbers,
    make_campaign,
    make_contacts,
    make_team,
    make_users,
    token_of,
)
from benchmarks.measure import Line, Sample, at_least_of_reference, at_most
from benchmarks.place import Place, Server
from leads.models import DistributionTarget, LeadRoute
from teams.models import Team, User

ZILLOW, TRULIA = 1, 3  # as documented
REQUESTS_EACH = 2


def prepare(place: Place) -> list[Line]:
    alice, *agents = make_users(["alice", "bob", "dana", "erin", "frank", "grace"])
    make_routes(alice, make_team(alice, agents))
    make_contacts(alice, place.size(10_000))
    copy_contacts(place.bare_database)
    place.settle()
    token = token_of(alice)
    half = at_least_of_reference(0.5)

    def bare() -> Sample:
        return asked(place.bare, lambda contact: {"contact": contact["id"]}, "", place)

    def product(source: int) -> Callable[[], Sample]:
        return lambda: asked(
            place.product, lambda contact: {"contact_id": contact["id"], "source_id": source}, token, place
        )

    unit = "contact + lead /s"
    return [
        Line("W1 contact + lead, for its owner", unit, product(TRULIA), bare, half),
        Line("W1 contact + lead, offered to 5 + drip", unit, product(ZILLOW), bare),
        Line(
            "W1 POST /leads, offered to 5 + drip", "statements", lambda: statements(token), goal=at_most(20), rounds=1
        ),
        Line("W1 the same", "transactions", lambda: statements(token, "BEGIN"), goal=at_most(1), rounds=1),
    ]


def make_routes(alice: User, team: Team) -> None:
    """One of Trulia's leads goes to alice, one of Zillow's to the team immediately; other routes come before them."""
    campaign = make_campaign(alice)
    positions = count(1)

    def route(source: int, target: str, team: Team | None = None, **more: Any) -> LeadRoute:
        method = LeadRoute.TeamSelection.SPECIFIC_TEAM if team else None
        return LeadRoute(
            owner_user=alice,
            lead_source_id=source,
            distribution_target=target,
            team=team,
            team_selection_method=method,
            campaign=campaign,
            position=next(positions),
            **more,
        )

    LeadRoute.objects.bulk_create(
        [
            route(ZILLOW, DistributionTarget.MYSELF, filter="Rental"),
            route(TRULIA, DistributionTarget.MYSELF, filter="Rental"),
            route(ZILLOW, DistributionTarget.TEAM_ROLLOUT, team, is_automatic=True),
            route(TRULIA, DistributionTarget.MYSELF),
        ]
    )


def asked(server: Server, of_contact: Callable[[Any], dict[str, Any]], token: str, place: Place) -> Sample:
    """One side, sent contacts and their leads in turn on every connection."""
    numbers = fictional_numbers()

    def ask() -> Generator[bytes, bytes, None]:
        for number in numbers:
            contact = load.loaded((yield load.request("POST", "/contacts", token, a_contact(number))))
            yield load.request("POST", "/leads", token, A_LEAD | of_contact(contact))

    return server.answer(ask, place.seconds, REQUESTS_EACH)


def statements(token: str, like: str = "") -> Sample:
    """Return the statements of one `POST /leads`, in this process; with `like`, only statements that equal it."""
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for _ in range(2):  # the first fills what is remembered for good
        contact = posted(client, "/contacts", a_contact("(949) 555-0123"))
        with CaptureQueriesContext(connection) as captured:
            posted(client, "/leads", A_LEAD | {"contact_id": contact["id"], "source_id": ZILLOW})
    return Sample(sum(not like or query["sql"] == like for query in captured.captured_queries))


def posted(client: Client, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()
