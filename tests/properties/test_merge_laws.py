"""The laws of merging: idempotent, free of order, associative; roots keep their edges; a merged SBOM is an SBOM."""

import msgspec
from hypothesis import HealthCheck, given, settings

from assay.dependencies.merge import FORM, is_merged, merge, roots
from assay.formats import cyclonedx, spdx
from assay.model.digest import Digest
from assay.model.image import Subject
from assay.model.inventory import Component, Distro, Inventory, Licence, Relation
from inventories import TIME, TOOL, full, inventories

LAWS = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@LAWS
@given(inventories())
def test_idempotent(a: Inventory) -> None:
    once = merge([a])
    assert merge([a, a]) == once
    assert merge([once]) == once
    assert merge([once, a]) == once


@LAWS
@given(inventories(), inventories())
def test_free_of_order(a: Inventory, b: Inventory) -> None:
    assert merge([a, b]) == merge([b, a])


@LAWS
@given(inventories(), inventories(), inventories())
def test_associative(a: Inventory, b: Inventory, c: Inventory) -> None:
    whole = merge([a, b, c])
    assert merge([merge([a, b]), c]) == whole
    assert merge([a, merge([b, c])]) == whole


@LAWS
@given(inventories(), inventories())
def test_the_laws_hold_for_documents_that_only_claim_to_be_merged(a: Inventory, b: Inventory) -> None:
    a, b = (msgspec.structs.replace(i, properties=(FORM,)) for i in (a, b))
    assert merge([a, b]) == merge([b, a])
    assert merge([a, a]) == merge([a])


@LAWS
@given(inventories(), inventories())
def test_nothing_is_lost_on_the_way_through_a_document(a: Inventory, b: Inventory) -> None:
    merged = merge([a, b])
    for form in (cyclonedx, spdx):
        data = form.write(merged, tool=TOOL, timestamp=TIME)
        assert merge([form.read(data, "x"), a]) == merged


def package(name: str, *hashes: str, **more: object) -> Component:
    return Component(
        key=f"{name}-ref", purl=f"pkg:npm/{name}@1", ecosystem="npm", name=name, version="1", hashes=hashes,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def stock(name: str, *components: Component, **more: object) -> Inventory:
    digest = Digest.of(name.encode())
    return Inventory(subject=Subject(name=name, digest=digest), components=components, **more)  # type: ignore[arg-type]


def test_same_purl_and_digest_join_and_say_the_most() -> None:
    a = stock("a", package("x", "sha256:aa"), package("y"))
    other = msgspec.structs.replace(package("x", "sha256:bb"), key="other")
    b = stock("b", package("x", "sha256:aa", licence=Licence(expression="MIT"), introduced=3), other)
    merged = merge([a, b])
    found = [c for c in merged.components if c.name == "x"]
    assert sorted(c.hashes for c in found) == [("sha256:aa",), ("sha256:bb",)]
    one = next(c for c in found if c.hashes == ("sha256:aa",))
    assert one.licence.expression == "MIT"
    assert one.introduced is None
    assert any(value == "3" and name.endswith(":introduced") for name, value in one.properties)


def test_each_root_keeps_its_edges() -> None:
    edge = Relation("x-ref", "depends_on", "y-ref")
    a = stock("a", package("x"), package("y"), relations=(edge,))
    b = stock("b", package("y"), package("z"), relations=(Relation("y-ref", "depends_on", "z-ref"),))
    merged = merge([a, b])
    first, second = sorted(roots(merged), key=lambda c: c.name)
    held = {(r.source, r.target.partition("@")[0]) for r in merged.relations if r.kind == "contains"}
    assert held == {
        (first.key, "pkg:npm/x"), (first.key, "pkg:npm/y"), (second.key, "pkg:npm/y"), (second.key, "pkg:npm/z"),
    }  # fmt: skip
    needs = {(r.source, r.target) for r in merged.relations if r.kind == "depends_on"}
    assert needs == {("pkg:npm/x@1", "pkg:npm/y@1"), ("pkg:npm/y@1", "pkg:npm/z@1")}


def test_an_edge_into_nowhere_does_not_land_in_another_document() -> None:
    a = stock("a", package("x"), relations=(Relation("x-ref", "depends_on", "pkg:npm/z@1"),))
    merged = merge([a, stock("b", package("z"))])
    assert all(r.target != "pkg:npm/z@1" for r in merged.relations if r.kind == "depends_on")


def test_removed_owned_and_visible_copies_stay_apart() -> None:
    owner = Component(key="o", purl="pkg:deb/debian/o@1", ecosystem="deb", name="o", version="1")
    a = stock("a", package("x"), owner)
    b = stock("b", package("x", owner="o"), owner)
    c = stock("c", package("x", removed_by=2))
    found = [c for c in merge([a, b, c]).components if c.name == "x"]
    assert len(found) == 3
    assert [c.owner for c in found if c.owner] == ["pkg:deb/debian/o@1"]


def test_components_without_purl_are_never_thought_the_same() -> None:
    bare = [Component(key=k, purl="", ecosystem="", name="x", version="") for k in "ab"]
    assert sum(c.name == "x" for c in merge([stock("a", *bare)]).components) == 2


def test_the_distribution_stays_where_all_agree() -> None:
    debian, alpine = Distro(id="debian", version_id="12"), Distro(id="alpine", version_id="3.20")
    assert merge([stock("a", distro=debian), stock("b", distro=debian)]).distro == debian
    assert merge([stock("a", distro=debian), stock("b", distro=alpine)]).distro is None
    assert merge([stock("a", distro=debian), stock("b")]).distro is None


def test_one_subject_in_two_documents_is_one_root() -> None:
    assert len(roots(merge([stock("a", package("x")), stock("a", package("y"))]))) == 1
    assert is_merged(merge([full()]))
