"""NVD's records (JSON 2.0, pages of its interface or files by year): facts about a CVE, conditions of CPE names."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from assay.formats import cpename
from assay.formats.cvss import score as cvss_score
from assay.formats.feeds import cve5
from assay.formats.feeds.told import CVE, line, refused
from assay.model.advisory import CveRecord, Score, Ssvc
from assay.model.cpe import CpeCondition, CpeMatch, CpeNode
from assay.model.errors import MalformedError

_METRICS = ("cvssMetricV2", "cvssMetricV30", "cvssMetricV31", "cvssMetricV40")
_MATCHES_COUNT = 50_000
"""Matches of one record; the longest has some thousands."""


class _Match(msgspec.Struct, rename="camel"):
    vulnerable: bool
    criteria: str
    version_start_including: str = ""
    version_start_excluding: str = ""
    version_end_including: str = ""
    version_end_excluding: str = ""


class _Node(msgspec.Struct, rename="camel"):
    operator: Literal["AND", "OR"] = "OR"
    negate: bool = False
    cpe_match: list[_Match] = []


class _Configuration(msgspec.Struct):
    nodes: list[_Node] = []
    operator: Literal["AND", "OR"] = "OR"
    negate: bool = False


class _Text(msgspec.Struct):
    lang: str = ""
    value: str = ""


class _Tags(msgspec.Struct):
    tags: list[str] = []


class _Weakness(msgspec.Struct):
    description: list[_Text] = []


class _Cve(msgspec.Struct, rename="camel"):
    id: str
    published: str = ""
    last_modified: str = ""
    vuln_status: str = ""
    cve_tags: list[_Tags] = []
    descriptions: list[_Text] = []
    metrics: dict[str, Any] = {}
    weaknesses: list[_Weakness] = []
    configurations: list[_Configuration] = []


class _Item(msgspec.Struct):
    cve: _Cve


class _Page(msgspec.Struct):
    vulnerabilities: list[msgspec.Raw]
    timestamp: str = ""


_page = msgspec.json.Decoder(_Page).decode
_item = msgspec.json.Decoder(_Item).decode
Record = tuple[CveRecord, tuple[CpeCondition, ...]]


def parse(data: bytes, *, where: str) -> tuple[str, Iterator[Record | MalformedError]]:
    """The day of the document, and each record or why it is refused; one record is decoded at a time.

    A rejected record has no conditions.

    Raises:
        MalformedError: not such a document.
    """
    try:
        page = _page(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise refused("not a document of NVD's records", where, str(error)) from error
    return page.timestamp[:10], (_record(raw, where) for raw in page.vulnerabilities)


def _ssvc(metrics: dict[str, Any]) -> Ssvc | None:
    """The newest assessment by CISA, which NVD repeats since 2026 (`ssvcV203`); others' are not taken for CISA's."""
    found = []
    for name, values in metrics.items():
        for value in values if name.startswith("ssvc") and isinstance(values, list) else ():
            content = value.get("ssvcData") if isinstance(value, dict) else None
            if isinstance(content, dict) and str(content.get("role", "")).startswith("CISA"):
                found.append(cve5.ssvc_of(content))
    return max(found, key=lambda ssvc: ssvc.assessed, default=None)


def _record(raw: msgspec.Raw, where: str) -> Record | MalformedError:
    try:
        cve = _item(raw).cve
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return refused("not a record of NVD", where, str(error))
    if not CVE.fullmatch(cve.id):
        return refused("not a CVE id", where, repr(cve.id[:50]))
    if sum(len(node.cpe_match) for item in cve.configurations for node in item.nodes) > _MATCHES_COUNT:
        return refused("too many matches", f"{where} {cve.id}", f"more than {_MATCHES_COUNT}")
    rejected = cve.vuln_status.lower() == "rejected"
    facts = CveRecord(
        id=cve.id,
        summary=line(next((text.value for text in cve.descriptions if text.lang == "en"), "")),
        state="REJECTED" if rejected else "PUBLISHED",
        date=max(cve.published, cve.last_modified)[:10],
        scores=tuple(sorted(set(_scores(cve.metrics)))),
        ssvc=_ssvc(cve.metrics),
        cwes=tuple(sorted({text.value for item in cve.weaknesses for text in item.description if _is_cwe(text.value)})),
        marks=tuple(sorted({tag for item in cve.cve_tags for tag in item.tags if _is_mark(tag)})),
    )
    try:
        return facts, () if rejected else tuple(map(_condition, cve.configurations))
    except ValueError as error:
        return refused("not a CPE name", f"{where} {cve.id}", str(error))


def _is_mark(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text and len(text) <= 50


def _is_cwe(text: str) -> bool:
    return text.startswith("CWE-") and text[4:].isascii() and text[4:].isdigit() and len(text) < 10


def _condition(item: _Configuration) -> CpeCondition:
    return CpeCondition(item.operator, item.negate, tuple(map(_node, item.nodes)))


def _node(node: _Node) -> CpeNode:
    return CpeNode(node.operator, node.negate, tuple(map(_match, node.cpe_match)))


def _match(item: _Match) -> CpeMatch:
    name = cpename.parse(item.criteria)
    if name is None:
        raise ValueError(repr(item.criteria[:100]))
    return CpeMatch(
        name, item.vulnerable, item.version_start_including, item.version_start_excluding,
        item.version_end_including, item.version_end_excluding,
    )  # fmt: skip


def _scores(metrics: dict[str, Any]) -> Iterator[Score]:
    for key in _METRICS:
        listed = metrics.get(key)
        for item in listed if isinstance(listed, list) else ():
            data = item.get("cvssData") if isinstance(item, dict) else None
            vector = data.get("vectorString") if isinstance(data, dict) else None
            if not isinstance(vector, str):
                continue
            try:
                yield cvss_score(vector, source="nvd")
            except MalformedError:
                yield Score(key.removeprefix("cvssMetricV")[:1], 0.0, "unknown", vector[:400], "nvd")
