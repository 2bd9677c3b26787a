"""Facts about where an artifact comes from: provenance with its level, and what other verifiers found.

Of statements of one kind by one signer the newest counts, by proven time (`trust.newest`). A level is the signer's row,
never the text's. Lists are bounded; where something is left out, the facts say so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.formats import slsa, vsa
from assay.model.evidence import Evidence, Signer
from assay.model.provenance import Provenance
from assay.policy.signers import signer_facts
from assay.trust import levels
from assay.trust import vsa as summaries_of
from assay.trust.extensions import extension
from assay.trust.levels import BuilderRow, Level
from assay.trust.newest import newest, proven
from assay.trust.provenance import contradiction
from assay.trust.sources import sources

Section = dict[str, Any]
_PARAMETERS_COUNT = 200
_PARAMETER_CHARACTERS = 500
_UNPINNED_COUNT = 50
_DEPTH_COUNT = 8


def provenance(found: Sequence[Evidence], rows: Sequence[BuilderRow] | None = None) -> Section:
    """Every provenance that counts.

    Args:
        found: evidence about the subject whose predicate is provenance, in a fixed order.
        rows: who may vouch for which builder; None takes those that come with the program.

    Raises:
        MalformedError: a predicate that cannot be read.
    """
    counted = [(e, *_levelled(e, rows)) for e in newest(found)]
    return {
        "state": "present" if counted else "absent",
        "items": [_item(e, read, level) for e, read, level in counted],
        "operators_count": levels.independent(level for _, _, level in counted),
        "evidence": [str(e.digest) for e, _, _ in counted],
    }


def summaries(found: Sequence[Evidence], operators_count: int) -> Section:
    """Every verification summary that counts, passed or failed; whose word is heard is for rules to say.

    Args:
        found: evidence about the subject whose predicate is a summary, in a fixed order.
        operators_count: independent operators whose provenances were seen.

    Raises:
        MalformedError: a predicate that cannot be read.
    """
    counted = [(e, vsa.read(e.statement.predicate, where=str(e.digest))) for e in newest(found)]
    items = []
    for e, summary in counted:
        given = summaries_of.counting(summary, operators_count)
        items.append(
            {
                **signer_facts(e),
                "verifier": summary.verifier.id,
                "resource_uri": summary.resource_uri,
                "policy": summary.policy.uri,
                "result": summary.verification_result,
                "levels": sorted(given),
                "build_level": summaries_of.track(given, "BUILD"),
                "source_level": summaries_of.track(given, "SOURCE"),
                "proven": proven(e),
                "evidence": str(e.digest),
            }
        )
    return {
        "state": "present" if counted else "absent",
        "items": items,
        "evidence": [str(e.digest) for e, _ in counted],
    }


def _levelled(evidence: Evidence, rows: Sequence[BuilderRow] | None) -> tuple[Provenance, Level]:
    statement = evidence.statement
    read = slsa.read(statement.predicate_type, statement.predicate, where=str(evidence.digest))
    return read, levels.of(read, evidence.signer, rows)


def _item(evidence: Evidence, read: Provenance, level: Level) -> Section:
    named = sources(read)
    flat = list(_flat(read.external_parameters, "", 0))
    unpinned = [one.uri or one.name for one in read.resolved_dependencies if not any(one.digest.values())]
    return {
        **signer_facts(evidence),
        "builder": read.builder_id,
        "build_type": read.build_type,
        "level": level.build,
        "level_row": level.row,
        "operator": level.operator,
        "speaks_for_builder": _speaks_for_builder(evidence.signer, read, level),
        "sources": [{"repository": one.repository, "ref": one.ref, "commit": one.commit} for one in named],
        "contradiction": contradiction(named, evidence.signer),
        "runner": extension(evidence.signer, "runnerEnvironment"),
        "parameter_names": sorted(read.external_parameters)[:_PARAMETERS_COUNT],
        "parameters": {path: text[:_PARAMETER_CHARACTERS] for path, text in flat[:_PARAMETERS_COUNT]},
        "parameters_complete": _is_complete(flat, read),
        "materials_count": len(read.resolved_dependencies),
        "unpinned": sorted(unpinned)[:_UNPINNED_COUNT],
        "unpinned_count": len(unpinned),
        "invocation": read.invocation_id,
        "proven": proven(evidence),
        "evidence": str(evidence.digest),
    }


def _speaks_for_builder(signer: Signer, read: Provenance, level: Level) -> bool:
    """A certificate's identity must be the builder's, or a row must bind them; a key is its owner's word alone."""
    return level.build > 0 or (signer.kind == "certificate" and signer.identity == read.builder_id)


def _flat(value: Mapping[str, object], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    """Parameters by dotted path, sorted, as text; lists, and what nests too deep, as JSON."""
    for name in sorted(value):
        inner, path = value[name], f"{prefix}{name}"
        if isinstance(inner, dict) and inner and depth < _DEPTH_COUNT:
            yield from _flat(inner, f"{path}.", depth + 1)
        else:
            text = inner if isinstance(inner, str) else json.dumps(inner, sort_keys=True)
            yield path, text


def _is_complete(flat: Sequence[tuple[str, str]], read: Provenance) -> bool:
    """Whether every parameter is shown, and shown whole."""
    count = max(len(flat), len(read.external_parameters))
    return count <= _PARAMETERS_COUNT and all(len(text) <= _PARAMETER_CHARACTERS for _, text in flat)
