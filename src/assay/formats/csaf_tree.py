"""The product tree of a CSAF document (2.0 and 2.1, §3.2.2): every product with its path, and what is part of what.

A product is named in a branch, in the plain list of full names, or by a relationship ("curl as a component of
AppStream"). A relationship may refer to another one (a package of a module of a release); chains that loop, run deep
or fan out are refused, as is a tree of too many products.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One full product name."""

    id: str
    name: str
    purls: tuple[str, ...] = ()
    """Package URLs of its identification helper (2.0 allows one, 2.1 several)."""
    cpe: str = ""
    trail: tuple[tuple[str, str], ...] = ()
    """(category, name) of the branches from the root down to it; empty outside of branches."""

    def branch(self, category: str) -> str:
        """The name of the innermost branch of this category (`product_version`, `architecture`, …), or empty."""
        return next((name for kind, name in reversed(self.trail) if kind == category), "")


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    """`product` is combined with `platform` (its `relates_to_product_reference`), and the whole is called `id`."""

    id: str
    name: str
    category: str
    product: str
    platform: str


class ProductTree:
    """What a document calls its products.

    `products` holds every named product, those of relationships too; `relationships` is keyed by the id it defines;
    `groups` are lists of product ids; `twice` are ids defined more than once (the first definition is kept).
    """

    def __init__(
        self,
        products: Mapping[str, Product],
        relationships: Mapping[str, Relationship],
        groups: Mapping[str, tuple[str, ...]],
        twice: tuple[str, ...],
        limits: Limits,
    ) -> None:
        self.products, self.relationships, self.groups, self.twice = products, relationships, groups, twice
        self._limits = limits
        self._known: dict[str, tuple[Product, ...]] = {}
        self._told = 0

    def parts(self, identifier: str) -> tuple[Product, ...]:
        """What an id stands for: the component first, then what it is part of, the outermost platform last.

        A product that is no relationship stands for itself alone.

        Raises:
            MalformedError: an id that nothing defines; relationships that loop, or are too deep or too many.
        """
        return self._parts(identifier, ())

    def members(self, identifiers: tuple[str, ...], groups: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Ids and the ids of these groups, once each, as listed.

        Raises:
            MalformedError: an unknown group; groups named so often that the whole document stands for too many ids.
        """
        found = dict.fromkeys(identifiers)
        for group in groups:
            if group not in self.groups:
                raise _bad("", f"product group {group[:100]!r} is not defined")
            self._told += len(self.groups[group])
            if self._told > self._limits.csaf_members_count:
                raise _bad("", f"groups that stand for more than {self._limits.csaf_members_count} products in all")
            found.update(dict.fromkeys(self.groups[group]))
        return tuple(found)

    def _parts(self, identifier: str, above: tuple[str, ...]) -> tuple[Product, ...]:
        known = self._known.get(identifier)
        if known is not None:
            return known
        relationship = self.relationships.get(identifier)
        if relationship is None:
            product = self.products.get(identifier)
            if product is None:
                raise _bad("", f"product {identifier[:200]!r} is not defined")
            return (product,)
        if identifier in above:
            raise _bad("", f"relationships of product {identifier[:200]!r} loop")
        if len(above) >= self._limits.csaf_relationship_depth_count:
            raise _bad("", f"relationships nested deeper than {self._limits.csaf_relationship_depth_count}")
        inner = (*above, identifier)
        found = (*self._parts(relationship.product, inner), *self._parts(relationship.platform, inner))
        if len(found) > self._limits.csaf_parts_count:
            raise _bad("", f"product {identifier[:200]!r} is made of more than {self._limits.csaf_parts_count} parts")
        self._known[identifier] = found
        return found


class _Helper(msgspec.Struct):
    cpe: str = ""
    purl: str = ""
    purls: list[str] = []


class _Name(msgspec.Struct):
    name: str
    product_id: str
    product_identification_helper: _Helper | None = None


class _Branch(msgspec.Struct):
    category: str
    name: str
    product: _Name | None = None
    branches: "list[_Branch]" = []


class _Relationship(msgspec.Struct):
    category: str
    full_product_name: _Name
    product_reference: str
    relates_to_product_reference: str


class _Group(msgspec.Struct):
    group_id: str
    product_ids: list[str]


class _Tree(msgspec.Struct):
    branches: list[_Branch] = []
    full_product_names: list[_Name] = []
    relationships: list[_Relationship] = []
    product_groups: list[_Group] = []


class _Document(msgspec.Struct):
    product_tree: _Tree | None = None


_decode = msgspec.json.Decoder(_Document).decode


def products(document: bytes | Mapping[str, Any], *, where: str = "", limits: Limits = DEFAULT_LIMITS) -> ProductTree:
    """The tree of a whole CSAF document, given as bytes or decoded; one without a tree has no products.

    Raises:
        MalformedError: not the schema's shape, branches nested too deep, or too many products.
    """
    try:
        read = _decode(document) if isinstance(document, bytes) else msgspec.convert(document, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _bad(where, str(error)) from error
    except RecursionError as error:
        raise _bad(where, "branches nested too deep") from error
    return _Gathering(where, limits).of(read.product_tree or _Tree())


class _Gathering:
    """Names found so far in one tree."""

    def __init__(self, where: str, limits: Limits) -> None:
        self._where, self._limits = where, limits
        self._products: dict[str, Product] = {}
        self._twice: dict[str, None] = {}

    def of(self, tree: _Tree) -> ProductTree:
        self._branches(tree.branches)
        for name in tree.full_product_names:
            self._name(name, ())
        relationships: dict[str, Relationship] = {}
        for item in tree.relationships:
            whole = item.full_product_name
            if self._name(whole, ()):
                relationships[whole.product_id] = Relationship(
                    id=whole.product_id, name=whole.name, category=item.category, product=item.product_reference,
                    platform=item.relates_to_product_reference,
                )  # fmt: skip
        groups = {group.group_id: tuple(group.product_ids) for group in tree.product_groups}
        return ProductTree(self._products, relationships, groups, tuple(self._twice), self._limits)

    def _branches(self, roots: list[_Branch]) -> None:
        """Down every branch, with a list instead of recursion."""
        waiting: list[tuple[_Branch, tuple[tuple[str, str], ...]]] = [(root, ()) for root in reversed(roots)]
        while waiting:
            branch, above = waiting.pop()
            trail = (*above, (branch.category, branch.name))
            if len(trail) > self._limits.csaf_branch_depth_count:
                raise _bad(self._where, f"branches nested deeper than {self._limits.csaf_branch_depth_count}")
            if branch.product is not None:
                self._name(branch.product, trail)
            waiting += [(inner, trail) for inner in reversed(branch.branches)]

    def _name(self, name: _Name, trail: tuple[tuple[str, str], ...]) -> bool:
        """Keep a full product name; False when its id is known already."""
        if name.product_id in self._products:
            self._twice[name.product_id] = None
            return False
        if len(self._products) >= self._limits.csaf_products_count:
            raise _bad(self._where, f"more than {self._limits.csaf_products_count} products")
        helper = name.product_identification_helper or _Helper()
        self._products[name.product_id] = Product(
            id=name.product_id, name=name.name, cpe=helper.cpe, trail=trail,
            purls=(*((helper.purl,) if helper.purl else ()), *helper.purls),
        )  # fmt: skip
        return True


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a CSAF product tree", where=where, why=why, remedy="report it to the publisher")
