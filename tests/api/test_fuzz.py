"""Whatever is sent, the answer is an answer: never a 500, and every refusal says what it refuses."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crm.api.filters import ContactFilters
from crm.api.serializers import ContactSerializer

quiet = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

fields = st.sampled_from(list(ContactFilters.base_filters))
operators = st.sampled_from(["", "[$ne]", "[$in][]", "[$nin][0]", "[$lt]", "[$gte]", "[$like]", "[$notLike]", "[$x]"])
odd_text = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.sampled_from(["", "null", "true", "-0", "99999-01-01", "9" * 400, "\\", "%", "_", "'", "2018-01-16T24:00:00Z"]),
)
parameters = st.one_of(
    st.tuples(st.builds(str.__add__, fields, operators), odd_text),
    st.tuples(fields.map("$sort[{}]".format), st.sampled_from(["1", "-1", "0"])),
    st.tuples(st.builds("$or[{}][{}]".format, st.integers(0, 2), fields), odd_text),
    st.tuples(st.sampled_from(["$limit", "$skip", "$select", "$load", "$or", "$sort"]), odd_text),
)
odd_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), odd_text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(odd_text, inner, max_size=3)),
    max_leaves=5,
)
bodies = st.dictionaries(st.sampled_from(ContactSerializer.Meta.fields), odd_json, max_size=6)


@pytest.fixture
def client(api, alice):
    return api(alice)


def check(answer):
    assert answer.status_code in (200, 201, 400), answer.content
    if answer.status_code == 400:
        problem = answer.json()
        assert problem["name"] == "BadRequest"
        assert any(name in problem["message"] for name in problem["errors"]) or not problem["errors"]


@quiet
@given(st.lists(parameters, max_size=4))
def test_any_query_is_answered(client, pairs):
    query = "&".join(f"{quote(name, safe='$[]')}={quote(value.encode('utf-8', 'ignore'))}" for name, value in pairs)
    check(client.get(f"/contacts?{query}"))


@quiet
@given(bodies)
@example({"first_name": "\ud800"})
@example({"tags": "\0"})
@example({"created_at": 1e400})
def test_any_body_is_answered(client, body):
    check(client.post("/contacts", body))
