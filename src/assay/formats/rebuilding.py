"""A `RebuildReport` as our own JSON: names sorted, every field present, digests as texts."""

from typing import Any

import msgspec

from assay.formats import comparison, wire
from assay.model.rebuilding import RebuildReport

NAME = "urn:assay:schema:rebuild:1"


def document(report: RebuildReport) -> dict[str, Any]:
    """The report as plain values."""
    found: dict[str, Any] = msgspec.to_builtins(report, order="sorted")
    found["comparisons"] = [comparison.document(one) for one in report.comparisons]
    return found | {"guilty": list(report.guilty)}


def write(report: RebuildReport) -> bytes:
    """The report as indented JSON."""
    return wire.encode({"schema": NAME} | document(report))
