"""`assay explain` of what does not match: what is known, for each package that is there."""

from pathlib import Path

import pytest

from advisorydbs import built
from assay.dependencies.silence import Silence, Unconcerned
from assay.interfaces.cli.render import silence
from assay.ports.stores import Enrichment
from command import assay
from fakes.feeds import feeds
from fakes.layouts import layout
from truth.recipes import WRITTEN


def explained(folder: Path, version: str, identifier: str) -> tuple[int, str]:
    """Exit code and text of `explain` for an image of Debian 12 with libssl3 of this version."""
    built(feeds(folder / "feeds"), folder / "advisories.db")
    (folder / "work").mkdir()
    case = {"release": "12", "packages": [["libssl3", version, "openssl"]]}
    layout(folder / "image", [WRITTEN["debian"](case, folder / "work")])
    target = f"oci-dir:{folder / 'image'}:latest"
    done = assay("explain", identifier, target, "--db", str(folder / "advisories.db"), home=folder / "home")
    return done.code, done.out.decode()


@pytest.mark.parametrize(
    ("version", "identifier", "code", "words"),
    [
        ("3.0.11-1", "cve-2023-1111", 1, "looked up as openssl 3.0.11-1: has the fix of 3.0.11-1 of Debian:12"),
        ("3.0.12-1", "CVE-2023-1111", 1, "knows openssl up to 3.0.11-1; 3.0.12-1 is newer"),
        ("3.0.11-1", "CVE-2024-2222", 1, "No installed package has a name it speaks of: jinja2 in PyPI."),
        ("3.0.11-1", "CVE-1999-0001", 1, "The database does not know CVE-1999-0001"),
        ("3.0.10-1", "CVE-2023-1111", 0, "fixed in 3.0.11-1"),
    ],
)
def test_what_the_advisories_say(tmp_path: Path, version: str, identifier: str, code: int, words: str) -> None:
    found, text = explained(tmp_path, version, identifier)
    assert (found, words in " ".join(text.split())) == (code, True), text


def shown(**facts: object) -> str:
    text = silence.render(Silence(id="CVE-2024-0001", **facts), 80)  # type: ignore[arg-type]
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert "\x1b" not in text
    return text


def test_hostile_names_stay_within_the_columns() -> None:
    rows = tuple(Unconcerned(f"k{n}", f"\x1b[31mname{n}" * 20, "1" * 200, "says \x1b[0m " * 40, "f") for n in range(60))
    text = shown(records=("A" * 300, "\x1b]0;x"), packages=(("npm", "x" * 300),), unconcerned=rows)
    assert "and 10 packages more" in text


def test_each_kind_of_knowledge_has_its_words() -> None:
    assert "does not know CVE-2024-0001: that is no word on whether" in shown()
    assert "has its CVE record, and no advisory" in shown(cve=Enrichment(summary="A flaw"))
    assert "was rejected" in shown(cve=Enrichment(state="REJECTED"))
    assert "only what KEV or EPSS say" in shown(cve=Enrichment())
    assert "does not affect packages of a distribution" in " ".join(shown(packages=(("Alpine:v3.17", "a"),)).split())
    names = tuple(("npm", f"p{n}") for n in range(9))
    assert "p4 in npm and 4 more" in " ".join(shown(records=("GHSA-1",), packages=names).split())
