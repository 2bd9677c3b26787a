"""Our header walker against `tarfile`, on generated and on mutated archives.

Documented differences, each for a reason (we read as Go's `archive/tar`, which container runtimes unpack with):
  1. `tarfile` ends silently at a damaged header, we refuse; so on damage the lists agree as far as both go.
  2. `tarfile` stops at one zero block; we want two (or the end of the file).
  3. A trailing slash makes a v7 entry (flag NUL) a directory after long names are applied, not before.
  4. The ustar prefix counts only with the ustar magic (GNU keeps times there, v7 nothing).
  5. A global pax header that names `path`, `linkpath` or `size` is refused; `tarfile` obeys it, Go ignores it.
     So is one between an extended header and its entry.
  6. Of two extended headers before one entry the second replaces the first; `tarfile` joins them.
     An empty GNU long name or long link is ignored; `tarfile` empties the name. One is as
     long as its header says; `tarfile` reads on to the end of the block.
  7. Octal numbers hold digits only, leading NULs are passed over: Python's `int` also takes `0o7`, `+7` and `1_0`,
     and `tarfile` ends a number at any NUL.
  8. A sparse file is reported with its real size; its kind is `file`.
  9. Fields nobody here needs (owner, times, device numbers) are not read, so damage in them is not seen.
"""

import io
import tarfile
from itertools import groupby

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from assay.artifact.names import clean
from assay.artifact.tar import DIRECTORY, FILE, HARD_LINK, OTHER, SYMLINK, UNKNOWN, entries
from assay.artifact.tarstream import StreamReader
from assay.model.errors import AssayError
from assay.model.limits import Limits
from fakes.tars import checksummed, cut

LAWS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
UTF8 = ("utf-8", "surrogateescape")
Row = tuple[bytes, str, int, int, bytes]
KINDS = {
    tarfile.REGTYPE: FILE, tarfile.AREGTYPE: FILE, tarfile.CONTTYPE: FILE, tarfile.GNUTYPE_SPARSE: FILE,
    tarfile.DIRTYPE: DIRECTORY, tarfile.LNKTYPE: HARD_LINK, tarfile.SYMTYPE: SYMLINK,
    tarfile.CHRTYPE: OTHER, tarfile.BLKTYPE: OTHER, tarfile.FIFOTYPE: OTHER,
}  # fmt: skip

part = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20),
    st.sampled_from(["a" * 99, "b" * 120, "\udce4\udcff", "café", "dir", "dir", ".hidden", "…" * 40]),
)
path = st.lists(part, min_size=1, max_size=6).map("/".join)
kinds = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)


Member = tuple[str, bytes, int, float, str, int]
recipes = st.tuples(
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.sampled_from(["", "comment", "SCHILY.x"]),
    st.lists(
        st.tuples(
            st.builds("".join, st.tuples(st.sampled_from(["", "./", "/"]), path)),
            kinds,
            st.integers(0, 0o7777),
            st.sampled_from([0, 1_700_000_000, 1.5]),
            path,
            st.sampled_from([0, 1, 511, 512, 513, 5000]),
        ),
        max_size=6,
    ),
)


def build(recipe: tuple[int, str, list[Member]]) -> bytes:
    out = io.BytesIO()
    form, common, members = recipe
    extra = {common: "ä"} if common and form == tarfile.PAX_FORMAT else {}
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape", pax_headers=extra) as made:
        for name, kind, mode, mtime, link, size in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.mtime = kind, mode, mtime
            member.size = size if kind == tarfile.REGTYPE else 0
            member.linkname = link if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            try:
                made.addfile(member, io.BytesIO(b"c" * member.size))
            except ValueError:  # ustar cannot hold a name this long
                continue
    return out.getvalue()


def ours(data: bytes, step: int = 700) -> tuple[list[Row], bool]:
    rows: list[Row] = []
    reader = StreamReader(cut(data, step), "archive")
    try:
        for entry in entries(reader, Limits(), "archive"):
            link = entry.link if entry.kind in (HARD_LINK, SYMLINK) else b""
            rows.append((clean(entry.name) or b"", entry.kind, entry.size, entry.mode, link))
    except AssayError:
        return rows, False
    return rows, True


def theirs(data: bytes) -> list[Row]:
    rows: list[Row] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape", encoding="utf-8") as archive:
            for member in archive:
                kind = KINDS.get(member.type, UNKNOWN)
                size = member.size if kind in (FILE, UNKNOWN) else 0
                name = clean(member.name.encode("utf-8", "surrogateescape")) or b""
                link = member.linkname.encode("utf-8", "surrogateescape") if member.type in (b"1", b"2") else b""
                rows.append((name, kind, size, member.mode & 0o7777, link))
    except (tarfile.TarError, ValueError, OverflowError, EOFError, OSError):
        pass
    return rows


