"""Verified evidence → what becomes of each provenance when it is measured by an expectation."""

from collections.abc import Sequence

import msgspec

from assay.formats import predicates
from assay.model.errors import UntrustedError
from assay.model.evidence import Check
from assay.trust.examine import Row
from assay.trust.levels import BuilderRow
from assay.trust.provenance import Expectation, Judged, judged


class ProvenanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One provenance and its answer: `judged` where it is as expected, else the first thing that differs."""

    place: str
    judged: Judged | None = None
    code: str = ""
    step: str = ""
    reason: str = ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was checked; of a refusal the check that refused."""
        return self.judged.checks if self.judged is not None else (Check(self.step, "fail", self.reason),)


def measured(
    found: Sequence[Row], expectation: Expectation, rows: Sequence[BuilderRow] | None = None
) -> tuple[ProvenanceRow, ...]:
    """Judge each verified provenance by itself, in the order of the listing. Nothing is put together from two."""
    verified = [
        (row.place, row.evidence)
        for row in found
        if row.evidence is not None
        and predicates.canonical_type(row.evidence.statement.predicate_type) == predicates.PROVENANCE
    ]
    answers = []
    for place, evidence in verified:
        try:
            answers.append(ProvenanceRow(place=place, judged=judged(evidence, expectation, rows, name=place)))
        except UntrustedError as error:
            answers.append(ProvenanceRow(place=place, code=error.code, step=error.step, reason=error.why))
    return tuple(answers)


def exit_code(rows: Sequence[ProvenanceRow]) -> int:
    """0 if one provenance is all that was expected; 3 if none is, or there is none."""
    return 0 if any(row.judged is not None for row in rows) else UntrustedError.exit_code
