"""npm packages by their lock: integrity decides, folders come from the lock, nothing of a package runs or climbs."""

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import npmtree
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import Owner
from debianworld import room, shown

SUM = "sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode()
OWNER = Owner("dependency", "web")


def read(packages, *, architecture="amd64", dev=False, version=3):
    data = json.dumps({"lockfileVersion": version, "packages": {"": {"name": "app"}, **packages}}).encode()
    return npmtree.read(data, architecture=architecture, dev=dev, where="package-lock.json", limits=DEFAULT_LIMITS)


def entry(**more):
    return {"version": "1.0.0", "integrity": SUM, **more}


def test_packages_with_their_folders():
    one, two = read({
        "node_modules/@s/b": entry(resolved="https://registry.test/@s/b/-/b-1.0.0.tgz", hasInstallScript=True),
        "node_modules/a/node_modules/c": entry(name="other"), "node_modules/d": entry(dev=True),
    })  # fmt: skip
    assert (one.name, one.place, one.has_scripts) == ("@s/b", "node_modules/@s/b", True)
    assert one.sha512 == hashlib.sha512(b"x").hexdigest()
    assert (two.name, two.place) == ("other", "node_modules/a/node_modules/c")
    assert [found.name for found in read({"node_modules/d": entry(dev=True)}, dev=True)] == ["d"]


@pytest.mark.parametrize(
    ("more", "architecture", "there"),
    [
        ({"os": ["linux"]}, "amd64", True), ({"os": ["darwin", "win32"]}, "amd64", False), ({"os": "linux"}, "amd64", True),
        ({"os": ["!win32"]}, "amd64", True), ({"os": ["!linux"]}, "amd64", False), ({"cpu": ["x64"]}, "amd64", True),
        ({"cpu": ["x64"]}, "arm64", False), ({"cpu": ["arm64"]}, "arm64", True), ({"libc": ["musl"]}, "amd64", False),
        ({"libc": ["glibc"]}, "amd64", True), ({"inBundle": True}, "amd64", False),
    ],
)  # fmt: skip
def test_packages_of_other_machines_are_left_out(more, architecture, there):
    for optional in ({"optional": True}, {"devOptional": True}):
        assert bool(read({"node_modules/a": entry(**more, **optional)}, architecture=architecture)) is there


def test_a_package_of_another_machine_that_something_needs_is_refused():
    for more in ({"os": ["darwin"]}, {"cpu": ["arm64"]}, {"libc": ["musl"]}):
        with pytest.raises(UnsupportedError, match="not for this platform"):
            read({"node_modules/a": entry(**more)})


@pytest.mark.parametrize(
    ("packages", "error"),
    [
        ({"node_modules/a": {"version": "1"}}, MalformedError),
        ({"node_modules/a": entry(integrity="sha1-" + SUM[7:35])}, MalformedError),
        ({"node_modules/a": entry(integrity="sha512-x")}, MalformedError),
        ({"node_modules/a": entry(link=True, resolved="../a")}, UnsupportedError),
        ({"packages/a": entry()}, MalformedError),
        ({"../a": entry()}, MalformedError),
        ({"node_modules/../a": entry()}, MalformedError),
        ({"node_modules/..": entry()}, MalformedError),
        ({"node_modules/.": entry()}, MalformedError),
        ({"node_modules/.bin": entry()}, MalformedError),
        ({"node_modules/@../a": entry()}, MalformedError),
        ({"node_modules/a/b": entry()}, MalformedError),
        ({"node_modules/anode_modules/b": entry()}, MalformedError),
        ({"node_modules/a/": entry()}, MalformedError),
        ({"node_modules/a": entry(resolved="git+ssh://git@example.org/a.git#123")}, UnsupportedError),
        ({"node_modules/a": entry(resolved="file:../a.tgz")}, UnsupportedError),
        ({"node_modules/a": entry(resolved=5)}, UnsupportedError),
    ],
)
def test_what_no_registry_vouches_for_is_refused(packages, error):
    with pytest.raises(error):
        read(packages)


