"""VEX statements to a CycloneDX VEX document (JSON, 1.4 to 1.7): `components`, and `vulnerabilities` with an analysis.

A product is a component, its subcomponents lie in it. What CycloneDX has no field for stands in properties
`assay:vex:…`; justifications of ours without a word of its own too.
"""

from collections.abc import Sequence
from typing import Any

from assay.formats import purl as purls
from assay.formats import vex_notes, wire
from assay.formats.cyclonedx_vex_read import (
    IDENTIFIER,
    JUSTIFICATION,
    JUSTIFICATIONS,
    NOTES,
    RESPONSES,
    STATUSES,
    UNSPOKEN,
)
from assay.formats.vex_words import require_profile, responses_of, theirs
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.tool import Tool
from assay.model.vex import VexStatement

VERSIONS = ("1.4", "1.5", "1.6", "1.7")
_STATES, _REASONS = theirs("cyclonedx", "status"), theirs("cyclonedx", "justification")
_ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def write_statements(
    said: Sequence[VexStatement], *, author: str, timestamp: str, tool: Tool, version: str = "1.6"
) -> bytes:
    """Statements as one document; the same statements give the same bytes. No statements give no bytes, as in the
    other forms: without any analysis a document is an SBOM.

    Raises:
        MalformedError: a statement lacks what the profile wants, or the timestamp is none.
        UnsupportedError: a version outside 1.4-1.7.
    """
    if version not in VERSIONS:
        raise UnsupportedError(
            "not a version of CycloneDX with VEX", why=repr(version[:20]), remedy="choose one of " + ", ".join(VERSIONS)
        )
    if not said:
        return b""
    require_profile(said, "CycloneDX VEX")
    refs, components = _components(said)
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "timestamp": wire.instant(timestamp),
            "tools": _tools(tool, version),
            "authors": [{"name": author or "unknown"}],
        },
        "components": components,
        "vulnerabilities": [_vulnerability(statement, refs, version) for statement in dict.fromkeys(said)],
    }
    document["serialNumber"] = f"urn:uuid:{wire.uuid5(wire.encode(document))}"
    return wire.encode(document)


def _tools(tool: Tool, version: str) -> Any:
    entry = {"name": tool.name, "version": tool.version}
    return [entry] if version == "1.4" else {"components": [{"type": "application"} | entry]}


_Refs = dict[tuple[tuple[str, ...], str], str]


def _components(said: Sequence[VexStatement]) -> tuple[_Refs, list[dict[str, Any]]]:
    """A reference for each product and each component in it, and the components."""
    inside: dict[tuple[str, ...], set[str]] = {}
    for statement in said:
        for product in statement.products:
            inside.setdefault(product.identifiers, set()).update(product.subcomponents)
    refs: _Refs = {}
    components = []
    for number, whole in enumerate(sorted(inside), 1):
        refs[whole, ""] = f"product-{number}"
        parts = []
        for position, part in enumerate(sorted(inside[whole]), 1):
            refs[whole, part] = f"product-{number}-{position}"
            parts.append(_component(refs[whole, part], (part,)))
        value = _component(refs[whole, ""], whole)
        components.append(value | ({"components": parts} if parts else {}))
    return refs, components


def _component(ref: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """A component with all that names it."""
    value: dict[str, Any] = {"type": "library", "bom-ref": ref, "name": texts[0]}
    others = []
    for text in texts:
        algorithm, _, content = text.partition(":")
        if text.startswith("pkg:") and "purl" not in value:
            value |= _of_purl(text)
        elif text.startswith("cpe:2.3:") and "cpe" not in value:
            value["cpe"] = text
        elif algorithm in _ALGORITHMS:
            value.setdefault("hashes", []).append({"alg": _ALGORITHMS[algorithm], "content": content})
        else:
            others.append({"name": IDENTIFIER, "value": text})
    return value | ({"properties": others} if others else {})


def _of_purl(text: str) -> dict[str, Any]:
    """Name, version and type of a package URL; the text alone where it is none."""
    try:
        purl = purls.parse(text)
    except MalformedError:
        return {"purl": text}
    kind = "container" if purl.type in ("oci", "docker") else "library"
    return {"type": kind, "name": purl.name, "purl": text} | ({"version": purl.version} if purl.version else {})


def _vulnerability(said: VexStatement, refs: _Refs, version: str) -> dict[str, Any]:
    """One of `vulnerabilities`."""
    words: dict[str, list[str]] = {}
    for name, word in said.words:
        words.setdefault(name, []).append(word)
    analysis: dict[str, Any] = {"state": _word(words.get("cyclonedx:status"), STATUSES, said.status, _STATES)}
    notes, properties = vex_notes.pack(said), []
    if said.status == "not_affected":
        own = words.get("cyclonedx:justification")
        reason = _word(own, JUSTIFICATIONS, said.justification, _REASONS)
        if reason:
            analysis["justification"] = reason
        if said.justification in UNSPOKEN:
            properties.append({"name": JUSTIFICATION, "value": said.justification})
        if said.impact:
            analysis["detail"] = said.impact
    responses = [word for word in words.get("cyclonedx:response", ()) if word in RESPONSES]
    if said.status == "affected" and not responses:
        responses = list(responses_of(said.action))
    if responses:
        analysis["response"] = responses
    if said.timestamp and version != "1.4":
        analysis["lastUpdated"] = said.timestamp
    value: dict[str, Any] = {"id": said.vulnerability}
    if said.aliases:
        value["references"] = [{"id": alias, "source": {"name": alias.partition("-")[0]}} for alias in said.aliases]
    if said.status == "affected":
        value["recommendation"] = said.action
    if said.timestamp and version == "1.4":
        value["updated"] = said.timestamp
    value["analysis"] = analysis
    value["affects"] = [
        {"ref": refs[product.identifiers, part]} for product in said.products for part in product.subcomponents or ("",)
    ]
    if notes:
        properties.append({"name": NOTES, "value": notes})
    return value | ({"properties": properties} if properties else {})


def _word(own: list[str] | None, ours: dict[str, str], said: str, theirs: dict[str, str]) -> str:
    """The word it was read with, if that still means what is said; else the word for it, empty if there is none."""
    kept = next((word for word in own or () if ours.get(word) == said), "")
    return kept or theirs.get(said, "")
