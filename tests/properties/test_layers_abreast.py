"""Two layers read side by side say what they say read one after the other, whatever stands in them and in which order."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters.spool import FileSpool
from assay.build import trees
from assay.formats import tarread
from assay.model.errors import AssayError
from assay.model.limits import DEFAULT_LIMITS

LIMITS = msgspec.structs.replace(DEFAULT_LIMITS, compare_file_bytes=20)
NAMES = ("a", "b", "b-c", "b/c", "b/c/d", "e", "f")
CONTENTS = (b"", b"x", b"y", b"long, and longer than may be held", b"long, and longer than may be HELD")
entry = st.tuples(
    st.sampled_from(NAMES), st.sampled_from((tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE)),
    st.sampled_from(CONTENTS), st.sampled_from((5, 6, 5.5)), st.sampled_from(("", "joe")),
)  # fmt: skip
entries = st.lists(entry, max_size=9)
Entry = tuple[str, bytes, bytes, float, str]


def tar(items: list[Entry], damage: int = 0) -> bytes:
    """An archive of them, the last bytes before its end of another value where it is damaged."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, content, mtime, user in items:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.uname = kind, mtime, user
            info.linkname = "target" if kind == tarfile.SYMTYPE else ""
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    data = out.getvalue()
    return data[: -damage * 512] if damage else data


def opened(data: bytes) -> "AbstractContextManager[Iterator[bytes]]":
    @contextmanager
    def block() -> Iterator[Iterator[bytes]]:
        yield iter([data[at : at + 700] for at in range(0, len(data), 700)])

    return block()


def told(one: bytes, other: bytes) -> object:
    """What differs by path, with its contents; the order of either; or what is wrong."""
    spool = FileSpool()
    try:
        old, new = trees.both((lambda: opened(one),), range(1), (lambda: opened(other),), range(1), spool, LIMITS)
    except AssayError as error:
        return error.line()
    else:
        found = {}
        for path in old.keys() & new.keys():
            a, b = old[path], new[path]
            both_files = a.entry.kind == b.entry.kind == "file"
            if both_files and a.digest != b.digest:
                # Of a file that is too large the digests are told.
                held = [b"".join(spool.read(span)) for span in (a.span, b.span) if span is not None]
                found[path] = held if len(held) == 2 else [a.digest, b.digest]
        rows = [[(row.entry, row.form) for row in tree.values()] for tree in (old, new)]
        return found, rows, list(old), list(new)
    finally:
        spool.close()


def in_turn(one: bytes, other: bytes) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, "_abreast", lambda *words: None)
        return told(one, other)


@given(entries, entries)
def test_any_two_layers(one: list[Entry], other: list[Entry]) -> None:
    assert told(tar(one), tar(other)) == in_turn(tar(one), tar(other))


@given(entries, st.data())
def test_layers_that_are_nearly_the_same(one: list[Entry], data: st.DataObject) -> None:
    other = list(one)
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(other)))
        other[place : place + data.draw(st.integers(0, 1))] = data.draw(st.lists(entry, max_size=1))
    assert told(tar(one), tar(other)) == in_turn(tar(one), tar(other))


@given(entries, entries, st.integers(1, 25), st.integers(0, 25))
def test_layers_that_are_cut_off(one: list[Entry], other: list[Entry], first: int, second: int) -> None:
    pair = tar(one, first), tar(other, second)
    assert told(*pair) == in_turn(*pair)


ONCE = [("a", tarfile.REGTYPE, b"1", 5, ""), ("b", tarfile.REGTYPE, b"2", 5, ""), ("e", tarfile.REGTYPE, b"3", 5, "")]


@pytest.mark.parametrize(
    ("other", "readings"),
    [
        (ONCE, [1, 1]),
        ([ONCE[0], ("b", tarfile.REGTYPE, b"!", 5, ""), ONCE[2]], [1, 1]),
        ([ONCE[0], ("aa", tarfile.REGTYPE, b"+", 5, ""), *ONCE[1:]], [1, 1]),
        ([ONCE[0], ONCE[2]], [1, 1]),
        ([ONCE[2], ONCE[1], ONCE[0]], [1, 1]),
        ([ONCE[2], ONCE[1], ("a", tarfile.REGTYPE, b"!", 5, "")], [2, 1]),
        ([*ONCE, ONCE[0]], [2, 2]),
    ],
    ids=["same", "differs", "added", "removed", "other-order", "passed-before-it-was-wanted", "twice"],
)
def test_each_layer_is_read_once_where_that_will_do(other: list[Entry], readings: list[int]) -> None:
    counts = [0, 0]

    def counted(number: int, data: bytes) -> "AbstractContextManager[Iterator[bytes]]":
        counts[number] += 1
        return opened(data)

    spool = FileSpool()
    trees.both(
        (lambda: counted(0, tar(ONCE)),), range(1), (lambda: counted(1, tar(other)),), range(1), spool, LIMITS
    )  # fmt: skip
    spool.close()
    assert counts == readings


@given(entries)
def test_a_header_read_by_one_is_the_others_too(items: list[Entry]) -> None:
    data = tar(items)

    def read(headers: "tarread.Headers | None") -> list[object]:
        forms: list[tarread.Form] = []
        found = tarread.read([data], LIMITS, where="x", forms=forms, headers=headers)
        return [(one, b"".join(content), forms.pop()) for one, content in found]

    headers: tarread.Headers = {}
    assert read(None) == read(headers) == read(headers)
