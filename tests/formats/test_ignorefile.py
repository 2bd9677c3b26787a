"""Ignore files: ours is strict and comes back from the disk as it was; those of others come over without growing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.ignoring import _glob, apply
from assay.formats import foreign_ignores, ignorefile
from assay.model.errors import MalformedError
from assay.model.finding import Finding, Suppression
from assay.model.ignore import IgnoreRule
from assay.model.inventory import Component, Occurrence
from reports import SSL, finding

GOOD = b"""
# why we wait
ignore:
  - id: CVE-2024-0001
    purl: pkg:deb/debian/openssl
    until: 2027-01-31
    reason: "not reachable: no network"
    by: Jane
  - path: usr/lib/*
    until: 2027-01-31
    reason: vendored tests
"""
TODAY = "2027-01-31"


def rule(**more: str) -> IgnoreRule:
    return IgnoreRule(**({"until": TODAY, "reason": "r"} | more))


def component(*paths: str) -> Component:
    seen = tuple(Occurrence(path, 0, "package-metadata") for path in paths)
    return Component(key=SSL, purl="", ecosystem="deb", name="x", version="1", occurrences=seen)


def ignored(one: Finding, *rules: IgnoreRule, paths: tuple[str, ...] = ("a/b",)) -> bool:
    (found,), _ = apply([one], [component(*paths)], rules, today=TODAY)
    return found.ignored is not None


def test_ours_is_read() -> None:
    first, second = ignorefile.read(GOOD, "f")
    assert (first.id, first.by, first.where) == ("CVE-2024-0001", "Jane", "f, entry 1")
    assert second.path == "usr/lib/*"
    assert ignorefile.read(b"", "f") == ()
    assert ignorefile.read(b"ignore: []", "f") == ()
    assert len(ignorefile.read(GOOD.replace(b"ignore:\n", b""), "f")) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- id: CVE-1\n  until: 2027-01-31", "reason missing"),
        ("- id: CVE-1\n  reason: x", "until missing"),
        ("- until: 2027-01-31\n  reason: x", "would ignore everything"),
        ("- until: 2027-01-31\n  reason: x\n  path: '**'", "would ignore everything"),
        ("- until: 2027-01-31\n  reason: x\n  path: '*/*'", "would ignore everything"),
        ("- id: CVE-1\n  until: 31.1.2027\n  reason: x", "no day"),
        ("- id: CVE-1\n  until: 2027-02-30\n  reason: x", "no day"),
        ("- id: CVE-1\n  untill: 2027-01-31\n  reason: x", "untill"),
        ("- id: [CVE-1]\n  until: 2027-01-31\n  reason: x", "id is no text"),
        ("- purl: openssl\n  until: 2027-01-31\n  reason: x", "pkg:"),
        ("vulnerabilities: []", "vulnerabilities"),
        ("- CVE-1", "not a mapping"),
        ("just text", "not a list"),
        ("ignore: *anchor", "begins nothing"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        ignorefile.read(text.encode(), "f")
    assert why in caught.value.line()
    assert caught.value.where.startswith("f")


def test_a_misspelt_key_gets_a_suggestion() -> None:
    with pytest.raises(MalformedError, match="did you mean until"):
        ignorefile.read(b"- id: x\n  untill: 2027-01-31\n  reason: x", "f")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(st.lists(st.builds(rule, id=TEXT, reason=TEXT, by=TEXT | st.just(""), path=TEXT | st.just("")), max_size=4))
def test_what_is_written_is_read_back(rules: list[IgnoreRule]) -> None:
    found = ignorefile.read(ignorefile.write(rules), "f")
    assert [(r.id, r.path, r.until, r.reason, r.by) for r in found] == [
        (r.id, r.path, r.until, r.reason, r.by) for r in rules
    ]


def test_what_a_rule_fits() -> None:
    one = finding("CVE-1", aliases=("CVE-1", "GHSA-x"))
    assert ignored(one, rule(id="CVE-1"))
    assert ignored(one, rule(id="ghsa-X"))
    assert not ignored(one, rule(id="CVE-2"))
    assert ignored(one, rule(purl="pkg:deb/debian/libssl3"))
    assert ignored(one, rule(purl="pkg:deb/debian/libssl3@3.0.15-1?arch=amd64"))
    assert not ignored(one, rule(purl="pkg:deb/debian/libssl3@3.0.16-1"))
    assert not ignored(one, rule(id="CVE-1", purl="pkg:deb/debian/zlib"))
    assert ignored(one, rule(path="/a/*"))
    assert not ignored(one, rule(path="a/*"), paths=("a/b", "c/d")), "one place does not excuse the other"
    assert not ignored(one, rule(path="*"), paths=())


def test_a_rule_counts_through_its_last_day_and_then_is_listed() -> None:
    one = finding("CVE-1")
    rules = [rule(id="CVE-1"), rule(id="CVE-9")]
    (found,), summary = apply([one], [], rules, today=TODAY)
    assert found.ignored is not None
    assert (summary.ignored_count, summary.unused, summary.expired) == (1, (rules[1],), ())
    (found,), summary = apply([one], [], rules, today="2027-02-01")
    assert found.ignored is None
    assert summary.expired == tuple(rules)


def test_better_reasons_stay_and_malice_needs_a_name() -> None:
    gone = finding("CVE-1", status="not_affected")
    vex = finding("CVE-1", suppressed=Suppression(by="a", status="fixed"))
    assert not ignored(gone, rule(id="CVE-1"))
    assert not ignored(vex, rule(id="CVE-1"))
    bad = finding("MAL-1", category="malicious")
    assert not ignored(bad, rule(path="*"), rule(purl="pkg:deb/debian/libssl3"))
    assert ignored(bad, rule(id="MAL-1"))


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("a", "a", True), ("a", "ab", False), ("a*", "abc/d", True), ("*a", "ba", True), ("*a", "ab", False),
        ("a*a", "a", False), ("a*a", "aa", True), ("a?c", "abc", True), ("*b*b*", "abxb", True), ("*", "", True),
        ("a.b", "axb", False), ("[a]", "a", False), ("a*?", "a", False), ("a*?", "ab", True),
    ],
)  # fmt: skip
def test_globs(pattern: str, path: str, fits: bool) -> None:
    assert _glob(pattern)(path) is fits


