"""Bombs among packages of languages end at their limits, whatever holds them."""

import gzip
import io
import tarfile
import zipfile

import msgspec
import pytest

from assay.build import gomodules, npmtree, wheel
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import Owner, Span

OWNER = Owner("dependency", "x")
SMALL = msgspec.structs.replace(DEFAULT_LIMITS, archive_inflated_bytes=1 << 20, build_input_bytes=1 << 20)
BIG = bytes(8 << 20)


def spool(chunks):
    return Span(0, sum(map(len, chunks)), "0" * 64)


def zipped(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, BIG)
    return out.getvalue()


def tarball(kind=tarfile.REGTYPE, count=1):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for number in range(count):
            info = tarfile.TarInfo(f"package/{number}")
            info.size, info.type = len(BIG), kind
            tar.addfile(info, io.BytesIO(BIG))
    return gzip.compress(out.getvalue(), 1)


def wheel_of(data):
    return list(wheel.lay(data, "x-1-py3-none-any.whl", owner=OWNER, spool=spool, limits=SMALL))


def tree_of(data):
    return list(npmtree.lay([data], "node_modules/x", owner=OWNER, spool=spool, limits=SMALL, where="x"))


def module_of(data):
    gomodules.check_zip(data, gomodules.Module(path="x", version="v1", hash="h1:"), SMALL)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (wheel_of, zipped("x-1.dist-info/WHEEL")),
        (wheel_of, zipped("a", "b", "c", "x-1.dist-info/WHEEL")),
        (tree_of, tarball()),
        (tree_of, tarball(count=3)),
        (module_of, zipped("x@v1/a.go")),
    ],
)
def test_a_bomb_ends_at_its_limit(read, data):
    assert len(data) < 1 << 18
    with pytest.raises((UnsupportedError, MalformedError)):
        read(data)


@pytest.mark.parametrize("read", [wheel_of, tree_of, module_of])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"PK\x03\x04" * 100,
        b"\x1f\x8b",
        gzip.compress(b"x" * 600, mtime=0),
        gzip.compress(BIG, mtime=0)[:200],
    ],
)
def test_what_is_no_package_is_malformed(read, data):
    if read is tree_of and not data:
        data = b"\0"
    with pytest.raises((MalformedError, UnsupportedError)):
        read(data)
