"""A spool that several threads fill at once: every span has its bytes, equal bytes are kept once."""

import hashlib

import pytest

from assay.adapters.spool import FileSpool
from assay.adapters.workers import Threads
from assay.model.errors import UnavailableError


def content(number):
    size = (9 << 20) if number % 20 == 0 else number * 7 % 5000
    return bytes([number % 50]) * size


def test_many_threads_one_file():
    spool = FileSpool()
    spans = Threads(8).map(lambda number: spool.add([content(number)[:100], content(number)[100:]]), range(100))
    for number, span in enumerate(spans):
        assert (span.size, span.digest) == (len(content(number)), hashlib.sha256(content(number)).hexdigest())
        assert b"".join(spool.read(span)) == content(number)
    assert len({span.offset for span in spans if span.size}) == len({content(number) for number in range(100)} - {b""})
    spool.close()


def test_what_is_added_may_be_read_from_the_same_spool():
    spool = FileSpool()
    first = spool.add([bytes(9 << 20)])
    second = spool.add(piece for source in ([b"x"], spool.read(first)) for piece in source)
    assert second.size == (9 << 20) + 1
    assert b"".join(spool.read(second)) == b"x" + bytes(9 << 20)
    spool.close()


def test_no_room_is_told_wherever_it_shows(monkeypatch):
    spool = FileSpool()
    span = spool.add([b"kept in the buffer"])
    spool._file.close()
    full = open("/dev/full", "wb", buffering=1 << 20)  # noqa: SIM115 -- the spool closes it
    full.write(b"x")
    monkeypatch.setattr(spool, "_file", full)
    with pytest.raises(UnavailableError, match="no room to put a tree together"):
        spool.read(span)
    spool.close()
    assert full.closed
