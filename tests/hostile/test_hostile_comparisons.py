"""Two images that somebody made to mislead or to exhaust a comparison."""

import gzip
import io
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import causes
from assay.build.comparators import Pair, ar, elf, explain, looking, shorten
from assay.flows.recipe import recorded, statement_of
from assay.formats import intoto, predicates
from assay.model.comparison import Conditions
from assay.model.errors import AssayError, MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import ResourceDescriptor

NOWHERE = Conditions()
SMALL = Limits(compare_file_bytes=200_000, compare_held_bytes=400_000)


def told(before: bytes, after: bytes, name: str = "x", limits: Limits = DEFAULT_LIMITS):
    return list(explain(Pair(path=name, name=name, before=before, after=after), looking(NOWHERE, NOWHERE, limits)))


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def test_a_nest_of_bombs_ends_within_its_budget() -> None:
    bombs = [gzip.compress(gzip.compress(bytes(150_000) + end, mtime=0), mtime=0) for end in (b"a", b"b")]
    assert told(*bombs, limits=SMALL)
    many = [zipped(*((f"m{number}", bytes(150_000) + end) for number in range(8))) for end in (b"a", b"b")]
    assert {one.comparator for one in told(*many, "x.zip", SMALL)} == {"bytes"}


def test_a_zip_whose_comment_or_extra_differs_is_not_harmless() -> None:
    plain = zipped(("a", b"x"))
    commented = plain[:-2] + b"\x04\x00evil"
    assert "unknown" in {one.kind for one in told(plain, commented, "x.whl")}
    out = io.BytesIO(plain)
    with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library says that it is a duplicate, and writes it
        archive.writestr(zipfile.ZipInfo("a", (2025, 1, 1, 0, 0, 0)), b"y")
    found = told(plain, out.getvalue(), "x.whl")
    assert {one.comparator for one in found} == {"bytes"}, "two members of one name are read by nobody's rules"


@pytest.mark.parametrize(
    "line",
    [
        b"a" * 4000,
        b"/" * 4000,
        b"1" * 4000,
        b"=" * 4000,
        b"Jan " * 1000,
        b"Mon, " * 800,
        b"10:10" * 800,
        b"/tmp/" * 800,
    ],
)
def test_no_line_is_slow(line: bytes) -> None:
    assert causes.line(line + b"x", line + b"y", NOWHERE, NOWHERE)


def test_a_hundred_thousand_lines_end() -> None:
    one, other = (b"\n".join(b"line %d %d" % (n, seed) for n in range(100_000)) for seed in (1, 2))
    assert len(causes.text(one, other, NOWHERE, NOWHERE)) <= 5


def test_control_characters_and_long_values_are_shown_shortened() -> None:
    (found,) = told(b"\x1b[31m" + b"A" * 9000 + b" one", b"\x1b[31m" + b"A" * 9000 + b" two")
    assert len(found.before) <= 120
    assert "\x1b" not in found.before + found.after


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"a\xffb", "61ff62"),
        (b"\xd3\xae\xff", "d3aeff"),
        ("n\u00f6".encode(), "n\u00f6"),
        ("\u00e9".encode() * 200, "\u00e9" * 119 + "\u2026"),
        (b"x" + "\u00e9".encode() * 200, "x" + "\u00e9" * 118 + "\u2026"),
    ],
)
def test_bytes_that_are_no_text_are_shown_as_digits_each_time(value: bytes, shown: str) -> None:
    """Half of a pair as text with replaced bytes, the other half as digits, cannot be compared by eye."""
    assert shorten(value) == shown


@given(st.binary(max_size=400))
def test_parsers_give_a_value_or_the_one_error(data: bytes) -> None:
    for parse in (
        lambda d: ar.members(ar.MAGIC + d, 50),
        lambda d: elf.sections(b"\x7fELF\x02\x01" + d.ljust(64, b"\0"), 1000),
    ):
        try:
            parse(data)
        except MalformedError:
            continue


@given(st.binary(max_size=300))
def test_a_statement_is_read_or_refused(data: bytes) -> None:
    try:
        statement_of(data, where="x", limits=DEFAULT_LIMITS)
    except AssayError:
        return


@pytest.mark.parametrize(
    "predicate",
    [
        {}, {"spec": 1, "lock": {}}, {"spec": "x: [", "lock": {}}, {"spec": "a: b", "lock": {}},
        {"spec": '{"apiVersion":"assay.build/v1","epoch":1,"image":{},"kind":"Image","metadata":{"name":"a","version":"1"}}', "lock": {"x": 1}},
    ],
)  # fmt: skip
def test_a_build_record_that_is_none_is_refused(predicate: dict[str, object]) -> None:
    resource = ResourceDescriptor(name="x", digest={"sha256": "ab" * 32})
    made = intoto.statement((resource,), predicates.BUILD_RECORD, predicate)
    with pytest.raises(AssayError):
        recorded(made, where="x")


def test_an_allowed_cause_hides_nothing_beside_it() -> None:
    """`--allow zip-time` must not carry another member header, a program before the archive, or another compressor."""
    plain, later = zipped(("a", b"x")), zipped(("a", b"x")).replace(b"\x21\x5a", b"\x22\x5a")
    assert {one.kind for one in told(plain, later, "x.whl")} == {"zip-time"}
    renamed = later.replace(b"PK\x03\x04\x14\x00", b"PK\x03\x04\x63\x00", 1)
    assert {one.kind for one in told(plain, renamed, "x.whl")} == {"zip-time", "unknown"}
    text = b"words " * 100
    one, other = gzip.compress(text + b"2025-11-23", 1, mtime=0), gzip.compress(text + b"2025-11-24", 9, mtime=0)
    assert {found.kind for found in told(one, other, "x.gz")} == {"timestamp", "compressor"}
