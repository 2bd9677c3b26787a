"""From inventory to report: advisories, VEX and policy plugged in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from assay.bootstrap.court import court_of
from assay.bootstrap.database import knowledge_of
from assay.bootstrap.machine import TOOL, clock
from assay.bootstrap.vex import NO_SEARCH, VexSearch, vex_door

if TYPE_CHECKING:
    from assay.dependencies.silence import Silence
    from assay.flows.functions import ProgramReader
    from assay.flows.importing import ImportReader
    from assay.model.inventory import Inventory
    from assay.model.report import Report
    from assay.ports.world import Progress
    from assay.settings import Settings

    class SecondReader(ProgramReader, ImportReader, Protocol):
        """Looks into a subject again."""


def why_silent(identifier: str, report: Report, *, settings: Settings) -> Silence | None:
    """What the database knows of an id that nothing in the report matches; None without a database."""
    from assay.dependencies.silence import silence

    knowledge = knowledge_of(settings)
    if knowledge.store is None or knowledge.index is None:
        return None
    return silence(identifier, report, knowledge.store, knowledge.index)


def report_on(
    inventories: Sequence[Inventory],
    *,
    settings: Settings,
    vex_paths: Sequence[str],
    policy_path: str | None,
    progress: Progress,
    vex_search: VexSearch = NO_SEARCH,
    reader: SecondReader | None = None,
) -> tuple[Report, ...]:
    """Match, apply VEX, decide; one report per inventory. Without a policy path no decision is made.

    `reader` looks into programs again (`stock.second_look`); without one a report is as cautious as an SBOM's.
    """
    import msgspec

    from assay.dependencies.ssvc import deployment
    from assay.flows.scan import scan

    now = clock().now()
    where = deployment(settings.ssvc, settings.ssvc_source)
    knowledge = msgspec.structs.replace(knowledge_of(settings), reader=reader, importer=reader, deployment=where)
    court = court_of(policy_path) if policy_path is not None else None
    try:
        with vex_door(vex_paths, vex_search, settings, now) as said:
            reports = []
            for inventory in inventories:
                documents, statements = said(inventory)
                reports.append(
                    scan(
                        inventory,
                        knowledge,
                        statements,
                        court,
                        tool=TOOL,
                        now=now,
                        progress=progress,
                        documents=documents,
                    )
                )
            return tuple(reports)
    finally:
        if court is not None:
            court.engine.close()
