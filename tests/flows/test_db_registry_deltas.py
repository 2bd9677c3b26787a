"""Deltas beside the advisory database in a registry: fetched when they lead on from what lies here, else the whole."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from advisorydbs import affected, jsonl, record
from assay.adapters.advisorydb_delta import DatabasePair
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfiles import FeedDirectory
from assay.adapters.files import file_chunks
from assay.adapters.layout import LayoutSource
from assay.adapters.layout_files import make_layout
from assay.adapters.layout_store import LayoutStore
from assay.adapters.registry import RegistrySource, RegistryStore
from assay.artifact import advisories
from assay.artifact.reference import Target, parse_reference
from assay.flows import db, db_changes, db_registry
from assay.flows.db import Wish
from assay.flows.db_registry import Delta, Pulled, Pushed
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import Limits
from fakes.registry import FakeRegistry, fake_registry
from registry_server import needs_docker_registry, registry_server
from signing import NOW, OTHER, P256, ring

LIMITS = Limits(http_retries_count=0, http_backoff_seconds=0.0)
PACKAGES = 300


def built(folder: Path, number: int, signer: object = P256) -> DatabaseFile:
    """Version `number` of a database in which one fix changes from version to version, and one comes back."""
    rows = [
        record(f"P-{n}", affected("PyPI", f"p{n}", {"introduced": "0"}, {"fixed": f"{n}.{number if n == 7 else 0}"}))
        for n in range(PACKAGES)
    ]
    rows += [record(f"Q-{number % 2}", affected("PyPI", "q", {"introduced": "0"}, {"fixed": "9.9"}))]
    jsonl(folder / str(number) / "feeds" / "pypi.jsonl.gz", rows)
    place = DatabaseFile(folder / str(number) / "advisories.db", db.encoders())
    wish = Wish(now=NOW, signer=signer, number=number)
    db.build_from(FeedDirectory(folder / str(number) / "feeds"), place, wish=wish)
    return place


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> list[DatabaseFile]:
    """Databases 1 to 4 of one author; the first entry is not used."""
    folder = tmp_path_factory.mktemp("line")
    made = [built(folder, number) for number in range(1, 5)]
    return [made[0], *made]


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


def reference(authority: str) -> Target:
    return parse_reference(f"{authority}/assay/advisories:latest")


def delta(old: DatabaseFile, new: DatabaseFile) -> Delta:
    pair = DatabasePair(old._path, new._path, db.encoders())
    return Delta(base=pair.old.content_digest, data=b"".join(db_changes.delta(pair, new.signatures()[0])))


def pushed(new: DatabaseFile, store: RegistryStore | LayoutStore, *deltas: Delta) -> Pushed:
    kept = db_registry.published(store)
    return db_registry.push(
        file_chunks(str(new._path)), new.signatures()[0], new.status(), store, deltas=deltas, kept=kept
    )


def here(old: DatabaseFile, folder: Path) -> DatabaseFile:
    """A copy of a database, in a place of its own."""
    place = DatabaseFile(folder / "here" / "advisories.db", db.encoders())
    db.restore(place, str(old._path), "", Wish(now=NOW))
    return place


def pulled(target: Target, place: DatabaseFile, **wish: object) -> Pulled:
    with closing(RegistrySource(target, limits=LIMITS)) as source:
        return db_registry.pull(source, place, Wish(now=NOW, **({"keys": ring(P256)} | wish)), LIMITS)


def published(fake_or_server: str, line: list[DatabaseFile]) -> Target:
    """Version 1, then 2, 3 and 4, each with a delta from the one before."""
    target = reference(fake_or_server)
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[1], store)
        for number in (2, 3, 4):
            pushed(line[number], store, delta(line[number - 1], line[number]))
    return target


def test_the_delta_is_fetched_and_gives_the_very_bytes(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = published(fake.authority, line)
    place = here(line[3], tmp_path)
    found = pulled(target, place)
    assert (found.how, found.deltas_count, found.note) == ("delta", 1, "")
    assert found.fetched_bytes < found.whole_bytes
    assert place._path.read_bytes() == line[4]._path.read_bytes()
    assert place.signatures() == line[4].signatures()
    assert (place.seen().build, pulled(target, place).how) == (4, "unchanged")


@pytest.mark.parametrize("number", [1, 2])
def test_several_deltas_in_a_row_are_one_step(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile], number: int
) -> None:
    """A row that came with one delta goes with the next, and comes again with the one after it."""
    target = published(fake.authority, line)
    place = here(line[number], tmp_path)
    found = pulled(target, place)
    assert (found.how, found.deltas_count) == ("delta", 4 - number)
    assert place._path.read_bytes() == line[4]._path.read_bytes()


def test_the_shortest_way_is_taken(tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]) -> None:
    target = published(fake.authority, line)
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[4], store, delta(line[1], line[4]))
    assert pulled(target, here(line[1], tmp_path)).deltas_count == 1


@pytest.mark.interop
@needs_docker_registry
def test_a_real_registry_serves_deltas(tmp_path: Path, line: list[DatabaseFile]) -> None:
    with registry_server() as server:
        target = published(server.authority, line)
        place = here(line[2], tmp_path)
        found = pulled(target, place)
        assert (found.how, found.deltas_count) == ("delta", 2)
        assert place._path.read_bytes() == line[4]._path.read_bytes()
        fresh = DatabaseFile(tmp_path / "fresh.db", db.encoders())
        assert pulled(target, fresh).how == "whole"


def test_a_layout_serves_deltas_too(tmp_path: Path, line: list[DatabaseFile]) -> None:
    folder = tmp_path / "layout"
    make_layout(folder)
    with closing(LayoutStore(folder, tag="latest")) as store:
        pushed(line[1], store)
        pushed(line[2], store, delta(line[1], line[2]))
        pushed(line[3], store, delta(line[2], line[3]))
    place = here(line[1], tmp_path)
    with closing(LayoutSource(Target(scheme="oci-dir", location=str(folder), tag="latest"))) as source:
        assert db_registry.pull(source, place, Wish(keys=ring(P256), now=NOW)).how == "delta"
    assert place._path.read_bytes() == line[3]._path.read_bytes()


def test_without_a_way_the_whole_is_fetched(tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]) -> None:
    target = reference(fake.authority)
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[4], store, delta(line[3], line[4]))
    place = here(line[1], tmp_path)
    found = pulled(target, place)
    assert (found.how, found.note) == ("whole", "")
    assert place._path.read_bytes() == line[4]._path.read_bytes()


def test_a_delta_as_large_as_the_whole_is_not_published(fake: FakeRegistry, line: list[DatabaseFile]) -> None:
    with closing(RegistryStore(reference(fake.authority), limits=LIMITS)) as store:
        made = pushed(line[2], store, Delta(base="sha256:" + "0" * 64, data=bytes(1 << 20)))
        assert made.steps == ()
        assert db_registry.published(store) == ()


# ---- lies


def torn(fake: FakeRegistry, target: Target, change: object) -> None:
    """Publish the manifest anew, its delta layers changed."""
    with closing(RegistrySource(target, limits=LIMITS)) as source:
        document = json.loads(source.root().data)
    for layer in document["layers"]:
        if layer["mediaType"] == advisories.DELTA_TYPE:
            change(layer)  # type: ignore[operator]
    fake.add_manifest(document, "latest")


def test_a_damaged_delta_gives_way_to_the_whole(tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]) -> None:
    target = reference(fake.authority)
    step = delta(line[3], line[4])
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        made = pushed(line[4], store, step)
    digest = str(made.steps[0].descriptor.digest)
    for number, data in enumerate((step.data[:-1] + b"\1", step.data[:40], b"", bytes(len(step.data)))):
        fake.blobs[digest] = data
        place = here(line[3], tmp_path / str(number))
        found = pulled(target, place)
        assert (found.how, bool(found.note)) == ("whole", True)
        assert place._path.read_bytes() == line[4]._path.read_bytes()
    del fake.blobs[digest]
    assert pulled(target, here(line[3], tmp_path / "gone")).how == "whole"


def test_a_delta_that_leads_elsewhere_gives_way_to_the_whole(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = reference(fake.authority)
    other = delta(line[1], line[3])
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[4], store, delta(line[3], line[4]))

    def swap(layer: dict[str, object]) -> None:
        layer |= {"digest": fake.add_blob(other.data), "size": len(other.data)}

    torn(fake, target, swap)
    found = pulled(target, here(line[3], tmp_path))
    assert (found.how, "not the one the manifest speaks of" in found.note) == ("whole", True)


def test_evil_rows_under_a_true_head_never_get_in_place(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    """The content digest is counted anew from the rows; the head's word is nothing."""
    from assay.formats import advisory_delta
    from assay.model.advisory_change import DeltaHead

    target, (old, new) = reference(fake.authority), (line[3].status(), line[4].status())
    head = DeltaHead(schema=old.schema, base=old.content_digest, content=new.content_digest, build=4)
    evil = b"".join(advisory_delta.write(head, DatabasePair(line[3]._path, line[2]._path, db.encoders()).changes()))
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[4], store, Delta(base=old.content_digest, data=evil))
    place = here(line[3], tmp_path)
    found = pulled(target, place)
    assert (found.how, "elsewhere" in found.note) == ("whole", True)
    assert place._path.read_bytes() == line[4]._path.read_bytes()


