"""`compositions` of CycloneDX (since 1.3): how complete the parts and the dependencies are, as far as that is known.

Complete is said only where the records that were read hold every need of a package and nothing of their kind was left
unread; a gap makes it incomplete; all else is unknown. What is written follows from the inventory alone, so our own
documents are read without it; what another tool says becomes a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from assay.model.inventory import Component, Gap, Inventory

if TYPE_CHECKING:  # the shape of what is read costs 5 ms, and who writes needs none of it
    from assay.formats import cyclonedx_schema as schema

Aggregate = Literal["complete", "incomplete", "unknown"]
_ORDER: tuple[Aggregate, ...] = ("complete", "incomplete", "unknown")
_COSTLY = frozenset({"limit", "unreadable", "unsupported", "skipped"})
"""Kinds of gaps in which packages, or needs of packages, may lie; an unknown program is a missing part alone."""
_OF_ALL = frozenset({"assemble", "layer", "filesystem", "gaps", "sbom"})
"""Whose gaps may hide a package of any ecosystem."""
RECORDS_NEEDS = {
    **dict.fromkeys(("alpm", "apk", "composer", "conda", "dotnet", "dpkg", "erlang", "gem"), ""),
    **dict.fromkeys(("haskell", "npm", "r", "rpm", "rust"), ""),
    **dict.fromkeys(("cargo-lock", "composer-lock", "gem-lock", "mix-lock", "npm-lock", "pdm-lock"), ""),
    **dict.fromkeys(("pnpm-lock", "poetry-lock", "uv-lock", "yarn-lock"), ""),
    "pypi": ".dist-info/",
}
"""Cataloguers whose records name everything a package needs → what a place must hold for that ("" = any).

An egg's records may lack its needs; a Go program, a jar and a program recognised by its bytes record none.
"""


def write(inventory: Inventory, root: str) -> list[dict[str, Any]]:
    """The list for a document whose subject has the reference `root`; the same inventory gives the same list."""
    entries: list[dict[str, Any]] = [{"aggregate": _parts(inventory), "assemblies": [root]}]
    harmed = {gap.by for gap in inventory.gaps if gap.kind in _COSTLY}
    told: dict[Aggregate, list[str]] = {}
    for component in inventory.components:
        told.setdefault(_needs(component, harmed), []).append(component.key)
    entries += [{"aggregate": one, "dependencies": sorted(told[one])} for one in _ORDER if one in told]
    return entries


def _parts(inventory: Inventory) -> Aggregate:
    """Whether the list of components is all there is. What another tool listed, nobody here can vouch for."""
    if inventory.gaps:
        return "incomplete"
    return "complete" if all(c.cataloguer for c in inventory.components) else "unknown"


def _needs(component: Component, harmed: set[str]) -> Aggregate:
    """Whether the dependencies listed for a component are all it has."""
    place = RECORDS_NEEDS.get(component.cataloguer)
    if place is None or component.removed_by is not None:
        return "unknown"
    if place and not any(place in one.path for one in component.occurrences):
        return "unknown"
    return "incomplete" if component.cataloguer in harmed or not harmed.isdisjoint(_OF_ALL) else "complete"


def claimed_gaps(compositions: Iterable[schema.Composition]) -> list[Gap]:
    """What another tool's document admits to lack, at most one gap a kind of relation."""
    counts = {"assemblies": 0, "dependencies": 0}
    for entry in compositions:
        if entry.aggregate.startswith("incomplete"):
            counts["assemblies"] += len(entry.assemblies)
            counts["dependencies"] += len(entry.dependencies)
    words = {"assemblies": "parts", "dependencies": "dependencies"}
    return [
        Gap("skipped", "$.compositions", None, f"by its own word incomplete: the {words[name]} of {count}", "sbom")
        for name, count in counts.items()
        if count
    ]
