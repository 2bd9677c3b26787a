"""The advisory database as an OCI artifact: pushed, pulled, and refused in every way a registry can lie."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from advisorydbs import affected, jsonl, record
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfiles import FeedDirectory
from assay.adapters.files import file_chunks
from assay.adapters.layout import LayoutSource
from assay.adapters.layout_files import make_layout
from assay.adapters.layout_store import LayoutStore
from assay.adapters.registry import RegistrySource, RegistryStore
from assay.artifact import advisories
from assay.artifact.reference import Target, parse_reference
from assay.flows import db, db_registry
from assay.flows.db import Wish
from assay.formats import gzipstream
from assay.model.errors import AssayError, MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.ports.stores import DatabaseStatus
from fakes.registry import FakeRegistry, fake_registry
from registry_server import needs_docker_registry, registry_server
from signing import NOW, OTHER, P256, ring

LIMITS = Limits(http_retries_count=0, http_backoff_seconds=0.0)


def built(folder: Path, *fixed: str, **wish: object) -> DatabaseFile:
    rows = [record(f"P-{n}", affected("PyPI", f"p{n}", {"introduced": "0"}, {"fixed": v})) for n, v in enumerate(fixed)]
    jsonl(folder / "feeds" / "pypi.jsonl.gz", rows)
    place = DatabaseFile(folder / "advisories.db", db.encoders())
    db.build_from(FeedDirectory(folder / "feeds"), place, wish=Wish(now=NOW, **wish))
    return place


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


@pytest.fixture
def origin(tmp_path: Path) -> DatabaseFile:
    return built(tmp_path / "origin", "1.0", "2.0", signer=P256)


def reference(authority: str, rest: str = "assay/advisories:latest") -> Target:
    return parse_reference(f"{authority}/{rest}")


def pushed(place: DatabaseFile, target: Target) -> str:
    path = place._path
    bundle = next(iter(place.signatures()), b"")
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        return str(db_registry.push(file_chunks(str(path)), bundle, place.status(), store).manifest)


def pulled(target: Target, path: Path, *, limits: Limits = LIMITS, **wish: object) -> DatabaseStatus:
    with closing(RegistrySource(target, limits=limits)) as source:
        return db_registry.pull(source, DatabaseFile(path, db.encoders()), Wish(now=NOW, **wish), limits).status


def refused(target: Target, folder: Path, kind: type[AssayError], **more: object) -> AssayError:
    path = folder / "here" / "advisories.db"
    with pytest.raises(kind) as failure:
        pulled(target, path, **more)
    assert not path.exists()
    assert list(path.parent.glob("*")) == []
    return failure.value


# ---- there and back


def test_what_is_pushed_is_what_is_pulled(tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile) -> None:
    target = reference(fake.authority)
    digest = pushed(origin, target)
    assert pushed(origin, target) == digest
    goal = tmp_path / "goal" / "advisories.db"
    assert pulled(target, goal, keys=ring(P256)) == origin.status()
    assert goal.read_bytes() == origin._path.read_bytes()
    assert DatabaseFile(goal, db.encoders()).signatures() == origin.signatures()
    assert pulled(reference(fake.authority, f"assay/advisories@{digest}"), goal, keys=ring(P256)).build == 1


@needs_docker_registry
@pytest.mark.interop
def test_a_real_registry_takes_and_gives_it(tmp_path: Path, origin: DatabaseFile) -> None:
    with registry_server() as server:
        target = reference(server.authority)
        pushed(origin, target)
        assert pulled(target, tmp_path / "a.db", keys=ring(P256)) == origin.status()


def test_a_layout_holds_it_too(tmp_path: Path, origin: DatabaseFile) -> None:
    folder = tmp_path / "layout"
    make_layout(folder)
    for name in ("latest", "other"):
        with closing(LayoutStore(folder, tag=name)) as store:
            db_registry.push(file_chunks(str(origin._path)), origin.signatures()[0], origin.status(), store)
    place = DatabaseFile(tmp_path / "a.db", db.encoders())
    with closing(LayoutSource(Target(scheme="oci-dir", location=str(folder), tag="other"))) as source:
        assert db_registry.pull(source, place, Wish(keys=ring(P256), now=NOW)).status == origin.status()


def test_the_manifest_is_an_artifact_by_the_book(fake: FakeRegistry, origin: DatabaseFile) -> None:
    pushed(origin, reference(fake.authority))
    with closing(RegistrySource(reference(fake.authority))) as source:
        manifest = json.loads(source.root().data)
    assert manifest["artifactType"].startswith("application/vnd.assay.advisories.v1+")
    assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert [layer["mediaType"] for layer in manifest["layers"]] == [advisories.DATABASE_TYPE, advisories.BUNDLE_TYPE]


# ---- trust


def test_an_unsigned_one_is_pulled_only_where_nobody_asks(tmp_path: Path, fake: FakeRegistry) -> None:
    target = reference(fake.authority)
    pushed(built(tmp_path / "plain", "1"), target)
    assert getattr(refused(target, tmp_path, UntrustedError, keys=ring(P256)), "code", "") == "NOT_SIGNED"
    assert pulled(target, tmp_path / "b.db").build == 1


def test_another_key_is_not_believed(tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile) -> None:
    pushed(origin, reference(fake.authority))
    assert (
        getattr(refused(reference(fake.authority), tmp_path, UntrustedError, keys=ring(OTHER)), "code", "")
        == "KEY_UNKNOWN"
    )


def test_the_signature_of_another_database_is_not_believed(
    tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile
) -> None:
    other = built(tmp_path / "other", "9.9", signer=P256)
    with closing(RegistryStore(reference(fake.authority), limits=LIMITS)) as store:
        db_registry.push(file_chunks(str(origin._path)), other.signatures()[0], origin.status(), store)
    assert (
        getattr(refused(reference(fake.authority), tmp_path, UntrustedError, keys=ring(P256)), "code", "")
        == "SUBJECT_MISMATCH"
    )


def test_an_older_one_is_refused(tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile) -> None:
    """A registry that gives an old, well-signed database again (freeze and rollback)."""
    target = reference(fake.authority)
    pushed(origin, target)
    here = built(tmp_path / "here", "3.0", signer=P256, number=7)
    with pytest.raises(UntrustedError, match="build 1, seen 7"):
        pulled(target, here._path, keys=ring(P256))
    assert here.status().build == 7


# ---- damage


def test_a_damaged_blob_is_refused(tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile) -> None:
    pushed(origin, reference(fake.authority))
    for digest, data in list(fake.blobs.items()):
        if len(data) < 100:
            continue
        torn = bytearray(data)
        torn[len(torn) // 2] ^= 1
        fake.blobs[digest] = bytes(torn)
        refused(reference(fake.authority), tmp_path, AssayError, keys=ring(P256))
        fake.blobs[digest] = data[:-10]
        refused(reference(fake.authority), tmp_path, AssayError)
        fake.blobs[digest] = data


def made(fake: FakeRegistry, *layers: tuple[str, bytes], **more: object) -> Target:
    """A manifest of these layers, (media type, bytes), as somebody else would push it."""

    def described(media_type: str, data: bytes) -> dict[str, object]:
        return {"mediaType": media_type, "digest": fake.add_blob(data), "size": len(data)}

    document = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": advisories.ARTIFACT_TYPE, "config": described("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [described(*layer) for layer in layers],
    }  # fmt: skip
    fake.add_manifest(document | more, "latest")
    return reference(fake.authority)


def test_other_artifacts_are_no_database(tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile) -> None:
    data = gzip.compress(origin._path.read_bytes())
    kind, bundle = advisories.DATABASE_TYPE, (advisories.BUNDLE_TYPE, b"{}")
    refused(made(fake, (kind, data), artifactType="application/vnd.other"), tmp_path, UnsupportedError)
    refused(made(fake, ("application/vnd.assay.advisories.v2+zstd", data)), tmp_path, UnsupportedError)
    refused(made(fake), tmp_path, MalformedError)
    refused(made(fake, (kind, data), (kind, data)), tmp_path, MalformedError)
    refused(made(fake, (kind, data), bundle, bundle), tmp_path, MalformedError)
    refused(made(fake, (kind, data), ("text/plain", b"more")), tmp_path, MalformedError)


def test_what_is_no_gzip_or_more_than_one_is_refused(tmp_path: Path, fake: FakeRegistry, origin: DatabaseFile) -> None:
    whole = origin._path.read_bytes()
    good = gzip.compress(whole)
    for data in (whole, good[:-4], good + b"\0", good + good, gzip.compress(whole[:-1]), gzip.compress(b""), b""):
        refused(made(fake, (advisories.DATABASE_TYPE, data)), tmp_path, AssayError)


def test_a_bomb_is_given_up_at_the_limit(tmp_path: Path, fake: FakeRegistry) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(64)) + squeeze.flush()
    limits = Limits(database_bytes=1 << 20, http_retries_count=0)
    assert len(bomb) < 1 << 17
    found = refused(made(fake, (advisories.DATABASE_TYPE, bomb)), tmp_path, MalformedError, limits=limits)
    assert "more than 1048576 bytes" in found.why


def test_gzip_is_read_whatever_the_chunks_and_to_the_last_byte() -> None:
    data = bytes(range(256)) * 9_000
    packed = b"".join(gzipstream.deflated([data]))
    assert gzip.decompress(packed) == data
    assert b"".join(gzipstream.deflated([data])) == packed
    for size in (1, 7, len(packed)):
        chunks = (packed[n : n + size] for n in range(0, len(packed), size))
        assert b"".join(gzipstream.inflated(chunks, len(data), ValueError)) == data
    with pytest.raises(ValueError, match="more than"):
        list(gzipstream.inflated([packed], len(data) - 1, ValueError))


# ---- several locations


def test_silence_leads_to_the_next_location_and_a_lie_does_not(origin: DatabaseFile) -> None:
    def fetch(location: str) -> DatabaseStatus:
        if location == "silent":
            raise UnavailableError("no answer")
        if location == "liar":
            raise UntrustedError("a lie")
        return origin.status()

    assert db_registry.first_of(["silent", "good"], fetch) == ("good", origin.status())
    with pytest.raises(UntrustedError):
        db_registry.first_of(["silent", "liar", "good"], fetch)
    with pytest.raises(UnavailableError, match="silent: no answer; silent"):
        db_registry.first_of(["silent", "silent"], fetch)
