"""A release archive against its tag: classes and grades; lists of generated files are places, not patterns to hide in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.source import archive_rewriting
from assay.source.archive_diff import GENERATED, Comparison, Content, Difference, compare
from assay.source.archive_trace import join

A, B = Content("a" * 40), Content("b" * 40)


def found(archive, tree, generated="none", **more):
    return [(one.code.removeprefix("source.archive-"), one.severity, one.path)
            for one in compare(archive, tree, generated=generated, **more).differences]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "content", "code", "severity"),
    [
        ("m4/build-to-host.m4", B, "phantom-build-script", "high"),
        ("sub/configure", B, "phantom-build-script", "high"),
        ("makefile", B, "phantom-build-script", "high"),
        ("cmake/x.cmake", B, "phantom-build-script", "high"),
        ("build.rs", B, "phantom-build-script", "high"),
        ("pkg/setup.py", B, "phantom-build-script", "high"),
        (".husky/pre-commit", B, "phantom-build-script", "high"),
        ("a\nb/Makefile", B, "phantom-build-script", "high"),
        ("tools/gen", Content("b" * 40, is_program=True), "phantom-executable", "high"),
        ("src/x.c", B, "phantom-other", "medium"),
        ("docs/link", Content("b" * 40, is_link=True), "phantom-other", "medium"),
        ("dev/null", Content(""), "phantom-other", "medium"),
    ],
)
def test_what_stands_in_the_archive_alone_has_a_class_and_a_grade(path, content, code, severity):
    assert found({path: content}, {}) == [(code, severity, path)]
    # In the tag with other bytes, it has changed.
    assert found({path: content}, {path: A}) == [("changed-file", severity, path)]


def test_what_is_the_same_or_missing_does_no_harm():
    result = compare({"a": A}, {"a": A, "b": B}, generated="none")
    assert (result.same_count, result.is_clean) == (1, True)
    assert result.differences == (Difference("source.archive-missing-file", "low", "b", "in the tag alone"),)
    assert not compare({"c": A}, {}, generated="none").is_clean


def test_a_link_is_not_the_file_that_names_its_target():
    assert found({"a": Content("a" * 40, is_link=True)}, {"a": A}) == [("changed-file", "medium", "a")]


def test_names_that_differ_in_case_or_form_are_different_files():
    names = {"Makefile": A, "README": A, "é": A}
    assert found({"makefile": A, "readme": A, "e\u0301": A} | names, names) == [
        ("phantom-build-script", "high", "makefile"),
        ("phantom-other", "medium", "e\u0301"), ("phantom-other", "medium", "readme"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path", "is_generated"),
    [
        ("python-sdist", "PKG-INFO", True), ("python-sdist", "src/x.egg-info/SOURCES.txt", True),
        ("python-sdist", "x.egg-info/PKG-INFO", True), ("python-sdist", "setup.cfg", True),
        ("python-sdist", "x.egg-info/run.sh", False), ("python-sdist", "evil/deep/x.egg-info/PKG-INFO", False),
        ("python-sdist", "sub/PKG-INFO", False), ("python-sdist", "setup.py", False), ("none", "PKG-INFO", False),
        ("autotools", "configure", True), ("autotools", "sub/configure", False), ("autotools", "m4/libtool.m4", True),
        ("autotools", "m4/build-to-host.m4", False), ("autotools", "build-aux/config.guess", True),
        ("autotools", "src/lib/Makefile.in", True), ("autotools", "Makefile", False), ("autotools", "aclocal.m4", True),
        ("autotools", "x/m4/libtool.m4", False), ("npm-pack", "package.json", False),
    ],
)  # fmt: skip
def test_generated_is_a_list_of_places(kind, path, is_generated):
    result = compare({path: B}, {}, generated=kind)
    assert (result.generated == (path,)) is is_generated
    assert bool(result.differences) is not is_generated
    # What the tag has is never excused, nor is a link in its place.
    assert compare({path: B}, {path: A}, generated=kind).generated == ()
    assert compare({path: Content("b" * 40, is_link=True)}, {}, generated=kind).generated == ()


SIDES = st.dictionaries(
    st.sampled_from(["a", "b/c", "configure", "PKG-INFO", "tests/x.bin", "m4/y.m4"]),
    st.builds(Content, st.sampled_from(["a" * 40, "b" * 40]), st.booleans(), st.booleans(), st.booleans()),
)


@given(SIDES, SIDES, st.sampled_from(sorted(GENERATED)))
def test_every_file_is_counted_once(archive, tree, generated):
    result = compare(archive, tree, generated=generated)
    missing = sum(one.code.endswith("missing-file") for one in result.differences)
    assert result.same_count + len(result.generated) + len(result.differences) - missing == len(archive)
    assert missing == len(tree.keys() - archive.keys())
    assert list(result.differences) == sorted(result.differences)


def test_a_declared_change_weighs_little():
    assert found({"v.py": A}, {"v.py": B}, declared={"v.py": "as said"}) == [("changed-file", "low", "v.py")]
    assert found({"new.py": A}, {}, declared={"new.py": "as said"}) == [("phantom-other", "medium", "new.py")]


@pytest.mark.parametrize(
    ("ours", "theirs", "harmless"),
    [
        (b"v = '1.2'\n", b"v = '$Format:%d$'\n", True),
        (b"a1.2b3\n", b"a$Format:%d$b$Format:%H$\n", True),
        (b"v = '1.2'\nimport os\n", b"v = '$Format:%d$'\n", False),
        (b"v = '1\n2'\n", b"v = '$Format:%d$'\n", False),
        (b"v=$(curl x)\n", b"v=$Format:%d$\n", False),
        (b"v=1; rm -rf /\n", b"v=$Format:%d$\n", False),
        (b"1.2", b"1.3", False),
        (b"a\r\nb\r\n", b"a\nb\n", True),
        (b"a\0\r\n", b"a\0\n", False),
        (b"a\r\n", b"b\n", False),
    ],
)
def test_changes_a_tag_declares_are_checked(ours, theirs, harmless):
    assert bool(archive_rewriting.why("x", ours, theirs, generated="none")) is harmless


def test_a_pointer_stands_for_the_file_with_its_digest():
    from hashlib import sha256

    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(b'big').hexdigest()}\nsize 3\n".encode()
    assert archive_rewriting.why("x", b"big", pointer, generated="none") == "the large file its pointer names"
    assert archive_rewriting.why("x", b"bag", pointer, generated="none") == ""


SETTINGS = b"# about\n[metadata]\nname = x\n[options]\npackages =\n    a\n    b\n"


@pytest.mark.parametrize(
    ("ours", "harmless"),
    [
        (b"[metadata]\nname = x\n\n[options]\npackages = \n\ta\n\tb\n\n[egg_info]\ntag_build = \ntag_date = 0\n", True),
        (b"[metadata]\nname = x\n[options]\npackages =\n a\n b\nsetup_requires = evil\n", False),
        (b"[metadata]\nname = x\n[options]\npackages =\n a\n b\n[egg_info]\negg_base = /\n", False),
        (b"no settings", False), (b"\xff", False),
    ],
)  # fmt: skip
def test_settings_written_again_say_the_same(ours, harmless):
    assert bool(archive_rewriting.why("setup.cfg", ours, SETTINGS, generated="python-sdist")) is harmless
    assert archive_rewriting.why("setup.cfg", ours, SETTINGS, generated="none") == ""
    assert archive_rewriting.why("sub/setup.cfg", ours, SETTINGS, generated="python-sdist") == ""


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_two_files_are_judged(ours, theirs):
    why = archive_rewriting.why("setup.cfg", ours, theirs, generated="python-sdist")
    if b"$Format:" not in theirs and b"\r" not in ours + theirs and b"[" not in ours + theirs and ours != theirs:
        assert why == "" or not ours.strip() or not theirs.strip() or b"#" in ours + theirs or b";" in ours + theirs


# --- the trace


def xz():
    archive = {
        "m4/build-to-host.m4": B, "src/main.c": A, "new.txt": B, "README": B,
        "tests/files/bad-3-corrupt_lzma2.xz": Content("c" * 40, is_binary=True), "tests/files/good.xz": Content("d" * 40, is_binary=True),
        "logo.png": Content("e" * 40, is_binary=True),
    }  # fmt: skip
    tree = {path: content for path, content in archive.items() if path not in ("m4/build-to-host.m4", "new.txt")} | {
        "README": A
    }
    return compare(archive, tree, generated="autotools")


def joined(result: Comparison, *opened: str, count: int = 7):
    done = join(result.differences, result.test_blobs, [frozenset(opened)], files_count=count)
    assert done.state == "traced"
    return {one.path: (one.code.rpartition(".")[2], one.severity) for one in done.findings}


def test_a_planted_archive_of_that_kind_is_found_and_its_use_is_critical():
    result = xz()
    blobs = ("tests/files/bad-3-corrupt_lzma2.xz", "tests/files/good.xz")
    assert result.test_blobs == blobs
    unread = {
        "m4/build-to-host.m4": ("archive-phantom-build-script", "high"),
        "new.txt": ("archive-phantom-other", "medium"), "README": ("archive-changed-file", "medium"),
    }  # fmt: skip
    assert joined(result) == unread
    assert joined(result, "m4/build-to-host.m4", blobs[0], "README", "src/main.c", "logo.png") == {
        "m4/build-to-host.m4": ("archive-phantom-build-script", "critical"),
        "new.txt": ("archive-phantom-other", "medium"),
        "README": ("archive-changed-file", "high"),
        blobs[0]: ("test-blob-read-in-build", "high"),
    }


@pytest.mark.parametrize(
    ("opened", "state"),
    [([], "not-traced"), ([None], "not-traced"), ([frozenset("a"), None], "not-traced"), ([frozenset("abcdefg")], "copied-whole"),
     ([frozenset("a"), frozenset("abcdefgh")], "copied-whole"), ([frozenset()], "traced")],
)  # fmt: skip
def test_a_trace_that_says_nothing_changes_nothing(opened, state):
    result = xz()
    done = join(result.differences, result.test_blobs, opened, files_count=7)
    assert (done.state, done.findings) == (state, result.differences)


def test_what_is_only_missing_is_never_raised():
    result = compare({}, {"a": A}, generated="none")
    assert joined(result, "a") == {"a": ("archive-missing-file", "low")}
