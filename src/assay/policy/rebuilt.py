"""Facts about a build beside its provenance: what rebuilds of the image said, and its sources held against their tags.

Every statement counts, not the newest of a signer alone: a rebuild that differed once is no less true for a later one,
and nobody's record may cover up another's. Lists are bounded and the worst stands first, so what matters stays.
"""

from collections.abc import Sequence
from typing import Any

from assay.formats import vsa
from assay.model.errors import MalformedError
from assay.model.evidence import Evidence

Section = dict[str, Any]
_FINDINGS_COUNT = 200
_CHARACTERS = 300
_SEVERITIES = ("critical", "high", "medium", "low")
_STATES = ("traced", "copied-whole", "not-traced")


def rebuilds(found: Sequence[Evidence]) -> Section:
    """Every verdict on a rebuild of the image.

    Args:
        found: evidence about the subject whose predicate is a summary, in a fixed order.

    Raises:
        MalformedError: a predicate that cannot be read.
    """
    items: list[Section] = []
    for one in found:
        where = str(one.digest)
        summary = vsa.read(one.statement.predicate, where=where)
        if summary.policy.uri != vsa.REBUILD_POLICY:
            continue
        told = one.statement.predicate.get(vsa.REBUILD_REPORT, {})
        if not isinstance(told, dict):
            raise _bad("a rebuild", where, "its report is no object")
        items.append(
            {
                "builder": summary.verifier.id,
                "result": summary.verification_result,
                "levels": sorted(summary.verified_levels),
                "verdict": _text(told.get("verdict", "")),
                "isolation": _text(told.get("isolation", "")),
                "variations": _words(told.get("variations", {}), where),
                "evidence": where,
            }
        )
    return _section(items, [str(item["evidence"]) for item in items])


def archives(found: Sequence[Evidence]) -> Section:
    """What the build's record says of each source archive that was held against the tag it claims to be.

    Args:
        found: evidence about the subject whose predicate is a build's record, in a fixed order.

    Raises:
        MalformedError: a record that cannot be read.
    """
    items: list[Section] = []
    for one in found:
        where = str(one.digest)
        sources = one.statement.predicate.get("sources", {})
        if not isinstance(sources, dict):
            raise _bad("a build record", where, "its sources are no object")
        items += [_archive(name, joined, where) for name, joined in sorted(sources.items())]
    return _section(items, sorted({item["evidence"] for item in items}))


def _section(items: list[Section], evidence: list[str]) -> Section:
    return {"state": "present" if items else "absent", "items": items, "evidence": evidence}


def _archive(name: str, joined: object, where: str) -> Section:
    if not isinstance(joined, dict) or not isinstance(joined.get("findings"), list):
        raise _bad("a build record", where, f"source {name[:100]!r} has no list of findings")
    findings = [_finding(one, where) for one in joined["findings"]]
    counts = {word: sum(one["severity"] == word for one in findings) for word in _SEVERITIES}
    worst = sorted(findings, key=lambda one: (_SEVERITIES.index(one["severity"]), one["code"], one["path"]))
    state = joined.get("state")
    return {
        "source": name[:_CHARACTERS],
        "traced": state if state in _STATES else "not-traced",
        "counts": {word: count for word, count in counts.items() if count},
        "findings": worst[:_FINDINGS_COUNT],
        "evidence": where,
    }


def _finding(value: object, where: str) -> Section:
    found = value if isinstance(value, dict) else {}
    told = {name: _text(found.get(name, "")) for name in ("code", "severity", "path")}
    if told["severity"] not in _SEVERITIES or not told["code"]:
        raise _bad("a build record", where, "a finding without a code, or of a severity nobody knows")
    return told


def _words(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _bad("a rebuild", where, "its variations are no object")
    return {_text(name): _text(word) for name, word in sorted(value.items())[:_FINDINGS_COUNT]}


def _text(value: object) -> str:
    return value[:_CHARACTERS] if isinstance(value, str) else ""


def _bad(what: str, where: str, why: str) -> MalformedError:
    return MalformedError(f"not {what}", where=where, why=why, remedy="attest it again")
