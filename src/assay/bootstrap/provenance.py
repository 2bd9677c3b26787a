"""The door to provenance policy: what a caller expects in words, and the rows of builders it trusts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, read_file
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.flows.provenance import ProvenanceRow
    from assay.trust.examine import Row
    from assay.trust.levels import BuilderRow
    from assay.trust.provenance import Expectation


class ProvenanceWords(msgspec.Struct, frozen=True, kw_only=True):
    """What the provenance must say, as it was asked for. See `trust.provenance.Expectation`."""

    builders: tuple[str, ...] = ()
    build_types: tuple[str, ...] = ()
    source: str = ""
    ref: str = ""
    branch: str = ""
    tag: str = ""
    versioned_tag: str = ""
    commit: str = ""
    parameters: tuple[str, ...] = ()
    """`PATH=TEXT`."""
    materials: tuple[str, ...] = ()
    pinned: bool = False
    level: int = 0
    rows: str = ""
    """File of further rows of builders; those that come with the program always count."""


def measure_provenance(
    rows: Sequence[Row], words: ProvenanceWords, more: Sequence[BuilderRow] = ()
) -> tuple[tuple[ProvenanceRow, ...], int]:
    """What becomes of each verified provenance, and the exit code: 0 if one of them is all that was expected, else 3.

    Args:
        rows: what became of each candidate.
        words: what is expected.
        more: rows of builders beside those that come with the program, as a trust profile has them.

    Raises:
        UsageError: a parameter without `=`.
        MalformedError: rows that say too little.
    """
    from assay.flows.provenance import exit_code, measured

    found = measured(rows, _expectation(words), (*_rows(words.rows), *more))
    return found, exit_code(found)


def _expectation(words: ProvenanceWords) -> Expectation:
    from assay.trust.provenance import Expectation

    return Expectation(
        builders=words.builders,
        build_types=words.build_types,
        source=words.source,
        ref=words.ref,
        branch=words.branch,
        tag=words.tag,
        versioned_tag=words.versioned_tag,
        commit=words.commit,
        parameters=dict(_pairs(words.parameters)),
        materials=words.materials,
        pinned=words.pinned,
        level=words.level,
    )


def _pairs(texts: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    if wrong := [path for path, sign, _ in pairs if not sign or not path]:
        raise UsageError("not a parameter", why=repr(wrong[0]), remedy="write PATH=TEXT, e.g. inputs.channel=stable")
    return [(path, text) for path, _, text in pairs]


def _rows(path: str) -> tuple[BuilderRow, ...]:
    from assay.trust import levels

    if not path:
        return levels.shipped()
    return (*levels.shipped(), *levels.read(read_file(path, LIMITS.settings_bytes), where=Path(path).name))