@given(st.text("ab/*?", max_size=8), st.text("ab/", max_size=10))
def test_globs_agree_with_the_plain_definition(pattern: str, path: str) -> None:
    def plain(p: str, s: str) -> bool:
        if not p:
            return not s
        if p[0] == "*":
            return plain(p[1:], s) or (bool(s) and plain(p, s[1:]))
        return bool(s) and p[0] in ("?", s[0]) and plain(p[1:], s[1:])

    assert _glob(pattern)(path) is plain(pattern, path)


def test_a_hostile_glob_ends() -> None:
    assert not _glob("*a" * 900 + "b")("a" * 4_000)


TRIVY = b"""# Accept the risk
CVE-2022-40897 exp:2026-06-01
CVE-2019-14697  # in our base

AVD-DS-0002
"""
TRIVY_YAML = b"""
vulnerabilities:
  - id: CVE-2022-40897
    paths:
      - "usr/local/lib/python3.9/site-packages/setuptools-58.1.0.dist-info/METADATA"
      - usr/*/x
    statement: Accept the risk
  - id: CVE-2023-3817
    purls:
      - "pkg:deb/debian/libssl1.1"
    expired_at: 2026-01-01
misconfigurations:
  - id: AVD-DS-0001
"""
GRYPE = b"""
fail-on-severity: high
ignore:
  - vulnerability: CVE-2008-4318
    fix-state: unknown
  - vulnerability: CVE-2020-1
    reason: checked
    package:
      name: requests
      version: 2.0
      type: python
  - package:
      location: "/usr/local/lib/node_modules/**"
  - package:
      name: libcurl
  - vulnerability: GHSA-1
    package:
      name: "@babel/core"
      type: npm
"""


def taken(data: bytes, name: str) -> foreign_ignores.Taken:
    return foreign_ignores.read(data, name, foreign_ignores.kind_of(name, data), until="2027-03-01")


def test_trivyignore() -> None:
    found = taken(TRIVY, ".trivyignore")
    assert [(r.id, r.until, r.reason) for r in found.rules] == [
        ("CVE-2022-40897", "2026-06-01", "Accept the risk"),
        ("CVE-2019-14697", "2027-03-01", "in our base"),
    ]
    assert any("AVD-DS-0002" in loss for loss in found.losses)
    assert any("no last day" in loss for loss in found.losses)


def test_trivyignore_yaml() -> None:
    found = taken(TRIVY_YAML, ".trivyignore.yaml")
    assert [(r.id, r.path[:10], r.purl, r.until) for r in found.rules] == [
        ("CVE-2022-40897", "usr/local/", "", "2027-03-01"),
        ("CVE-2023-3817", "", "pkg:deb/debian/libssl1.1", "2026-01-01"),
    ]
    assert any("misconfigurations" in loss for loss in found.losses)
    assert any("usr/*/x" in loss for loss in found.losses)


def test_grype() -> None:
    found = taken(GRYPE, ".grype.yaml")
    assert [(r.id, r.purl, r.path, r.reason) for r in found.rules] == [
        ("CVE-2020-1", "pkg:pypi/requests@2.0", "", "checked"),
        ("", "", "/usr/local/lib/node_modules/*", "taken over from .grype.yaml, which gives no reason"),
        ("GHSA-1", "pkg:npm/%40babel/core", "", "taken over from .grype.yaml, which gives no reason"),
    ]
    for word in ("fail-on-severity", "fix-state", "package.name"):
        assert any(word in loss for loss in found.losses), word


@pytest.mark.parametrize(
    ("data", "name"), [(TRIVY, ".trivyignore"), (TRIVY_YAML, ".trivyignore.yaml"), (GRYPE, ".grype.yaml")]
)
def test_every_import_is_a_file_of_ours(data: bytes, name: str) -> None:
    found = taken(data, name)
    assert len(ignorefile.read(ignorefile.write(found.rules), "f")) == len(found.rules)
    assert foreign_ignores.kind_of("x", data) == foreign_ignores.kind_of(name, data)


@given(st.sampled_from(foreign_ignores.KINDS), st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(kind: str, data: bytes) -> None:
    try:
        found = foreign_ignores.read(data, "f", kind, until="2027-01-01")
    except MalformedError:
        return
    assert ignorefile.read(ignorefile.write(found.rules), "f") is not None
