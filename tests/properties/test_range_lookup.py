"""For random ranges and versions: the index scan finds exactly what comparing versions one by one finds."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisorydbs import affected, built, jsonl, opened, record
from assay.dependencies.versions import Scheme, scheme_for
from assay.ports.stores import Query

_NUMBER = st.integers(0, 12).map(str)
_DOTTED = st.lists(_NUMBER, min_size=1, max_size=3).map(".".join)
_VERSIONS = {
    "PyPI": st.tuples(_DOTTED, st.sampled_from(["", "a1", "rc1", ".post1", ".dev3", "+local"])).map("".join),
    "npm": st.tuples(_NUMBER, _NUMBER, _NUMBER, st.sampled_from(["", "-0", "-alpha.1", "+build"])).map(
        lambda parts: ".".join(parts[:3]) + parts[3]
    ),
    "Debian:12": st.tuples(st.sampled_from(["", "1:"]), _DOTTED, st.sampled_from(["", "-1", "-1~deb12u1", "+dfsg-2"])).map("".join),
    "Alpine:v3.17": st.tuples(_DOTTED, st.sampled_from(["", "_rc1", "_p2", "-r0", "-r11"])).map("".join),
    "AlmaLinux:9": st.tuples(st.sampled_from(["", "2:"]), _DOTTED, st.sampled_from(["-1.el9", "-1.el9_2", "~rc1-1"])).map("".join),
    "Maven": st.tuples(_DOTTED, st.sampled_from(["", "-SNAPSHOT", "-rc1", ".Final"])).map("".join),
    "RubyGems": st.tuples(_DOTTED, st.sampled_from(["", ".pre1", ".rc2"])).map("".join),
}  # fmt: skip


@contextmanager
def _database(records):
    with TemporaryDirectory() as folder:
        jsonl(Path(folder) / "feeds" / "ghsa-selected.jsonl", records)
        built(Path(folder) / "feeds", Path(folder) / "a.db")
        database = opened(Path(folder) / "a.db")
        try:
            yield database
        finally:
            database.close()


def _inside(scheme: Scheme, version: str, low: str, kind: str, high: str, listed: list[str]) -> bool:
    """OSV schema, "Evaluation", by comparison alone."""
    if any(scheme.compare(version, item) == 0 for item in listed):
        return True
    if low != "0" and scheme.compare(version, low) < 0:
        return False
    return not kind or scheme.compare(version, high) <= (0 if kind == "last_affected" else -1)


@pytest.mark.parametrize("ecosystem", sorted(_VERSIONS))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_lookup_equals_comparison(ecosystem, data):
    scheme = scheme_for(ecosystem)
    version = _VERSIONS[ecosystem].filter(lambda text: scheme.key(text) is not None)
    entry = st.tuples(
        st.just("0") | version, st.sampled_from(["", "fixed", "last_affected"]), version, st.lists(version, max_size=2)
    )
    entries = data.draw(st.lists(entry, min_size=1, max_size=12))
    asked = data.draw(st.lists(version, min_size=1, max_size=12))
    # Both bounds of one range, where the upper lies below the lower, are two events in another order: not this test's.
    entries = [e for e in entries if not e[1] or e[0] == "0" or scheme.compare(e[0], e[2]) < 0]
    records = [
        record(
            f"T-{n}", affected(ecosystem, "p", {"introduced": low}, *([{kind: high}] if kind else []), versions=listed)
        )
        for n, (low, kind, high, listed) in enumerate(entries)
    ] or [record("T-none", affected(ecosystem, "q", {"introduced": "0"}))]
    with _database(records) as database:
        answers = database.lookup([Query(ecosystem, "p", scheme.key(text)) for text in asked])
    for text, hits in zip(asked, answers, strict=True):
        expected = {f"T-{n}" for n, entry_ in enumerate(entries) if _inside(scheme, text, *entry_)}
        assert {hit.advisory for hit in hits} == expected, text
        assert all(hit.keyed for hit in hits)
