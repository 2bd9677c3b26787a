"""Evidence in an OCI layout: kept, found, never half-written, by many writers at once."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.layout import LayoutSource
from assay.adapters.layout_store import LayoutStore
from assay.artifact.reference import Target
from assay.artifact.referrers import BUNDLE_TYPE, Referrer, build_referrer, fallback_tag, parse_referrer
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UntrustedError, UsageError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from fakes.layouts import LayoutBuilder, demo_layers, layout

CREATED = "2026-01-02T03:04:05Z"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layout(tmp_path / "image", demo_layers())
    return tmp_path / "image"


def made(subject: Descriptor, number: int = 0) -> Referrer:
    return build_referrer(b"bundle %d" % number, subject, "https://example.org/p", CREATED)


def attach(store: LayoutStore, referrer: Referrer) -> None:
    for data in referrer.blobs:
        store.push_blob(data)
    assert referrer.subject.digest is not None
    store.push_referrer(referrer.manifest, referrer.descriptor, referrer.subject.digest)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_whole(folder: Path) -> None:
    """Every file is what its name says; `index.json` names only what is there."""
    for path in (folder / "blobs" / "sha256").iterdir():
        if path.name == ".assay-pending":
            continue
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    for entry in json.loads((folder / "index.json").read_bytes())["manifests"]:
        assert (folder / "blobs" / entry["digest"].replace(":", "/")).is_file()


def test_evidence_goes_there_and_comes_back(folder: Path) -> None:
    store = LayoutStore(folder)
    subject = store.describe()
    attach(store, made(subject, 1))
    attach(store, made(subject, 2))
    assert subject.digest is not None
    listed = LayoutStore(folder, tag="latest").referrers(subject.digest)
    assert listed == (made(subject, 1).descriptor, made(subject, 2).descriptor)
    assert listed[0].digest is not None
    parsed = parse_referrer(store.fetch(listed[0].digest, 1 << 20, manifest=True), where="test")
    assert parsed.subject == subject
    assert parsed.layer.digest is not None
    assert store.fetch(parsed.layer.digest, 1 << 20, manifest=False) == b"bundle 1"
    assert_whole(folder)


def test_the_image_is_still_the_only_image(folder: Path) -> None:
    before = LayoutStore(folder).describe()
    attach(LayoutStore(folder), made(before))
    assert LayoutStore(folder).describe() == before
    source = LayoutSource(Target(scheme="oci-dir", location=str(folder)))
    assert source.root().descriptor.digest == before.digest


def test_attaching_twice_changes_no_byte(folder: Path) -> None:
    store = LayoutStore(folder)
    subject = store.describe()
    attach(store, made(subject))
    before = files(folder)
    attach(store, made(subject))
    assert files(folder) == before


def test_only_the_subject_asked_for(folder: Path) -> None:
    store = LayoutStore(folder)
    attach(store, made(store.describe()))
    assert store.referrers(Digest.of(b"another")) == ()


def test_a_referrer_that_another_program_listed_in_the_index(folder: Path) -> None:
    subject = LayoutStore(folder).describe()
    referrer = made(subject)
    store = LayoutStore(folder)
    for data in (*referrer.blobs, referrer.manifest):
        store.push_blob(data)
    index = json.loads((folder / "index.json").read_bytes())
    entry = {"mediaType": MANIFEST, "digest": str(Digest.of(referrer.manifest)), "size": len(referrer.manifest)}
    (folder / "index.json").write_text(json.dumps({**index, "manifests": [*index["manifests"], entry]}))
    assert subject.digest is not None
    (found,) = store.referrers(subject.digest)
    assert found.artifact_type == BUNDLE_TYPE
    assert found == referrer.descriptor
    attach(store, referrer)
    assert store.referrers(subject.digest) == (referrer.descriptor,)


def test_what_others_wrote_in_the_index_stays(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_bytes())
    index["annotations"] = {"a": "b"}
    index["manifests"][0]["x-unknown"] = [1, {"y": 2}]
    (folder / "index.json").write_text(json.dumps(index))
    store = LayoutStore(folder)
    attach(store, made(store.describe()))
    after = json.loads((folder / "index.json").read_bytes())
    assert after["annotations"] == {"a": "b"}
    assert after["manifests"][0] == index["manifests"][0]


def test_a_child_of_an_index_can_be_named_by_digest(tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "multi")
    children = [builder.image(demo_layers()[:1], architecture=name) for name in ("amd64", "arm64")]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": children}
    builder.index(builder.put(json.dumps(index).encode(), index["mediaType"]))
    child = Digest.parse(str(children[1]["digest"]))
    store = LayoutStore(tmp_path / "multi", digest=child)
    assert store.describe() == Descriptor(media_type=MANIFEST, digest=child, size=children[1]["size"])
    assert LayoutStore(tmp_path / "multi").describe().digest != child


def test_threads_lose_nothing(folder: Path) -> None:
    subject = LayoutStore(folder).describe()
    writers = [threading.Thread(target=lambda n=n: attach(LayoutStore(folder), made(subject, n))) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert subject.digest is not None
    assert len(LayoutStore(folder).referrers(subject.digest)) == 8
    assert_whole(folder)


WRITER = """
import sys
from pathlib import Path
from assay.adapters.layout_store import LayoutStore
from assay.artifact.referrers import build_referrer
store = LayoutStore(Path(sys.argv[1]))
subject = store.describe()
print("ready", flush=True)
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    referrer = build_referrer(b"%d" % number * 20000, subject, "https://example.org/p", "2026-01-02T03:04:05Z")
    for data in referrer.blobs:
        store.push_blob(data)
    store.push_referrer(referrer.manifest, referrer.descriptor, subject.digest)
    print(number, flush=True)
