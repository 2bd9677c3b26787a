"""For each statement: that it matched, or the first field that kept it from it."""

import pytest

from assay.dependencies.vex import apply
from assay.dependencies.vex_explain import explain
from assay.dependencies.vex_match import FIELDS, Miss
from assay.model.digest import Digest
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory
from assay.model.vex import VexProduct, VexStatement

MANIFEST, INDEX, OTHER = Digest.of(b"manifest"), Digest.of(b"index"), Digest.of(b"other")
SUBJECT = Subject(name="registry.example/team/app:1.0", digest=MANIFEST, index=INDEX)
LIB = Component(
    key="k1", purl="pkg:npm/lib@1.5.0", ecosystem="npm", name="lib", version="1.5.0"
)  # fmt: skip
SSL = Component(
    key="k2", purl="pkg:deb/debian/libssl3@3.0-1?arch=amd64", ecosystem="deb", name="libssl3", version="3.0-1"
)
INVENTORY = Inventory(subject=SUBJECT, components=(LIB, SSL))
NOW = "2026-06-01T00:00:00Z"


def finding(component: Component, identifier: str = "CVE-2024-1") -> Finding:
    return Finding(
        id=identifier, aliases=("GHSA-1",), component=component.key, purl=component.purl, name=component.name,
        version=component.version, advisory="A-1", feed="f", matched_name=component.name,
        matched_version=component.version, matched_range="< 9",
    )  # fmt: skip


FINDINGS = (finding(LIB), finding(SSL))


def statement(*identifiers: str, parts: tuple[str, ...] = (), **more: object) -> VexStatement:
    facts: dict[str, object] = {
        "vulnerability": "CVE-2024-1", "status": "not_affected", "justification": "component_not_present",
        "products": (VexProduct(identifiers, parts),), "author": "vendor", "timestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return VexStatement(**(facts | more))  # type: ignore[arg-type]


def field(said: VexStatement, *others: VexStatement) -> str:
    (row,) = explain("doc", [said], INVENTORY, FINDINGS, now=NOW, others=(said, *others))
    assert (row.field == "matched") == (row.outcome == "matched")
    assert row.says
    return row.field


GOOD = statement("pkg:npm/lib@1.5.0")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (GOOD, "matched"),
        (statement("pkg:npm/lib", vulnerability="GHSA-1"), "matched"),
        (statement("pkg:npm/lib?vers=vers:npm/%3E%3D1.0.0%7C%3C2.0.0"), "matched"),
        (statement("urn:assay:repository:registry.example/team"), "matched"),
        (statement("urn:assay:repository:registry.example/team/app"), "matched"),
        (statement("pkg:npm/lib", vulnerability="CVE-1999-1"), "vulnerability alias"),
        (statement("cpe:2.3:a:lib:lib:1.5.0:*:*:*:*:*:*:*"), "product type"),
        (statement("pkg:pypi/lib"), "product type"),
        (statement("pkg:npm/other"), "name"),
        (statement("urn:assay:repository:registry.example/te"), "name"),
        (statement("pkg:oci/other@" + str(OTHER)), "name"),
        (statement("pkg:npm/lib@1.4.0"), "version"),
        (statement("pkg:npm/lib?vers=vers:npm/%3C1.5.0"), "version"),
        (statement("pkg:npm/lib?vers=vers:npm/junk%7C"), "version"),
        (statement("pkg:oci/app?tag=2.0"), "version"),
        (statement("pkg:deb/debian/libssl3@3.0-1?arch=arm64"), "qualifier"),
        (statement(str(OTHER)), "index versus platform digest"),
        (statement(f"pkg:oci/app@{OTHER}?repository_url=registry.example/team/app"), "index versus platform digest"),
        (statement(str(INDEX), parts=("pkg:npm/other",)), "subcomponent"),
        (statement("pkg:npm/lib", timestamp="2026-06-01T12:00:00Z"), "matched"),
        (statement("pkg:npm/lib", timestamp="2030-01-01T00:00:00Z"), "time"),
        (statement("pkg:npm/lib", expires="2026-05-31T00:00:00Z"), "expiry"),
        (statement("pkg:npm/lib", expires="when it rains"), "expiry"),
        (statement("pkg:npm/lib", justification=""), "status rule"),
    ],
)  # fmt: skip
def test_first_field(said: VexStatement, wanted: str) -> None:
    assert field(said) == wanted
    # What is explained as matched is what counts, and nothing else is.
    suppressed = any(f.suppressed for f in apply(FINDINGS, [said], SUBJECT, INVENTORY.components, NOW))
    assert suppressed == (wanted == "matched")


def test_a_later_word_of_the_same_author() -> None:
    later = statement("pkg:npm/lib", status="affected", action="Update.", timestamp="2026-02-01T00:00:00Z")
    assert field(GOOD, later) == "time"
    assert field(later, GOOD) == "matched"


