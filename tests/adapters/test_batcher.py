"""Writers that wait together: every caller gets its own result, batches grow under load, nobody waits for ever."""

import threading

import pytest

from assay.adapters.batcher import Batcher
from assay.model.errors import UnavailableError


def batcher(commit, **changes):
    return Batcher(commit, **({"name": "log", "batch": 8, "waiting": 100, "seconds": 10.0} | changes))


def test_each_caller_gets_its_own_result_and_batches_form_while_one_is_written():
    sizes, gate, begun = [], threading.Event(), threading.Event()

    def commit(items):
        sizes.append(len(items))
        begun.set()
        gate.wait(10)
        return [item * 2 for item in items]

    made, results = batcher(commit), {}
    threads = [threading.Thread(target=lambda n=n: results.__setitem__(n, made.submit(n))) for n in range(21)]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(made._queue) < 20:
        threading.Event().wait(0.001)
    gate.set()
    for thread in threads:
        thread.join()
    made.close()
    assert results == {n: 2 * n for n in range(21)}
    assert sizes == [1, 8, 8, 4]


def test_what_the_writer_raises_every_caller_gets_and_it_goes_on():
    def commit(items):
        if "bad" in items:
            raise UnavailableError("no room")
        return items

    made = batcher(commit)
    with pytest.raises(UnavailableError, match="no room"):
        made.submit("bad")
    assert made.submit("good") == "good"
    made.close()


def test_a_writer_that_answers_too_few_is_noticed():
    made = batcher(lambda items: [], seconds=5.0)
    with pytest.raises(ValueError, match="shorter"):
        made.submit("x")
    made.close()


def test_too_many_that_wait_are_refused_at_once_and_nobody_waits_for_ever():
    gate, begun = threading.Event(), threading.Event()

    def commit(items):
        begun.set()
        gate.wait(10)
        return items

    made = batcher(commit, waiting=1, seconds=0.2)

    def wait_in_vain():
        with pytest.raises(UnavailableError):
            made.submit(1)

    first = threading.Thread(target=wait_in_vain)
    first.start()
    begun.wait(10)
    with pytest.raises(UnavailableError, match="may still be"):
        made.submit(2)  # waits, and no one comes
    with pytest.raises(UnavailableError, match="wait already"):
        made.submit(3)
    gate.set()
    first.join()
    made.close()


def test_closing_writes_what_waits_and_refuses_who_comes_later():
    made = batcher(lambda items: items)
    assert made.submit(1) == 1
    made.close()
    with pytest.raises(UnavailableError, match="stopping"):
        made.submit(2)
