"""What is wrong with a statement is said with its place, while it can still be mended."""

import pytest

from assay.dependencies.vex_lint import lint
from assay.model.vex import VexProduct, VexStatement

NOW, DIGEST = "2026-06-01T00:00:00Z", "sha256:" + "ab" * 32


def said(*identifiers: str, parts: tuple[str, ...] = (), **more: object) -> VexStatement:
    facts: dict[str, object] = {
        "vulnerability": "CVE-2024-1", "status": "not_affected", "justification": "component_not_present",
        "products": (VexProduct(identifiers, parts),), "author": "a", "timestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return VexStatement(**(facts | more))  # type: ignore[arg-type]


def codes(*statements: VexStatement) -> set[str]:
    return {flaw.code for flaw in lint(statements, now=NOW, place=lambda n: f"$[{n}]")}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (said("pkg:npm/a", justification=""), "profile"),
        (said("pkg:npm/a", status="affected", justification=""), "profile"),
        (said("pkg:npm/a", products=()), "profile"),
        (said(), "never-matches"),
        (said("pkg:npm"), "never-matches"),
        (said("cpe:2.3:a:b:c:1:*:*:*:*:*:*:*"), "never-matches"),
        (said("sha256:ab"), "never-matches"),
        (said("https://example.org/product"), "never-matches"),
        (said("pkg:oci/app@sha256:ab"), "never-matches"),
        (said("pkg:npm/a@1?vers=vers:npm/1"), "never-matches"),
        (said("pkg:npm/a?vers=npm"), "never-matches"),
        (said(DIGEST, parts=("pkg:oci/x",)), "never-matches"),
        (said(DIGEST, parts=("urn:assay:repository:x",)), "never-matches"),
        (said(DIGEST, "pkg:oci/app@sha256:" + "cd" * 32), "two-digests"),
        (said(f"pkg:oci/app@{DIGEST}?arch=amd64"), "platform-digest"),
        (said("pkg:oci/app"), "wide"),
        (said("pkg:npm/a", scope="image"), "scope"),
        (said("pkg:oci/app", scope="image"), "scope"),
        (said("urn:assay:repository:registry.example", scope="component"), "scope"),
        (said("urn:assay:repository:registry.example"), "wide"),
        (said("pkg:npm/a", expires="2026-05-01T00:00:00Z"), "expired"),
        (said("pkg:npm/a", expires="soon"), "expiry"),
        (said("pkg:npm/a", timestamp="2027-01-01T00:00:00Z"), "future"),
        (said("pkg:npm/a", vulnerability="log4shell"), "vulnerability"),
        (said("pkg:npm/a", status="fixed"), "justification"),
    ],
)
def test_a_flaw_is_named(statement: VexStatement, code: str) -> None:
    assert code in codes(statement)


@pytest.mark.parametrize(
    "statement",
    [
        said("pkg:npm/a@1"),
        said("pkg:deb/debian/a?vers=vers:deb/%3C1.2-3"),
        said(DIGEST, f"pkg:oci/app@{DIGEST}", parts=("pkg:npm/a",)),
        said("pkg:npm/a", scope="component"),
        said(DIGEST, scope="image"),
        said(DIGEST, parts=("pkg:npm/a",), scope="component"),
        said("registry.example/app:1", parts=("pkg:npm/a",)),
        said("https://example.org/x", "pkg:npm/a"),
    ],
)
def test_a_good_statement_has_none(statement: VexStatement) -> None:
    assert codes(statement) == set()


def test_contradictions_name_both_places() -> None:
    one, two = said("pkg:npm/a"), said("pkg:npm/a", status="affected", justification="", action="Update.")
    (flaw,) = lint((one, two), now=NOW, place=lambda n: f"$[{n}]")
    assert (flaw.place, flaw.code) == ("$[1]", "contradiction")
    assert "$[0]" in flaw.says
    assert codes(one, said("pkg:npm/a", impact="also")) == {"repeated"}
    assert codes(one, said("pkg:npm/a", timestamp="2026-02-01T00:00:00Z")) == set()


def test_a_million_flaws_are_counted() -> None:
    found = lint([said("pkg:npm")] * 1_500, now=NOW, place=lambda n: f"$[{n}]")
    assert sum(flaw.code == "never-matches" and bool(flaw.place) for flaw in found) == 1_000
    assert any(flaw.place == "" and flaw.says == "500 more" for flaw in found)
