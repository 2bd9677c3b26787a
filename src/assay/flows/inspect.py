"""Everything attached to an image, as a tree: what it claims, and what of it verifies by whom one trusts."""

from collections.abc import Iterator, Sequence

import msgspec

from assay.flows.attached import Item, Place, Wanted, attached, in_index
from assay.flows.verify import judge
from assay.formats import predicates
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.trust.examine import Row
from assay.trust.expect import Expected

DEPTH_COUNT = 3
"""What is attached to what is attached: a signature of an SBOM is two steps from the image."""
_STATEMENTS = frozenset({"bundle", "signature", "envelope", "statement"})


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One attached thing."""

    item: Item
    row: Row | None = None
    """What became of it; None where nobody was asked whom to trust, or it is no statement."""
    branches: tuple["Branch", ...] = ()
    """What is attached to it in turn."""


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """One subject and what is attached to it."""

    subject: Subject
    branches: tuple[Branch, ...] = ()
    others_count: int = 0
    """Things of other predicate types than those asked for: there, and not among the branches."""
    error: AssayError | None = None
    """Why the list is not complete: then what is missing is unknown, not absent."""


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """By whom and when things are judged."""

    roots: TrustedRoot | None
    expected: Expected
    now: str


def inspect(
    place: Place,
    subjects: Sequence[Subject],
    by: Judge | None,
    *,
    types: frozenset[str] = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Tree, ...]:
    """List what is attached to each subject. A list that cannot be read is a tree with its error.

    Args:
        place: repository or layout, with its tags.
        subjects: an index, its platforms, or one image.
        by: whom to trust; None judges nothing.
        types: predicate types by their canonical names; empty lists all. What cannot be read is listed all the same.
        limits: bounds on what is read.
    """
    return tuple(_only(_tree(place, subject, by, limits), types) for subject in subjects)


def walk(branches: Sequence[Branch]) -> Iterator[Branch]:
    """Every branch of a tree, each before what is attached to it."""
    for branch in branches:
        yield branch
        yield from walk(branch.branches)


def _only(tree: Tree, types: frozenset[str]) -> Tree:
    if not types:
        return tree
    kept = tuple(branch for branch in tree.branches if any(_is_of(one, types) for one in walk([branch])))
    return msgspec.structs.replace(tree, branches=kept, others_count=len(tree.branches) - len(kept))


def _is_of(branch: Branch, types: frozenset[str]) -> bool:
    said = {branch.item.predicate_type, branch.row.predicate_type if branch.row is not None else ""} - {""}
    return branch.item.error is not None or not types.isdisjoint(map(predicates.canonical_type, said))


def _tree(place: Place, subject: Subject, by: Judge | None, limits: Limits) -> Tree:
    if subject.digest is None:
        return Tree(subject=subject)
    found: list[Branch] = []
    try:
        for item in attached(place, subject.digest, Wanted(manifests=True), limits):
            found.append(_branch(place, item, subject.digest, by, limits, 1))
        if subject.index is not None and subject.index != subject.digest:
            for item in in_index(place.store, subject.index, subject.digest, Wanted(), limits):
                found.append(_branch(place, item, subject.digest, by, limits, 1))
    except AssayError as error:
        return Tree(subject=subject, branches=tuple(found), error=error)
    return Tree(subject=subject, branches=tuple(found))


def _branch(place: Place, item: Item, subject: Digest, by: Judge | None, limits: Limits, depth: int) -> Branch:
    row = None
    if by is not None and item.form in _STATEMENTS:
        row = judge(item, place.store, subject, by.roots, by.expected, by.now, limits)
    inner: tuple[Branch, ...] = ()
    if depth < DEPTH_COUNT and item.found != "tag" and item.form != "bundle" and item.carrier is not None:
        beneath = Place(place.store)
        try:
            inner = tuple(
                _branch(beneath, found, item.carrier, by, limits, depth + 1)
                for found in attached(beneath, item.carrier, Wanted(manifests=True), limits)
            )
        except AssayError as error:
            item = item if item.error is not None else msgspec.structs.replace(item, error=error)
    return Branch(item=item, row=row, branches=inner)
