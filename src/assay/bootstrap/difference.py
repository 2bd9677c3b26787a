"""Two targets compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.bootstrap.reports import report_on
from assay.bootstrap.stock import SecondLook, take_stock
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.bootstrap.stock import Reading
    from assay.model.difference import Difference
    from assay.model.report import Report
    from assay.ports.world import Progress
    from assay.settings import Settings


def compare_targets(
    old: str,
    new: str,
    reading: Reading,
    *,
    settings: Settings,
    matched: bool,
    vex_paths: Sequence[str],
    progress: Progress,
    policy_path: str | None = None,
) -> tuple[Difference, tuple[Report, Report] | None]:
    """What changed from one target to another; with `matched` also findings, of both sides from one database.

    With a policy also what it decides of each. The reports of both sides stand beside, where findings were compared.

    Raises:
        UsageError: both are standard input.
        UnavailableError: findings are wanted and there is no advisory data.
    """
    from assay.flows.difference import difference

    if old == new == "-":
        raise UsageError("both sides would be read from standard input", remedy="give one of them as a file")
    looks = [SecondLook(text, reading, settings, progress) for text in (old, new)]
    before, after = (
        take_stock(text, reading, settings=settings, progress=progress, look=look if matched else None)[0]
        for text, look in zip((old, new), looks, strict=True)
    )
    if not matched:
        return difference(before, after, None), None
    both = all(look.possible for look in looks)  # else one side would be judged more cautiously than the other
    first, second = (
        report_on(
            (inventory,),
            settings=settings,
            vex_paths=vex_paths,
            policy_path=policy_path,
            progress=progress,
            reader=look if both else None,
        )[0]
        for inventory, look in zip((before, after), looks, strict=True)
    )
    return difference(before, after, (first, second)), (first, second)
