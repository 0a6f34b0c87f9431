"""Every documented field, through HTTP: its type, whether it is written, its limit, its values, asking by it.

The bodies are the contract's own examples.
"""

import json
import re
from collections import defaultdict
from contextlib import contextmanager

import pytest

from tests.contract.fields import TABLES
from tests.contract.requests import Asked, undone

TYPES = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "date-time": lambda value: re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value),
    "time": lambda value: re.fullmatch(r"\d\d:\d\d:\d\d", value),
}
JUNK = {"integer": 987654, "date-time": "2001-01-01T00:00:00.000Z", "object": {"id": 987654}}


def agree(sent, got):
    """Custom fields come back with more than was sent of them."""
    if isinstance(sent, list) and isinstance(next(iter(sent), None), dict):
        return [{name: row[name] for name in ("id", "value")} for row in got] == sent
    return sent == got


@pytest.fixture
def subtest(subtests):
    """A test of one field of a table, which is undone."""

    @contextmanager
    def test(asked, field):
        with subtests.test(f"{asked.table.title}: {field.name}"), undone():
            yield

    return test


def test_the_tables_name_every_field_there_is():
    for table in TABLES:
        asked = Asked(table, {table.who: None}, defaultdict(int))
        told = {name for schema in (asked.taken, asked.answered) if schema for name in schema["properties"]}
        assert told == {field.name for field in table.fields}, table.title


def test_it_comes_back_in_its_type(turns, subtest):
    for asked in turns():
        record = asked.record()
        for field in asked.table.fields:
            with subtest(asked, field):
                assert (field.name in record) == field.is_shown
                value = record.get(field.name)
                assert value is None or (value in field.choices if field.choices else TYPES[field.kind](value))


def test_what_may_be_written_is_kept(turns, subtest):
    for asked in turns():
        if not asked.is_made:
            continue
        kept = defaultdict(list)
        for body in asked.variants():
            with undone():
                record = asked.client.made(asked.path, body)
            for name, sent in body.items():
                if sent is not None:
                    kept[name].append((sent, record.get(name)))
        for field in [field for field in asked.table.fields if field.is_written and field.is_shown]:
            with subtest(asked, field):
                assert kept[field.name]
                assert all(agree(sent, got) for sent, got in kept[field.name])


def test_each_may_be_changed_alone(turns, subtest):
    for asked in turns():
        if not asked.is_made or "patch" not in asked.one_of:
            continue
        example, item = asked.example(), f"{asked.path}/{asked.record()['id']}"
        for field in [field for field in asked.table.fields if field.is_written and example[field.name] is not None]:
            with subtest(asked, field):
                answer = asked.client.patch(item, {field.name: example[field.name]})
                assert answer.status_code == 200, answer.content
                assert not field.is_shown or agree(example[field.name], answer.json()[field.name])


def test_what_may_not_be_written_is_ignored(turns, subtest):
    for asked in turns():
        if asked.taken is None or asked.is_ours:
            continue
        with undone():
            standing = asked.record()
        junk = {field.name: otherwise(field, standing) for field in asked.table.fields if field.access == "read"}
        answer = asked.write(**junk)
        assert answer.status_code in (200, 201), answer.content
        for field in [field for field in asked.table.fields if field.name in junk]:
            with subtest(asked, field):
                assert answer.json()[field.name] != junk[field.name]


def test_what_may_not_be_written_is_refused_where_the_operation_is_ours(turns, subtest):
    for asked in turns():
        if asked.taken is None or not asked.is_ours:
            continue
        with undone():
            standing = asked.record()
        for field in [field for field in asked.table.fields if field.access == "read"]:
            with subtest(asked, field):
                answer = asked.write(**{field.name: otherwise(field, standing)})
                assert answer.status_code == 400
                assert list(answer.json()["errors"]) == [field.name]


def otherwise(field, standing):
    """A value of the field's type that it does not have."""
    return not standing[field.name] if field.kind == "boolean" else JUNK.get(field.kind, "junk")


def test_what_is_required_is_asked_for_by_name(turns, subtest):
    for asked in turns():
        for field in [field for field in asked.table.fields if field.is_required]:
            with subtest(asked, field):
                answer = asked.write(**{field.name: None})
                assert answer.status_code == 400
                assert field.name in answer.json()["errors"]


def test_one_more_than_the_limit_is_refused_and_the_limit_told(turns, subtest):
    for asked in turns():
        for field in [field for field in asked.table.fields if field.limit and field.is_written]:
            with subtest(asked, field):
                answer = asked.write(**{field.name: "x" * (field.limit + 1)})
                assert answer.status_code == 400
                assert answer.json()["errors"] == {
                    field.name: f"{field.name} may have at most {field.limit} characters."
                }
                assert asked.write(**{field.name: "x" * field.limit}).status_code == 201


def test_each_value_of_an_enum_is_taken_in_any_case_and_no_other(turns, subtest):
    for asked in turns():
        for field in [field for field in asked.table.fields if field.choices and field.is_written and field.is_shown]:
            with subtest(asked, field):
                shown, taken = (schema["properties"][field.name]["enum"] for schema in (asked.answered, asked.taken))
                assert set(taken) <= set(shown) == set(field.choices)
                for value in taken:
                    with undone():
                        check_choice(asked, field.name, value)
                answer = asked.write(**{field.name: "Nonsense"})
                assert answer.status_code == 400
                assert field.name in answer.json()["errors"]


def check_choice(asked, name, value):
    """Taken in capitals and answered as documented; or refused for what it does not fit, but not by itself."""
    answer = asked.write(**{name: value.upper()})
    if answer.status_code == 400:
        assert "must be one of" not in answer.json()["message"]
    else:
        assert answer.json()[name] == value


def test_it_can_be_asked_for_and_sorted_by(turns, subtest):
    for asked in turns():
        if "get" not in asked.list_of:
            continue
        record = asked.record()
        for field in [field for field in asked.table.fields if asked.table.is_column(field)]:
            with subtest(asked, field):
                value = record.get(field.name, asked.ids.get(asked.table.references.get(field.name)))
                wanted = "null" if value is None else json.dumps(value) if isinstance(value, bool) else value
                assert record["id"] in asked.listed({field.name: wanted})
                assert record["id"] not in asked.listed({f"{field.name}[$ne]": wanted})
                assert record["id"] in asked.listed({f"$sort[{field.name}]": -1})


def test_null_finds_what_has_no_value(turns, subtest):
    for asked in turns():
        if "get" not in asked.list_of:
            continue
        record = asked.record()
        for field in [field for field in asked.table.fields if asked.table.is_column(field)]:
            with subtest(asked, field):
                is_there = record.get(field.name, asked.ids.get(asked.table.references.get(field.name)))
                is_none = is_there in (None, "") or (is_there == 0 and field.name.endswith("_id"))
                assert (record["id"] in asked.listed({field.name: "null"})) == is_none
                assert (record["id"] in asked.listed({f"{field.name}[$ne]": "null"})) != is_none
