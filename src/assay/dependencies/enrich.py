"""What another SBOM knows of the same packages: licences, digests and suppliers a component lacks, with who said so.

Only gaps are filled, nothing is overruled, and no component is added: whether a package is there is for the one who
looked. Another's licence is a conclusion (`weak`, method `sbom`), never a declaration. Each fact taken over is named in
a property `enriched:FACT` = the document. Where the other document speaks of one package twice and differently, nobody
can tell which is meant, and nothing is taken.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

import msgspec

from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.inventory import Component, Inventory

T = TypeVar("T", bound=Hashable)
_PROPERTY = "enriched:"
_Identity = tuple[str, str, str, str]


class Enriched(msgspec.Struct, frozen=True, kw_only=True):
    """The result, and how many components got which fact: `hashes`, `licence`, `supplier`."""

    inventory: Inventory
    counts: tuple[tuple[str, int], ...]


def enrich(inventory: Inventory, other: Inventory, by: str) -> Enriched:
    """Fill what components lack from another inventory; doing it twice changes nothing more.

    Args:
        inventory: whose components stay.
        other: what another document says.
        by: the other document's name, for the properties.
    """
    known = _by_identity(other.components)
    counts = {"hashes": 0, "licence": 0, "supplier": 0}
    components = tuple(_filled(one, _counterparts(one, known), by, counts) for one in inventory.components)
    return Enriched(
        inventory=msgspec.structs.replace(inventory, components=components),
        counts=tuple((name, count) for name, count in counts.items() if count),
    )


def _by_identity(components: Iterable[Component]) -> dict[_Identity, list[Component]]:
    found: dict[_Identity, list[Component]] = {}
    for component in components:
        identity = _identity(component)
        if identity is not None and component.removed_by is None:
            found.setdefault(identity[0], []).append(component)
    return found


def _identity(component: Component) -> tuple[_Identity, str] | None:
    """Type, namespace, name and version of the package URL, and the architecture it names."""
    try:
        purl = purls.parse(component.purl)
    except MalformedError:
        return None
    if not purl.version:
        return None
    return (purl.type, purl.namespace or "", purl.name, purl.version), dict(purl.qualifiers).get("arch", "")


def _counterparts(component: Component, known: Mapping[_Identity, list[Component]]) -> list[Component]:
    """The other side's components of the same package; an architecture both name must be the same."""
    identity = _identity(component)
    if identity is None:
        return []
    key, architecture = identity
    found = []
    for one in known.get(key, ()):
        other = _identity(one)
        if other is not None and (not architecture or not other[1] or architecture == other[1]):
            found.append(one)
    return found


def _filled(component: Component, others: list[Component], by: str, counts: dict[str, int]) -> Component:
    if not others:
        return component
    taken: list[str] = []
    hashes = None if component.hashes else _agreed(others, lambda one: one.hashes)
    if hashes:
        component = msgspec.structs.replace(component, hashes=hashes)
        taken.append("hashes")
    expression = "" if component.licence.effective else _agreed(others, lambda one: one.licence.effective)
    if expression:
        licence = msgspec.structs.replace(
            component.licence, concluded=expression, confidence="weak", method="sbom", evidence=""
        )
        component = msgspec.structs.replace(component, licence=licence)
        taken.append("licence")
    supplier = "" if component.supplier else _agreed(others, lambda one: one.supplier)
    if supplier:
        component = msgspec.structs.replace(component, supplier=supplier)
        taken.append("supplier")
    for name in taken:
        counts[name] += 1
    facts = {*component.properties, *((_PROPERTY + name, by) for name in taken)}
    return msgspec.structs.replace(component, properties=tuple(sorted(facts))) if taken else component


def _agreed(others: Iterable[Component], ask: Callable[[Component], T]) -> T | None:
    """The one answer of all that have any; None where they differ or have none."""
    answers = {answer for one in others if (answer := ask(one))}
    return answers.pop() if len(answers) == 1 else None
