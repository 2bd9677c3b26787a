"""Go modules by go.sum: the hash of a zip is that of its files, of a go.mod that of the file."""

import base64
import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import gomodules
from assay.build.gomodules import Module
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS

FILES = {"example.org/m@v1.0.0/b.go": b"package m\n", "example.org/m@v1.0.0/a.go": b"package m\n"}
MOD = b"module example.org/m\n"


def h1(files):
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def zipped(*pairs):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in pairs:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


PINNED = Module(path="example.org/m", version="v1.0.0", hash=h1(FILES), mod_hash=h1({"go.mod": MOD}))


def check(data):
    gomodules.check_zip(data, PINNED, DEFAULT_LIMITS)


def test_a_zip_and_a_go_mod_that_go_sum_pins():
    check(zipped(*FILES.items()))
    check(zipped(*reversed(FILES.items())))
    gomodules.check_mod(MOD, PINNED)


def test_a_hash_of_go_itself():
    """Of a published module: `github.com/google/uuid v1.6.0/go.mod`."""
    module = Module(path="m", version="v1", mod_hash="h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=")
    gomodules.check_mod(b"module github.com/google/uuid\n", module)


@pytest.mark.parametrize(
    "pairs",
    [
        [("example.org/m@v1.0.0/b.go", b"package x\n"), ("example.org/m@v1.0.0/a.go", b"package m\n")],
        [("example.org/m@v1.0.0/b.go", b"package m\n")],
        [*FILES.items(), ("example.org/m@v1.0.0/c.go", b"")],
        [*FILES.items(), ("example.org/m@v1.0.0/folder/", b"")],
    ],
)
def test_a_zip_with_other_files_is_refused(pairs):
    with pytest.raises(UntrustedError, match="another one than"):
        check(zipped(*pairs))


def test_a_go_mod_with_other_bytes_is_refused():
    with pytest.raises(UntrustedError, match="another one"):
        gomodules.check_mod(MOD + b"\n", PINNED)


def test_a_name_over_two_lines_forges_no_hash():
    names = sorted(FILES)
    forged = f"{names[0]}\n{hashlib.sha256(FILES[names[1]]).hexdigest()}  {names[1]}"
    with pytest.raises(MalformedError, match="acceptable"):
        check(zipped((forged, FILES[names[0]])))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused():
    with pytest.raises(MalformedError, match="acceptable"):
        check(zipped(*FILES.items(), next(iter(FILES.items()))))


@given(st.binary(max_size=40), st.integers(0, 400))
def test_a_zip_with_any_bytes_changed_is_the_same_or_refused(junk, place):
    good = zipped(*FILES.items())
    try:
        check(good[:place] + junk + good[place + len(junk) :])
    except AssayError:
        return


def test_go_sum_is_read():
    text = f"example.org/m v1.0.0 {PINNED.hash}\nexample.org/m v1.0.0/go.mod {PINNED.mod_hash}\nb v2.0.0/go.mod {PINNED.mod_hash}\n\n"
    alone, both = gomodules.read(text, where="go.sum")
    assert both == PINNED
    assert (alone.path, alone.hash) == ("b", "")
    assert [place for _, place in gomodules.places(both)] == [
        "example.org/m/@v/v1.0.0.zip", "example.org/m/@v/v1.0.0.info", "example.org/m/@v/v1.0.0.mod",
    ]  # fmt: skip
    assert [kind for kind, _ in gomodules.places(alone)] == ["mod"]
    assert gomodules.escaped("github.com/Azure/SDK") == "github.com/!azure/!s!d!k"


@pytest.mark.parametrize(
    "line",
    [
        "m v1", "m v1.0.0 h2:" + "a" * 43 + "=", f"m 1.0.0 {PINNED.hash}", f"m v1/../x {PINNED.hash}", f"m$ v1 {PINNED.hash}",
        f"m v1 {PINNED.hash}\nm v1 {PINNED.mod_hash}", f"m v1 {PINNED.hash} x",
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_refused(line):
    with pytest.raises(MalformedError) as caught:
        gomodules.read(line, where="go.sum")
    assert "go.sum line" in caught.value.where


@given(st.text(max_size=100))
def test_any_text_has_an_answer(text):
    try:
        gomodules.read(text, where="x")
    except AssayError:
        return
