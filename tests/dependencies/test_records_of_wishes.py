"""Who asked for a package: apk's `world`, apt's `extended_states`, dnf's reasons, and what the graph makes of them."""

import sqlite3
from pathlib import Path

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Fragment, Sighting
from assay.dependencies.catalogers import dnf_reasons
from assay.dependencies.chooser import run
from assay.dependencies.graph import Graph, Share
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory
from osfiles import BOOKWORM, layers, read, rpm_database, rpm_header, saw, stanza, wanted

STATUS = "var/lib/dpkg/status"
STATES = "var/lib/apt/extended_states"
INSTALLED = "lib/apk/db/installed"
WORLD = "etc/apk/world"
HISTORY = "var/lib/dnf/history.sqlite"
DNF5 = "usr/lib/sysimage/libdnf5/packages.toml"


def stock(*sightings: Sighting) -> tuple[Graph, dict[str, Component]]:
    found = assemble(sightings, layers(3), installed=True)
    inventory = Inventory(subject=Subject(name="x"), components=found.components, relations=found.relations)
    return Graph(inventory), {c.name: c for c in found.components}


def record(name: str, depends: str = "", more: str = "") -> str:
    return f"P:{name}\nV:1.0-r0\nA:x86_64\nD:{depends}\n{more}\n"


def test_apk_says_what_the_world_asks_for() -> None:
    database = record("curl", "libcurl") + record("libcurl") + record("stray")
    graph, named = stock(saw(INSTALLED, database), saw(WORLD, "curl>=8 busybox@edge\n!conflict\n"))
    assert ("apk:world", "true") in named["curl"].properties
    assert graph.standing(named["curl"].key) == ("direct", "apk:world")
    assert graph.standing(named["libcurl"].key) == ("transitive", "")
    assert graph.standing(named["stray"].key)[0] == "unknown"


def test_a_wish_through_a_virtual_package_or_a_provision_is_a_wish() -> None:
    virtual = "P:.build\nV:20240101.1\nD:gcc\n\n"
    database = virtual + record("gcc", "libc") + record("libc") + record("busybox", more="p:cmd:sh=1.36\n")
    graph, named = stock(saw(INSTALLED, database), saw(WORLD, ".build=20240101.1\ncmd:sh\n"))
    assert graph.share() == Share(direct=2, transitive=1, unknown=0)
    assert graph.standing(named["busybox"].key)[0] == graph.standing(named["gcc"].key)[0] == "direct"


def test_a_virtual_package_nobody_asked_for_is_no_wish() -> None:
    database = "P:.build\nV:1\nD:gcc\n\n" + record("gcc")
    graph, named = stock(saw(INSTALLED, database), saw(WORLD, "curl\n"))
    assert graph.standing(named["gcc"].key)[0] == "unknown"


def test_apt_says_what_came_by_itself_and_everything_else_was_asked_for() -> None:
    status = stanza("curl", "1", "Depends: libcurl4") + stanza("libcurl4", "1") + stanza("tzdata", "1", arch="all")
    states = (
        "Package: libcurl4\nArchitecture: amd64\nAuto-Installed: 1\n\n"
        "Package: tzdata\nArchitecture: amd64\nAuto-Installed: 1\n\n"
        "Package: curl\nArchitecture: amd64\nAuto-Installed: 0\n"
    )
    graph, named = stock(saw("etc/os-release", BOOKWORM), saw(STATUS, status), saw(STATES, states))
    assert graph.standing(named["curl"].key) == ("direct", "deb:auto-installed")
    assert graph.standing(named["libcurl4"].key) == ("transitive", "")
    assert ("deb:auto-installed", "true") in named["tzdata"].properties


def test_an_architecture_answers_for_itself_only() -> None:
    status = stanza("libc6", "1") + stanza("libc6", "1", arch="i386")
    states = "Package: libc6\nArchitecture: i386\nAuto-Installed: 1\n"
    found = assemble([saw(STATUS, status), saw(STATES, states)], layers(1), installed=True)
    said = {c.architecture: dict(c.properties)["deb:auto-installed"] for c in found.components}
    assert said == {"amd64": "false", "i386": "true"}