"""


def writer(folder: Path, first: int, last: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(first), str(last)], stdout=subprocess.PIPE)


def test_two_processes_lose_nothing(folder: Path) -> None:
    both = [writer(folder, 0, 10), writer(folder, 10, 20)]
    for process in both:
        process.communicate()
        assert process.returncode == 0
    subject = LayoutStore(folder).describe().digest
    assert subject is not None
    assert len(LayoutStore(folder).referrers(subject)) == 20
    assert_whole(folder)


@pytest.mark.parametrize("writes", [1, 2, 5])
def test_a_killed_writer_leaves_nothing_half_written(folder: Path, writes: int) -> None:
    process = writer(folder, 0, 100_000)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(1 + writes)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    assert_whole(folder)
    store = LayoutStore(folder)
    subject = store.describe()
    assert subject.digest is not None
    acknowledged = len([line for line in said if line.strip().isdigit()])
    assert acknowledged <= len(store.referrers(subject.digest)) <= acknowledged + 1
    attach(store, made(subject))
    assert not list(folder.rglob(".assay-pending"))
    assert made(subject).descriptor in store.referrers(subject.digest)


def test_without_nameless_files_it_works_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: object, flags: int, *rest: object, **more: object) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return real(path, flags, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    store = LayoutStore(folder)
    subject = store.describe()
    attach(store, made(subject))
    assert subject.digest is not None
    assert len(store.referrers(subject.digest)) == 1
    assert_whole(folder)
    assert not list(folder.rglob(".assay-pending"))


def test_a_full_disk_leaves_the_layout_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LayoutStore(folder)
    subject = store.describe()
    before = files(folder)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UnavailableError, match="No space left"):
        store.push_blob(b"new")
    monkeypatch.undo()
    assert files(folder) == before
    assert subject == store.describe()


@pytest.fixture
def held(folder: Path) -> Iterator[None]:
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


@pytest.mark.usefixtures("held")
def test_a_lock_that_others_keep_is_not_waited_for_forever(folder: Path) -> None:
    store = LayoutStore(folder, limits=Limits(lock_seconds=0.05))
    with pytest.raises(UnavailableError, match="another program"):
        store.push_blob(b"x")


def test_a_damaged_manifest_is_not_described(folder: Path) -> None:
    name = str(LayoutStore(folder).describe().digest).replace(":", "/")
    path = folder / "blobs" / name
    path.write_bytes(path.read_bytes().replace(b"schemaVersion", b"schemaversion"))
    with pytest.raises(UntrustedError) as caught:
        LayoutStore(folder).describe()
    assert caught.value.code == "DIGEST_MISMATCH"


def test_a_damaged_list_is_not_none(folder: Path) -> None:
    store = LayoutStore(folder)
    subject = store.describe()
    attach(store, made(subject))
    assert subject.digest is not None
    tag = fallback_tag(subject.digest)
    for entry in json.loads((folder / "index.json").read_bytes())["manifests"]:
        if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag:
            (folder / "blobs" / entry["digest"].replace(":", "/")).unlink()
    with pytest.raises(MalformedError):
        store.referrers(subject.digest)


@pytest.mark.parametrize("index", [b"", b"{}", b"[]", b'{"manifests":5}', b'{"manifests":[5]}'])
def test_a_broken_index_is_left_alone(folder: Path, index: bytes) -> None:
    subject = LayoutStore(folder).describe()
    (folder / "index.json").write_bytes(index)
    assert subject.digest is not None
    with pytest.raises(MalformedError):
        LayoutStore(folder).referrers(subject.digest)
    referrer = made(subject)
    with pytest.raises(MalformedError):
        LayoutStore(folder).push_referrer(referrer.manifest, referrer.descriptor, subject.digest)
    assert (folder / "index.json").read_bytes() == index


def test_a_folder_that_is_no_layout(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError):
        LayoutStore(tmp_path / "none").describe()
    shutil.rmtree(folder / "blobs")
    (folder / "oci-layout").unlink()
    with pytest.raises(UsageError):
        LayoutStore(folder).describe()


def test_a_referrer_is_taken_away_with_what_only_it_named(folder: Path) -> None:
    store = LayoutStore(folder)
    subject = store.describe()
    assert subject.digest is not None
    before = files(folder)
    first, second = made(subject, 1), made(subject, 2)
    for referrer in (first, second):
        attach(store, referrer)
    assert first.descriptor.digest is not None
    assert second.descriptor.digest is not None
    store.remove_referrer(first.descriptor.digest, subject.digest)
    assert store.referrers(subject.digest) == (second.descriptor,)
    assert Digest.of(b"bundle 1").hex not in {path.name for path in folder.rglob("*")}
    store.remove_referrer(first.descriptor.digest, subject.digest)
    store.remove_referrer(second.descriptor.digest, subject.digest)
    assert store.referrers(subject.digest) == ()
    left = files(folder)
    assert {name: left[name] for name in before if name != "index.json"} == {
        name: data for name, data in before.items() if name != "index.json"
    }
    assert json.loads(left["index.json"]) == json.loads(before["index.json"]), "the image's own entry alone is left"


def test_a_blob_that_something_else_names_stays(folder: Path) -> None:
    store = LayoutStore(folder)
    subject = store.describe()
    assert subject.digest is not None
    once = build_referrer(b"shared", subject, "urn:a", CREATED)
    again = build_referrer(b"shared", subject, "urn:b", CREATED)
    for referrer in (once, again):
        attach(store, referrer)
    assert once.descriptor.digest is not None
    store.remove_referrer(once.descriptor.digest, subject.digest)
    assert store.fetch(Digest.of(b"shared"), 100, manifest=False) == b"shared"


def test_a_stream_that_breaks_leaves_nothing(folder: Path) -> None:
    before = files(folder)

    def broken() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise UntrustedError("the content does not match its digest")

    descriptor = Descriptor(media_type="x", digest=Digest.of(b"whole"), size=5)
    with pytest.raises(UntrustedError):
        LayoutStore(folder).push_stream(descriptor, broken())
    assert files(folder) == before
    LayoutStore(folder).push_stream(descriptor, iter((b"who", b"le")))
    assert LayoutStore(folder).fetch(Digest.of(b"whole"), 5, manifest=False) == b"whole"
