"""Threads that keep order and stop at an error; a clock that can be fixed."""

import re
import threading
from collections.abc import Iterator

import pytest

from assay.adapters.clock import SystemClock
from assay.adapters.workers import Threads, processors
from assay.model.errors import MalformedError, UsageError


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    assert Threads(count).map(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert Threads(count).map(str, []) == []


def test_work_runs_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=20)
    assert len(Threads(3).map(lambda _: meeting.wait(), range(3))) == 3


def test_items_are_begun_in_their_order() -> None:
    begun: list[int] = []
    Threads(1).map(begun.append, [3, 1, 2])
    assert begun == [3, 1, 2]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_first_error_stops_the_rest_and_is_raised(count: int) -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            raise MalformedError("bad", where=str(number))
        return number

    with pytest.raises(MalformedError, match="bad"):
        Threads(count).map(work, range(20_000))
    assert len(begun) < 20_000


def test_of_several_errors_the_earliest_item_speaks() -> None:
    meeting = threading.Barrier(2, timeout=20)

    def work(number: int) -> None:
        meeting.wait()
        raise MalformedError(f"item {number}")

    with pytest.raises(MalformedError, match="item 0"):
        Threads(2).map(work, [0, 1])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_chunks_made_beside_the_reader_are_the_same(count: int) -> None:
    with Threads(count).beside(b"%d" % number for number in range(1000)) as chunks:
        assert list(chunks) == [b"%d" % number for number in range(1000)]


@pytest.mark.parametrize("count", [1, 2])
def test_what_making_chunks_raises_comes_where_they_are_read(count: int) -> None:
    def making() -> Iterator[bytes]:
        yield from (b"x",) * 100
        raise MalformedError("damaged", where="here")

    with Threads(count).beside(making()) as chunks, pytest.raises(MalformedError, match="damaged"):
        list(chunks)


@pytest.mark.parametrize("count", [1, 2])
def test_a_reader_that_leaves_ends_the_making(count: int) -> None:
    made: list[int] = []
    with Threads(count).beside(made.append(number) or b"x" for number in range(100_000)) as chunks:
        assert next(chunks) == b"x"
    ended = len(made)
    assert ended < 1000
    assert threading.active_count() == 1
    assert len(made) == ended


def test_an_error_inside_one_thread_lets_the_others_end() -> None:
    release = threading.Event()
    ended: list[int] = []

    def work(number: int) -> None:
        if number == 1:
            release.set()
            raise MalformedError("bad")
        assert release.wait(20)
        ended.append(number)

    with pytest.raises(MalformedError):
        Threads(2).map(work, [0, 1])
    assert ended == [0]


def test_processors_are_counted() -> None:
    assert processors() >= 1


def test_the_clock_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert SystemClock().now() == "2023-11-14T22:13:20Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert SystemClock().now() == "1970-01-01T00:00:00Z"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", SystemClock().now())


@pytest.mark.parametrize("value", ["yesterday", "-1", "1.5", " 1", "9" * 12, "9" * 40, "٣"])
def test_a_fixed_time_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        SystemClock().now()