def test_without_the_file_or_with_a_hidden_one_nothing_is_known() -> None:
    graph, _ = stock(saw(STATUS, stanza("curl", "1")))
    assert graph.share() == Share(direct=0, transitive=0, unknown=1)
    graph, _ = stock(saw(STATUS, stanza("curl", "1")), saw(STATES, "", removed_by=1))
    assert graph.share() == Share(direct=0, transitive=0, unknown=1)


def test_an_empty_file_of_states_means_that_all_was_asked_for() -> None:
    graph, _ = stock(saw(STATUS, stanza("curl", "1")), saw(STATES, ""))
    assert graph.share() == Share(direct=1, transitive=0, unknown=0)


def history(folder: Path, rows: list[tuple[int, str]]) -> bytes:
    path = folder / "history.sqlite"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE rpm (item_id INTEGER UNIQUE NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL,"
            " version TEXT NOT NULL, release TEXT NOT NULL, arch TEXT NOT NULL)"
        )
        database.execute(
            "CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER, item_id INTEGER,"
            " repo_id INTEGER, action INTEGER, reason INTEGER, state INTEGER)"
        )
        for number, (reason, name) in enumerate(rows, 1):
            database.execute("INSERT INTO rpm VALUES (?, ?, 0, '1', '1', 'x86_64')", (number, name))
            database.execute("INSERT INTO trans_item VALUES (NULL, 1, ?, 1, 1, ?, 1)", (number, reason))
    return path.read_bytes()


def rpms(tmp_path: Path, *names: str) -> Sighting:
    headers = [
        rpm_header(t1000=("text", name), t1001=("text", "1"), t1002=("text", "1"), t1022=("text", "x86_64"))
        for name in names
    ]
    return saw("var/lib/rpm/rpmdb.sqlite", rpm_database(tmp_path / "rpmdb.sqlite", headers))


def dnf5(text: bytes | str) -> Fragment:
    """Another row looks at every `.toml` there is; here only this one is asked."""
    return run(dnf_reasons.CATALOGUER, wanted(DNF5, text))


def test_dnf_4_says_what_the_user_asked_for(tmp_path: Path) -> None:
    data = history(tmp_path, [(1, "bash"), (2, "curl"), (4, "weak"), (2, "bash")])
    notes = {n.name: n.value for n in read(HISTORY, data).notes}
    assert notes == {"bash.x86_64": "user", "curl.x86_64": "user", "weak.x86_64": "weak dependency"}


def test_dnf_5_says_what_the_user_asked_for() -> None:
    text = '[packages]\n"curl.x86_64" = {reason = "User"}\n"libc.x86_64" = {reason = "Dependency"}\n"bad" = 3\n'
    notes = {n.name: n.value for n in dnf5(text).notes}
    assert notes == {"curl.x86_64": "user", "libc.x86_64": "dependency"}


def test_an_rpm_bears_its_reason(tmp_path: Path) -> None:
    sighting = rpms(tmp_path, "curl", "libc")
    text = '[packages]\n"curl.x86_64" = {reason = "Group"}\n"libc.x86_64" = {reason = "Dependency"}\n'
    graph, named = stock(
        sighting, Sighting(cataloguer="dnf-reasons", path=DNF5, layer=0, removed_by=None, fragment=dnf5(text))
    )
    assert graph.standing(named["curl"].key) == ("direct", "rpm:direct")
    assert ("rpm:reason", "dependency") in named["libc"].properties
    assert graph.standing(named["libc"].key)[0] == "unknown"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (HISTORY, b""),
        (HISTORY, b"SQLite format 3\0" + b"\xff" * 600),
        (DNF5, b"\xff"),
        (DNF5, b"packages = 3"),
        (STATES, b"\xff\0\n\nno field"),
        (WORLD, b"\xff \0 !!!"),
    ],
)
def test_a_damaged_record_is_a_gap_or_says_nothing(path: str, data: bytes) -> None:
    fragment = dnf5(data) if path == DNF5 else read(path, data)
    assert all(gap.kind == "unreadable" for gap in fragment.gaps)
    assert fragment.packages == ()
