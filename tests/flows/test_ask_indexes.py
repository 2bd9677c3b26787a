"""Indexes on loopback are asked, their answers kept for a day; silence and lies are unknown, never "no"."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.adapters.answershelf import FileAnswers
from assay.adapters.http import Http
from assay.adapters.packageindexes import HostIndexes, _parted
from assay.adapters.workers import Threads
from assay.dependencies.suspicion import suspicions
from assay.flows.ask_indexes import ask_indexes
from assay.model.errors import UnavailableError
from assay.model.index_state import IndexState
from assay.model.inventory import Component, Inventory, Subject
from assay.model.limits import Limits
from webfiles import Web, running

NOW, SOON, LATER = "2026-02-01T00:00:00Z", "2026-02-01T23:00:00Z", "2026-02-02T01:00:00Z"
LIMITS = Limits(http_retries_count=0, http_backoff_seconds=0.0)


@pytest.fixture
def web() -> Iterator[Web]:
    with running() as one:
        one.files["/simple/bad/"] = json.dumps(
            {"files": [{"filename": "bad-1.0.tar.gz", "yanked": "wrong build"}]}
        ).encode()
        one.files["/simple/good/"] = json.dumps({"files": [{"filename": "good-1.0.tar.gz", "yanked": False}]}).encode()
        one.files["/npm/left-pad/1.0.0"] = json.dumps({"version": "1.0.0", "deprecated": "use padStart"}).encode()
        one.files["/crates/3/o/old"] = b'{"name":"old","vers":"1.0.0","yanked":true}\n'
        yield one


def inventory(*names: str) -> Inventory:
    """`pypi bad 1.0` and the like."""
    components = []
    for text in names:
        ecosystem, name, version = text.split()
        components.append(Component(key=text, ecosystem=ecosystem, name=name, version=version, purl=""))
    return Inventory(subject=Subject(kind="tree", name="t"), components=tuple(components))


def ask(
    web: Web, folder: Path, *names: str, now: str = NOW, limits: Limits = LIMITS, **more: object
) -> tuple[Inventory, dict[str, IndexState]]:
    addresses = {"pypi": f"{web.url}/simple/", "npm": f"{web.url}/npm", "cargo": f"{web.url}/crates"}
    indexes = HostIndexes(Http(limits=LIMITS), {}, addresses)
    (found,), states = ask_indexes(
        [inventory(*names)], indexes, FileAnswers(folder / "answers.json"), Threads(4), now=now, limits=limits, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return found, {state.ecosystem: state for state in states}


def test_what_was_taken_back_is_a_suspicion_with_the_day_and_no_finding(web: Web, tmp_path: Path) -> None:
    found, states = ask(web, tmp_path, "pypi bad 1.0", "pypi good 1.0", "npm left-pad 1.0.0", "cargo old 1.0.0")
    said = {
        one.name: [clue.says for clue in one.clues if clue.kind == "withdrawn"] for one in suspicions(found.components)
    }
    assert said == {
        "bad": ["was yanked by its publisher: wrong build (its index, 2026-02-01)"],
        "old": ["was yanked by its publisher: no reason given (its index, 2026-02-01)"],
        "left-pad": ["is deprecated by its publisher: use padStart (its index, 2026-02-01)"],
    }
    pypi = states["pypi"]
    assert (pypi.packages_count, pypi.withdrawn_count, pypi.unknown_count, pypi.asked) == (2, 1, 0, NOW)
    assert pypi.index == f"{web.url}/simple"


def test_answers_are_kept_for_a_day(web: Web, tmp_path: Path) -> None:
    first, _ = ask(web, tmp_path, "pypi bad 1.0")
    web.down = True
    again, states = ask(web, tmp_path, "pypi bad 1.0", now=SOON)
    assert (again, states["pypi"].kept_count, len(web.asked)) == (first, 1, 1)
    _, states = ask(web, tmp_path, "pypi bad 1.0", now=LATER)
    assert (states["pypi"].withdrawn_count, states["pypi"].unknown_count) == (0, 1)


def test_silence_is_unknown_and_ends_the_questions(web: Web, tmp_path: Path) -> None:
    web.down = True
    names = [f"pypi p{n} 1.0" for n in range(60)]
    found, states = ask(web, tmp_path, *names)
    assert (states["pypi"].unknown_count, states["pypi"].asked) == (60, "")
    assert len(web.asked) < 20
    assert all(component.properties == () for component in found.components)


def test_what_the_index_does_not_have_is_unknown(web: Web, tmp_path: Path) -> None:
    _, states = ask(web, tmp_path, "pypi absent 1.0", "pypi good 9.9")
    assert states["pypi"].unknown_count == 2
    assert "the index does not have this version" in states["pypi"].reasons[0]


@pytest.mark.parametrize(
    "data", [b"<html>please log in</html>", b"", b"[" * 100_000, b'{"files": [{}]}', b"x" * 3_000_000]
)
def test_lies_are_unknown(web: Web, tmp_path: Path, data: bytes) -> None:
    web.files["/simple/bad/"] = data
    limits = Limits(index_answer_bytes=2_000_000)
    _, states = ask(web, tmp_path, "pypi bad 1.0", limits=limits)
    assert (states["pypi"].withdrawn_count, states["pypi"].unknown_count) == (0, 1)


def test_internal_names_and_too_many_are_not_asked(web: Web, tmp_path: Path) -> None:
    _, states = ask(web, tmp_path, "pypi acme-secret 1.0", internal=("acme-*",))
    assert (states, web.asked) == ({}, [])
    _, states = ask(web, tmp_path, "pypi bad 1.0", "pypi good 1.0", limits=Limits(index_questions_count=1))
    assert (len(web.asked), states["pypi"].unknown_count) == (1, 1)


def test_what_the_index_says_now_goes_before_what_a_lock_recorded(web: Web, tmp_path: Path) -> None:
    stock = inventory("npm left-pad 1.0.0")
    old = msgspec.structs.replace(stock.components[0], properties=(("npm:deprecated", "old words"),))
    indexes = HostIndexes(Http(limits=LIMITS), {}, {"npm": f"{web.url}/npm"})
    (found,), _ = ask_indexes(
        [msgspec.structs.replace(stock, components=(old,))], indexes, FileAnswers(tmp_path / "a"), Threads(1), now=NOW
    )
    assert found.components[0].properties == (("npm:deprecated", "use padStart (its index, 2026-02-01)"),)


# ---- where indexes lie


def test_a_password_in_an_address_is_a_header_and_never_shown() -> None:
    address, headers = _parted("https://user:p%40ss@host.example:8443/simple/")
    assert address == "https://host.example:8443/simple"
    assert headers == {"Authorization": "Basic " + base64.b64encode(b"user:p@ss").decode()}
    for bad in ("", "file:///x", "https://[x", "ssh://a"):
        with pytest.raises(UnavailableError) as failure:
            _parted(bad)
        assert "p@ss" not in failure.value.line()


def test_cargo_follows_replacements_and_gives_up_on_loops(tmp_path: Path) -> None:
    def address(text: str) -> str:
        (tmp_path / "config.toml").write_text(text)
        return HostIndexes(Http(limits=LIMITS), {"CARGO_HOME": str(tmp_path)}).address("cargo")

    mirror = '[source.mirror]\nregistry = "sparse+https://mirror.example/index/"\n'
    assert address('[source.crates-io]\nreplace-with = "mirror"\n' + mirror) == "https://mirror.example/index"
    assert address(mirror).startswith("https://index.")
    for bad in (
        '[source.crates-io]\nreplace-with = "gone"\n', "[source", '[source.crates-io]\nreplace-with = "crates-io"\nregistry = "x"',
        '[source.crates-io]\nregistry = "https://git.example/index"\n',
    ):  # fmt: skip
        with pytest.raises(UnavailableError):
            address(bad)


def test_pip_is_asked_where_it_installs_from(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror.example/simple/\n")
    environment = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    assert HostIndexes(Http(limits=LIMITS), environment).address("pypi") == "https://mirror.example/simple"
    set_by_hand = {"PIP_INDEX_URL": "https://other.example/simple"}
    assert HostIndexes(Http(limits=LIMITS), set_by_hand).address("pypi") == "https://other.example/simple"


def test_a_damaged_shelf_is_an_empty_one(web: Web, tmp_path: Path) -> None:
    (tmp_path / "answers.json").write_bytes(b'{"a": 1')
    _, states = ask(web, tmp_path, "pypi bad 1.0")
    assert states["pypi"].withdrawn_count == 1
