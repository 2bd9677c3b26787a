"""Mandatory tests about scores and weaknesses (CSAF 2.0 §6.1.7-6.1.11)."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.formats import cvss
from assay.formats.csaf_problem import Found
from assay.formats.csaf_rules_products import vulnerabilities
from assay.formats.csaf_schema import Document
from assay.formats.csaf_words import CVSS_2, CVSS_3, CWE_NAMES
from assay.model.errors import MalformedError

_VERSIONS = {"cvss_v2": ("2.0",), "cvss_v3": ("3.0", "3.1"), "cvss_v4": ("4.0",)}
_REQUIRED = {
    "cvss_v2": ("version", "vectorString", "baseScore"),
    "cvss_v3": ("version", "vectorString", "baseScore", "baseSeverity"),
    "cvss_v4": ("version", "vectorString", "baseScore", "baseSeverity"),
}
"""Required by FIRST's schemas."""


def _objects(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(place, field, CVSS object) of the whole document."""
    for place, item in vulnerabilities(document):
        for name, metrics in (("scores", item.scores), ("metrics", item.metrics)):
            for number, metric in enumerate(metrics):
                for field, value in metric.cvss():
                    yield f"{place}.{name}[{number}].{field}", field.rpartition(".")[2], value


def several_scores(document: Document) -> Found:
    """6.1.7: a product has one score per CVSS version (2.1: and per source)."""
    for place, item in vulnerabilities(document):
        said: set[tuple[str, str, str]] = set()
        for name, metrics in (("scores", item.scores), ("metrics", item.metrics)):
            for number, metric in enumerate(metrics):
                for field, value in metric.cvss():
                    version = str(value.get("version", field))
                    for identifier in metric.products:
                        key = (identifier, version, metric.source)
                        if key in said:
                            why = f"the product {identifier[:120]!a} has a score of CVSS {version[:10]} already"
                            yield f"{place}.{name}[{number}]", why
                        said.add(key)


def invalid_cvss(document: Document) -> Found:
    """6.1.8: a CVSS object fits FIRST's schema: required fields, their types, the vector's form."""
    for place, field, value in _objects(document):
        why = _misshapen(field, value)
        if why:
            yield place, why


def _misshapen(field: str, value: Mapping[str, Any]) -> str:
    missing = [name for name in _REQUIRED[field] if name not in value]
    if missing:
        return f"{missing[0]} is missing"
    if value["version"] not in _VERSIONS[field]:
        return f"version {str(value['version'])[:20]!a} is not one of {', '.join(_VERSIONS[field])}"
    number = value["baseScore"]
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 10:
        return "baseScore is no number from 0 to 10"
    vector = value["vectorString"]
    if not isinstance(vector, str):
        return "vectorString is no text"
    try:
        parsed = cvss.score(vector, source="")
    except MalformedError as error:
        return f"vectorString: {error.why}"
    return "" if parsed.version == value["version"] else f"the vector is of CVSS {parsed.version}"


def wrong_score(document: Document) -> Found:
    """6.1.9: the base score and its word follow from the vector.

    Temporal and environmental scores are not computed here; FIRST's objects may leave them out.
    """
    for place, field, value in _objects(document):
        if _misshapen(field, value):
            continue
        parsed = cvss.score(value["vectorString"], source="")
        # The vector may score threats and the environment too (CVSS 4.0 has one score for all): then it is not ours.
        if field == "cvss_v4" and value["vectorString"].count("/") > 11:
            continue
        if float(value["baseScore"]) != parsed.score:
            yield f"{place}.baseScore", f"{value['baseScore']} is written, the vector gives {parsed.score}"
        word = value.get("baseSeverity")
        if field != "cvss_v2" and str(word).lower() != cvss.severity(parsed.score, parsed.version):
            yield f"{place}.baseSeverity", f"{str(word)[:20]!a} is written for {parsed.score}"


def inconsistent_cvss(document: Document) -> Found:
    """6.1.10: metrics spelled out beside a vector say what the vector says."""
    for place, field, value in _objects(document):
        table = {"cvss_v2": CVSS_2, "cvss_v3": CVSS_3}.get(field, {})
        vector = value.get("vectorString")
        if not isinstance(vector, str):
            continue
        said = dict(part.split(":", 1) for part in vector.split("/") if ":" in part)
        for name, (metric, words) in table.items():
            if name in value and words.get(str(value[name])) != said.get(metric, "ND" if field == "cvss_v2" else "X"):
                yield f"{place}.{name}", f"{str(value[name])[:40]!a} is not what the vector says"


def wrong_cwe(document: Document) -> Found:
    """6.1.11: a weakness has the name its number has. Numbers outside our list are not judged."""
    for place, item in vulnerabilities(document):
        found = [(f"{place}.cwe", item.cwe)] if item.cwe else []
        found += [(f"{place}.cwes[{n}]", cwe) for n, cwe in enumerate(item.cwes)]
        for where, cwe in found:
            name = CWE_NAMES.get(cwe.id)
            if name is not None and name != cwe.name:
                yield where, f"{cwe.id} is {name!a}, not {cwe.name[:120]!a}"
