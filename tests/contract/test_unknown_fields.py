"""What is sent to an operation of our own and not used is refused by name; LionDesk's ignore it, as LionDesk did."""

import pytest

from api.viewsets import BEYOND
from tests.contract.requests import DOCUMENT, undone
from tests.test_permissions import TABLE, WHO, anonymous, filled

STANDARD = {"/oauth2/revoke"}  # RFC 6749, section 3.1: unknown parameters are ignored
SANDBOX = {
    "/sandbox/calls/*": {"digits": "1"},
    "/sandbox/clock": {"advance": "P2D"},
    "/sandbox/faults": {"kind": "30007"},
    "/sandbox/reset": {},
    "/sandbox/texts": {"from": "+19495550123", "to": "+19495550100", "body": "1"},
}


def writing(tag):
    """(method, path) of the operations under a tag that take a body."""
    for path, operations in DOCUMENT["paths"].items():
        for method in {"post", "patch"} & operations.keys():
            if tag in operations[method]["tags"] and path not in STANDARD:
                yield method, anonymous(path)


POLICY = {(method, anonymous(path)): (path, body, expected) for method, path, body, *expected in TABLE}


def as_the_policy_has_it(method, path, world):
    """Who may do it, where, and with which body."""
    clients, ids = world
    path, body, expected = POLICY[method, path]
    who = next((who for who, status in zip(WHO, expected, strict=True) if status < 400), "bob")
    return clients[who], path.format(**ids), filled(body, ids) or {}


@pytest.mark.contract("Errors", "An operation beyond LionDesk refuses fields that it does not use, by name", "ours")
def test_each_of_our_operations_names_what_it_does_not_use(world, subtests, alice, api):
    alice.is_staff = True
    alice.save()
    for method, path in writing(BEYOND):
        with subtests.test(f"{method} {path}"), undone():
            if path in SANDBOX:
                client, address, body = api(alice), path.replace("*", "CA1"), SANDBOX[path]
            else:
                client, address, body = as_the_policy_has_it(method, path, world)
            answer = getattr(client, method)(address, body | {"no_such_field": 1, "x" * 5000: 2})
            assert answer.status_code == 400
            assert list(answer.json()["errors"]) == ["no_such_field", "x" * 100]


def test_there_are_such_operations():
    assert len(list(writing(BEYOND))) > 15


@pytest.mark.parametrize(("field", "value"), [("to", "+19495550199"), ("media", ["https://example.com/a.jpg"])])
def test_a_message_goes_where_the_contact_is(world, field, value):
    clients, ids = world
    body = {"channel": "email", "subject": "The house", "body": "Hello", field: value}
    answer = clients["bob"].post("/contacts/{contact}/messages".format(**ids), body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_text_has_no_subject(world):
    clients, ids = world
    body = {"channel": "text", "subject": "The house", "body": "Hello"}
    answer = clients["bob"].post("/contacts/{contact}/messages".format(**ids), body)
    assert list(answer.json()["errors"]) == ["subject"]


def test_a_client_may_send_back_what_it_read(world):
    clients, _ = world
    me = clients["bob"].get("/me").json()
    assert clients["bob"].patch("/me", me | {"first_name": "Robert"}).json()["first_name"] == "Robert"
    answer = clients["bob"].patch("/me", me | {"email": "robert@example.com"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["email"])


def test_a_documented_operation_ignores_what_it_does_not_use(world):
    clients, _ = world
    assert clients["bob"].post("/contacts", {"first_name": "Ann", "no_such_field": 1}).status_code == 201
