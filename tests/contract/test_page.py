"""docs/integrator/compatibility.md is what the tests hold, and has no gap."""

import re

from tests.contract.fields import TABLES
from tests.contract.page import FACTS, PAGE, STATUSES, rules, sections, written


def test_the_page_is_what_the_tests_hold():
    assert PAGE.read_text() == written(), "python -m tests.contract"


def test_every_rule_and_every_resource_has_its_place_on_the_page():
    assert {rule.section for rule in rules()} | {table.title for table in TABLES} | {"clients"} == set(sections())


def test_every_status_is_one_there_is():
    told = [*rules(), *(field for table in TABLES for field in table.fields)]
    assert len(told) > 400
    assert [rule for rule in told if rule.status not in STATUSES] == []


def test_every_fact_of_published_clients_is_held():
    assert {number for rule in rules() for number in rule.client} == set(FACTS)


def test_no_cell_is_empty():
    rows = re.findall(r"^\|(.+)\|$", PAGE.read_text(), re.M)
    bodies = [row for row, rule in zip(rows, [*rows[1:], ""], strict=True) if "---" not in row + rule]
    assert len(bodies) > 400
    assert [row for row in bodies if any(not cell.strip() for cell in row.replace("\\|", "").split("|"))] == []
