"""What a step left, sorted to its outputs by pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build.outputs import sort_out
from assay.model.errors import AssayError, UnsupportedError, UsageError
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

OWNER = Owner("step", "s")


def item(path, kind="file", link=b""):
    span = Span(0, 1, "0" * 64) if kind == "file" else None
    return OwnedEntry(TreeEntry(path=path.encode(), kind=kind, link=link, size=1 if span else 0), OWNER, span)


LEFT = [
    item("a.whl"), item("bin", "directory"), item("bin/x"), item("bin/y"), item("lib", "directory"),
    item("lib/sub", "directory"), item("lib/sub/z.so"), item("lib/w.so"),
]  # fmt: skip


def paths(pattern, left=LEFT):
    (found,) = sort_out(left, {"o": pattern}, step="s")
    assert {str(one.owner) for one in found.entries} == {"step s.o"}
    return [one.entry.path.decode() for one in found.entries]


@pytest.mark.parametrize(
    ("pattern", "want"),
    [
        ("*.whl", ["a.whl"]), ("bin/*", ["x", "y"]), ("bin/x", ["x"]), ("bin/[xz]", ["x"]), ("bin/[!x]", ["y"]),
        ("bin/[a-x]", ["x"]), ("bin/?", ["x", "y"]), ("bin", ["bin", "bin/x", "bin/y"]), ("lib/**", ["sub", "sub/z.so", "w.so"]),
        ("lib/*.so", ["w.so"]), ("**/*.so", ["lib/sub/z.so", "lib/w.so"]), ("lib/sub", ["sub", "sub/z.so"]),
    ],
)  # fmt: skip
def test_patterns(pattern, want):
    assert paths(pattern) == want


@pytest.mark.parametrize("pattern", ["*.rpm", "x", "bin/*/x", "*.WHL", "bin/[z-a]", "lib/sub/[!z]*"])
def test_a_pattern_that_nothing_matches_is_refused_with_what_is_there(pattern):
    with pytest.raises(UsageError) as caught:
        paths(pattern)
    assert caught.value.where == "s.o"


def test_an_empty_folder_is_no_output():
    with pytest.raises(UsageError, match="no such output"):
        paths("bin", [item("bin", "directory")])


@pytest.mark.parametrize(
    ("link", "fine"),
    [(b"x", True), (b"../lib/w.so", True), (b"../../x", False), (b"../a/../../x", False), (b"/usr/x", True)],
)
def test_links_out_of_the_output_are_refused(link, fine):
    left = [*LEFT, item("bin/l", "symlink", link)]
    if fine:
        assert "l" in paths("bin/*", left)
        return
    with pytest.raises(UnsupportedError, match="outside"):
        paths("bin/*", left)


def test_hard_links_are_moved_with_their_file():
    (found,) = sort_out([item("bin/x"), item("bin/y", "hardlink", b"bin/x")], {"o": "bin/*"}, step="s")
    assert found.entries[1].entry.link == b"x"


@given(st.text(alphabet="ab/*?[]!^-\\.", max_size=20))
def test_any_pattern_has_an_answer(pattern):
    try:
        paths(pattern)
    except AssayError:
        return
