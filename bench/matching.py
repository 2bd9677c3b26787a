"""How long it takes to match five thousand components against the whole database."""

import time
from pathlib import Path

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.dependencies.matching import match

from assay.model.inventory import Component, Distro, SourcePackage

COUNT = 5_000


def components() -> list[Component]:
    """Real names from the feeds' ecosystems with spread versions: half Debian, half PyPI and npm."""
    deb = ("openssl", "curl", "glibc", "zlib", "perl", "python3.11", "systemd", "krb5", "sqlite3", "expat")
    pypi = ("django", "requests", "pillow", "flask", "jinja2", "urllib3", "numpy", "cryptography", "lxml", "ansible")
    npm = ("lodash", "axios", "express", "minimist", "next", "jquery", "semver", "moment", "handlebars", "react")
    made = []
    for i in range(COUNT):
        kind = ("deb", "deb", "pypi", "npm")[i % 4]
        name = {"deb": deb, "pypi": pypi, "npm": npm}[kind][i // 4 % 10]
        version = f"{i % 7}.{i % 13}.{i}" + ("-1" if kind == "deb" else "")
        purl = f"pkg:{kind}/{'debian/' if kind == 'deb' else ''}{name}@{version}"
        source = SourcePackage(name, version) if kind == "deb" else None
        made.append(Component(key=f"{purl}#{i}", purl=purl, ecosystem=kind, name=name, version=version, source=source))
    return made


def matching(database: Path) -> tuple[int, float]:
    """(components, best of three seconds), opening the database included."""
    parts = components()
    distro = Distro(id="debian", version_id="12")
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        store = AdvisoryDatabase(database)
        match(parts, distro, store)
        store.close()
        best = min(best, time.perf_counter() - begun)
    return COUNT, best
