"""Several inventories as one (dep. 3.6): idempotent, free of order, associative; every root keeps its edges.

An inventory is first *lifted*: its subject becomes a component of its own (the root) that `contains` each of its
components; layer numbers, which mean nothing outside their image, become properties that name the root. Lifted
inventories are joined component by component: the same purl with the same digests, fate and owner is one component.
Every rule of the join is a union or a choice by a fixed order, and a merged inventory is lifted already; hence the laws

    merge(a, a) == merge(a)    merge(a, b) == merge(b, a)    merge(merge(a, b), c) == merge(a, merge(b, c))
"""

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec

from assay.formats.edges import one_each
from assay.model.image import Layer, Subject
from assay.model.inventory import Component, Distro, Gap, Inventory, Licence, Occurrence, Relation, SourcePackage
from assay.model.lock import LockState

T = TypeVar("T")

FORM = ("merge:form", "1")
"""The property that tells a merged inventory."""
ROOT = "merge:root"
_NAME = "merged"
_PART = "merge:"
_BY = "merge"


def merge(inventories: Sequence[Inventory]) -> Inventory:
    """All inventories as one.

    The distribution is kept where all roots agree on it; else packages are judged by what their purls say.
    """
    lifted = [lift(inventory) for inventory in inventories]
    components: dict[str, Component] = {}
    for inventory in lifted:
        for component in inventory.components:
            # Joined with itself even when alone: a document that only claims to be merged is then in the same form.
            components[component.key] = _join(components.get(component.key, component), component)
    joined = tuple(components[key] for key in sorted(components))
    return Inventory(
        subject=Subject(name=_NAME, kind="sbom"),
        distro=_distro(joined),
        components=joined,
        relations=one_each(relation for inventory in lifted for relation in inventory.relations),
        gaps=tuple(sorted({gap for inventory in lifted for gap in inventory.gaps}, key=_gap_order)),
        created=max((inventory.created for inventory in lifted), default=""),
        properties=(FORM,),
        locks=tuple(sorted({lock for inventory in lifted for lock in inventory.locks}, key=_lock_order)),
    )


def is_merged(inventory: Inventory) -> bool:
    """Whether an inventory is the result of a merge."""
    return FORM in inventory.properties


def roots(inventory: Inventory) -> tuple[Component, ...]:
    """The roots of a merged inventory: one component a subject."""
    return tuple(c for c in inventory.components if any(name == ROOT for name, _ in c.properties))


def lift(inventory: Inventory) -> Inventory:
    """An inventory in the form that can be joined; a merged one is in it already."""
    if is_merged(inventory):
        return inventory
    root = _root(inventory)
    originals = {c.key: c for c in inventory.components}
    keys = {key: _key(c, originals) for key, c in originals.items()}
    components: dict[str, Component] = {root.key: root}
    for component in inventory.components:
        lifted = _component(component, keys, root)
        known = components.get(lifted.key)
        components[lifted.key] = lifted if known is None else _join(known, lifted)

    def end(key: str) -> str:
        return keys.get(key) or f"{root.key} {key}"

    relations = {Relation(end(r.source), r.kind, end(r.target), r.scope) for r in inventory.relations}
    relations |= {Relation(root.key, "contains", key) for key in components if key != root.key}
    return Inventory(
        subject=inventory.subject,
        components=tuple(components.values()),
        relations=tuple(relations),
        gaps=tuple(_gap(gap, inventory.subject.name) for gap in inventory.gaps),
        created=inventory.created,
        properties=(FORM,),
        locks=tuple(_lock(lock, inventory.subject.name) for lock in inventory.locks),
    )


def _root(inventory: Inventory) -> Component:
    """The subject as a component: its facts, its distribution, its config and its layers as properties."""
    subject = inventory.subject
    facts = [
        (ROOT, "true"),
        ("merge:kind", subject.kind),
        ("merge:index", str(subject.index or "")),
        ("merge:platform", str(subject.platform or "")),
        ("merge:media-type", subject.media_type),
        ("merge:created", inventory.created),
        ("merge:distro", json.dumps(msgspec.to_builtins(inventory.distro), sort_keys=True)),
        *((_PART + name, value) for name, value in inventory.properties),
        *((f"merge:layer:{layer.index}", _layer(layer)) for layer in inventory.layers),
    ]
    return Component(
        key=_root_key(inventory, facts),
        purl="",
        ecosystem="",
        name=subject.name,
        version=str(subject.digest or ""),
        licence=Licence(reason="the subject of a merged SBOM"),
        cataloguer=_BY,
        hashes=(str(subject.digest),) if subject.digest is not None else (),
        properties=tuple(sorted({fact for fact in facts if fact[1]})),
    )


def _root_key(inventory: Inventory, facts: list[tuple[str, str]]) -> str:
    """A digest says which subject it is; without one, only the same name with the same content is the same root."""
    subject = inventory.subject
    if subject.digest is not None:
        return f"root:{subject.digest}"
    content = [msgspec.to_builtins(c) for c in sorted(inventory.components, key=lambda c: c.key)]
    return f"root:{subject.name}#{_hash([sorted(facts), content])}"


