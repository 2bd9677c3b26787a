"""The door to hermeticity: a build judged from its verified evidence, its roots from this machine's content store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.build.hermetic import Judgement
    from assay.build.levels import Supported
    from assay.flows.verify import Collected
    from assay.settings import Settings
    from assay.trust.levels import BuilderRow


def judge_hermetic(collected: Collected, settings: Settings) -> Judgement:
    """Judge the build of a subject.

    Args:
        collected: its verified evidence, with what the statements say.
        settings: where the content store lies; without one the roots are left out, and the judgement says so.
    """
    from assay.adapters.contentstore import FolderContentStore
    from assay.adapters.spool import FileSpool
    from assay.bootstrap.specs import reviewed_scripts
    from assay.build.content import Sealed
    from assay.flows.hermetic import Workbench, judge

    if not Path(settings.store).is_dir():
        return judge(collected.evidence)
    store = FolderContentStore(Path(settings.store))
    with store.hold(), closing(FileSpool()) as spool:
        at = Workbench(store=Sealed(store), spool=spool, limits=LIMITS, reviewed=reviewed_scripts())
        return judge(collected.evidence, at)


def supported_levels(collected: Collected, judged: Judgement, more: Sequence[BuilderRow] = ()) -> tuple[Supported, ...]:
    """The Build level of the image's own provenance, each with why and what the next would ask.

    Args:
        collected: verified evidence.
        judged: of hermeticity.
        more: rows of builders that a trust profile adds to those that come with the program.
    """
    from assay.build.levels import supported
    from assay.build.run import BUILD_TYPE
    from assay.flows.hermetic import claims
    from assay.trust.levels import shipped

    found = []
    rows = (*shipped(), *more)
    signers = {str(one.digest): one.signer for one in collected.evidence}
    for claim in claims(collected.evidence):
        if claim.provenance is not None and claim.provenance.build_type == BUILD_TYPE:
            found.append(supported(claim.provenance, signers[claim.evidence], judged, rows=rows))
    return tuple(found)
