"""Ground truth: what the package managers themselves say, package for package."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import Sighting
from assay.dependencies.identity import see
from assay.dependencies.ownership import Owners
from assay.dependencies.paths import path_hash
from osfiles import BOOKWORM, only_row, read, saw, stanza

STATUS = "var/lib/dpkg/status"
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="dpkg-query is not installed")
FORMAT = "${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${source:Version}\\n"


def query(*arguments: str, admindir: Path | None = None) -> str:
    where = [f"--admindir={admindir}"] if admindir else []
    return subprocess.run(
        ["dpkg-query", *where, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ).stdout


def installed(listing: str) -> list[list[str]]:
    rows = [line.split("\t") for line in listing.splitlines()]
    return sorted(row[1:] for row in rows if row[0] == "installed")


def ours(found: Assembled) -> list[list[str]]:
    return sorted(
        [c.name, c.version, c.architecture, c.source.name, c.source.version]
        for c in found.components
        if c.source is not None
    )


@needs_dpkg
def test_a_generated_database_agrees_with_dpkg_query(tmp_path: Path) -> None:
    chance = random.Random(4)
    states = ["install ok installed"] * 6 + [
        "hold ok installed",
        "deinstall ok config-files",
        "install ok unpacked",
        "install ok half-configured",
    ]
    parts = []
    for number in range(300):
        more = ["Maintainer: A <a@example.org>", "Description: a package", " with a long", " .", " text"]
        if number % 3 == 0:
            more.insert(0, f"Source: src{number % 7}")
        elif number % 3 == 1:
            more.insert(0, f"Source: src{number % 7} (2:{number}.1~rc1-{number % 5})")
        version = chance.choice([f"{number}.0-1", f"1:{number}.0~beta+dfsg-1.1+b2", f"{number}"])
        state = chance.choice(states)
        parts.append(stanza(f"pkg{number}", version, *more, status=state, arch=chance.choice(["amd64", "all"])))
        if number % 10 == 0:
            parts.append(stanza(f"multi{number}", version, "Multi-Arch: same", *more))
            parts.append(stanza(f"multi{number}", version, "Multi-Arch: same", *more, arch="i386"))
    admin = tmp_path / "dpkg"
    (admin / "info").mkdir(parents=True)
    (admin / "updates").mkdir()
    (admin / "status").write_text("".join(parts))
    found = assemble([saw("etc/os-release", BOOKWORM), saw(STATUS, "".join(parts))], (), installed=True)
    assert ours(found) == installed(query("-W", "-f", FORMAT, admindir=admin))
    assert len(found.components) > 200


@pytest.fixture(scope="module")
def this_machine() -> list[Sighting]:
    """The package database of the machine the tests run on, where it is Debian's."""
    root = Path("/")
    if not (root / STATUS).is_file() or shutil.which("dpkg-query") is None:
        pytest.skip("this machine is not a Debian or Ubuntu")
    paths = [STATUS, "usr/lib/os-release", *(str(p)[1:] for p in sorted((root / "var/lib/dpkg/info").glob("*.list")))]
    if (root / "var/lib/dpkg/diversions").is_file():
        paths.append("var/lib/dpkg/diversions")
    return [saw(path, (root / path).read_bytes(), None) for path in paths]


def test_this_machine_agrees_with_dpkg_query(this_machine: list[Sighting]) -> None:
    found = assemble(this_machine, (), installed=True)
    assert ours(found) == installed(query("-W", "-f", FORMAT))
    assert found.gaps == ()
    assert found.distro is not None
    assert all(f"distro={found.distro.id}-" in component.purl for component in found.components)


def test_owners_agree_with_dpkg_query(this_machine: list[Sighting]) -> None:
    seen = see(this_machine, None, installed=True)
    names = sorted(query("-W", "-f", "${binary:Package}\\n").split())
    chance = random.Random(11)
    asked: dict[str, str] = {}
    for name in chance.sample(names, min(25, len(names))):
        files = [path for path in query("-L", name).splitlines() if path.startswith("/") and Path(path).is_file()]
        asked |= {path: name.partition(":")[0] for path in chance.sample(files, min(8, len(files)))}
    owners = Owners(seen, this_machine, [*asked, "/no/such/file"])
    diverted = (
        Path("/var/lib/dpkg/diversions").read_text().split() if Path("/var/lib/dpkg/diversions").is_file() else []
    )
    for path, name in asked.items():
        if path not in diverted:
            assert owners.of(path).partition("@")[0].rpartition("/")[2].replace("%2B", "+") == name, path
    assert owners.of("/no/such/file") == ""
    assert asked


def test_every_listed_file_is_hashed(this_machine: list[Sighting]) -> None:
    name = "dpkg"
    blob = (
        read(f"var/lib/dpkg/info/{name}.list", Path(f"/var/lib/dpkg/info/{name}.list").read_bytes()).ownership[0].files
    )
    hashes = {blob[at : at + 8] for at in range(0, len(blob), 8)}
    files = [path for path in query("-L", name).splitlines() if path.startswith("/") and Path(path).is_file()]
    assert files
    assert {path_hash(path) for path in files} <= hashes


def test_five_hundred_packages_are_read_in_thirty_milliseconds() -> None:
    more = [
        "Maintainer: A Person <a@example.org>",
        "Depends: libc6 (>= 2.34), liba (>= 1) | libb, libc",
        "Description: x",
    ]
    text = "".join(stanza(f"pkg{n}", f"1.{n}-1", *more, *[" a line of the long description"] * 12) for n in range(500))
    best = 1.0
    for _ in range(5):
        start = time.process_time()
        fragment = read(STATUS, text)
        best = min(best, time.process_time() - start)
    assert len(fragment.packages) == 500
    assert best < 0.03 * 3, "three times the bar, for slow machines"
    assert only_row(STATUS).name == "dpkg"
