"""How long it takes to match five thousand components against the whole database, grown to 300,000 ranges.

The components carry real names of the database's own ecosystems, nine of ten at the newest version some advisory
names as fixed, one of ten at the oldest: some are affected by much, most by nothing, as in a large image.
"""

import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.dependencies.matching import match
from assay.flows.db import encoders
from assay.model.inventory import Component, Distro, SourcePackage

COUNT = 5_000
RANGES_COUNT = 300_000
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


def grown(database: Path, place: Path) -> Path:
    """A copy with at least `RANGES_COUNT` ranges: where there are fewer, a share of them again, a little narrower.

    A range that is there twice is found twice, read twice and judged twice: the work grows with the number.
    """
    copy = Path(shutil.copy(database, place / "grown.db"))
    connection = sqlite3.connect(copy)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(range)")]
    narrower = ", ".join("CAST(lo || x'00' AS BLOB)" if name == "lo" else name for name in columns)
    more = f"INSERT OR IGNORE INTO range SELECT {narrower} FROM range WHERE advisory * 7919 % 100 <= ?"
    while (count := connection.execute("SELECT count(*) FROM range").fetchone()[0]) < RANGES_COUNT:
        connection.execute(more, (100 * (RANGES_COUNT - count) // count,))
        connection.commit()
    connection.close()
    return copy


def matching(database: Path) -> tuple[int, float]:
    """(components, best of seven), in seconds of processor time, opening the database included."""
    with tempfile.TemporaryDirectory() as place:
        return _matching(components(database), grown(database, Path(place)))


def _matching(parts: list[Component], database: Path) -> tuple[int, float]:
    distro = Distro(id="debian", version_id="12")
    best = float("inf")
    for _ in range(7):
        begun = time.process_time()
        store = AdvisoryDatabase(database, encoders())
        found = match(parts, distro, store)
        store.close()
        best = min(best, time.process_time() - begun)
    print(f"{len(found.findings)} findings, {len(found.uncovered)} uncovered of {COUNT} components: {best:.3f} s CPU")
    return COUNT, best


if __name__ == "__main__":
    import sys

    matching(Path(sys.argv[1]))
