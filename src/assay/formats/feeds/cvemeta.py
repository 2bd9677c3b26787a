"""What CVE records and CISA's additions to them say (one JSON record a line): title, CVSS, SSVC, state."""

import re

import msgspec

from assay.formats.cvss import severity
from assay.model.advisory import CveRecord, Score, Ssvc
from assay.model.errors import MalformedError

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_SUMMARY_CHARACTERS = 200
_VERSIONS = frozenset({"2.0", "3.0", "3.1", "4.0"})


class _Cvss(msgspec.Struct):
    version: str
    score: float
    vector: str = ""
    source: str = ""


class _Ssvc(msgspec.Struct):
    exploitation: str = ""
    automatable: str = ""
    technical_impact: str = ""


class _Record(msgspec.Struct):
    id: str
    state: str = ""
    title: str = ""
    description: str = ""
    published: str = ""
    modified: str = ""
    cvss: list[_Cvss] = []
    ssvc: _Ssvc | None = None


_decode = msgspec.json.Decoder(_Record).decode


def parse(data: bytes, *, where: str) -> CveRecord:
    """Read one record; the publisher's own scores are taken as they are.

    Raises:
        MalformedError: not JSON, not a CVE id, a score out of range.
    """
    try:
        record = _decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedError("not a CVE record", where=where, why=str(error), remedy="fetch the feed again") from error
    if not _CVE.fullmatch(record.id):
        raise MalformedError("not a CVE id", where=where, why=repr(record.id[:50]), remedy="fetch the feed again")
    return CveRecord(
        id=record.id,
        summary=_line(record.title or record.description),
        state=record.state[:20],
        date=max(record.published, record.modified)[:10],
        scores=tuple(sorted({_score(item, f"{where} {record.id}") for item in record.cvss})),
        ssvc=_points(record.ssvc) if record.ssvc else None,
    )


def _points(ssvc: _Ssvc) -> Ssvc:
    return Ssvc(
        exploitation=ssvc.exploitation.lower(),
        automatable=ssvc.automatable.lower(),
        technical_impact=ssvc.technical_impact.lower(),
    )


def _score(item: _Cvss, where: str) -> Score:
    if item.version not in _VERSIONS or not 0 <= item.score <= 10:
        raise MalformedError("not a CVSS score", where=where, why=f"version {item.version[:20]!r}, score {item.score}")
    return Score(item.version, item.score, severity(item.score, item.version), item.vector[:400], item.source[:40])


def _line(text: str) -> str:
    text = " ".join(text[: 4 * _SUMMARY_CHARACTERS].split())
    return text if len(text) <= _SUMMARY_CHARACTERS else text[: _SUMMARY_CHARACTERS - 1].rstrip() + "…"
