"""Advisories and versions made to cost: each is bounded by a count of bytes or items, reported, and never believed."""

import json
import time
import tracemalloc
from pathlib import Path

import pytest

from advisorydbs import affected, built, jsonl, opened, record
from assay.adapters.advisorydb import AdvisoryDatabase
from assay.dependencies import ranges
from assay.dependencies.aliases import classes
from assay.dependencies.matching import match
from assay.dependencies.versions import SCHEMES, VERSION_CHARACTERS
from assay.formats import csaf_tree, osv
from assay.model.errors import MalformedError
from assay.model.inventory import Component, Distro, SourcePackage
from assay.ports.stores import AdvisoryHit
from command import assay
from fakes.advisories import MemoryStore, advisory

FLAW = affected("npm", "lib", {"introduced": "0"}, {"fixed": "2.0.0"})


def component(ecosystem: str, name: str, version: str, **more: object) -> Component:
    facts: dict[str, object] = {"key": f"{ecosystem}/{name}", "purl": f"pkg:{ecosystem}/{name}"}
    return Component(ecosystem=ecosystem, name=name, version=version, **(facts | more))  # type: ignore[arg-type]


def database(folder: Path, *records: dict[str, object]) -> tuple[AdvisoryDatabase, list[str]]:
    """A database of these records, and why any was left out."""
    jsonl(folder / "feeds" / "npm.jsonl", records)
    report = built(folder / "feeds", folder / "a.db")
    return opened(folder / "a.db"), [one.reason for one in report.skipped]


def events(count: int) -> list[dict[str, str]]:
    return [event for n in range(count) for event in ({"introduced": f"{n}.0.0"}, {"fixed": f"{n}.5.0"})]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (affected("npm", "lib", *events(1_000_000)), "bytes"),
        (affected("npm", "lib", *events(60_000)), "100000 versions and events"),
        (affected("npm", "lib", versions=[str(n) for n in range(120_000)]), "100000 versions and events"),
        (affected("npm", "lib", {"introduced": "1" * 1_000_000}), "1000 characters"),
        (affected("npm", "lib", versions=["1" * 1_000_000]), "1000 characters"),
    ],
    ids=["a million ranges", "many ranges", "many versions", "a version of a megabyte", "a listed megabyte"],
)
def test_an_advisory_without_measure_is_refused_and_says_why(entry: dict[str, object], why: str) -> None:
    begun = time.process_time()
    with pytest.raises(MalformedError, match=why) as caught:
        osv.parse(json.dumps(record("X-1", entry)).encode(), feed="npm")
    assert time.process_time() - begun < 5.0
    assert len(caught.value.line()) < 1_000


def test_a_build_counts_it_and_goes_on(tmp_path: Path) -> None:
    store, skipped = database(
        tmp_path, record("X-1", affected("npm", "lib", *events(60_000))), record("X-2", FLAW)
    )  # fmt: skip
    assert len(skipped) == 1
    assert "100000" in skipped[0]
    (finding,) = match([component("npm", "lib", "1.0.0")], None, store).findings
    assert finding.id == "X-2"
    assert store.status().feeds[0].skipped == 1
    store.close()


def test_a_great_advisory_that_is_allowed_is_matched_in_bounds(tmp_path: Path) -> None:
    store, skipped = database(tmp_path, record("X-1", affected("npm", "lib", *events(20_000))))
    assert skipped == []
    tracemalloc.start()
    begun = time.process_time()
    inside, unknown = match(
        [component("npm", "lib", "7.1.0"), component("npm", "lib", "?", key="u")], None, store
    ).findings
    assert time.process_time() - begun < 20.0
    assert tracemalloc.get_traced_memory()[1] < 256 << 20
    tracemalloc.stop()
    assert (inside.status, inside.fixed_in) == ("affected", ("7.5.0",))
    assert unknown.status == "undetermined"
    assert len(unknown.matched_range) < 5_000
    assert unknown.matched_range.endswith("ranges more")
    assert sum(len(step.says) for step in unknown.reasons) < 10_000
    store.close()


def test_only_so_many_fixes_are_sorted_one_by_one() -> None:
    calls = 0
    maven = SCHEMES["maven"]

    def compare(a: str, b: str) -> int | None:
        nonlocal calls
        calls += 1
        return maven.compare(a, b)

    hits = [AdvisoryHit(ecosystem="Maven", name="x", advisory="X", fixed=f"1.0-x-{n}-y") for n in range(5_000)]
    counted = type(maven)(maven.name, 1, maven.key, compare)
    found = ranges.fixes(counted, hits)
    assert len(found) == 5_000
    assert calls < 10_000


@pytest.mark.parametrize("ecosystem", ["npm", "pypi", "gem", "maven", "golang", "conan"])
def test_a_version_of_a_megabyte_is_undetermined_and_said_once(ecosystem: str) -> None:
    feed = {"npm": "npm", "pypi": "PyPI", "gem": "RubyGems", "maven": "Maven", "golang": "Go", "conan": "ConanCenter"}
    store = MemoryStore([advisory(f"X-{n}", feed[ecosystem], "lib", ("", f"{n}.0")) for n in range(1, 500)])
    item = component(ecosystem, "lib", "1" * 1_000_000)
    begun = time.process_time()
    found = match([item], None, store)
    assert time.process_time() - begun < 2.0
    assert found.findings == ()
    (row,) = found.uncovered
    assert f"more than {VERSION_CHARACTERS} characters" in row.reason
    assert len(row.reason) < 200


