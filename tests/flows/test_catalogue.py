"""The flow from layers and trees to an inventory: what cannot be read is a gap, and harms nothing else."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from assay.adapters.layout import LayoutSource
from assay.artifact.image import resolve
from assay.artifact.reference import Target
from assay.dependencies.catalogers import TABLE
from assay.flows.catalogue import Bench, catalogue_image, catalogue_tree
from assay.model.errors import UnavailableError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS
from assay.ports.content import TreeEntry
from fakes.layouts import OCI, LayoutBuilder, dump, metadata

A = TypeVar("A")
B = TypeVar("B")


class OneByOne:
    def map(self, function: Callable[[A], B], items: Sequence[A]) -> list[B]:
        return [function(item) for item in items]


class Silent:
    def stage(self, text: str) -> None:
        del text


BENCH = Bench(table=TABLE, workers=OneByOne(), cache=None, limits=DEFAULT_LIMITS, strict=False, progress=Silent())
PATH = "usr/lib/python3/dist-packages/x-1.dist-info/METADATA"


def image_of(folder: Path, entries: list[tuple[str, bytes]], bench: Bench = BENCH) -> Inventory:
    """One layer with these entries in this order, names repeated as given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, data in entries:
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    builder = LayoutBuilder(folder)
    config = {
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(out.getvalue()).hexdigest()}"]},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
        "config": builder.put(dump(config), f"{OCI}.config.v1+json"),
        "layers": [builder.put(gzip.compress(out.getvalue()), f"{OCI}.layer.v1.tar+gzip")],
    }  # fmt: skip
    builder.index(builder.put(json.dumps(manifest).encode(), f"{OCI}.manifest.v1+json"))
    source = LayoutSource(Target(scheme="oci-dir", location=str(folder)))
    (image,) = resolve(source)
    return catalogue_image(image, source, bench)


def test_the_last_entry_of_a_name_counts(tmp_path: Path) -> None:
    found = image_of(tmp_path / "i", [(PATH, metadata("x", "1")), (PATH, metadata("x", "2"))])
    assert [(c.name, c.version) for c in found.components] == [("x", "2")]


def test_a_file_too_large_is_a_gap_even_after_a_small_one_of_its_name(tmp_path: Path) -> None:
    small = msgspec.structs.replace(BENCH, limits=msgspec.structs.replace(DEFAULT_LIMITS, metadata_bytes=200))
    found = image_of(tmp_path / "i", [(PATH, metadata("x", "1")), (PATH, metadata("x", "2") + b"y" * 300)], small)
    assert found.components == ()
    assert [(gap.kind, gap.path) for gap in found.gaps] == [("limit", PATH)]


class HalfReadable:
    """A tree with one good file and one that the disk refuses."""

    name = "half"

    def walk(self) -> Iterator[TreeEntry]:
        yield TreeEntry(PATH, len(metadata("x", "1")), 0o644)
        yield TreeEntry(PATH.replace("x-1", "y-1"), 10, 0o644)

    def read(self, entry: TreeEntry, limit: int) -> Iterator[bytes]:
        del limit
        if "y-1" in entry.path:
            raise UnavailableError("cannot read", where=entry.path, why="Input/output error")
        yield metadata("x", "1")

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        return (("var/secret", "Permission denied"),)


@pytest.mark.parametrize("installed", [True, False])
def test_what_a_tree_cannot_give_is_a_gap_and_harms_no_other(installed: bool) -> None:
    found = catalogue_tree(HalfReadable(), BENCH, installed=installed)
    assert [c.name for c in found.components] == ["x"]
    assert {(gap.path, gap.reason) for gap in found.gaps} == {
        (PATH.replace("x-1", "y-1"), "Input/output error"),
        ("var/secret", "Permission denied"),
    }
