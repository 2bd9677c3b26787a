"""A lock that its own form accepts and its spec does not: each thing the spec names must stand there as it says."""

import msgspec
import pytest

from assay.build import lock as locks
from assay.build.lock_fit import fits, misfits, restored
from assay.build.spec_read import read_spec

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SPEC = b"""
apiVersion: assay.build/v1
kind: Image
metadata: {name: t, version: "1"}
epoch: {commit-of: app}
platforms: [linux/amd64, linux/arm64]
sources:
  app: {type: git, url: https://example.org/a.git, commit: 1111111111111111111111111111111111111111, tag: v1, signed-by: k.asc}
  speed:
    type: archive
    url: https://example.org/s.tgz
    sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    compare-git: {url: https://example.org/s.git, tag: v2}
  note: {type: file, path: note.txt, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
  here: {type: directory, path: src}
debian:
  d: {suites: [bookworm], keys: d.gpg, mirror: https://example.org/debian}
  unused: {suites: [trixie], keys: d.gpg}
toolchains:
  c: {debian: d, packages: [gcc]}
dependencies:
  py: {type: pip, source: here}
image: {debian: d, packages: [libc6, tzdata]}
"""


def package(name, architecture="amd64", roles=("image",), index="d/bookworm"):
    return locks.DebianPackage(
        name=name, version="1", architecture=architecture, source=name, source_version="1", path=f"pool/{name}.deb",
        size=0, sha256=A, index=index, roles=roles,
    )  # fmt: skip


GIT = locks.GitLock(
    url="https://example.org/a.git", commit="1" * 40, tree="2" * 40, tag="v1", time=7, signers=("F" * 40,), content=A
)
COMPARED = locks.ComparedArchive(url="https://example.org/s.git", tag="v2", commit="3" * 40, tree="4" * 40, same=1)
ARCHIVE = locks.ArchiveLock(url="https://example.org/s.tgz", sha256=A, compared=COMPARED)
NOTE = locks.FileLock(path="note.txt", name="note.txt", sha256=A)
HERE = locks.DirectoryLock(path="src", content=B)
INDEX = locks.DebianIndex(
    name="d/bookworm", url="https://example.org/debian", suite="bookworm", codename="bookworm",
    date="2026-01-02T03:04:05Z", in_release=A, fingerprints=(),
)  # fmt: skip
WHEEL = locks.PythonFile(name="x", version="1", file="x-1-py3-none-any.whl", sha256=A, dependencies="py")
PACKAGES = (
    package("libc6"), package("libc6", "arm64"), package("tzdata", "all"), package("gcc", roles=("toolchain:c",)),
)  # fmt: skip
GOOD = locks.Lock(
    spec=A, epoch=7, sources={"app": GIT, "speed": ARCHIVE, "note": NOTE, "here": HERE}, indexes=(INDEX,),
    packages=PACKAGES, python=(WHEEL,), keys={"k.asc": A, "d.gpg": B},
)  # fmt: skip


def found(**changed):
    spec = read_spec(SPEC, where="assay.yaml").spec
    return list(misfits(spec, msgspec.structs.replace(GOOD, **changed)))


def source(**changed):
    return {"sources": {**GOOD.sources, **changed}}


def change(value, **fields):
    return msgspec.structs.replace(value, **fields)


def test_what_locking_writes_fits():
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"epoch": 8}, "the epoch is 8, not 7"),
        (source(app=change(GIT, commit="9" * 40)), "source app has another commit"),
        (source(app=change(GIT, tag="")), "source app has another tag"),
        (source(app=change(GIT, url="https://example.com/a.git")), "source app has another url"),
        (source(app=change(GIT, signers=())), "source app names nobody who signed"),
        (source(speed=change(ARCHIVE, sha256=B)), "source speed has another sha256"),
        (source(speed=change(ARCHIVE, compared=msgspec.UNSET)), "source speed was not compared with the tag it is to be"),
        (source(speed=NOTE), "source speed has another type"),
        (source(note=change(NOTE, sha256=B)), "source note has another sha256"),
        (source(here=change(HERE, path="other")), "source here has another path"),
        (source(more=HERE), "source more is not of the spec"),
        ({"sources": {k: v for k, v in GOOD.sources.items() if k != "here"}}, "source here is missing"),
        ({"indexes": (INDEX, change(INDEX, name="unused/trixie"))}, "index unused/trixie is not of the spec"),
        ({"packages": PACKAGES[1:]}, "package libc6 (amd64) for image is missing"),
        ({"packages": (PACKAGES[0], *PACKAGES[2:])}, "package libc6 (arm64) for image is missing"),
        ({"packages": PACKAGES[:3]}, "package gcc (amd64) for toolchain:c is missing"),
        ({"packages": (*PACKAGES, package("z", index="x/y"))}, "package z is of an index the lock does not hold"),
        ({"packages": (*PACKAGES, package("z", roles=("evil",)))}, "package z is for 'evil', which the spec does not have"),
        ({"python": (change(WHEEL, dependencies="q"),)}, "python files of dependencies 'q', which the spec does not have"),
        ({"npm": (locks.NpmTarball(name="x", version="1", path="x", integrity=A, sha256=A, dependencies="py"),)},
         "npm files of dependencies 'py', which the spec does not have"),
        ({"keys": {"d.gpg": B}}, "key file k.asc is missing"),
        ({"packages": (change(PACKAGES[0], size=2), *PACKAGES[1:])}, f"{A} has two sizes, 0 and 2"),
    ],
)  # fmt: skip
def test_each_thing_that_a_spec_names_is_held_to_it(changed, says):
    assert found(**changed) == [says]


def test_an_index_that_is_missing_takes_its_packages_with_it():
    assert found(indexes=())[0] == "index d/bookworm is missing"


def test_an_archive_was_compared_with_the_commit_that_the_spec_names():
    named = SPEC.replace(b"tag: v2}", b"tag: v2, commit: " + b"3" * 40 + b"}")
    spec = read_spec(named, where="assay.yaml").spec
    other = change(ARCHIVE, compared=change(COMPARED, commit="9" * 40))
    assert list(misfits(spec, GOOD)) == []
    says = "source speed was not compared with the tag it is to be"
    assert list(misfits(spec, msgspec.structs.replace(GOOD, **source(speed=other)))) == [says]
    assert not fits(spec.sources["speed"], other)


def test_a_source_that_the_spec_changed_no_longer_fits():
    spec = read_spec(SPEC.replace(b"tag: v1", b"tag: v3"), where="assay.yaml").spec
    assert not fits(spec.sources["app"], GIT)
    assert fits(spec.sources["here"], change(HERE, content=A))


@pytest.mark.parametrize(
    ("name", "locked", "old", "new"),
    [
        ("app", GIT, b"tag: v1", b"tag: v9"),
        ("app", GIT, b"1" * 40, b"9" * 40),
        ("speed", ARCHIVE, b"a" * 64 + b"\n    compare", b"c" * 64 + b"\n    compare"),
        ("speed", ARCHIVE, b"tag: v2", b"tag: v3"),
        ("note", NOTE, b"note.txt", b"other.txt"),
    ],
)
def test_a_spec_is_what_it_was_before_one_source_changed(name, locked, old, new):
    before = read_spec(SPEC, where="assay.yaml").spec
    after = read_spec(SPEC.replace(old, new), where="assay.yaml").spec
    assert after != before
    assert restored(after, name, locked) == before