def test_a_long_version_hides_nothing_malicious() -> None:
    store = MemoryStore([advisory("MAL-1", "npm", "lib", ("", ""), category="malicious")])
    found = match([component("npm", "lib", "1" * 1_000_000)], None, store)
    assert [(finding.id, finding.status) for finding in found.findings] == [("MAL-1", "affected")]
    assert sum(len(step.says) for step in found.findings[0].reasons) < 1_100_000
    assert len(found.uncovered) == 1


def test_a_source_package_of_a_megabyte_is_undetermined() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "src", ("", "2"))], covers=[("Debian:12", "")])
    item = component("deb", "bin", "1-1", source=SourcePackage("src", "1." * 500_000))
    found = match([item], Distro(id="debian", version_id="12"), store)
    assert found.findings == ()
    assert "cannot be compared" in found.uncovered[0].reason


def test_a_megabyte_in_an_sbom_gives_a_report_of_its_own_size(tmp_path: Path) -> None:
    jsonl(tmp_path / "feeds" / "npm.jsonl", [record(f"X-{n}", FLAW) for n in range(300)])
    built(tmp_path / "feeds", tmp_path / "a.db")
    version = "1" * 1_000_000
    bom = {
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "components": [{"type": "library", "name": "lib", "version": version, "purl": f"pkg:npm/lib@{version}"}],
    }  # fmt: skip
    (tmp_path / "bom.json").write_text(json.dumps(bom))
    done = assay(
        "scan",
        f"sbom:{tmp_path / 'bom.json'}",
        "--db",
        str(tmp_path / "a.db"),
        "-o",
        "json",
        "--no-policy",
        home=tmp_path,
    )
    assert done.code == 0, done.err
    assert len(done.out) < 16 * len(version)


def test_a_cycle_of_ten_thousand_aliases_is_one_class_in_bounds(tmp_path: Path) -> None:
    count = 10_000
    names = [f"GHSA-{n:05}" for n in range(count)]
    pairs = [(name, (names[(n + 1) % count],)) for n, name in enumerate(names)]
    begun = time.process_time()
    assert set(classes(pairs).values()) == {names[0]}
    assert time.process_time() - begun < 2.0
    store, skipped = database(tmp_path, *(record(name, FLAW, aliases=list(others)) for name, others in pairs))
    assert skipped == []
    begun = time.process_time()
    (finding,) = match([component("npm", "lib", "1.0.0")], None, store).findings
    assert max(len(one.aliases) for one in store.advisories(names).values()) <= 502, "kept once a record"
    assert time.process_time() - begun < 20.0
    assert (finding.id, len(finding.aliases)) == (names[0], count - 1)
    assert sum(len(step.says) for step in finding.reasons) < 10_000
    store.close()


def test_a_star_of_aliases_around_two_cves_never_joins_them() -> None:
    pairs = [(f"X-{n}", ("CVE-2024-0001" if n % 2 else "CVE-2024-0002", f"X-{(n + 1) % 5_000}")) for n in range(5_000)]
    found = classes(pairs)
    assert found["CVE-2024-0001"] == "CVE-2024-0001"
    assert found["CVE-2024-0002"] == "CVE-2024-0002"
    assert set(found.values()) <= {"CVE-2024-0001", "CVE-2024-0002"}


def tree(relationships: list[tuple[str, str, str]]) -> dict[str, object]:
    """A product tree: two plain products `A` and `B`, and relationships (id, product, platform)."""
    names = [{"name": name, "product_id": name} for name in ("A", "B")]
    rows = [
        {
            "category": "default_component_of", "product_reference": product, "relates_to_product_reference": platform,
            "full_product_name": {"name": name, "product_id": name},
        }
        for name, product, platform in relationships
    ]  # fmt: skip
    return {"full_product_names": names, "relationships": rows}


@pytest.mark.parametrize(
    ("rows", "asked", "why"),
    [
        ([("R", "R", "A")], "R", "loop"),
        ([(f"R{n}", f"R{(n + 1) % 10_000}", "A") for n in range(10_000)], "R0", "loop|deeper"),
        ([(f"R{n}", f"R{n + 1}" if n < 9_999 else "A", "B") for n in range(10_000)], "R0", "deeper"),
        ([("R0", "A", "B"), *((f"R{n}", f"R{n - 1}", f"R{n - 1}") for n in range(1, 64))], "R63", "deeper|parts"),
        ([("R0", "A", "B"), *((f"R{n}", f"R{n - 1}", f"R{n - 1}") for n in range(1, 8))], "R7", "deeper|parts"),
        ([("R", "nobody", "A")], "R", "not defined"),
    ],
    ids=["itself", "a ring of ten thousand", "a chain of ten thousand", "doubling", "doubling a little", "nobody"],
)
def test_a_product_tree_that_loops_or_grows_is_refused(rows: list[tuple[str, str, str]], asked: str, why: str) -> None:
    begun = time.process_time()
    with pytest.raises(MalformedError, match=why):
        csaf_tree.products({"product_tree": tree(rows)}, where="x").parts(asked)
    assert time.process_time() - begun < 2.0


@pytest.mark.parametrize("depth", [200, 5_000, 100_000])
def test_a_product_tree_of_deep_branches_is_refused(depth: int) -> None:
    head, tail = b'{"category": "vendor", "name": "v", "branches": [', b"]}"
    encoded = b'{"product_tree": {"branches": [' + head * depth + tail * depth + b"]}}"
    with pytest.raises(MalformedError):
        csaf_tree.products(encoded, where="x")
