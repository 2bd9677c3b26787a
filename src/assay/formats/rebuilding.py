"""A `RebuildReport` as our own JSON: names sorted, every field present, digests as texts."""

from typing import Any

import msgspec

from assay.formats import comparison, strictjson, wire
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.rebuilding import RebuildReport

NAME = "urn:assay:schema:rebuild:1"


def document(report: RebuildReport) -> dict[str, Any]:
    """The report as plain values."""
    found: dict[str, Any] = msgspec.to_builtins(report, order="sorted")
    found["comparisons"] = [comparison.document(one) for one in report.comparisons]
    return found | {"guilty": list(report.guilty)}


def verdict_of(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[str, str]:
    """Digest of the image that was built again, and the verdict, out of a report of ours.

    Raises:
        MalformedError: it is none.
    """
    value = strictjson.loads(data, where=where, limit=limits.sbom_bytes)
    try:
        if value["schema"] != NAME:
            raise KeyError(NAME)
        digest, verdict = value["comparisons"][0]["before"]["digest"], value["verdict"]
    except (KeyError, IndexError, TypeError) as error:
        raise MalformedError(
            "not a report of a rebuild", where=where, why=f"no {error}", remedy="write one: assay rebuild -o json=FILE"
        ) from error
    return str(digest), str(verdict)


def write(report: RebuildReport) -> bytes:
    """The report as indented JSON."""
    return wire.encode({"schema": NAME} | document(report))
