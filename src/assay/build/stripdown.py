"""The report that compares an image cut down with one put together: the same figures of both, each with its files."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from assay.build import anatomy as anatomies
from assay.build.anatomy import Anatomy
from assay.model.image import Subject
from assay.model.inventory import Component
from assay.model.stripdown import Figure, Measure, Stripdown, Unit


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one image's figures are made of; values that other rooms found are handed in."""

    subject: Subject
    anatomy: Anatomy
    components: tuple[Component, ...]
    layer_bytes: int
    """Of all layers as they are stored: what a pull fetches."""
    findings: tuple[str, ...] | None = None
    """`SEVERITY ID package`, affected ones alone; None where nobody looked."""
    provenance: Mapping[str, int] | None = None
    """Owner → entries it brought, by the build's own record; None where there is none."""
    reproduced: str = ""
    """What a rebuild's verdict says; empty where none was handed in."""


def compare(before: Carried, after: Carried) -> Stripdown:
    """The same figures of both images, in the order a reader asks."""
    figures = tuple(
        Figure(name=name, unit=unit, before=measure(before), after=measure(after)) for name, unit, measure in FIGURES
    )
    gaps = tuple(f"{side}: {gap}" for side, one in (("A", before), ("B", after)) for gap in one.anatomy.gaps)
    return Stripdown(before=before.subject, after=after.subject, figures=figures, gaps=gaps)


def _listed(items: Sequence[str]) -> Measure:
    return Measure(value=len(items), items=tuple(items))


def _visible(one: Carried) -> list[Component]:
    return [item for item in one.components if item.removed_by is None and not item.owner]


def _packages(one: Carried) -> Measure:
    return _listed(sorted(f"{item.ecosystem} {item.name} {item.version}" for item in _visible(one)))


def _bytes(one: Carried) -> Measure:
    largest = sorted(one.anatomy.files, key=lambda path: (-one.anatomy.files[path], path))
    return Measure(value=sum(one.anatomy.files.values()), items=tuple(largest), note="largest first")


def _unowned(one: Carried) -> Measure:
    seen = {place.path.split("!/")[0] for item in one.components for place in item.occurrences}
    note = "" if one.anatomy.has_database else "there is no package database to own anything"
    found = anatomies.unowned(one.anatomy, frozenset(seen))
    return Measure(value=len(found), items=found, note=note)


def _hidden(one: Carried) -> Measure:
    return Measure(value=sum(one.anatomy.hidden.values()), items=tuple(sorted(one.anatomy.hidden)))


def _share(one: Carried, has: Callable[[Component], bool]) -> Measure:
    found = _visible(one)
    if not found:
        return Measure(note="no components")
    without = sorted(f"{item.ecosystem} {item.name} {item.version}" for item in found if not has(item))
    share = round(100 * (len(found) - len(without)) / len(found), 1)
    return Measure(value=share, items=tuple(without), note="those without are listed")


def _findings(one: Carried) -> Measure:
    if one.findings is None:
        return Measure(note="no advisory database was named (--db)")
    return _listed(sorted(one.findings))


def _provenance(one: Carried) -> Measure:
    """The share of entries whose owner a build's record names; without a record nothing is known of any."""
    if one.provenance is None:
        return Measure(value=0.0, note="no build record is attached")
    total = len(one.anatomy.files)
    known = sum(count for owner, count in one.provenance.items() if not owner.startswith("rule "))
    made = sum(one.provenance.values())
    return Measure(
        value=100.0 if made >= total else round(100 * made / max(total, 1), 1),
        items=tuple(f"{owner} {count}" for owner, count in sorted(one.provenance.items())),
        note=f"{known} entries by inputs, {made - known} by rules; the record's signature is not judged here",
    )


def _reproduced(one: Carried) -> Measure:
    value = {"identical": 1.0, "same-content": 1.0, "equivalent": 0.0, "different": 0.0}.get(one.reproduced)
    return Measure(value=value, note=one.reproduced or "no rebuild report was handed in")


FIGURES: tuple[tuple[str, Unit, Callable[[Carried], Measure]], ...] = (
    ("packages", "count", _packages),
    ("files", "count", lambda one: _listed(sorted(one.anatomy.files))),
    ("bytes", "bytes", _bytes),
    ("bytes to pull", "bytes", lambda one: Measure(value=one.layer_bytes)),
    ("bytes under whiteouts", "bytes", _hidden),
    ("unowned files", "count", _unowned),
    ("residue of removed packages", "count", lambda one: _listed(one.anatomy.residue)),
    ("listed but missing files", "count", lambda one: _listed(one.anatomy.missing)),
    ("shells", "count", lambda one: _listed(one.anatomy.shells)),
    ("package managers", "count", lambda one: _listed(one.anatomy.package_managers)),
    ("set-id files", "count", lambda one: _listed(one.anatomy.set_id)),
    ("components with a source", "percent", lambda one: _share(one, lambda item: item.source is not None)),
    ("components with a digest", "percent", lambda one: _share(one, lambda item: bool(item.hashes))),
    ("provenance coverage", "percent", _provenance),
    ("reproduced", "count", _reproduced),
    ("findings", "count", _findings),
)
"""One row a figure."""
