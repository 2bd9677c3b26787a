"""An inventory as a snapshot for GitHub's Dependency submission API (REST, `dependency-graph/snapshots`).

One manifest a place where packages were recorded (a package database, a lock, a jar). Left out is what an upper layer
removed, what an OS package owns, and what has no package URL; the metadata count them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from assay.formats import wire
from assay.formats.plaintext import safe
from assay.model.inventory import Component, Inventory
from assay.model.tool import Tool

_URL = "https://pypi.org/project/assay/"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The run that submits: from GitHub's environment variables; GitHub refuses a snapshot without commit and ref."""

    sha: str = ""
    ref: str = ""
    correlator: str = "assay"
    """Of snapshots with the same one the latest counts."""
    id: str = "0"
    url: str = ""


def job_of(env: Mapping[str, str]) -> Job:
    """The job as GitHub Actions describes it to its steps."""
    server, repository, run = (env.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    names = [env.get("GITHUB_WORKFLOW", ""), env.get("GITHUB_JOB", "")]
    return Job(
        sha=env.get("GITHUB_SHA", ""),
        ref=env.get("GITHUB_REF", ""),
        correlator="_".join(filter(None, names)) or "assay",
        id=run or "0",
        url=f"{server}/{repository}/actions/runs/{run}" if server and repository and run else "",
    )


def write(inventory: Inventory, *, tool: Tool, scanned: str, job: Job) -> bytes:
    """The snapshot.

    Args:
        inventory: what is there.
        tool: the detector.
        scanned: RFC 3339 time.
        job: who submits it.
    """
    listed = [c for c in inventory.components if c.purl and c.removed_by is None and not c.owner]
    purls = {c.key: safe(c.purl) for c in listed}
    wants: dict[str, list[str]] = {}
    for edge in inventory.relations:
        if edge.kind == "depends_on" and edge.source in purls and edge.target in purls:
            wants.setdefault(edge.source, []).append(purls[edge.target])
    manifests: dict[str, dict[str, Any]] = {}
    subject = safe(inventory.subject.name)
    for component in listed:
        place = _place(component)
        name = f"{subject}:/{place}" if place else subject
        manifest = manifests.setdefault(
            name, {"name": name, "file": {"source_location": place or subject}, "resolved": {}}
        )
        manifest["resolved"][purls[component.key]] = {
            "package_url": purls[component.key],
            "dependencies": sorted(set(wants.get(component.key, ()))),
        }
    document = {
        "version": 0,
        "job": {
            "id": job.id,
            "correlator": f"{job.correlator}_{subject}",
            **({"html_url": job.url} if job.url else {}),
        },
        "sha": job.sha,
        "ref": job.ref,
        "detector": {"name": tool.name, "version": tool.version, "url": _URL},
        "metadata": {
            "assay:digest": str(inventory.subject.digest or ""),
            "assay:left-out": len(inventory.components) - len(listed),
        },
        "scanned": wire.instant(scanned),
        "manifests": dict(sorted(manifests.items())),
    }
    return wire.encode(document)


def _place(component: Component) -> str:
    return safe(min((o.path for o in component.occurrences), default=""))
