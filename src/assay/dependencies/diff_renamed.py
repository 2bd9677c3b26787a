"""Packages that go on under another name: what one side lost and the other gained are the same thing.

Said only on evidence both sides record: the distribution built both from one source package (`libssl3`, `libssl3t64`)
and lost and gained exactly one package of it, or both have a digest in common. A likeness of names is none.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from assay.model.difference import PackageChange
from assay.model.inventory import Component

Parts = Mapping[tuple[str, str, str], Component]
"""The components behind the changes, by ecosystem, name and version."""
_Mark = tuple[str, str, str]


def with_renamed(changes: Sequence[PackageChange], old: Parts, new: Parts) -> list[PackageChange]:
    """The changes, with each such pair of `removed` and `added` as one `renamed`."""
    gone = _by_mark([c for c in changes if c.kind == "removed"], old)
    come = _by_mark([c for c in changes if c.kind == "added"], new)
    taken: dict[int, PackageChange] = {}
    spent: set[int] = set()
    for mark in sorted(gone.keys() & come.keys()):
        if len(gone[mark]) != 1 or len(come[mark]) != 1:
            continue
        (before,), (after,) = gone[mark], come[mark]
        if id(before) not in spent and id(after) not in spent:
            spent |= {id(before), id(after)}
            taken[id(after)] = msgspec.structs.replace(
                after, kind="renamed", old=before.old, old_name=before.name, old_layer=before.old_layer
            )
    return [taken.get(id(change), change) for change in changes if id(change) in taken or id(change) not in spent]


def _by_mark(changes: Iterable[PackageChange], parts: Parts) -> dict[_Mark, list[PackageChange]]:
    found: dict[_Mark, list[PackageChange]] = {}
    for change in changes:
        component = parts.get((change.ecosystem, change.name, change.old or change.new))
        for mark in _marks(component) if component is not None else ():
            found.setdefault(mark, []).append(change)
    return found


def _marks(component: Component) -> set[_Mark]:
    """Digests before source packages, as they sort."""
    marks = {("digest", component.ecosystem, text) for text in component.hashes}
    if component.source is not None and component.source.name:
        marks.add(("source", component.ecosystem, component.source.name))
    return marks