def test_a_more_cautious_author() -> None:
    other = statement("pkg:npm/lib", status="affected", action="Update.", author="another")
    assert field(GOOD, other) == "status rule"
    assert field(other, GOOD) == "matched"


@pytest.mark.parametrize("name", ["signature", "author's scope"])
def test_a_document_that_does_not_count(name: str) -> None:
    (row,) = explain("doc", [GOOD], INVENTORY, FINDINGS, now=NOW, refused=Miss(name, "not signed"))
    assert (row.outcome, row.field, row.says, row.findings) == ("failed", name, "not signed", ())


def test_what_is_there_without_a_finding_is_told() -> None:
    (row,) = explain("doc", [GOOD], INVENTORY, (), now=NOW)
    assert row.field == "vulnerability alias"
    assert LIB.purl in row.says


def test_fields_stand_in_the_order_of_the_design() -> None:
    assert FIELDS == (
        "signature", "author's scope", "vulnerability alias", "product type", "name", "version", "qualifier",
        "index versus platform digest", "subcomponent", "time", "expiry", "status rule", "matched",
    )  # fmt: skip


def steps(said: VexStatement, component: Component = LIB, now: str = NOW) -> str:
    (judged,) = apply([finding(component)], [said], SUBJECT, INVENTORY.components, now)
    return " | ".join(step.says for step in judged.reasons if step.rung in ("vex", "review"))


def test_an_expired_statement_counts_as_under_investigation() -> None:
    said = statement("pkg:npm/lib", expires="2026-05-31T00:00:00Z")
    assert apply([finding(LIB)], [said], SUBJECT, INVENTORY.components, "2026-05-30T00:00:00Z")[0].suppressed
    (judged,) = apply([finding(LIB)], [said], SUBJECT, INVENTORY.components, NOW)
    assert judged.suppressed is None
    assert judged.status == "affected"
    assert "under_investigation" in steps(said)
    assert "review again" in steps(said)


def test_a_statement_of_the_future_suppresses_nothing_and_says_so() -> None:
    said = statement("pkg:npm/lib", timestamp="2030-01-01T00:00:00Z")
    (judged,) = apply([finding(LIB)], [said], SUBJECT, INVENTORY.components, NOW)
    assert (judged.suppressed, judged.status) == (None, "affected")
    assert "vendor says not_affected from 2030-01-01T00:00:00Z, which is still to come" in steps(said)


def test_a_word_that_warns_counts_whatever_its_time() -> None:
    late = statement("pkg:npm/lib", status="affected", action="Update.", timestamp="2030-01-01T00:00:00Z")
    (judged,) = apply([finding(LIB)], [GOOD, late], SUBJECT, INVENTORY.components, NOW)
    assert judged.suppressed is None
    assert field(late) == "matched"


def test_a_product_of_another_type_is_named() -> None:
    (row,) = explain("doc", [statement("pkg:pypi/lib")], INVENTORY, FINDINGS[:1], now=NOW)
    assert row.says == "pypi is not npm"


def test_an_expired_fix_does_not_outweigh_who_still_says_affected() -> None:
    old = statement("pkg:npm/lib", expires="2026-05-31T00:00:00Z")
    fresh = statement("pkg:npm/lib", author="another")
    (judged,) = apply([finding(LIB)], [old, fresh], SUBJECT, INVENTORY.components, NOW)
    assert judged.suppressed is None


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (statement("pkg:npm/lib@1.4.0"), "version"),
        (statement("pkg:npm/lib?vers=vers:npm/%3C1.5.0"), "version"),
        (statement(f"pkg:oci/app@{OTHER}", parts=("pkg:npm/lib@1.5.0",)), "build"),
        (statement(str(MANIFEST), parts=("pkg:npm/lib@1.4.0",)), "version"),
        (statement(f"pkg:oci/app@{OTHER}"), "build"),
        (statement(f"pkg:oci/other@{OTHER}"), ""),
        (statement(str(OTHER)), ""),
        (statement("pkg:npm/other@1.4.0"), ""),
        (statement("pkg:npm/lib@1.4.0", status="affected", action="Update."), ""),
    ],
)
def test_a_changed_version_or_build_asks_for_review(said: VexStatement, asked: str) -> None:
    text = steps(said)
    assert ("review again" in text) == bool(asked)
    assert asked in text
    (judged,) = apply([finding(LIB)], [said], SUBJECT, INVENTORY.components, NOW)
    assert judged.suppressed is None


def test_a_fresh_word_of_the_same_author_needs_no_review() -> None:
    old = statement("pkg:npm/lib@1.4.0")
    (judged,) = apply([finding(LIB)], [old, GOOD], SUBJECT, INVENTORY.components, NOW)
    assert judged.suppressed is not None
    assert not [step for step in judged.reasons if step.rung == "review"]
    other = statement("pkg:npm/lib@1.4.0", author="another")
    (judged,) = apply([finding(LIB)], [other, GOOD], SUBJECT, INVENTORY.components, NOW)
    assert len([step for step in judged.reasons if step.rung == "review"]) == 1
