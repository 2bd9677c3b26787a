"""From inventory to report: advisories, VEX and policy plugged in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.database import knowledge_of
from assay.bootstrap.machine import LIMITS, TOOL, clock
from assay.bootstrap.vex import NO_SEARCH, VexSearch, vex_door
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.flows.programs import ProgramReader
    from assay.flows.scan import Court
    from assay.model.inventory import Inventory
    from assay.model.policy import PolicyBundle
    from assay.model.report import Report
    from assay.ports.world import Progress
    from assay.settings import Settings

DEFAULT_POLICY = "default"


def report_on(
    inventories: Sequence[Inventory],
    *,
    settings: Settings,
    vex_paths: Sequence[str],
    policy_path: str | None,
    progress: Progress,
    vex_search: VexSearch = NO_SEARCH,
    reader: ProgramReader | None = None,
) -> tuple[Report, ...]:
    """Match, apply VEX, decide; one report per inventory. Without a policy path no decision is made.

    `reader` looks into programs again (`stock.second_look`); without one a report is as cautious as an SBOM's.
    """
    import msgspec

    from assay.dependencies.ssvc import deployment
    from assay.flows.scan import scan

    now = clock().now()
    where = deployment(settings.ssvc, settings.ssvc_source)
    knowledge = msgspec.structs.replace(knowledge_of(settings), reader=reader, deployment=where)
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


def court_of(path: str) -> Court:
    """The policy at `path` and an engine for it; the caller closes the engine."""
    from assay.adapters.opa import RegorusEngine
    from assay.flows.scan import Court

    return Court(bundle=load_policy(path), engine=RegorusEngine(LIMITS), seconds=LIMITS.policy_seconds)


def load_policy(path: str) -> PolicyBundle:
    """A policy by folder, or the shipped one by its name (`default`).

    Raises:
        UsageError: no such policy. MalformedError: a rule or data.json cannot be read.
    """
    from assay.adapters.files import read_folder
    from assay.formats import strictjson
    from assay.policy.bundle import load

    folder = _policies() / path if "/" not in path and not Path(path).is_dir() else Path(path)
    if not folder.is_dir():
        raise UsageError("no such policy", why=repr(path), remedy="give a folder with .rego files, or `default`")
    files = read_folder(str(folder), LIMITS.policy_bytes, (".rego", ".json"))
    modules = {name: text for name, text in files.items() if name.endswith(".rego") and not name.endswith("_test.rego")}
    data = strictjson.loads(files.get("data.json", "{}").encode(), where="data.json", limit=LIMITS.policy_bytes)
    return load(modules, data, name=folder.name)


def _policies() -> Path:
    """The folder of shipped policies: inside the installed package, or beside `src` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "policies"
    return inside if inside.is_dir() else package.parent.parent / "policies"
