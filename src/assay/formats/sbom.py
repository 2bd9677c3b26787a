"""Any SBOM: the format is found by content, never by name."""

import re
from typing import Any, Literal

from assay.formats import collector, cyclonedx, spdx, wire
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS

Format = Literal["cyclonedx", "cyclonedx-xml", "spdx", "spdx-tv", "spdx3"]

_TAG_VALUE = re.compile(rb"^SPDXVersion:", re.MULTILINE)
_REMEDY = "convert it to CycloneDX 1.6 JSON or SPDX 2.3 JSON"
_OTHERS: tuple[tuple[str, str], ...] = (
    ("@context", "a JSON-LD document that is not SPDX 3"),
    ("artifactRelationships", "Syft's own JSON"),
    ("SchemaVersion", "Trivy's own JSON"),
    ("payloadType", "a DSSE envelope"),
    ("predicateType", "an in-toto statement"),
)
"""A name at the top of a JSON document that tells what it is instead."""


def sniff(data: bytes, name: str = "SBOM") -> Format:
    """Which SBOM format the bytes are.

    Raises:
        UnsupportedError: a format we know and do not read (other XML, other JSON-LD, a peer's own JSON).
        MalformedError: not strict JSON, or no SBOM at all.
    """
    return _plain(data, name) or _format(_decode(data, name), name)


def read(data: bytes, name: str) -> Inventory:
    """Read an SBOM of any format we read.

    Args:
        data: its bytes.
        name: what it is called, for errors and where the document names no subject.

    Raises:
        UnsupportedError, MalformedError: as `sniff`, and as the format's own reader.
    """
    with collector.paused():
        return _read(data, name)


def _read(data: bytes, name: str) -> Inventory:
    plain = _plain(data, name)
    if plain == "spdx-tv":
        from assay.formats import spdx_tagvalue

        return spdx_tagvalue.read(data, name)
    if plain == "cyclonedx-xml":
        from assay.formats import cyclonedx_xml

        return cyclonedx_xml.read(data, name)
    document = _decode(data, name)
    form = _format(document, name)
    if form == "spdx3":
        from assay.formats import spdx3

        return spdx3.read_document(document, data, name)
    if form == "cyclonedx":
        return cyclonedx.read_document(document, data, name)
    return spdx.read_document(document, data, name)


def _plain(data: bytes, name: str) -> Format | None:
    """The format of a document that is not JSON; None where it may be JSON."""
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()  # XML may begin with a byte-order mark
    if head.startswith(b"<"):
        if b"cyclonedx.org/schema/bom" in head:
            return "cyclonedx-xml"
        raise UnsupportedError("this SBOM's form is not read", where=name, why="XML, not CycloneDX", remedy=_REMEDY)
    return "spdx-tv" if _TAG_VALUE.search(head) else None


def _decode(data: bytes, name: str) -> Any:
    return wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes)


def _format(document: Any, name: str) -> Format:
    if isinstance(document, dict):
        # A document that claims both is read as the first; its reader then holds it to that.
        if "bomFormat" in document:
            return "cyclonedx"
        if "spdxVersion" in document:
            return "spdx"
        if "spdx.org/rdf/3" in str(document.get("@context")):
            return "spdx3"
        for key, what in _OTHERS:
            if key in document:
                raise UnsupportedError("not an SBOM this program reads", where=name, why=what, remedy=_REMEDY)
    raise MalformedError("not an SBOM", where=name, why="neither bomFormat nor spdxVersion at the top", remedy=_REMEDY)
