"""The door to hermeticity: a build judged from its verified evidence, its roots from this machine's content store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from assay.build.hermetic import Judgement
    from assay.flows.verify import Collected
    from assay.settings import Settings


def judge_hermetic(collected: Collected, settings: Settings) -> Judgement:
    """Judge the build of a subject.

    Args:
        collected: its verified evidence, with what the statements say.
        settings: where the content store lies; without one the roots are left out, and the judgement says so.
    """
    from assay.adapters.contentstore import FolderContentStore
    from assay.adapters.spool import FileSpool
    from assay.bootstrap.builds import reviewed_scripts
    from assay.build.content import Sealed
    from assay.flows.hermetic import Workbench, judge

    if not Path(settings.store).is_dir():
        return judge(collected.evidence)
    store = FolderContentStore(Path(settings.store))
    with store.hold(), closing(FileSpool()) as spool:
        at = Workbench(store=Sealed(store), spool=spool, limits=LIMITS, reviewed=reviewed_scripts())
        return judge(collected.evidence, at)
