"""Matching against the real database gives what matching against values in memory gives."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.adapters.advisorydb_writer import Writer
from assay.dependencies.aliases import classes
from assay.dependencies.matching import match
from assay.dependencies.versions import SCHEMES, scheme_for
from assay.flows.feed_intake import Intake
from assay.model.advisory import Advisory, Feed
from assay.model.inventory import Component, Distro, SourcePackage
from fakes.advisories import MemoryStore, records_of
from support import shared

FEEDS = ("alpine", "crates.io", "cve-cna-packages", "ghsa-selected", "maven-projectkb", "packagist", "pypi", "rubygems")
KINDS = {
    "Alpine:v3.17": "apk", "crates.io": "cargo", "Maven": "maven", "Packagist": "composer", "PyPI": "pypi",
    "RubyGems": "gem", "npm": "npm",
}  # fmt: skip
ALPINE = Distro(id="alpine", version_id="3.17.1")


@pytest.fixture(scope="module")
def records() -> list[Advisory]:
    found: dict[str, Advisory] = {}
    for feed in FEEDS:
        every = records_of(shared("data", "advisories", f"{feed}.jsonl.gz"))
        for record in every[:: max(1, len(every) // 100)]:
            found.setdefault(record.id, record)
    return list(found.values())


@pytest.fixture(scope="module")
def database(records: list[Advisory], tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdvisoryDatabase]:
    path: Path = tmp_path_factory.mktemp("db") / "advisories.db"
    writer = Writer(path)
    intake = Intake(writer, scheme_for)
    for record in records:
        intake.take(record)
    intake.flush()
    names = sorted({record.feed for record in records})
    feeds = [Feed(name=name, date="2026-01-01", licence="", digest="", records=1) for name in names]
    writer.finish(feeds, intake.encoders, classes(intake.pairs()))
    opened = AdvisoryDatabase(path, {name: scheme.encoder_version for name, scheme in SCHEMES.items()})
    yield opened
    opened.close()


def around(records: list[Advisory]) -> list[Component]:
    """A component at, before and after the bounds of every package, and one whose version nobody can read."""
    found: dict[str, Component] = {}
    for record in records:
        for affected in record.affected:
            kind = KINDS.get(affected.ecosystem)
            if kind is None:
                continue
            versions = {"0.0.1", "999.0.0", "no version!", *affected.versions[:2]}
            for item in affected.ranges[:3]:
                versions |= {item.introduced, item.fixed, item.last_affected}
            for version in sorted(versions):
                key = f"{kind}/{affected.name}@{version}"
                source = SourcePackage(affected.name, version) if kind == "apk" else None
                found[key] = Component(
                    key=key, purl=f"pkg:{key}", ecosystem=kind, name=affected.name, version=version, source=source
                )
    return [found[key] for key in sorted(found)]


def test_database_and_memory_agree(records: list[Advisory], database: AdvisoryDatabase) -> None:
    components = around(records)
    memory = match(components, ALPINE, MemoryStore(records))
    stored = match(components, ALPINE, database)
    assert len(memory.findings) > 500
    assert {finding.status for finding in memory.findings} == {"affected", "undetermined"}
    assert stored.findings == memory.findings