@LAWS
@given(recipe=recipes, step=st.sampled_from([1, 100, 512, 513, 4096, 1 << 20]))
def test_generated_archives_read_alike(recipe: tuple[int, str, list[Member]], step: int) -> None:
    data = build(recipe)
    rows, whole = ours(data, step)
    assert whole
    assert rows == theirs(data)


FIELDS = {  # offset, length; what a mutation may write is below
    "name": (0, 100), "mode": (100, 8), "size": (124, 12), "flag": (156, 1), "link": (157, 100), "prefix": (345, 155),
}  # fmt: skip
values = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.sampled_from(
        [b"0", b"1", b"5", b"7", b"9", b"L", b"K", b"x", b"S", b"V", b"\0", b"\x80\0\0\0\0\0\0\0\0\0\0\1", b"\xff" * 12, b"77777777777\0",
         b"00000001000\0", b"       1000 ", b"00000000000\0", b"../../etc/passwd\0", b"/abs\0", b"a\0b\0"]
    ),
)  # fmt: skip
_AMBIGUOUS = (b"_", b"+", b"-", b"o", b"x", b"\t", b"\n", b"\r", b"\v", b"\f")


def _headers(data: bytes) -> list[int]:
    """Offsets of all headers of a sound archive, extended ones included."""
    found, place = [], 0
    while any(data[place : place + 512]):
        found.append(place)
        header = tarfile.TarInfo.frombuf(data[place : place + 512], "utf-8", "surrogateescape")
        content = 0 if header.type in b"123456" else header.size
        place += 512 + content + -content % 512
    return found


def _assume_one_reading_of_extended_headers(damaged: bytearray, places: list[int], resized: set[int]) -> None:
    """Leave difference 6 out: extended headers that follow each other by mutation, GNU names empty or cut."""
    flags = [bytes(damaged[place + 156 : place + 157]) for place in places]
    for extended, run in groupby(flags, lambda flag: flag in (b"x", b"X", b"L", b"K")):
        held = list(run)
        assume(not extended or held in ([b"x"], [b"X"], [b"L"], [b"K"], [b"L", b"K"], [b"K", b"L"]))
    for place, flag in zip(places, flags, strict=True):
        if flag in (b"L", b"K"):
            assume(
                place not in resized and damaged[place + 512] != 0 and damaged[place + 124 : place + 135].strip(b"0 \0")
            )


@LAWS
@given(
    recipe=recipes,
    mutations=st.lists(st.tuples(st.integers(0, 50), st.sampled_from(sorted(FIELDS)), values), min_size=1, max_size=3),
    keep=st.one_of(st.none(), st.integers(0, 20_000)),
)
def test_mutated_archives_read_alike_as_far_as_both_go(
    recipe: tuple[int, str, list[Member]], mutations: list[tuple[int, str, bytes]], keep: int | None
) -> None:
    data = build(recipe)
    places = _headers(data)
    damaged = bytearray(data)
    for number, field, value in mutations if places else ():
        offset, length = FIELDS[field]
        if field in ("mode", "size"):  # difference 7
            assume(not any(mark in value for mark in _AMBIGUOUS) and not value.lstrip(b" ").startswith(b"\0"))
        if field == "flag" and value[:1] == b"\0":  # difference 3
            assume(recipe[0] == tarfile.GNU_FORMAT)
            assume(all(member[1] != tarfile.DIRTYPE and len(member[0].encode(*UTF8)) < 100 for member in recipe[2]))
        assume(field != "prefix" or recipe[0] != tarfile.GNU_FORMAT)  # difference 4
        start = places[number % len(places)]
        value = value[:length]
        damaged[start + offset : start + offset + len(value)] = value
        damaged[start : start + 512] = checksummed(bytes(damaged[start : start + 512]))
    resized = {places[number % len(places)] for number, field, _ in mutations if places and field == "size"}
    _assume_one_reading_of_extended_headers(damaged, places, resized)
    mine, whole = ours(bytes(damaged[:keep]))
    others = theirs(bytes(damaged[:keep]))
    common = min(len(mine), len(others))
    assert mine[:common] == others[:common]
    if whole:
        assert len(others) <= len(mine)


@LAWS
@given(recipe=recipes, flips=st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 255)), max_size=4))
def test_any_damage_gives_entries_or_one_of_the_errors(
    recipe: tuple[int, str, list[Member]], flips: list[tuple[int, int]]
) -> None:
    damaged = bytearray(build(recipe))
    for place, value in flips:
        damaged[place % len(damaged)] = value
    for step in (1 << 20, 333):
        assert ours(bytes(damaged), step) == ours(bytes(damaged), 512)
