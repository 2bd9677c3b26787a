"""Another SBOM fills gaps and says so; it overrules nothing, adds nothing, and is not believed where it is ambiguous."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from assay.dependencies.enrich import enrich
from assay.formats import sbom
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory, Licence
from command import assay
from inventories import inventories

SUM, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32


def part(purl: str, key: str = "k", **more: object) -> Component:
    return Component(key=key, purl=purl, ecosystem="npm", name="a", version="1", **more)  # type: ignore[arg-type]


def stock(*components: Component) -> Inventory:
    return Inventory(subject=Subject(name="x"), components=components)


BARE = part("pkg:npm/a@1", licence=Licence(reason="no licence in package.json"))
RICH = part("pkg:npm/a@1", licence=Licence(expression="MIT", declared=("MIT",)), hashes=(SUM,), supplier="S")


def test_gaps_are_filled_with_who_said_so() -> None:
    found = enrich(stock(BARE), stock(RICH), "b.json")
    (component,) = found.inventory.components
    assert (component.hashes, component.supplier) == ((SUM,), "S")
    assert component.licence == Licence(
        reason="no licence in package.json", concluded="MIT", confidence="weak", method="sbom"
    )
    assert component.properties == tuple((f"enriched:{word}", "b.json") for word in ("hashes", "licence", "supplier"))
    assert found.counts == (("hashes", 1), ("licence", 1), ("supplier", 1))


def test_nothing_is_overruled_and_nothing_is_added() -> None:
    full = part("pkg:npm/a@1", licence=Licence(concluded="ISC"), hashes=(OTHER,), supplier="T")
    found = enrich(stock(full), stock(RICH, part("pkg:npm/b@1", "l")), "b.json")
    assert found.inventory == stock(full)
    assert found.counts == ()


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ("pkg:npm/a@1", [msgspec.structs.replace(RICH, purl="pkg:npm/a@2")]),
        ("pkg:npm/a@1", [msgspec.structs.replace(RICH, purl="")]),
        ("pkg:npm/a@1", [msgspec.structs.replace(RICH, removed_by=1)]),
        ("pkg:deb/debian/a@1?arch=amd64", [msgspec.structs.replace(RICH, purl="pkg:deb/debian/a@1?arch=arm64")]),
        ("pkg:npm/a", [msgspec.structs.replace(RICH, purl="pkg:npm/a")]),
    ],
)
def test_another_package_says_nothing(own: str, others: list[Component]) -> None:
    mine = stock(msgspec.structs.replace(BARE, purl=own))
    assert enrich(mine, stock(*others), "b").inventory == mine


def test_qualifiers_of_one_side_alone_do_not_part_them() -> None:
    mine = msgspec.structs.replace(BARE, purl="pkg:deb/debian/a@1?arch=amd64&distro=debian-12")
    theirs = msgspec.structs.replace(RICH, purl="pkg:deb/debian/a@1")
    assert enrich(stock(mine), stock(theirs), "b").inventory.components[0].hashes == (SUM,)


def test_what_the_other_says_twice_and_differently_is_not_taken() -> None:
    twice = stock(RICH, msgspec.structs.replace(RICH, key="l", hashes=(OTHER,)))
    (component,) = enrich(stock(BARE), twice, "b").inventory.components
    assert component.hashes == ()
    assert (component.licence.concluded, component.supplier) == ("MIT", "S")


@given(inventories(), inventories())
@settings(max_examples=40, deadline=None)
def test_laws(a: Inventory, b: Inventory) -> None:
    once = enrich(a, b, "b").inventory
    assert enrich(once, b, "b").inventory == once
    assert [c.key for c in once.components] == [c.key for c in a.components]
    assert (once.relations, once.gaps) == (a.relations, a.gaps)
    assert enrich(a, a, "a").inventory.relations == a.relations


def test_convert_enriches(tmp_path: Path) -> None:
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
    bare = {"type": "library", "bom-ref": "x", "name": "a", "version": "1", "purl": "pkg:npm/a@1"}
    rich = bare | {"licenses": [{"license": {"id": "MIT"}}], "hashes": [{"alg": "SHA-256", "content": "ab" * 32}]}
    (tmp_path / "a.json").write_text(json.dumps(head | {"components": [bare]}))
    (tmp_path / "b.json").write_text(json.dumps(head | {"components": [rich]}))
    done = assay("convert", str(tmp_path / "a.json"), "--enrich", str(tmp_path / "b.json"), "-v", home=tmp_path)
    assert done.code == 0, done.err
    assert "from b.json: hashes of 1, licence of 1" in done.err
    (component,) = sbom.read(done.out, "x").components
    assert (component.hashes, component.licence.concluded) == ((SUM,), "MIT")
    assert ("enriched:licence", "b.json") in component.properties
    assert assay("convert", "-", "--enrich", "-", home=tmp_path).code == 2
