"""How long it takes to match five thousand components against the whole database.

The components carry real names of the database's own ecosystems, nine of ten at the newest version some advisory
names as fixed, one of ten at the oldest: some are affected by much, most by nothing, as in a large image.
"""

import sqlite3
import time
from pathlib import Path

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.dependencies.matching import match
from assay.flows.db import encoders
from assay.model.inventory import Component, Distro, SourcePackage

COUNT = 5_000
ECOSYSTEMS = {"Debian:12": "deb", "PyPI": "pypi", "npm": "npm", "Go": "golang", "crates.io": "cargo"}


def components(database: Path) -> list[Component]:
    """The components, repeated under other keys where the database names fewer packages."""
    query = (
        "SELECT package.ecosystem, package.name, range.fixed, {}(range.hi) FROM range "
        "JOIN package ON package.id = range.package WHERE range.fixed != '' AND package.ecosystem IN (?, ?, ?, ?, ?) "
        "GROUP BY package.id ORDER BY package.name"
    )
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    newest = connection.execute(query.format("max"), tuple(ECOSYSTEMS)).fetchall()
    oldest = connection.execute(query.format("min"), tuple(ECOSYSTEMS)).fetchall()
    connection.close()
    rows = [(oldest if i % 10 == 0 else newest)[i][:3] for i in range(len(newest))]
    made = []
    for i in range(COUNT):
        ecosystem, name, version = rows[i % len(rows)]
        kind = ECOSYSTEMS[ecosystem]
        purl = f"pkg:{kind}/{'debian/' if kind == 'deb' else ''}{name}@{version}"
        source = SourcePackage(name, version) if kind == "deb" else None
        made.append(Component(key=f"{purl}#{i}", purl=purl, ecosystem=kind, name=name, version=version, source=source))
    return made


def matching(database: Path) -> tuple[int, float]:
    """(components, best of five, in seconds), opening the database included."""
    parts = components(database)
    distro = Distro(id="debian", version_id="12")
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        store = AdvisoryDatabase(database, encoders())
        found = match(parts, distro, store)
        store.close()
        best = min(best, time.perf_counter() - begun)
    print(f"{len(found.findings)} findings, {len(found.uncovered)} uncovered of {COUNT} components: {best:.3f} s")
    return COUNT, best


if __name__ == "__main__":
    import sys

    matching(Path(sys.argv[1]))
