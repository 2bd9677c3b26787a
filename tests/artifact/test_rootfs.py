"""Merging: each clause by name, and hard links."""

import msgspec
import pytest

from assay.artifact.layers import HASH_BYTES, LayerScan, path_hash, walk_layer
from assay.artifact.rootfs import ResolvedLink, hidden_by, resolve_links
from assay.model.limits import Limits
from fakes.tars import archive, cut


def scan(*rows: tuple[str, str, bytes | str]) -> LayerScan:
    data = archive(rows)
    return walk_layer(cut(data, 4096), lambda *_: True, lambda *_: None, Limits(), "layer")


def file(path: str) -> tuple[str, str, bytes | str]:
    return (path, "file", b"x")


BASE = scan(file("d/e/f"), file("d/g"))


@pytest.mark.parametrize(
    ("upper", "hidden"),
    [
        ([], ()),
        ([file("d/e/f")], ("d/e/f",)),
        ([file("d/e/.wh.f")], ("d/e/f",)),
        ([file("d/.wh.e")], ("d/e/f",)),
        ([file(".wh.d")], ("d/e/f", "d/g")),
        ([file("d/.wh..wh..opq")], ("d/e/f", "d/g")),
        ([file("d/e/.wh..wh..opq")], ("d/e/f",)),
        ([file(".wh..wh..opq")], ("d/e/f", "d/g")),
        ([file("d/new"), file("d/.wh..wh..opq")], ("d/e/f", "d/g")),
        ([("d", "dir", "")], ()),
        ([("d/e", "dir", ""), file("d/e/other")], ()),
        ([file("d/e")], ("d/e/f",)),
        ([("d", "sym", "elsewhere")], ("d/e/f", "d/g")),
        ([("d/g", "dir", "")], ("d/g",)),
        ([file("d/g/deep/er")], ("d/g",)),
        ([("d/g", "hard", "d/e/f")], ("d/g",)),
        ([file("d/.wh.ex"), file("de"), file("d/e/f2")], ()),
    ],
)
def test_what_an_upper_layer_hides(upper: list[tuple[str, str, bytes | str]], hidden: tuple[str, ...]) -> None:
    answer = hidden_by([BASE, scan(*upper)], [(0, "d/e/f"), (0, "d/g")])
    assert answer == {(0, path): (1 if path in hidden else None) for path in ("d/e/f", "d/g")}


def test_a_layer_does_not_hide_its_own_files() -> None:
    own = scan(file("d/.wh..wh..opq"), file("d/e/f"), file(".wh.d"), file("d/e/.wh.f"))
    assert hidden_by([BASE, own], [(1, "d/e/f"), (0, "d/e/f")]) == {(1, "d/e/f"): None, (0, "d/e/f"): 1}


def test_deletion_and_re_creation() -> None:
    scans = [scan(file("p")), scan(file(".wh.p")), scan(file("p")), scan(file("q"))]
    assert hidden_by(scans, [(0, "p"), (2, "p"), (3, "q")]) == {(0, "p"): 1, (2, "p"): None, (3, "q"): None}


def test_the_first_of_several_hiders_is_named() -> None:
    scans = [BASE, scan(file("other")), scan(file(".wh.d")), scan(file("d/g"))]
    assert hidden_by(scans, [(0, "d/g")]) == {(0, "d/g"): 2}


def test_nothing_asked_nothing_answered() -> None:
    assert hidden_by([BASE, BASE], []) == {}
    assert hidden_by([], []) == {}


def test_a_hard_link_resolves_within_its_layer_first() -> None:
    scans = [scan(file("t")), scan(file("t"), ("l", "hard", "t"))]
    assert resolve_links(scans) == ((ResolvedLink(1, "l", 1, "t"),), ())


def test_a_hard_link_resolves_below() -> None:
    scans = [scan(file("t")), scan(file("other")), scan(("l", "hard", "t"))]
    assert resolve_links(scans) == ((ResolvedLink(2, "l", 0, "t"),), ())


def test_a_hard_link_to_a_deleted_file_dangles() -> None:
    scans = [scan(file("t")), scan(file(".wh.t")), scan(("l", "hard", "t"))]
    assert resolve_links(scans) == ((), ((2, "l", "t"),))


def test_a_hard_link_to_nothing_dangles() -> None:
    assert resolve_links([scan(("l", "hard", "nowhere"))]) == ((), ((0, "l", "nowhere"),))


def test_links_to_links_end_at_the_file() -> None:
    scans = [scan(file("t"), ("a", "hard", "t")), scan(("b", "hard", "a"))]
    assert ResolvedLink(1, "b", 0, "t") in resolve_links(scans)[0]


def test_links_in_a_circle_dangle() -> None:
    scans = [scan(("a", "hard", "b"), ("b", "hard", "a"), ("s", "hard", "s"))]
    assert resolve_links(scans) == ((), ((0, "a", "b"), (0, "b", "a")))


@pytest.mark.parametrize("before", [0, 1, 511, 512, 513, 1_024, 1_300])
def test_a_name_is_found_wherever_it_stands_among_many(before: int) -> None:
    """Names are taken apart in batches, and the rest one by one."""
    others = [path_hash(f"other/{number}") for number in range(1_400)]
    places = [(0, f"d/{number}") for number in range(20)]
    hider = msgspec.structs.replace(
        scan(), files=b"".join([*others[:before], path_hash("d/7"), *others[before:]]), directories=b"", whiteouts=b""
    )
    hidden = hidden_by([scan(*(file(path) for _, path in places)), hider], places)
    assert hidden == {place: 1 if place == (0, "d/7") else None for place in places}


def test_what_lies_across_two_names_is_no_name() -> None:
    """Few names are looked for as bytes: those at a name's place count alone."""
    link = scan(("link", "hard", "target"))
    digest, filler = path_hash("target"), bytes(HASH_BYTES)
    across = filler[:5] + digest + filler[5:]
    assert resolve_links([msgspec.structs.replace(link, files=across)])[1] == ((0, "link", "target"),)
    resolved, dangling = resolve_links([msgspec.structs.replace(link, files=across + digest)])
    assert resolved == (ResolvedLink(0, "link", 0, "target"),)
    assert not dangling