@pytest.mark.parametrize("version", [1, 4, "3", None])
def test_other_versions_of_the_lock_are_refused(version):
    with pytest.raises(MalformedError, match="acceptable"):
        read({}, version=version)


def test_tarballs_are_asked_for_at_the_configured_registry():
    (one,) = read({"node_modules/@s/b": entry(resolved="https://elsewhere.test/@s/b/-/b-1.0.0.tgz")})
    assert npmtree.address(one, "https://own.test/npm/") == "https://own.test/npm/@s/b/-/b-1.0.0.tgz"
    (bare,) = read({"node_modules/@s/b": entry()})
    assert npmtree.address(bare, "https://own.test") == "https://own.test/@s/b/-/b-1.0.0.tgz"


def tarball(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data, mode, kind in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.type, info.linkname = len(data), mode, kind, "/etc/passwd"
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def file(name, data=b"", mode=0o644):
    return name, data, mode, tarfile.REGTYPE


def lay(data, place="node_modules/a"):
    spool = room()
    try:
        laid = npmtree.lay([data], place, owner=OWNER, spool=spool.add, limits=DEFAULT_LIMITS, where="a")
        found = shown(laid)
        return {
            path: (item.entry.mode, b"".join(spool.read(item.span)) if item.span else item.entry.link)
            for path, item in found.items()
        }
    finally:
        spool.close()


def manifest(**fields):
    return file("package/package.json", json.dumps({"name": "@s/a", **fields}).encode())


def test_modes_are_levelled_and_programs_may_be_run():
    found = lay(
        tarball(manifest(bin={"tool": "./cli.js"}), file("package/cli.js", b"x", 0o666), file("package/y", b"", 0o711))
    )
    assert {path: mode for path, (mode, _) in found.items()} == {
        "a/package.json": 0o644, "a/cli.js": 0o755, "a/y": 0o755, ".bin/tool": 0o777,
    }  # fmt: skip
    assert found[".bin/tool"][1] == b"../a/cli.js"


def test_nested_and_scoped_packages_have_their_programs_beside_them():
    data = tarball(manifest(bin="cli.js"), file("package/cli.js"))
    assert lay(data, "node_modules/@s/a")[".bin/a"][1] == b"../@s/a/cli.js"
    assert lay(data, "node_modules/b/node_modules/a")["b/node_modules/.bin/a"][1] == b"../a/cli.js"


@pytest.mark.parametrize(
    "programs", [{"../x": "cli.js"}, {"x": "../../cli.js"}, {"x": "gone"}, {".x": "cli.js"}, ["cli.js"], 5]
)
def test_programs_that_lead_elsewhere_are_none(programs):
    assert not any(".bin" in path for path in lay(tarball(manifest(bin=programs), file("package/cli.js"))))


def test_the_first_folder_is_dropped_whatever_its_name_and_the_last_of_two_files_counts():
    assert lay(tarball(file("odd-name/x", b"1"), file("odd-name/x", b"2"), file("top")))["a/x"] == (0o644, b"2")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tarball_are_dropped_as_npm_does(kind):
    assert lay(tarball(("package/x", b"", 0o644, kind), file("package/y"))) == {"a/y": (0o644, b"")}


@pytest.mark.parametrize("name", ["package/../../x", "/package/x"])
def test_a_path_that_climbs_is_refused(name):
    with pytest.raises(MalformedError):
        lay(tarball(file(name)))


def test_a_manifest_that_is_none_does_no_harm():
    assert set(lay(tarball(file("package/package.json", b"[" * 100_000)))) == {"a/package.json"}


@given(st.binary(max_size=100))
def test_any_bytes_have_an_answer(data):
    for ask in (lambda: lay(data), lambda: read({data.decode("latin-1"): entry()})):
        try:
            ask()
        except AssayError:
            continue


@pytest.mark.parametrize("squeezed", [lzma.compress, bz2.compress, bytes, lambda data: gzip.compress(data) + b"more"])
def test_a_tarball_is_one_gzip_stream_and_nothing_else(squeezed):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("package/a"))
    with pytest.raises(MalformedError):
        lay(squeezed(out.getvalue()))
