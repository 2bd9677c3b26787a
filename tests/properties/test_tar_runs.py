"""A layer says the same however its bytes are cut: entry by entry in small chunks, in runs where many lie in one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.artifact.layers import LayerScan, walk_layer
from assay.artifact.tar import entries_and_runs
from assay.artifact.tarrun import Run
from assay.artifact.tarstream import StreamReader
from assay.dependencies.cataloger import Cataloguer, Fragment, Wanted
from assay.dependencies.chooser import Chooser, Signs
from assay.model.errors import AssayError
from assay.model.limits import Limits
from fakes.tars import END, cut, entry, header, pax

LIMITS = Limits(path_bytes=60, path_depth_count=4)
NAMES = [
    b"a", b"a/", b"a/b", b"./a/b", b"a/b/c.txt", b"a/b/", b"/a", b"a//b", b"a/.wh.b", b"a/.wh..wh..opq", b".wh.a", b"a/.hid",
    b"a/../b", b"..", b".", b"", b"a/\xc3\xa4", b"a/\xff", b"d/e/f/g/h/i/j", b"n" * 70, b"w/1", b"w/2", b"w/3", b"w/4",
    b"w/a/5", b"w/6/", b"b\0c", b"../up/", b"w//", b"n" * 60 + b"/", b"n" * 61 + b"/",
]  # fmt: skip
headers = st.builds(
    lambda name, content, flag, more: entry(name, content, flag, **more),
    st.sampled_from(NAMES) | st.integers(0, 9).map(lambda number: b"many/%d.txt" % number),
    st.sampled_from([b"", b"x", b"wanted", b"c" * 512, b"c" * 513]),
    st.sampled_from([b"0"] * 6 + [b"5", b"5", b"2", b"1", b"\0", b"7", b"3", b"V"]),
    st.sampled_from(
        [{}, {}, {}, {"prefix": b"pre/fix"}, {"prefix": b"old", "magic": b"ustar  \0"}, {"mode": b"0000755"},
         {"mode": b"x"}, {"link": b"a/b"}, {"extra": [(124, b"\x80")]}, {"extra": [(124, b"00000000009x")]}]
    ),
)  # fmt: skip
special = st.sampled_from(
    [pax((b"path", b"w/long")), pax((b"comment", b"x"), flag=b"g"), header(b"w/1", 3, b"L") + b"w/9" + bytes(509)]
)
archives = st.lists(headers | headers | headers | special, max_size=24).map(b"".join)


def told(data: bytes, step: int) -> tuple[LayerScan, list[tuple[object, ...]]] | str:
    """What a walk says, with what was taken out of it; or what is wrong."""
    taken: list[tuple[object, ...]] = []

    def choose(path: str, head: bytes, size: int, mode: int) -> bytes | None:
        return head + b"!" if path.startswith(("w", "a/b")) or head == b"want" else None

    def take(wanted: bytes, path: str, chunks: tuple[bytes, ...], size: int, mode: int) -> None:
        taken.append((wanted, path, b"".join(chunks), size, mode))

    try:
        return walk_layer(cut(data, step), choose, take, LIMITS, "layer"), taken
    except AssayError as error:
        return error.line()


@settings(max_examples=200, deadline=None)
@given(
    data=archives, end=st.sampled_from([b"", END, bytes(512), END + b"more"]), damage=st.none() | st.integers(0, 5_000)
)
def test_a_layer_reads_alike_in_chunks_of_any_size(data: bytes, end: bytes, damage: int | None) -> None:
    data += end
    if damage is not None and damage < len(data):
        data = data[:damage] + bytes([data[damage] ^ 1]) + data[damage + 1 :]
    plain = told(data, 512)  # no chunk holds four headers: no run
    assert [told(data, step) for step in (4096, 5000, len(data) + 1)] == [plain] * 3


ROWS = [
    Wanted(names=frozenset({"1", "j"}), suffixes=frozenset({".txt"})),
    Wanted(suffixes=frozenset({".d"}), directories=frozenset({"w", "", "a"}), within=("a/",)),
    Wanted(magic=frozenset({b"want"})),
    Wanted(paths=frozenset({"a/b", "pre/fix/a"})),
]


@settings(max_examples=150, deadline=None)
@given(data=archives, rows=st.lists(st.sampled_from(ROWS), max_size=3))
def test_who_goes_by_signs_finds_what_who_asks_of_every_file_finds(data: bytes, rows: list[Wanted]) -> None:
    chooser = Chooser(
        [
            Cataloguer(name=str(at), version=1, ecosystem="x", wants=wants, catalogue=lambda _: Fragment())
            for at, wants in enumerate(rows)
        ]
    )

    def told_with(signs: Signs | None) -> tuple[LayerScan, list[tuple[object, ...]]] | str:
        taken: list[tuple[object, ...]] = []
        try:
            scan = walk_layer(
                [data + END], chooser.choose, lambda *found: taken.append(found), LIMITS, "layer", signs=signs
            )
        except AssayError as error:
            return error.line()
        return scan, taken

    assert told_with(chooser.signs) == told_with(None)


def test_a_folder_in_a_run_keeps_its_slash_where_its_name_is_told_or_measured() -> None:
    folders = [b"../up/", b"n" * 61 + b"/", b"a/", b"b/", b"c/"]
    data = b"".join(entry(name, b"", b"5") for name in folders) + END
    for step in (len(data), 512):
        scan = walk_layer(cut(data, step), lambda *_: None, lambda *_: None, LIMITS, "layer")
        assert [gap.path for gap in scan.gaps] == ["n" * 61 + "/", "../up/"]


def test_small_files_side_by_side_are_a_run_and_what_is_special_ends_it() -> None:
    files = b"".join(entry(b"d/%d" % number, b"content") for number in range(6))
    data = files + pax((b"path", b"renamed")) + entry(b"x") + files + END
    found = list(entries_and_runs(StreamReader([data], "layer"), Limits(), "layer"))
    kinds = [len(one.names) if isinstance(one, Run) else one.name for one in found]
    assert kinds == [b"d/0", 5, b"renamed", 6]  # the first makes its chunk lie ready
