"""Alias classes: transitive, at most one CVE each, whatever the order of the records."""

import gzip
import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.aliases import classes, identities, is_cve
from assay.model.advisory import Advisory
from support import shared


def test_classes_are_transitive() -> None:
    found = classes([("GHSA-1", ["CVE-2024-0001"]), ("PYSEC-1", ["GHSA-1"]), ("X-1", ["PYSEC-1"]), ("GO-9", [])])
    assert set(found) == {"GHSA-1", "CVE-2024-0001", "PYSEC-1", "X-1", "GO-9"}
    assert {found[name] for name in ("GHSA-1", "PYSEC-1", "X-1", "CVE-2024-0001")} == {"CVE-2024-0001"}
    assert found["GO-9"] == "GO-9"


def test_a_class_without_a_cve_is_named_by_its_smallest_id() -> None:
    assert set(classes([("PYSEC-2", ["GHSA-z"]), ("MAL-1", ["PYSEC-2"])]).values()) == {"GHSA-z"}


def test_a_bundle_is_a_class_of_its_own() -> None:
    found = classes([("SA-1", ["CVE-2024-0001", "CVE-2024-0002"]), ("GHSA-1", ["CVE-2024-0001", "SA-1"])])
    assert found["SA-1"] == "SA-1"
    assert found["GHSA-1"] == "CVE-2024-0001"
    assert found["CVE-2024-0002"] == "CVE-2024-0002"


def test_a_link_that_would_join_two_cves_is_left_out() -> None:
    found = classes([("A-1", ["CVE-2024-0001", "GHSA-x"]), ("B-1", ["CVE-2024-0002", "GHSA-x"])])
    assert (found["A-1"], found["B-1"], found["GHSA-x"]) == ("CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0001")


names = st.sampled_from([f"CVE-2024-000{n}" for n in range(4)] + [f"GHSA-{n}" for n in range(5)] + ["PYSEC-1", "MAL-1"])
pairs = st.lists(st.tuples(names, st.lists(names, max_size=3)), max_size=10)


@given(pairs, st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(records: list[tuple[str, list[str]]], dice: random.Random) -> None:
    found = classes(records)
    shuffled = [(name, dice.sample(aliases, len(aliases))) for name, aliases in dice.sample(records, len(records))]
    assert classes(shuffled) == found


@given(pairs)
def test_a_class_holds_at_most_one_cve_and_bears_its_name(records: list[tuple[str, list[str]]]) -> None:
    found = classes(records)
    for class_id in set(found.values()):
        members = [name for name, of in found.items() if of == class_id]
        assert sum(map(is_cve, members)) <= 1
        assert class_id == min(members, key=lambda name: (not is_cve(name), name))


def test_shared_feeds_have_no_class_of_two_cves() -> None:
    """4.5: blind merging makes 69 such classes of this data."""
    folder = shared("data", "advisories")
    records = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        if path.name.startswith(("cve-meta", "malicious")):
            continue
        with gzip.open(path) as lines:
            for line in lines:
                record = json.loads(line)
                records.append((record["id"], record.get("aliases", [])))
    found = classes(records)
    counts = Counter(found[name] for name in found if is_cve(name))
    assert max(counts.values()) == 1
    assert sum(1 for name, aliases in records if sum(map(is_cve, {name, *aliases})) > 1) >= 60


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Advisory(id="GHSA-1", feed="f", aliases=("CVE-2024-0001", "PYSEC-1")), ("CVE-2024-0001",)),
        (Advisory(id="CVE-2024-0001", feed="f", aliases=("GHSA-1",)), ("CVE-2024-0001",)),
        (Advisory(id="DEBIAN-CVE-2024-0001", feed="f", upstream=("CVE-2024-0001",)), ("CVE-2024-0001",)),
        (Advisory(id="S-1", feed="f", aliases=("CVE-2024-0002", "CVE-2024-0001")), ("CVE-2024-0001", "CVE-2024-0002")),
        (Advisory(id="ALSA-2024:1", feed="f", related=("CVE-2024-0002", "GHSA-1")), ("CVE-2024-0002",)),
        (Advisory(id="GHSA-1", feed="f", related=("CVE-2024-0002",)), ("GHSA-1",)),
        (Advisory(id="PYSEC-1", feed="f", aliases=("GHSA-1",)), ("GHSA-1",)),
    ],
)
def test_identities(record: Advisory, expected: tuple[str, ...]) -> None:
    assert identities(record) == expected