def test_a_wrong_signature_ends_it_and_the_old_one_stays(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = published(fake.authority, line)
    place = here(line[3], tmp_path)
    with pytest.raises(UntrustedError):
        pulled(target, place, keys=ring(OTHER))
    assert place._path.read_bytes() == line[3]._path.read_bytes()


def test_a_registry_that_goes_back_is_refused_before_anything_is_fetched(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = reference(fake.authority)
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[2], store, delta(line[4], line[2]))
    place = here(line[4], tmp_path)
    with pytest.raises(UntrustedError, match="build 2, seen 4"):
        pulled(target, place)
    assert place._path.read_bytes() == line[4]._path.read_bytes()


def test_a_manifest_that_lies_about_its_number_does_not_lead_back(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = reference(fake.authority)
    with closing(RegistryStore(target, limits=LIMITS)) as store:
        pushed(line[2], store, delta(line[4], line[2]))
    with closing(RegistrySource(target, limits=LIMITS)) as source:
        document = json.loads(source.root().data)
    document["annotations"][advisories.BUILD] = "99"
    fake.add_manifest(document, "latest")
    place = here(line[4], tmp_path)
    with pytest.raises(UntrustedError, match="build 2, seen 4"):
        pulled(target, place)
    assert place._path.read_bytes() == line[4]._path.read_bytes()


def test_deltas_that_say_nothing_or_are_too_many_are_no_database(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = published(fake.authority, line)
    torn(fake, target, lambda layer: layer.pop("annotations"))
    with pytest.raises(MalformedError, match="does not say where it begins"):
        pulled(target, here(line[1], tmp_path))
    few = Limits(database_deltas_count=2, http_retries_count=0)
    target = published(fake.authority, line)
    place = here(line[1], tmp_path / "few")
    with closing(RegistrySource(target)) as source, pytest.raises(MalformedError, match="3 deltas, limit 2"):
        db_registry.pull(source, place, Wish(now=NOW), few)


def test_an_unsigned_copy_here_is_not_called_unchanged_where_a_signature_is_demanded(
    tmp_path: Path, fake: FakeRegistry, line: list[DatabaseFile]
) -> None:
    target = published(fake.authority, line)
    place = here(line[4], tmp_path)
    Path(f"{place._path}.sigstore.json").unlink()
    found = pulled(target, place)
    assert (found.how, place.signatures()) == ("whole", line[4].signatures())


# ---- ways


def step(base: str, content: str, size: int) -> advisories.Step:
    return advisories.step(bytes(size), base=base, content=content)


def test_ways_are_the_cheapest_and_loops_end() -> None:
    steps = (step("a", "b", 5), step("b", "c", 5), step("a", "c", 20), step("c", "a", 1), step("b", "b", 0))
    assert advisories.way(steps, "a", "c") == steps[:2]
    assert advisories.way(steps, "x", "c") == ()
    assert advisories.way(steps, "c", "c") == ()
    assert advisories.way((), "a", "c") == ()


def test_what_costs_half_the_whole_or_leads_nowhere_is_left_out() -> None:
    fresh, kept = (step("c", "d", 10),), (step("b", "c", 10), step("a", "b", 30), step("x", "y", 1))
    assert advisories.worth_keeping(fresh, kept, "d", 100) == (*fresh, kept[0])
    assert advisories.worth_keeping(fresh, kept, "d", 101) == (*fresh, *kept[:2])
    assert len(advisories.worth_keeping(fresh, kept, "d", 101, Limits(database_deltas_count=1))) == 1
