"""After a changed advisory only its names are asked for again, and the answer is that of matching everything anew."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisorydbs import affected, jsonl, opened, record
from assay.adapters.advisorydb import AdvisoryDatabase
from assay.adapters.advisorydb_delta import DatabasePair
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfiles import FeedDirectory
from assay.dependencies.matching import Matches, match
from assay.flows import db
from assay.flows.db_changes import difference
from assay.flows.rematch import Rematched, rematch
from assay.model.inventory import Component, Distro
from assay.ports.stores import Query

DEBIAN = Distro(id="debian", version_id="12", codename="bookworm")


def component(name: str, version: str = "1.0", kind: str = "pypi", **more: object) -> Component:
    purl = f"pkg:{kind}/{'debian/' if kind == 'deb' else ''}{name}@{version}"
    return Component(key=f"{kind}:{name}", name=name, version=version, ecosystem=kind, purl=purl, **more)


COMPONENTS = (
    *(component(f"pack{n}") for n in range(60)),
    component("Odd_Name"),
    component("python3-pack1", kind="deb"),
    component("pack2-owned", owner="deb:python3-pack1"),
    component("strange", kind="unknown"),
    component("lonely", kind="deb"),
)


class Counting:
    """A store that keeps what it is asked."""

    def __init__(self, store: AdvisoryDatabase) -> None:
        self.store, self.asked, self.covered = store, list[Query](), list[tuple[str, str]]()

    def lookup(self, queries: Sequence[Query]) -> object:
        self.asked += queries
        return self.store.lookup(queries)

    def coverage(self, pairs: Iterable[tuple[str, str]]) -> object:
        self.covered += (pairs := list(pairs))
        return self.store.coverage(pairs)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def fixed(name: str, version: str = "2.0", ecosystem: str = "PyPI") -> dict[str, object]:
    return affected(ecosystem, name, {"introduced": "0"}, {"fixed": version})


BASE = {
    **{f"PYSEC-{n}": record(f"PYSEC-{n}", fixed(f"pack{n}"), aliases=[f"CVE-2024-{1000 + n}"]) for n in range(50)},
    "PYSEC-90": record("PYSEC-90", fixed("odd-name")),
    "DEBIAN-1": record("DEBIAN-CVE-2024-9999", fixed("python3-pack1", "2", "Debian:12"), upstream=["CVE-2024-9999"]),
}


def built(
    folder: Path, records: dict[str, dict[str, object]], kev: str = "CVE-2024-7777", epss: str = "0.5", day: str = "01", newest: str = "1"
) -> Path:  # fmt: skip
    feeds = folder / "feeds"
    jsonl(feeds / "pypi.jsonl.gz", [one for key, one in sorted(records.items()) if key != "DEBIAN-1"])
    jsonl(feeds / "debian-12.jsonl", [records["DEBIAN-1"]])
    (feeds / "debian-12-coverage.json").write_text(
        f'{{"release":"bookworm","snapshot":"2026-01-01","sources":{{"lonely":{{"version":"{newest}"}}}}}}'
    )
    (feeds / "kev.json").write_text(f'{{"vulnerabilities":[{{"cveID":"{kev}","dateAdded":"2025-01-01"}}]}}')
    head = f"#model_version:v9,score_date:2026-08-{day}T00:00:00Z\ncve,epss,percentile\n"
    (feeds / "epss.csv").write_text(f"{head}CVE-2024-1003,{epss},0.9\nCVE-2024-1004,0.1,0.2\n")
    db.build_from(FeedDirectory(feeds), DatabaseFile(folder / "advisories.db", db.encoders()))
    return folder / "advisories.db"


def run(old: Path, new: Path, components: Sequence[Component] = COMPONENTS) -> tuple[Rematched, Matches, Counting]:
    first, second = opened(old), opened(new)
    try:
        before = match(components, DEBIAN, first)
        counting = Counting(second)
        found = rematch(before, components, DEBIAN, counting, difference(DatabasePair(old, new, db.encoders())))
        return found, match(components, DEBIAN, second), counting
    finally:
        first.close()
        second.close()


def changed(tmp_path: Path, change: dict[str, dict[str, object]], **more: str) -> tuple[Rematched, Matches, Counting]:
    return run(built(tmp_path / "a", BASE), built(tmp_path / "b", BASE | change, **more))


def test_nothing_changed_nothing_asked(tmp_path: Path) -> None:
    found, whole, store = changed(tmp_path, {})
    assert found.matches == whole
    assert (found.asked, store.asked, store.covered) == ((), [], [])


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"PYSEC-7": record("PYSEC-7", fixed("pack7", "0.5"), aliases=["CVE-2024-1007"])}, {"pack7"}),
        ({"PYSEC-7": record("PYSEC-7", fixed("pack7"), aliases=["CVE-2024-1007"], withdrawn="2026-01-01T00:00:00Z")}, {"pack7"}),
        ({"PYSEC-7": record("PYSEC-7", fixed("pack55"))}, {"pack7", "pack55"}),
        ({"PYSEC-77": record("PYSEC-77", fixed("odd-name"), fixed("not-installed"))}, {"odd-name"}),
        ({"PYSEC-78": record("PYSEC-78", fixed("pack8"), aliases=["CVE-2024-1009"])}, {"pack8", "pack9"}),
    ],
)  # fmt: skip
def test_one_changed_advisory_touches_only_its_names(tmp_path: Path, change: dict[str, dict[str, object]], names: set[str]) -> None:  # fmt: skip
    found, whole, store = changed(tmp_path, change)
    assert found.matches == whole
    assert {query.name for query in store.asked} == names
    assert len(store.asked) == len(names)
    assert {name for _, name in store.covered} == names


def test_an_owner_is_asked_with_what_it_owns(tmp_path: Path) -> None:
    found, whole, store = changed(
        tmp_path, {"DEBIAN-1": record("DEBIAN-CVE-2024-9999", fixed("python3-pack1", "3", "Debian:12"), upstream=["CVE-2024-9999"])}
    )  # fmt: skip
    assert found.matches == whole
    assert {query.name for query in store.asked} == {"python3-pack1"}


UNCOVERED = (
    component("tool", kind="deb"),
    component("pack3", owner="deb:tool"),
    component("pack5", owner="deb:tool"),
    component("python3-pack1", kind="deb"),
    component("pack4", owner="deb:python3-pack1"),
)


@pytest.mark.parametrize("forward", [True, False])
def test_what_an_owner_owns_is_judged_anew_when_a_feed_begins_or_ends_to_cover_it(
    tmp_path: Path, forward: bool
) -> None:
    debian = {"DEBIAN-1": record("DEBIAN-CVE-2024-9999", fixed("tool", "0.1", "Debian:12"))}
    feeds = tmp_path / "a" / "feeds"
    without = built(tmp_path / "a", BASE)
    (feeds / "debian-12.jsonl").unlink()
    db.build_from(FeedDirectory(feeds), DatabaseFile(without, db.encoders()))
    pair = (without, built(tmp_path / "b", BASE | debian))
    found, whole, _ = run(*(pair if forward else reversed(pair)), UNCOVERED)
    assert found.matches == whole
    silent = {row.component for row in whole.uncovered if row.component.startswith("deb:")}
    judged = {one.component for one in whole.findings}
    assert ("deb:tool" in silent, "pypi:pack3" in judged) == ((False, False) if forward else (True, True))
    assert all(one.status == "undetermined" for one in whole.findings)


@pytest.mark.parametrize("version", ["0.5", "1.0", "3.0"])
def test_a_changed_advisory_touches_a_package_whose_owner_nobody_covers(tmp_path: Path, version: str) -> None:
    change = {"PYSEC-3": record("PYSEC-3", fixed("pack3", version), aliases=["CVE-2024-1003"])}
    paths = []
    for name, records in (("a", BASE), ("b", BASE | change)):
        path = built(tmp_path / name, records)
        (tmp_path / name / "feeds" / "debian-12.jsonl").unlink()
        db.build_from(FeedDirectory(tmp_path / name / "feeds"), DatabaseFile(path, db.encoders()))
        paths.append(path)
    found, whole, store = run(paths[0], paths[1], UNCOVERED)
    assert found.matches == whole
    assert "pypi:pack5" in {one.component for one in whole.findings}
    assert {query.name for query in store.asked} <= {"tool", "pack3", "pack5"}


def test_scores_and_exploitation_touch_whom_they_concern(tmp_path: Path) -> None:
    found, whole, store = changed(tmp_path, {}, kev="CVE-2024-1005", epss="0.6")
    assert found.matches == whole
    assert {query.name for query in store.asked} == {"pack3", "pack5"}


@pytest.mark.parametrize("newest", ["0.9", "0.1", "3"])
def test_a_feed_that_has_read_newer_or_older_versions_touches_that_package(tmp_path: Path, newest: str) -> None:
    found, whole, store = changed(tmp_path, {}, newest=newest)
    assert found.matches == whole
    assert found.asked == ("deb:lonely",)
    assert {query.name for query in store.asked} == {"lonely"}


def test_scores_of_another_day_touch_all_that_have_one(tmp_path: Path) -> None:
    found, whole, store = changed(tmp_path, {}, day="02")
    assert found.matches == whole
    assert {query.name for query in store.asked} == {"pack3", "pack4"}


def test_a_source_of_a_whole_ecosystem_that_comes_touches_all_of_it(tmp_path: Path) -> None:
    new = built(tmp_path / "b", BASE)
    feeds = tmp_path / "a" / "feeds"
    jsonl(feeds / "debian-12.jsonl", [BASE["DEBIAN-1"]])
    db.build_from(FeedDirectory(feeds), DatabaseFile(tmp_path / "a" / "advisories.db", db.encoders()))
    found, whole, _ = run(tmp_path / "a" / "advisories.db", new)
    assert found.matches == whole


@pytest.mark.parametrize(("others", "count"), [((), 0), (("cpe", "cpe_product"), 0), (("a_new_table",), 63)])
def test_a_table_nobody_looks_into_touches_everything(tmp_path: Path, others: tuple[str, ...], count: int) -> None:
    path = built(tmp_path / "a", BASE)
    same = msgspec.structs.replace(difference(DatabasePair(path, path, db.encoders())), others=others)
    store = opened(path)
    try:
        counting, before = Counting(store), match(COMPONENTS, DEBIAN, store)
        assert rematch(before, COMPONENTS, DEBIAN, counting, same).matches == before
        assert len(counting.asked) == count
    finally:
        store.close()


_change = st.fixed_dictionaries(
    {}, optional={f"PYSEC-{n}": st.tuples(st.integers(0, 59), st.sampled_from(["0.5", "1.0", "2.0"])) for n in range(8)}
)


@settings(max_examples=10, deadline=None)
@given(_change)
def test_matching_again_equals_matching_anew(tmp_path_factory: pytest.TempPathFactory, change: dict) -> None:
    folder = tmp_path_factory.mktemp("law")
    records = {key: record(key, fixed(f"pack{n}", version)) for key, (n, version) in change.items()}
    found, whole, store = run(built(folder / "a", BASE), built(folder / "b", BASE | records))
    assert found.matches == whole
    assert len(store.asked) <= 2 * len(change) + 1
