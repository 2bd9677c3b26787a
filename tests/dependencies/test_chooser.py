"""Files are offered to the rows that want them, and whatever is wrong with a file is a gap."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import TABLE
from assay.dependencies.chooser import Chooser, Signs, limit_of, run, table_version, too_large
from assay.dependencies.locks import ROWS as LOCK_ROWS
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from osfiles import wanted


def row(name: str, wants: Wanted, version: int = 1) -> Cataloguer:
    return Cataloguer(name=name, version=version, ecosystem="x", wants=wants, catalogue=lambda _: Fragment())


ROWS = (
    row("by-path", Wanted(paths=frozenset({"var/db/status"}))),
    row("by-name", Wanted(names=frozenset({"METADATA"}))),
    row("by-suffix", Wanted(suffixes=frozenset({".jar"}))),
    row("by-folder", Wanted(directories=frozenset({"var/db/status.d"}))),
    row("by-magic", Wanted(magic=frozenset({b"\x7fELF"}))),
    row(
        "below",
        Wanted(names=frozenset({"copyright"}), suffixes=frozenset({".list"}), within=("usr/share/doc/", "info/")),
    ),
    row("also-jars", Wanted(suffixes=frozenset({".jar"}), directories=frozenset({"lib"}))),
)
CHOOSER = Chooser(ROWS)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("var/db/status", ["by-path"]),
        ("other/var/db/status", []),
        ("a/METADATA", ["by-name"]),
        ("METADATA", ["by-name"]),
        ("a/metadata", []),
        ("a/b.jar", ["by-suffix", "also-jars"]),
        ("a/b.JAR", ["by-suffix", "also-jars"]),
        ("lib/b.jar", ["by-suffix", "also-jars"]),
        ("a/b.jar.txt", []),
        ("var/db/status.d/base", ["by-folder"]),
        ("var/db/status.d/deeper/base", []),
        ("usr/share/doc/curl/copyright", ["below"]),
        ("home/copyright", []),
        ("info/curl.list", ["below"]),
        ("etc/apt/sources.list", []),
        ("plain", []),
        ("", []),
    ],
)
def test_rows_are_chosen_by_path_name_suffix_and_folder(path: str, names: list[str]) -> None:
    found = CHOOSER.choose(path, b"", 10, 0o644)
    assert [r.name for r in found or ()] == names
    assert found is None or found, "no row is None, never an empty tuple"


@pytest.mark.parametrize(
    ("head", "size", "mode", "chosen"),
    [
        (b"\x7fELF", 100, 0o755, True),
        (b"\x7fELF\x02\x01", 100, 0o100, True),
        (b"\x7fELF", 100, 0, True),
        (b"\x7fELF", 100, 0o644, False),
        (b"\x7fELF", 0, 0o755, False),
        (b"\x7fEL", 3, 0o755, False),
        (b"#!/b", 100, 0o755, False),
    ],
)
def test_magic_counts_for_executable_files(head: bytes, size: int, mode: int, chosen: bool) -> None:
    assert (CHOOSER.choose("usr/bin/x", head, size, mode) is not None) is chosen


def test_the_first_bytes_are_asked_for_only_where_they_could_matter() -> None:
    assert CHOOSER.wants_magic(100, 0o755)
    assert not CHOOSER.wants_magic(100, 0o644)
    assert not CHOOSER.wants_magic(3, 0o755)
    assert not Chooser(ROWS[:3]).wants_magic(100, 0o755)


def wanted_by(one: Wanted, path: str, head: bytes, size: int, mode: int) -> bool:
    """The contract of `Wanted`, written down once more without tables."""
    folder, _, base = path.rpartition("/")
    named = base in one.names or ("." in base and base[base.rfind(".") :].lower() in one.suffixes)
    if named and one.within:
        named = any(path.startswith(prefix) for prefix in one.within)
    magic = size > 0 and (mode == 0 or mode & 0o111 != 0) and head[:4] in one.magic
    return path in one.paths or named or folder in one.directories or magic


PARTS = st.sampled_from(
    [
        "var",
        "db",
        "status",
        "status.d",
        "METADATA",
        "x.jar",
        "lib",
        "usr",
        "share",
        "doc",
        "copyright",
        "a.list",
        "info",
    ]
)


@given(
    st.lists(PARTS, min_size=1, max_size=5),
    st.sampled_from([b"", b"\x7fELF", b"PK\3\4"]),
    st.sampled_from([0, 9]),
    st.sampled_from([0, 0o644, 0o755]),
)
def test_the_tables_choose_what_the_rows_declare(parts: list[str], head: bytes, size: int, mode: int) -> None:
    path = "/".join(parts)
    found = {r.name for r in CHOOSER.choose(path, head, size, mode) or ()}
    assert found == {r.name for r in ROWS if wanted_by(r.wants, path, head, size, mode)}


def shows(signs: Signs, path: str, head: bytes, mode: int) -> bool:
    """The contract of `Signs`."""
    raw = path.encode()
    program = (mode == 0 or mode & 0o111 != 0) and head in signs.heads
    return raw[-signs.tail_bytes :] in signs.tails or raw[: raw.rfind(b"/") + 1] in signs.folders or program


WHOLE = (*TABLE, *LOCK_ROWS)
WHOLE_CHOOSER = Chooser(WHOLE)
PLACES = sorted(
    {"", "a", "a/b", ".github/workflows", "x/conda-meta", "requirements"}
    | {folder for r in WHOLE for folder in (*r.wants.directories, *(w.rstrip("/") for w in r.wants.within))}
)
KNOWN = sorted({name for r in WHOLE for name in (*r.wants.names, *r.wants.suffixes, *r.wants.paths)})
ASCII = st.text(st.characters(max_codepoint=127, exclude_characters="/\0"), max_size=6)
HEADS = st.sampled_from([b"", b"#!/b", b"\x7fEL", *sorted({m for r in WHOLE for m in r.wants.magic})])
MODES = st.sampled_from([0, 0o644, 0o100, 0o755])


@given(
    st.sampled_from(PLACES),
    st.builds(lambda before, name: before + name, ASCII | st.just(""), st.sampled_from(KNOWN)),
    st.booleans(),
    HEADS,
    st.integers(0, 5),
    MODES,
)
@example("", "METADATA", False, b"", 9, 0o644)
@example("", ".in", False, b"", 9, 0o644)
@example("a/requirements", "x.IN", False, b"", 9, 0o644)
def test_what_any_row_wants_shows_a_sign(place: str, base: str, upper: bool, head: bytes, size: int, mode: int) -> None:
    path = f"{place}/{base}".lstrip("/")
    path = path.upper() if upper else path
    if WHOLE_CHOOSER.choose(path, head[:size], size, mode) is not None:
        assert shows(WHOLE_CHOOSER.signs, path, head[:size], mode)


SHORT = st.text(st.sampled_from("aA.é"), max_size=3)
TABLES = st.lists(
    st.builds(
        lambda names, suffixes, folders, paths, magic: Wanted(
            names=names,
            suffixes=frozenset("." + suffix.lower() for suffix in suffixes),
            directories=folders,
            paths=paths,
            magic=magic,
        ),
        *[st.frozensets(SHORT, max_size=2)] * 3,
        st.frozensets(st.sampled_from(["a", "a/b", "A/a.a", "é/é"]), max_size=1),
        st.frozensets(st.sampled_from([b"MZ", b"\x7fELF"]), max_size=1),
    ),
    max_size=3,
)


@given(TABLES, st.lists(SHORT, min_size=1, max_size=3), st.sampled_from([b"", b"MZ", b"\x7fELF"]), MODES)
def test_short_names_show_a_sign_too(wants: list[Wanted], parts: list[str], head: bytes, mode: int) -> None:
    chooser = Chooser([row(str(number), one) for number, one in enumerate(wants)])
    path = "/".join(parts).lstrip("/")
    if path.isascii() and chooser.choose(path, head, len(head), mode) is not None:
        assert shows(chooser.signs, path, head, mode)


@pytest.mark.parametrize("path", ["usr/lib/a.py", "usr/bin/tool", "a.so", "x", "", "usr/include/zlib.h"])
def test_what_no_row_wants_shows_none(path: str) -> None:
    assert not shows(WHOLE_CHOOSER.signs, path, b"#!/b", 0o755)
    assert not shows(WHOLE_CHOOSER.signs, path, b"\x7fELF", 0o644)
    assert not shows(Chooser(()).signs, path, b"\x7fELF", 0o755)


def test_the_version_of_a_table_changes_with_what_it_finds() -> None:
    assert table_version(ROWS) == table_version(tuple(reversed(ROWS)))
    changed = (row("by-path", Wanted(paths=frozenset({"var/db/status"})), version=2), *ROWS[1:])
    wider = (row("by-path", Wanted(paths=frozenset({"var/db/status", "x"}))), *ROWS[1:])
    assert len({table_version(t) for t in (ROWS, ROWS[1:], changed, wider)}) == 4
    comma, two = (row("by-path", Wanted(paths=paths)) for paths in (frozenset({"a,b"}), frozenset({"a", "b"})))
    assert table_version((comma,)) != table_version((two,))


def raising(error: Exception) -> Cataloguer:
    def catalogue(_: File) -> Fragment:
        raise error

    return Cataloguer(name="r", version=1, ecosystem="x", wants=Wanted(limit="metadata_bytes"), catalogue=catalogue)


def test_a_damaged_file_is_a_gap() -> None:
    (gap,) = run(raising(MalformedError("not a thing", why="byte 3")), wanted("a/b", b"x")).gaps
    assert (gap.kind, gap.path, gap.layer, gap.reason, gap.by) == (
        "unreadable",
        "a/b",
        None,
        "not a thing: byte 3",
        "r",
    )


def test_an_unsupported_file_is_a_gap() -> None:
    (gap,) = run(raising(UnsupportedError("a thing we cannot read")), wanted("a/b", b"x")).gaps
    assert (gap.kind, gap.reason) == ("unsupported", "a thing we cannot read")


def test_another_error_is_a_bug_and_passes() -> None:
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()), wanted("a/b", b"x"))


def test_a_file_over_its_limit_is_a_gap_and_is_not_read() -> None:
    size = DEFAULT_LIMITS.metadata_bytes + 1
    never = raising(AssertionError("was read"))
    (gap,) = run(never, File("a/b", (), size, DEFAULT_LIMITS)).gaps
    assert gap.kind == "limit"
    assert "metadata_bytes" in gap.reason
    assert limit_of((never,), DEFAULT_LIMITS) == size - 1
    assert too_large((never,), "a/b", size - 1, DEFAULT_LIMITS) is None
    assert too_large((never,), "a/b", size, DEFAULT_LIMITS) is not None


def test_a_file_with_missing_bytes_is_a_gap() -> None:
    (gap,) = run(raising(AssertionError("was read")), File("a/b", (b"ab",), 3, DEFAULT_LIMITS)).gaps
    assert gap.kind == "unreadable"


def test_the_table_is_sorted_and_its_limits_exist() -> None:
    names = [r.name for r in TABLE]
    assert names == sorted(set(names))
    assert all(limit_of((r,), DEFAULT_LIMITS) > 0 for r in TABLE)