def _layer(layer: Layer) -> str:
    return f"{layer.diff_id or layer.digest or ''} {layer.created_by}".strip()


def _component(component: Component, keys: dict[str, str], root: Component) -> Component:
    """With its new key, without layer numbers: those become properties that name the root they belong to."""
    layers = (("introduced", component.introduced), ("removed-by", component.removed_by))
    facts = {(f"{_PART}{root.key}:{name}", str(layer)) for name, layer in layers if layer is not None}
    owner = component.owner and (keys.get(component.owner) or f"{root.key} {component.owner}")
    return msgspec.structs.replace(
        component,
        key=keys[component.key],
        occurrences=tuple(sorted({_place(one) for one in component.occurrences}, key=_place_order)),
        introduced=None,
        removed_by=None if component.removed_by is None else 0,
        owner=owner,
        hashes=tuple(sorted(set(component.hashes))),
        properties=tuple(sorted({*component.properties, *facts})),
    )


def _place(occurrence: Occurrence) -> Occurrence:
    return msgspec.structs.replace(occurrence, layer=None)


def _place_order(occurrence: Occurrence) -> tuple[str, int, str, str]:
    return occurrence.path, -1 if occurrence.layer is None else occurrence.layer, occurrence.kind, occurrence.confidence


def _key(component: Component, others: dict[str, Component]) -> str:
    """The same for the same purl, digests, fate and owner.

    The plain purl where there is nothing else to tell; else with a hash behind `#`, so that no purl can be mistaken
    for another's key. Without a purl nobody knows what else is the same: the component's own key tells it apart.
    """
    owner = others.get(component.owner)
    owned = (owner.purl or owner.key, sorted(set(owner.hashes))) if owner else component.owner
    rest = [sorted(set(component.hashes)), component.removed_by is not None, owned]
    if component.purl and rest == [[], False, ""] and "#" not in component.purl:
        return component.purl
    name = component.purl or f"{component.name}@{component.version}"
    if not component.purl:
        rest += [component.key, component.ecosystem, component.name, component.version]
    return f"{name}#{_hash([component.purl, *rest])}"


def _join(a: Component, b: Component) -> Component:
    """Two views of one component: collections united; of single facts the one that says more, else the smaller."""
    return Component(
        key=a.key,
        purl=_choose(a.purl, b.purl),
        ecosystem=_choose(a.ecosystem, b.ecosystem),
        name=_choose(a.name, b.name),
        version=_choose(a.version, b.version),
        source=_better(a.source, b.source, _source_order),
        architecture=_choose(a.architecture, b.architecture),
        licence=_better(a.licence, b.licence, _licence_order),
        maintainer=_choose(a.maintainer, b.maintainer),
        supplier=_choose(a.supplier, b.supplier),
        cataloguer=_choose(a.cataloguer, b.cataloguer),
        occurrences=tuple(sorted({*a.occurrences, *b.occurrences}, key=_place_order)),
        removed_by=min(a.removed_by, b.removed_by, key=lambda layer: -1 if layer is None else layer),
        owner=_choose(a.owner, b.owner),
        hashes=tuple(sorted({*a.hashes, *b.hashes})),
        properties=tuple(sorted({*a.properties, *b.properties})),
    )


def _choose(a: str, b: str) -> str:
    return min(a, b, key=lambda text: (not text, text))


def _better(a: T, b: T, order: Callable[[T], tuple[object, ...]]) -> T:
    return a if order(a) <= order(b) else b


def _source_order(source: SourcePackage | None) -> tuple[bool, str, str]:
    return (False, source.name, source.version) if source is not None else (True, "", "")


def _licence_order(licence: Licence) -> tuple[bool, ...]:
    """One that declares an expression before one that only concludes it; then any fixed order."""
    said = (not licence.expression, not licence.concluded, not licence.declared, licence.confidence != "strong")
    return *said, *msgspec.structs.astuple(licence)


def _gap(gap: Gap, name: str) -> Gap:
    where = name if gap.layer is None else f"layer {gap.layer} of {name}"
    return Gap(gap.kind, gap.path, None, f"{gap.reason} (in {where})", gap.by)


def _gap_order(gap: Gap) -> tuple[str, str, int, str, str]:
    return gap.kind, gap.path, -1 if gap.layer is None else gap.layer, gap.reason, gap.by


def _lock(lock: LockState, name: str) -> LockState:
    """Its paths name the root they lie in."""
    paths = {field: f"{name}:{path}" for field in ("manifest", "lock", "installed") if (path := getattr(lock, field))}
    return msgspec.structs.replace(lock, **paths)


def _lock_order(lock: LockState) -> tuple[str, str, str, str]:
    return lock.manifest, lock.lock, lock.ecosystem, repr(lock)


def _distro(components: Iterable[Component]) -> Distro | None:
    """The distribution all roots name alike."""
    found = {value for c in components if c.cataloguer == _BY for name, value in c.properties if name == "merge:distro"}
    if len(found) != 1:
        return None
    try:
        return msgspec.convert(json.loads(found.pop()), Distro | None)
    except (ValueError, RecursionError):  # a document only claims to be merged: then nothing is known
        return None


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=12).hexdigest()
