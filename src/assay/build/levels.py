"""Which SLSA Build level a provenance supports, and why not more: what is shown is evidence, the level is the signer's.

SLSA v1.2 ends at Build L3. Complete dependencies and hermetic steps reach beyond its words, so they are told as
evidence and never as a number.
"""

from collections.abc import Sequence

import msgspec

from assay.build.hermetic import Judgement
from assay.build.run import WORKSTATION
from assay.model.evidence import Signer
from assay.model.provenance import Provenance
from assay.trust import levels
from assay.trust.levels import BuilderRow

_MISSING = {
    0: "Build L1 needs provenance whose signer may speak for its builder",
    1: "Build L2 needs a hosted platform that signs, and a row that says so",
    2: "Build L3 needs a platform whose signing keys no build step can reach, and a row that says so",
    3: "",
}


class Supported(msgspec.Struct, frozen=True, kw_only=True):
    """A level and what speaks for it."""

    level: int
    """0 to 3."""
    why: tuple[str, ...]
    missing: str = ""
    """What the next level asks; empty at the last."""
    beyond: tuple[str, ...] = ()
    """Evidence for what no level of the released specification asks."""


def supported(
    provenance: Provenance, signer: Signer, judged: Judgement | None = None, *, rows: Sequence[BuilderRow] | None = None
) -> Supported:
    """The level of one verified provenance.

    Args:
        provenance: as signed.
        signer: who was verified to have signed it.
        judged: what the evidence says of hermeticity.
        rows: the trust map; None takes the shipped rows.
    """
    found = levels.of(provenance, signer, rows)
    level, why = found.build, [found.why or f"row {found.row!r} of the trust map"]
    if provenance.builder_id == WORKSTATION and level > 1:
        level = 1
        why.append("a workstation is no hosted platform, whatever a row says")
    return Supported(level=level, why=tuple(why), missing=_MISSING[level], beyond=_beyond(provenance, judged))


def _beyond(provenance: Provenance, judged: Judgement | None) -> tuple[str, ...]:
    count = len(provenance.resolved_dependencies)
    pinned = sum(any(one.digest.values()) for one in provenance.resolved_dependencies)
    told = [f"{pinned} of {count} dependencies have a digest"]
    if judged is not None:
        told.append(f"hermetic: {judged.state}")
    return tuple(told)
