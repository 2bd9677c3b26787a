"""Findings on Python packages, with what the image's program imports: it sorts and explains, and never lowers one.

A package that no import leads to may still be loaded by ways nobody can see from outside, so even `not_imported` is no
proof that the flaw is out of reach: the status stays as it is, and no automatic statement follows from it.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from assay.dependencies.reasons import RUNGS
from assay.model.finding import Finding, Imported, Step
from assay.model.inventory import Component

_SOURCE = "sources of the program"
_METADATA = (".dist-info", ".egg-info")


class Arrival(msgspec.Struct, frozen=True):
    """How a distribution is reached."""

    chain: tuple[str, ...]
    """Modules, from the entry point to the distribution's own."""
    maybe: bool
    """Over an import that need not happen."""


class ImportGraph(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from one entry point."""

    start: str = ""
    """The command."""
    reason: str = ""
    """Why nothing is known; then all else is empty."""
    reached: Mapping[str, Arrival] = {}
    """By metadata directory."""
    known: tuple[str, ...] = ()
    """Metadata directories of distributions whose files are known, sorted."""
    doubts: tuple[str, ...] = ()
    """Why something else may be imported too; a few, in the order they were met."""
    files: int = 0
    """How many were followed."""


def is_asked(findings: Iterable[Finding], components: Iterable[Component]) -> bool:
    """Whether any finding concerns a Python package that is installed where a program can import it."""
    python = {c.key for c in components if _is_python(c)}
    return any(_is_open(finding) and finding.component in python for finding in findings)


def apply(
    findings: Sequence[Finding], components: Iterable[Component], graph: ImportGraph | None
) -> tuple[Finding, ...]:
    """The findings with what the graph says of their packages; None says nothing, and changes nothing."""
    if graph is None:
        return tuple(findings)
    python = {c.key: c for c in components if _is_python(c)}
    return tuple(
        _with(finding, _imported(python[finding.component], graph))
        if _is_open(finding) and finding.component in python
        else finding
        for finding in findings
    )


def carry(findings: Iterable[Finding], before: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of a report that was matched again, with what earlier findings said of the same packages' imports."""
    known = {one.component: one.imported for one in before if one.imported is not None}
    return tuple(
        _with(finding, found) if _is_open(finding) and (found := known.get(finding.component)) is not None else finding
        for finding in findings
    )


def _is_open(finding: Finding) -> bool:
    return finding.status != "not_affected"


def _is_python(component: Component) -> bool:
    return component.ecosystem == "pypi" and component.removed_by is None and bool(_folders(component))


def _folders(component: Component) -> list[str]:
    """Metadata directories of its installed copies."""
    parents = (o.path.rpartition("/")[0] for o in component.occurrences if o.kind == "package-metadata")
    return [folder for folder in parents if folder.endswith(_METADATA)]


def _imported(component: Component, graph: ImportGraph) -> Imported:
    start = graph.start
    if graph.reason:
        return Imported(state="unknown", start=start, reason=f"whether it is imported is unknown: {graph.reason}")
    folders = _folders(component)
    arrivals = sorted((graph.reached[f] for f in folders if f in graph.reached), key=lambda one: one.maybe)
    if arrivals:
        return _arrived(arrivals[0], start)
    if not set(folders) & set(graph.known):
        why = "which files are its own is not recorded"
    elif graph.doubts:
        more = f", and {len(graph.doubts) - 1} more doubts" if len(graph.doubts) > 1 else ""
        why = f"no import leads to it from {start}, but {graph.doubts[0]}{more}"
    else:
        says = f"no import leads to it from {start}, in {graph.files} files followed"
        return Imported(state="not_imported", confidence="weak", start=start, reason=says)
    return Imported(state="unknown", start=start, reason=f"whether it is imported is unknown: {why}")


def _arrived(arrival: Arrival, start: str) -> Imported:
    how = "imported, unless a function or condition on the way is never met" if arrival.maybe else "imported"
    return Imported(
        state="imported",
        chain=arrival.chain,
        confidence="weak" if arrival.maybe else "strong",
        start=start,
        reason=f"{how}: {' → '.join(arrival.chain)}",
    )


def _with(finding: Finding, imported: Imported) -> Finding:
    """The finding with its rung, in its place."""
    order = {rung: place for place, rung in enumerate(RUNGS)}
    step = Step("import", imported.reason, _SOURCE if imported.state != "unknown" else "")
    steps = sorted((*finding.reasons, step), key=lambda one: order.get(one.rung, len(order)))
    return msgspec.structs.replace(finding, imported=imported, reasons=tuple(steps))
