"""Our own JSON: a `Report`, written, read back, and its published JSON Schema.

Names are sorted and every field is present, so the same report gives the same bytes and a reader needs no defaults.
Digests stand as texts (`sha256:…`); texts with bytes outside UTF-8 are escaped as `wire` says.
"""

from typing import Any

import msgspec

from assay.formats import wire
from assay.formats.digests import LAYER_FIELDS, SUBJECT_FIELDS, parted, plain
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.report import Report

NAME = "urn:assay:schema:report:1"
_WHAT = "not an Assay report"
_DIGEST = {
    "title": "Digest",
    "type": "string",
    "pattern": "^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$",
    "description": "An algorithm and lower-case hexadecimal digits.",
}


def write(report: Report) -> bytes:
    """The report as JSON, indented, with sorted names."""
    document: dict[str, object] = {field: getattr(report, field) for field in report.__struct_fields__}
    document["subject"] = plain(report.subject)
    document["layers"] = [plain(layer) for layer in report.layers]
    if report.verdict is not None:
        verdict = {field: getattr(report.verdict, field) for field in report.verdict.__struct_fields__}
        document["verdict"] = verdict | {"subject": plain(report.verdict.subject)}
    return wire.encode(document, order="sorted")


def read(data: bytes, name: str) -> Report:
    """Read a report back.

    Args:
        data: its bytes.
        name: what it is called, for errors.

    Raises:
        MalformedError: not strict JSON, or not a report; the place is a JSON path.
        UnsupportedError: a report of another version.
    """
    document = wire.decode(data, where=name, limit=DEFAULT_LIMITS.sbom_bytes)
    if not isinstance(document, dict) or not str(document.get("schema")).startswith("urn:assay:schema:report:"):
        raise MalformedError(_WHAT, where=f"{name} $.schema", why="no report schema", remedy="write it with -o json")
    if document["schema"] != NAME:
        raise UnsupportedError(
            "a report of another version of Assay",
            where=name,
            why=f"{document['schema'][:60]!a}",
            remedy="update Assay",
        )
    document = wire.unescape_all(document, data)
    document["subject"] = parted(document.get("subject"), SUBJECT_FIELDS, where=f"{name} $.subject")
    verdict = document.get("verdict")
    if isinstance(verdict, dict):
        verdict["subject"] = parted(verdict.get("subject"), SUBJECT_FIELDS, where=f"{name} $.verdict.subject")
    layers = document.get("layers")
    if isinstance(layers, list):
        document["layers"] = [
            parted(layer, LAYER_FIELDS, where=f"{name} $.layers[{n}]") for n, layer in enumerate(layers)
        ]
    return wire.convert(document, Report, where=name, what=_WHAT)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `write` gives."""
    from inspect import cleandoc  # heavy, and no scan needs it

    value = msgspec.json.schema(Report)
    value["$defs"]["Digest"] = _DIGEST
    for definition in value["$defs"].values():
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])  # Python 3.13 does so itself
        if "properties" in definition:
            definition["required"] = sorted(definition["properties"])
    value["$defs"]["Report"]["properties"]["schema"] = {"const": NAME}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": NAME,
        "title": "Assay report",
        "description": "What one scan says of one subject (assay scan -o json).",
        **value,
    }
