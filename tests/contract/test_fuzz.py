"""Whatever is sent to any resource is taken or refused in words: never with a 500, and without much memory."""

import json
import tracemalloc
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.lists.query_parser import OPERATORS
from tests.contract.requests import undone

quick = settings(max_examples=25, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
MEGABYTE = 2**20
LIMIT = 5 * MEGABYTE  # of a body
NONSENSE = [
    -(2**63),
    10**400,
    1e308,
    "9" * 5000,
    "99999-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "nul \0",
    "half \ud800",
    "FREQ=SECONDLY;COUNT=99999999999",
    [[]],
    {"$ne": 1},
    json.loads("[" * 40 + "]" * 40),
]
ODD_QUERIES = {
    "deep alternatives": "$or[0]" + "[$or][0]" * 500 + "[id]=1",
    "many alternatives": "&".join(f"$or[{number}][id]={number}" for number in range(990)),
    "ten thousand values": "&".join(f"id[$in][]={number}" for number in range(10_000)),
    "a thousand keys": "&".join(["id=1"] * 1000),
    "hundreds of orders": "&".join(["$sort[id]=1"] * 900),
    "orders by nothing": "&".join(f"$sort[x{number}]=1" for number in range(300)),
    "a long value": "id=" + "9" * 100_000,
    "a long name": "x" * 100_000 + "=1",
    "many brackets": "id" + "[0]" * 1000 + "=1",
    "a NUL": "id=%00",
    "half a character": "$sort[%ED%A0%80]=1",
    "the year 99999": "created_at[$gt]=99999-01-01",
    "a great number": f"id={10**400}",
}
odd_text = st.one_of(st.text(max_size=20), st.integers().map(str), st.sampled_from([str(value) for value in NONSENSE]))


def check(answer):
    """Taken, or refused by name in words."""
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["code"] == answer.status_code
        assert problem["name"] != "GeneralError"
        assert problem["message"]


@pytest.mark.contract("Errors", "Nonsense in any field is taken or refused in words, never with a 500", "ours")
def test_any_value_of_any_field_is_answered(turns, subtests):
    for asked in turns():
        for field in [field for field in asked.table.fields if field.is_written]:
            with subtests.test(f"{asked.table.title}: {field.name}"):
                for value in NONSENSE:
                    with undone():
                        check(asked.write(**{field.name: value}))


@pytest.mark.contract("Errors", "So is nonsense in any question", "ours")
def test_any_question_is_answered(turns, subtests):
    for asked in turns():
        if "get" in asked.list_of:
            with subtests.test(asked.table.title):
                ask_anything(asked)


def ask_anything(asked):
    names = [parameter["name"] for parameter in asked.list_of["get"]["parameters"] if parameter["in"] == "query"]
    keys = st.builds(str.__add__, st.sampled_from(names), st.sampled_from(["", *(f"[{one}]" for one in OPERATORS)]))

    @quick
    @given(st.lists(st.tuples(keys, odd_text), min_size=1, max_size=3))
    def ask(pairs):
        check(asked.client.get(f"{asked.path}?{urlencode(pairs, errors='ignore')}"))

    ask()


@contextmanager
def at_most(megabytes):
    """What is done meanwhile takes no more memory than this, at any moment."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.fixture
def client(api, alice):
    return api(alice)


@pytest.mark.parametrize("query", ODD_QUERIES.values(), ids=ODD_QUERIES.keys())
def test_an_odd_question_takes_little_memory(client, query):
    with at_most(megabytes=20):
        check(client.get(f"/contacts?{query}"))


def filled(start, part, end):
    """A body of just the size that is taken."""
    return start + part * ((LIMIT - len(start) - len(end)) // len(part)) + end


BODIES = {
    "one long text": filled(b'{"first_name":"', b"x", b'"}'),
    "escapes alone": filled(b'{"first_name":"', b"\\u0000", b'"}'),
    "many numbers": filled(b'{"custom_fields":[1', b",1", b"]}"),
    "many objects": filled(b'{"custom_fields":[{}', b",{}", b"]}"),
    "many lists": filled(b'{"custom_fields":[[]', b",[]", b"]}"),
    "many fields": filled(b'{"custom_fields":[{"id":1,"value":1}', b',{"id":1,"value":1}', b"]}"),
    "great depth": filled(b'{"tags":', b"[", b"1}"),
    "one key again and again": filled(b'{"tags":"x"', b',"tags":"x"', b"}"),
    "a long number": filled(b'{"hotness_id":', b"9", b"}"),
    "no JSON": filled(b"", b"x", b""),
    "no UTF-8": filled(b'{"tags":"', b"\xff", b'"}'),
}


@pytest.mark.contract("Errors", "A body of more than 100,000 lists and objects is 400", "ours")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_five_megabytes_of_anything_take_little_memory(client, body):
    with at_most(megabytes=100):
        answer = client.http.generic("POST", "/contacts", body, "application/json", headers=client.headers)
        check(answer)
        assert len(answer.content) < 10_000


def test_more_is_413(client):
    answer = client.http.generic("POST", "/contacts", b" " * (LIMIT + 1), "application/json", headers=client.headers)
    assert (answer.status_code, answer.json()["name"]) == (413, "PayloadTooLarge")
