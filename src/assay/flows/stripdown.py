"""Layers, inventory, findings and build record of two images → one report of what each carries."""

from collections.abc import Mapping, Sequence

import msgspec

from assay.build.anatomy import take_apart
from assay.build.compare import Side
from assay.build.stripdown import Carried, compare
from assay.model.inventory import Inventory
from assay.model.limits import Limits
from assay.model.report import Report
from assay.model.stripdown import Stripdown


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one image."""

    side: Side
    inventory: Inventory
    report: Report | None = None
    """Matched with an advisory database; None where none was asked."""
    provenance: Mapping[str, int] | None = None
    reproduced: str = ""


def stripdown(before: Known, after: Known, limits: Limits) -> Stripdown:
    """Compare what two images carry."""
    one, other = (_carried(known, limits) for known in (before, after))
    return compare(one, other)


def _carried(known: Known, limits: Limits) -> Carried:
    findings: Sequence[str] | None = None
    if known.report is not None and known.report.sources.state == "present":
        affected = (one for one in known.report.findings if one.status == "affected")
        findings = [f"{one.severity} {one.id} {one.name} {one.version}" for one in affected]
    return Carried(
        subject=known.side.image.subject,
        anatomy=take_apart(known.side.layers, limits),
        components=known.inventory.components,
        layer_bytes=sum(layer.size or 0 for layer in known.side.image.layers),
        findings=tuple(findings) if findings is not None else None,
        provenance=known.provenance,
        reproduced=known.reproduced,
    )
