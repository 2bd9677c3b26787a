"""One edge between two components: where several say different things of its scope, the strongest holds."""

from collections.abc import Iterable

from assay.model.inventory import Relation

_ORDER = ("runtime", "provided", "peer", "build", "", "optional", "test", "dev")
"""Strongest first; an edge of unknown scope may be any, so it is weakened by nothing that can be left out."""
_RANK = {scope: rank for rank, scope in enumerate(_ORDER)}


def one_each(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    """Sorted, one for each source, kind and target; order-free and idempotent."""
    found: dict[tuple[str, str, str], Relation] = {}
    for relation in relations:
        ends = (relation.source, relation.kind, relation.target)
        known = found.get(ends)
        if known is None or _strength(relation) < _strength(known):
            found[ends] = relation
    return tuple(sorted(found.values()))


def strongest(scopes: Iterable[str]) -> str:
    """The scope that holds where one thing is needed for several; "" for none.

    >>> strongest(["dev", "build"]), strongest([])
    ('build', '')
    """
    return min(scopes, key=lambda scope: (_RANK.get(scope, len(_ORDER)), scope), default="")


def _strength(relation: Relation) -> tuple[int, str]:
    return _RANK.get(relation.scope, len(_ORDER)), relation.scope
