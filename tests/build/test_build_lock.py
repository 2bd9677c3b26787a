"""The lock: one canonical form, read back whole, edited by nobody, and every difference named."""

import msgspec
import pytest

from assay.build import lock as locks
from assay.model.digest import Digest
from assay.model.errors import MalformedError

A, B, C = ("sha256:" + letter * 64 for letter in "abc")


def package(name: str = "libc6", **changed: object) -> locks.DebianPackage:
    facts = {
        "name": name, "version": "2.36-9", "architecture": "amd64", "source": "glibc", "source_version": "2.36-9",
        "path": f"pool/{name}.deb", "size": 3, "sha256": A, "index": "bookworm/bookworm", "roles": ("image",),
    } | changed  # fmt: skip
    return locks.DebianPackage(**facts)  # type: ignore[arg-type]


FULL = locks.Lock(
    spec=A,
    epoch=1_700_000_000,
    sources={
        "app": locks.GitLock(url="https://example.org/a.git", commit="1" * 40, tree="2" * 40, content=B),
        "speed": locks.ArchiveLock(url="https://example.org/a.tar.gz", sha256=C, size=9),
        "note": locks.FileLock(path="note.txt", name="note.txt", sha256=A),
        "here": locks.DirectoryLock(path="src", content=B, size=4, files=2),
    },
    indexes=(
        locks.DebianIndex(
            name="bookworm/bookworm", url="https://example.org/debian", suite="bookworm", codename="bookworm",
            date="2026-01-02T03:04:05Z", in_release=A, fingerprints=("F" * 40,),
            files=(locks.IndexFile(path="main/binary-amd64/Packages.xz", size=5, sha256=B),),
        ),
    ),
    packages=(package("zlib1g"), package("libc6")),
    python=(locks.PythonFile(name="flask", version="3.0", file="flask-3.0.whl", sha256=A, dependencies="py"),),
    npm=(locks.NpmTarball(name="x", version="1.0.0", path="node_modules/x", integrity="sha512:" + "d" * 128, sha256=C, dependencies="web"),),
    go=(locks.GoModule(module="example.org/m", version="v1.0.0", hash="h1:x=", sha256=B, mod_sha256=C, dependencies="g"),),
    keys={"keys/debian.gpg": C},
    tools=(locks.ShapingTool(name="zlib", version="1.2.13", level=6, golden=A), locks.ShapingTool(name="tar", version="1")),
)  # fmt: skip


def test_what_is_written_is_read_back_sorted():
    data = locks.write(FULL)
    again = locks.read(data, where="a.lock.json")
    assert again == locks.ordered(FULL)
    assert [item.name for item in again.packages] == ["libc6", "zlib1g"]
    assert locks.write(again) == data
    assert data.endswith(b"}\n")
    assert b"\r" not in data


def test_the_order_entries_were_found_in_does_not_show():
    turned = msgspec.structs.replace(
        FULL, packages=FULL.packages[::-1], tools=FULL.tools[::-1], sources=dict(reversed(FULL.sources.items()))
    )
    assert locks.write(turned) == locks.write(FULL)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda d: d.replace(b'"epoch": 1700000000', b'"epoch": "yesterday"'), "epoch"),
        (lambda d: d.replace(b'"lockVersion": 1', b'"lockVersion": 2'), "lockVersion"),
        (lambda d: d.replace(b'"epoch"', b'"colour": 1,\n  "epoch"'), "colour"),
        (lambda d: d + b"\n", "canonical"),
        (lambda d: d.replace(A.encode(), b"sha256:short"), "matching"),
        (lambda d: d.replace(b'"name": "zlib1g"', b'"name": "libc6"'), "twice"),
        (lambda d: d[:-9], "JSON"),
        (lambda d: b"[]", "object"),
    ],
)
def test_an_edited_lock_is_refused(edit, says):
    with pytest.raises(MalformedError, match=says) as caught:
        locks.read(edit(locks.write(FULL)), where="a.lock.json")
    assert caught.value.exit_code == 65
    assert "a.lock.json" in caught.value.line()


def test_equal_locks_have_no_difference():
    assert locks.difference(FULL, locks.read(locks.write(FULL), where="x")) == ()


def test_every_difference_is_named():
    after = msgspec.structs.replace(
        FULL,
        epoch=5,
        packages=(package("libc6", version="2.36-10", sha256=B), package("tzdata")),
        keys={"keys/debian.gpg": A},
        sources={"app": FULL.sources["app"], "note": FULL.sources["note"], "here": FULL.sources["here"]},
    )
    assert [change.line() for change in locks.difference(FULL, after)] == [
        "changed key keys/debian.gpg " + C + " → " + A,
        "changed lock epoch 1700000000 → 5",
        f"changed package libc6:amd64@bookworm/bookworm sha256 {A} → {B}",
        "changed package libc6:amd64@bookworm/bookworm version 2.36-9 → 2.36-10",
        "added package tzdata:amd64@bookworm/bookworm",
        "removed package zlib1g:amd64@bookworm/bookworm",
        "removed source speed",
    ]


def test_blobs_names_every_digest_once():
    assert locks.blobs(FULL) == tuple(Digest.parse(text) for text in (A, B, C))
