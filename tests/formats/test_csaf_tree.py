"""CSAF product trees: what is part of what; loops, depth and width refused."""

import json

import pytest

from assay.formats.csaf_tree import products
from assay.model.errors import MalformedError
from assay.model.limits import Limits


def _product(identifier: str, **helper: object) -> dict[str, object]:
    return {"name": identifier.upper(), "product_id": identifier, "product_identification_helper": helper}


def _branch(category: str, name: str, *inner: object, product: object = None) -> dict[str, object]:
    return {"category": category, "name": name} | ({"product": product} if product else {"branches": list(inner)})


def _relation(identifier: str, product: str, platform: str) -> dict[str, object]:
    return {
        "category": "default_component_of", "product_reference": product, "relates_to_product_reference": platform,
        "full_product_name": {"name": identifier, "product_id": identifier},
    }  # fmt: skip


def _document(*branches: object, relationships: tuple[object, ...] = (), **more: object) -> dict[str, object]:
    return {"product_tree": {"branches": list(branches), "relationships": list(relationships)} | more}


TREE = _document(
    _branch(
        "vendor",
        "V",
        _branch("product_name", "R9", product=_product("release", cpe="cpe:/a:v:r:9::appstream")),
        _branch("product_version", "mod:1", product=_product("module", purl="pkg:rpmmod/v/mod@1")),
        _branch(
            "architecture", "x86_64", _branch("product_version", "a-1", product=_product("a", purls=["pkg:rpm/v/a@1"]))
        ),
    ),
    relationships=(_relation("release:module", "module", "release"), _relation("whole", "a", "release:module")),
    full_product_names=[{"name": "Loose", "product_id": "loose"}],
    product_groups=[{"group_id": "g", "product_ids": ["a", "loose"]}],
)


@pytest.mark.parametrize("form", [lambda document: document, lambda document: json.dumps(document).encode()])
def test_a_relationship_stands_for_component_module_and_release(form):
    tree = products(form(TREE))
    assert [part.id for part in tree.parts("whole")] == ["a", "module", "release"]
    assert [part.id for part in tree.parts("release")] == ["release"]
    a, module, release = tree.parts("whole")
    assert (a.purls, module.purls, release.cpe) == (
        ("pkg:rpm/v/a@1",), ("pkg:rpmmod/v/mod@1",), "cpe:/a:v:r:9::appstream",
    )  # fmt: skip
    assert (a.branch("architecture"), a.branch("vendor"), release.branch("architecture")) == ("x86_64", "V", "")
    assert tree.products["loose"].trail == ()
    assert tree.members(("loose", "release"), ("g",)) == ("loose", "release", "a")


def test_an_id_defined_twice_is_named_and_the_first_kept():
    tree = products(_document(full_product_names=[{"name": n, "product_id": "x"} for n in ("one", "two")]))
    assert (tree.products["x"].name, tree.twice) == ("one", ("x",))


@pytest.mark.parametrize(
    ("relations", "why"),
    [
        ((_relation("r", "r", "r"),), "loop"),
        ((_relation("r", "s", "s"), _relation("s", "r", "r")), "loop"),
        ((_relation("r", "gone", "gone"),), "not defined"),
        (tuple(_relation(f"r{n}", f"r{n + 1}", f"r{n + 1}") for n in range(5_000)), "deeper than"),
    ],
    ids=["itself", "in-turn", "undefined", "deep"],
)
def test_relationships_that_never_end_are_refused(relations, why):
    tree = products(_document(relationships=relations))
    with pytest.raises(MalformedError, match=why):
        tree.parts(relations[0]["full_product_name"]["product_id"])


def test_relationships_that_double_are_refused():
    doubled = tuple(_relation(f"r{n}", f"r{n - 1}", f"r{n - 1}") for n in range(1, 8))
    tree = products(_document(relationships=doubled, full_product_names=[{"name": "r0", "product_id": "r0"}]))
    with pytest.raises(MalformedError, match="parts"):
        tree.parts("r7")


def _deep(levels: int) -> bytes:
    opened = b'{"category":"vendor","name":"v","branches":[' * levels
    return b'{"product_tree":{"branches":[' + opened + b"]}" * levels + b"]}}"


@pytest.mark.parametrize("levels", [30, 300, 20_000])
def test_deep_branches_are_refused(levels):
    with pytest.raises(MalformedError, match="nested"):
        products(_deep(levels))


def test_too_many_products_and_other_shapes_are_refused():
    many = [{"name": "x", "product_id": str(n)} for n in range(11)]
    with pytest.raises(MalformedError, match="more than 10 products"):
        products(_document(full_product_names=many), limits=Limits(csaf_products_count=10))
    for bad in (b"[]", b"{", b'{"product_tree":[]}', b'{"product_tree":{"branches":[{}]}}', b"\xff"):
        with pytest.raises(MalformedError):
            products(bad)
    with pytest.raises(MalformedError, match="group"):
        products({}).members((), ("none",))


def test_groups_named_again_and_again_are_bounded() -> None:
    tree = products(TREE, limits=Limits(csaf_members_count=10))
    with pytest.raises(MalformedError, match="more than 10"):
        tree.members((), ("g",) * 11)
