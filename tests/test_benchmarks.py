"""What `./pride bench` makes of its samples; the measuring itself is not for tests."""

import importlib

import pytest

from benchmarks.__main__ import read_options, workloads
from benchmarks.load import body_of, request
from benchmarks.measure import Line, Sample, at_least, at_least_of_reference, at_most, measured
from benchmarks.table import as_table


def line(ours, theirs=(), goal=None):
    """A line whose two sides give these figures in turn."""
    ours, theirs = iter(ours), iter(theirs)
    reference = (lambda: Sample(next(theirs), cpu_ms=2)) if theirs else None
    return Line("W9 example", "things/s", lambda: Sample(next(ours), cpu_ms=3), reference, goal, rounds=3)


def result_of(*args, **kwargs):
    return measured(line(*args, **kwargs), say=lambda text: None)


def test_sides_are_compared_round_by_round():
    # The machine was busy in the second round: both sides suffered alike.
    result = result_of([60, 6, 50], [100, 10, 100])
    assert result.ratio == 0.6
    assert result.figure == 50


@pytest.mark.parametrize(
    ("goal", "is_met"),
    [(at_least(50), True), (at_least(51), False), (at_most(50), True), (at_most(49), False), (None, None)],
)
def test_a_goal_is_held_against_the_products_own_figure(goal, is_met):
    assert result_of([60, 6, 50], [100, 10, 100], goal=goal).met is is_met


@pytest.mark.parametrize(("share", "is_met"), [(0.6, True), (0.7, False)])
def test_a_goal_of_the_reference_is_held_against_the_ratio(share, is_met):
    assert result_of([60, 6, 50], [100, 10, 100], goal=at_least_of_reference(share)).met is is_met


def test_the_table_says_what_was_missed():
    missed = as_table([result_of([60, 6, 50], [100, 10, 100], goal=at_least_of_reference(0.7))]).splitlines()[-1]
    assert missed.split() == "W9 example things/s 50 100 0.6 3 2 1.5 >= 0.7 of it NO".split()  # noqa: SIM905


@pytest.mark.parametrize(
    ("head", "sent", "body"),
    [
        (b"content-length: 2", b"{", None),
        (b"content-length: 2", b"{}", b"{}"),
        (b"transfer-encoding: chunked", b"2\r\n{}\r\n", None),
        (b"transfer-encoding: chunked", b"2\r\n{}\r\n3\r\nabc\r\n0\r\n\r\n", b"{}abc"),
    ],
)
def test_the_clients_wait_for_the_whole_answer(head, sent, body):
    assert body_of(head, sent) == body


def test_the_clients_send_a_token_only_to_whom_it_concerns():
    assert b"Authorization: Bearer abc" in request("GET", "/contacts", token="abc")
    assert b"Authorization" not in request("GET", "/contacts")


def test_every_workload_can_be_asked_for_by_its_short_name():
    assert read_options(["W1", "w2"]).names == ["w1", "w2"]
    for module in workloads().values():
        assert callable(importlib.import_module(module).prepare)
    with pytest.raises(SystemExit):
        read_options(["w99"])
