"""The clock that can be moved, and the work it does on the way."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection

from core import clock as business
from core import scheduler
from sandbox import clock
from sandbox.durations import read_duration
from sandbox.models import Clock
from tests.sandbox.example_job import Toy, toy

# With this app alone, emptying the tables after a test takes no time.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=["sandbox"])

DAY = timedelta(days=1)


@pytest.fixture
def jobs(settings):
    """The toy engine, alone."""
    settings.ENGINES = ["tests.sandbox.example_job"]
    vars(toy).update(vars(Toy()))
    return toy


def elsewhere(work):
    """Run `work` on another thread, with a connection of its own, and return what it returns."""
    answers = []

    def run():
        try:
            answers.append(work())
        except Exception as error:
            answers.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return answers[0]


class RunOnAppend(list):
    """Does something when a job is done, while the clock is standing."""

    def __init__(self, work):
        super().__init__()
        self.work = work

    def append(self, item):
        super().append(item)
        self.work()


def tick_gets_the_clock():
    with scheduler.shared_clock() as held:
        return held


def somebody_waits_for_the_clock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def wait_until(is_so, seconds=10):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_has_moved_the_clock_at_first():
    assert abs(business.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_clock_runs_on_from_where_it_was_moved_to(jobs):
    target = clock.now() + 30 * DAY

    assert clock.advance(target) == target

    assert timedelta() <= business.now() - target < timedelta(seconds=5)
    assert not clock.read().standing


def test_the_clock_is_moved_by_a_span(jobs):
    before = clock.now()

    clock.advance(2 * DAY)

    assert 2 * DAY <= clock.now() - before < 2 * DAY + timedelta(seconds=5)


def test_other_processes_see_the_moved_clock(jobs):
    clock.advance(10 * DAY)

    assert elsewhere(clock.now) > datetime.now(UTC) + 9 * DAY


def test_each_thing_is_done_at_its_own_time(jobs):
    start = clock.now()
    first, second = start + DAY, start + 2 * DAY
    jobs.waiting = [(second, "second"), (first, "first"), (start + 4 * DAY, "too late")]

    clock.advance(start + 3 * DAY)

    assert jobs.done == [("first", first, first), ("second", second, second)]


def test_what_falls_due_at_the_very_end_is_done(jobs):
    target = clock.now() + DAY
    jobs.waiting = [(target, "last")]

    clock.advance(target)

    assert jobs.done == [("last", target, target)]


def test_what_was_overdue_is_done_at_the_moment_the_clock_stands_at(jobs):
    jobs.waiting = [(clock.now() - DAY, "overdue")]

    clock.advance(timedelta())

    ((name, now, shown),) = jobs.done
    assert (name, now) == ("overdue", shown)


def test_what_work_sets_off_is_done_too(jobs):
    start = clock.now()
    jobs.waiting = [(start + DAY, "offer")]
    jobs.chain = {"offer": (start + DAY, "alert"), "alert": (start + DAY + timedelta(minutes=1), "callback")}

    clock.advance(start + 2 * DAY)

    assert [name for name, *_ in jobs.done] == ["offer", "alert", "callback"]
    assert jobs.done[-1][1] == start + DAY + timedelta(minutes=1)


def test_an_engine_that_does_nothing_is_named(jobs, monkeypatch):
    monkeypatch.setattr(clock, "IDLE_ROUNDS", 2)
    jobs.is_lazy, jobs.waiting = True, [(clock.now() + DAY, "never done")]

    with pytest.raises(clock.EngineStuck, match=r"tests\.sandbox\.example_job"):
        clock.advance(2 * DAY)

    assert not clock.read().standing
    assert clock.now() < datetime.now(UTC) + DAY + timedelta(seconds=5)


def test_an_engine_that_never_ends_is_named(jobs, monkeypatch):
    monkeypatch.setattr(clock, "ROUNDS_AT_ONE_MOMENT", 5)
    at = clock.now() + DAY
    jobs.waiting = [(at, "0")]
    jobs.chain = {str(turn): (at, str(turn + 1)) for turn in range(10)}

    with pytest.raises(clock.EngineStuck):
        clock.advance(2 * DAY)


def test_the_clock_runs_forward_only(jobs):
    clock.advance(DAY)

    with pytest.raises(clock.RunsForwardOnly):
        clock.advance(datetime.now(UTC))

    assert clock.now() > datetime.now(UTC) + DAY / 2


@pytest.mark.parametrize("to", [datetime(2200, 1, 1, tzinfo=UTC), timedelta(days=100_000), timedelta.max])
def test_the_clock_has_an_end(jobs, to):
    with pytest.raises(clock.TooFar):
        clock.advance(to)


def test_a_second_mover_is_refused_at_once(jobs):
    refused = []
    jobs.waiting = [(clock.now() + DAY, "move again")]
    jobs.done = RunOnAppend(lambda: refused.append(elsewhere(lambda: clock.advance(DAY))))

    clock.advance(2 * DAY)

    assert isinstance(refused[0], clock.ClockIsMoving)
    assert clock.now() < datetime.now(UTC) + 2 * DAY + timedelta(seconds=5)


def test_the_clock_can_be_moved_again_at_once(jobs):
    for _ in range(10):
        clock.advance(DAY)

        assert elsewhere(tick_gets_the_clock)


def test_the_clock_stands_while_it_is_moved(jobs):
    at = clock.now() + DAY
    seen = []
    jobs.waiting = [(at, "look")]
    jobs.done = RunOnAppend(lambda: seen.extend([elsewhere(clock.read), elsewhere(clock.read)]))

    clock.advance(2 * DAY)

    assert seen == [clock.Reading(at, standing=True)] * 2


def test_ticks_pass_by_while_the_clock_is_moved(jobs):
    held = []
    jobs.waiting = [(clock.now() + DAY, "look")]
    jobs.done = RunOnAppend(lambda: held.append(elsewhere(tick_gets_the_clock)))

    clock.advance(2 * DAY)

    assert held == [False]
    assert elsewhere(tick_gets_the_clock)


def test_a_running_tick_is_waited_for(jobs, monkeypatch):
    monkeypatch.setattr(clock, "WAIT_FOR_TICKS_SECONDS", 0.1)

    with scheduler.shared_clock():
        refused = elsewhere(lambda: clock.advance(DAY))

    assert isinstance(refused, clock.WorkUnderWay)
    assert clock.advance(DAY) > datetime.now(UTC)


def test_no_new_tick_comes_before_a_waiting_mover(jobs):
    with scheduler.shared_clock():
        mover = threading.Thread(target=lambda: [clock.advance(DAY), connection.close()])
        mover.start()
        wait_until(somebody_waits_for_the_clock)

        assert not elsewhere(tick_gets_the_clock)

    mover.join()
    assert elsewhere(tick_gets_the_clock)


def test_a_clock_whose_mover_died_runs_on(jobs):
    stood_at = datetime.now(UTC) + 5 * DAY
    Clock.objects.create(pk=1, ahead=5 * DAY, standing_at=stood_at)

    first, second = clock.read(), clock.read()

    assert not first.standing
    assert stood_at <= first.now < second.now


def test_somebody_elses_lock_does_not_stop_the_clock(jobs):
    Clock.objects.create(pk=1, ahead=DAY, standing_at=datetime.now(UTC))

    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        session.execute("SELECT pg_advisory_lock(%s)", [scheduler.CLOCK_LOCK + 7])

        assert not clock.read().standing


def test_there_is_one_clock():
    with pytest.raises(IntegrityError):
        Clock.objects.create(pk=2)


def test_reading_the_clock_costs_one_query(django_assert_num_queries):
    clock.now()

    with django_assert_num_queries(1):
        clock.now()


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("P30D", timedelta(days=30)),
        ("PT5M", timedelta(minutes=5)),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("P2W", timedelta(weeks=2)),
        ("P1W2DT3H4M5.5S", timedelta(days=9, hours=3, minutes=4, seconds=5.5)),
        ("pt90s", timedelta(seconds=90)),
        ("PT0S", timedelta()),
    ],
)
def test_durations_are_read(text, span):
    assert read_duration(text) == span


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "30D",
        "T5M",
        "-P1D",
        "P-1D",
        "P1Y",
        "P1M",
        "P1Y2DT1H",
        "5 minutes",
        5,
        None,
        "P" + "9" * 400 + "D",
        "P" + "1Y" * 50_000 + "x",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"^(must|may|is)"):
        read_duration(text)
