"""A scan's one pass takes functions out of programs, and neither the inventory nor the layer cache tells the difference."""

from pathlib import Path

import msgspec
import pytest

from assay.adapters.layercache import FolderLayerCache
from assay.adapters.layout import LayoutSource
from assay.artifact.image import resolve
from assay.artifact.reference import Target
from assay.dependencies.catalogers import TABLE
from assay.flows.catalogue import Bench, catalogue_image
from assay.flows.functions import Shelf
from assay.flows.programs import read_again
from assay.model.errors import UntrustedError
from assay.model.image import Image
from assay.model.limits import DEFAULT_LIMITS
from dependencies.gotables import go_program
from fakes.layouts import layout, metadata
from flows.test_catalogue import OneByOne, Silent

APP, OTHER = (go_program([f"example.test/lib.{name}"], modules=["example.test/lib"]) for name in ("F", "G"))
PLACES = [(0, "opt/bin/app"), (1, "opt/bin/app"), (1, "opt/bin/none")]


@pytest.fixture
def source(tmp_path: Path) -> LayoutSource:
    image = tmp_path / "image"
    layout(image, [{"opt/bin/app": APP}, {"opt/bin/app": OTHER, "opt/x-1.dist-info/METADATA": metadata("x", "1")}])
    return LayoutSource(Target(scheme="oci-dir", location=str(image)))


def bench(folder: Path | None, shelf: Shelf | None = None) -> Bench:
    cache = FolderLayerCache(folder, DEFAULT_LIMITS) if folder is not None else None
    return Bench(
        table=TABLE, workers=OneByOne(), cache=cache, limits=DEFAULT_LIMITS, strict=False, progress=Silent(),
        shelf=shelf,
    )  # fmt: skip


def names(shelf: Shelf, image: Image) -> dict[tuple[int | None, str], bytes]:
    return {place: program.names for place, program in shelf.at(image.layers, PLACES).items()}


def test_one_pass_finds_what_a_second_one_finds(source: LayoutSource, tmp_path: Path) -> None:
    (image,) = resolve(source)
    once, again = Shelf(), Shelf()
    found = catalogue_image(image, source, bench(tmp_path / "a", once))
    assert found == catalogue_image(image, source, bench(tmp_path / "b"))
    read_again(image, source, image.layers, again, bench(None))
    assert set(names(once, image)) == set(PLACES[:2])
    assert names(once, image) == names(again, image)
    assert names(once, image)[PLACES[0]] != names(once, image)[PLACES[1]]


def test_layers_are_kept_under_the_same_key_with_the_same_bytes(source: LayoutSource, tmp_path: Path) -> None:
    (image,) = resolve(source)
    catalogue_image(image, source, bench(tmp_path / "a", Shelf()))
    catalogue_image(image, source, bench(tmp_path / "b"))
    with_programs, without = ({f.name: f.read_bytes() for f in (tmp_path / n / "layers").iterdir()} for n in "ab")
    assert without.items() < with_programs.items()
    assert len(with_programs) == len(without) + len(image.layers)


@pytest.mark.parametrize("first", [Shelf(), None])
def test_what_was_met_once_is_remembered(source: LayoutSource, tmp_path: Path, first: Shelf | None) -> None:
    (image,) = resolve(source)
    one = bench(tmp_path / "a", first)
    catalogue_image(image, source, one)
    if first is None:
        read_again(image, source, image.layers, Shelf(), one)
    assert one.cache is not None
    shelf = Shelf()
    shelf.fetch(image.layers, one.cache)
    assert set(names(shelf, image)) == set(PLACES[:2])
    other = msgspec.structs.replace(image.layers[0], diff_id=image.layers[1].diff_id)
    foreign = Shelf()
    foreign.fetch([other], one.cache)
    assert foreign.get(other) is None


def test_a_layer_that_changed_is_not_looked_into(source: LayoutSource, tmp_path: Path) -> None:
    (image,) = resolve(source)
    digest = image.layers[0].digest
    assert digest is not None
    blob = tmp_path / "image" / "blobs" / "sha256" / digest.hex
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    with pytest.raises(UntrustedError):
        read_again(image, source, image.layers, Shelf(), bench(None))
