"""VEX met findings: who is meant, who is believed; nothing disappears."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.vex import apply
from assay.dependencies.vex_match import names_package
from assay.model.digest import Digest
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.inventory import Component, SourcePackage
from assay.model.vex import VexProduct, VexStatement

MANIFEST, INDEX, OTHER = Digest.of(b"manifest"), Digest.of(b"index"), Digest.of(b"other")
SUBJECT = Subject(name="registry.example/team/app:1.0", digest=MANIFEST, index=INDEX)
OPENSSL = Component(
    key="k1", purl="pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12", ecosystem="deb", name="libssl3",
    version="3.0.15-1", source=SourcePackage("openssl", "3.0.15-1"), hashes=("sha256:" + "ab" * 32,),
)  # fmt: skip
LIB = Component(key="k2", purl="pkg:pypi/lib@1.0", ecosystem="pypi", name="lib", version="1.0", owner="k1")
COMPONENTS = (OPENSSL, LIB)


def finding(component: Component = OPENSSL, **more: object) -> Finding:
    facts: dict[str, object] = {
        "id": "CVE-2024-0001", "aliases": ("GHSA-1",), "component": component.key, "purl": component.purl,
        "name": component.name, "version": component.version, "advisory": "D-1", "feed": "f", "matched_name": "openssl",
        "matched_version": "3.0.15-1", "matched_range": "< 4",
    }  # fmt: skip
    return Finding(**(facts | more))  # type: ignore[arg-type]


def statement(*identifiers: str, subcomponents: tuple[str, ...] = (), **more: object) -> VexStatement:
    facts: dict[str, object] = {
        "vulnerability": "CVE-2024-0001", "status": "not_affected", "justification": "component_not_present",
        "products": (VexProduct(identifiers, subcomponents),), "author": "vendor", "document": "doc-1",
        "timestamp": "2024-01-01T00:00:00Z",
    }  # fmt: skip
    return VexStatement(**(facts | more))  # type: ignore[arg-type]


def judged(*statements: VexStatement, item: Finding | None = None, subject: Subject = SUBJECT) -> Finding:
    return apply([item or finding()], statements, subject, COMPONENTS)[0]


@pytest.mark.parametrize(
    ("product", "subcomponents", "applies"),
    [
        ("pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12", (), True),
        ("pkg:deb/debian/libssl3", (), True),
        ("pkg:deb/debian/libssl3@3.0.15-1", (), True),
        ("pkg:deb/debian/libssl3?arch=amd64", (), True),
        ("pkg:deb/debian/libssl3?arch=arm64", (), False),
        ("pkg:deb/debian/libssl3@3.0.14-1", (), False),
        ("pkg:deb/ubuntu/libssl3", (), False),
        ("pkg:rpm/debian/libssl3", (), False),
        ("pkg:deb/debian/openssl", (), False),
        ("pkg:deb/debian/openssl?arch=source", (), True),
        ("pkg:deb/debian/openssl@3.0.15-1?arch=source", (), True),
        ("pkg:deb/debian/openssl@3.0.14-1?arch=source", (), False),
        ("sha256:" + "ab" * 32, (), True),
        ("sha256:" + "cd" * 32, (), False),
        (str(MANIFEST), (), True),
        (str(INDEX), (), True),
        (str(OTHER), (), False),
        (f"pkg:oci/app@{MANIFEST}", (), True),
        (f"pkg:oci/app@{OTHER}", (), False),
        ("pkg:oci/app?repository_url=registry.example/team/app", (), True),
        ("pkg:oci/app?repository_url=registry.example/team", (), True),
        ("pkg:oci/app?repository_url=elsewhere.example/team/app", (), False),
        ("pkg:oci/app?tag=1.0", (), True),
        ("pkg:oci/app?tag=2.0", (), False),
        ("pkg:oci/other", (), False),
        ("registry.example/team/app:1.0", (), True),
        (str(MANIFEST), ("pkg:deb/debian/libssl3",), True),
        (str(MANIFEST), ("pkg:deb/debian/curl",), False),
        ("pkg:deb/debian/libssl3", ("pkg:pypi/lib",), False),
        ("", (), False),
        ("pkg:%%%", (), False),
    ],
)
def test_which_products_are_meant(product: str, subcomponents: tuple[str, ...], applies: bool) -> None:
    result = judged(statement(product, subcomponents=subcomponents))
    assert (result.suppressed is not None) is applies
    assert (result.status == "not_affected") is applies


def test_a_name_beside_a_digest_names_no_other_image() -> None:
    assert judged(statement("pkg:oci/app", str(OTHER))).suppressed is None
    assert judged(statement("pkg:oci/app", str(MANIFEST))).suppressed is not None


def test_a_platform_is_not_its_neighbour() -> None:
    neighbour = Subject(name="app", digest=OTHER, index=INDEX)
    assert judged(statement(str(MANIFEST)), subject=neighbour).suppressed is None
    assert judged(statement(str(INDEX)), subject=neighbour).suppressed is not None


def test_subcomponent_of_its_owner() -> None:
    item = finding(LIB)
    assert judged(statement("pkg:deb/debian/libssl3", subcomponents=("pkg:pypi/lib@1.0",)), item=item).suppressed
    assert judged(statement("pkg:deb/debian/curl", subcomponents=("pkg:pypi/lib@1.0",)), item=item).suppressed is None


@pytest.mark.parametrize("names", [("CVE-2024-0001", ()), ("ghsa-1", ()), ("D-1", ()), ("X", ("cve-2024-0001",))])
def test_vulnerability_by_any_of_its_names(names: tuple[str, tuple[str, ...]]) -> None:
    assert judged(statement(str(MANIFEST), vulnerability=names[0], aliases=names[1])).suppressed is not None
    assert judged(statement(str(MANIFEST), vulnerability="CVE-2024-9999", aliases=())).reasons == ()


@pytest.mark.parametrize(
    ("status", "suppressed"),
    [("not_affected", True), ("fixed", True), ("affected", False), ("under_investigation", False)],
)
def test_status(status: str, suppressed: bool) -> None:
    result = judged(statement(str(MANIFEST), status=status))
    assert (result.suppressed is not None) is suppressed
    assert result.status == ("not_affected" if suppressed else "affected")
    assert [step.rung for step in result.reasons] == ["vex"]
    assert f"vendor says {status} of the image" in result.reasons[0].says


def test_suppression_says_who_and_why() -> None:
    result = judged(statement(str(MANIFEST), impact="not built in", digest="sha256:00")).suppressed
    assert result is not None
    assert (result.by, result.status, result.justification) == ("vendor", "not_affected", "component_not_present")
    assert (result.impact, result.document, result.digest) == ("not built in", "doc-1", "sha256:00")


def test_not_affected_without_a_reason_is_seen_and_not_applied() -> None:
    result = judged(statement(str(MANIFEST), justification=""))
    assert result.suppressed is None
    assert result.status == "affected"
    assert "not applied" in result.reasons[0].says


def test_same_author_later_wins() -> None:
    early = statement(str(MANIFEST), timestamp="2024-01-01T00:00:00Z")
    late = statement(str(MANIFEST), status="affected", timestamp="2024-06-01T00:00:00+02:00", document="doc-2")
    for order in itertools.permutations([early, late]):
        assert judged(*order).suppressed is None
    assert judged(late, statement(str(MANIFEST), timestamp="2024-06-01T00:00:00Z")).suppressed is not None


def test_authors_who_disagree_the_more_cautious_holds() -> None:
    vendor = statement(str(MANIFEST), timestamp="2025-01-01T00:00:00Z")
    other = statement(str(MANIFEST), author="researcher", status="affected", document="doc-2")
    result = judged(vendor, other)
    assert result.suppressed is None
    assert result.status == "affected"
    assert [step.says.split(" of the image")[0] for step in result.reasons] == [
        "researcher says affected", "vendor says not_affected", "the authors disagree: the more cautious word of researcher holds",
    ]  # fmt: skip


def test_a_finding_nobody_speaks_of_is_untouched() -> None:
    item = finding()
    assert apply([item], [], SUBJECT, COMPONENTS) == (item,)
    assert apply([item], [statement("pkg:npm/x")], SUBJECT, COMPONENTS) == (item,)


def test_a_version_with_an_epoch_needs_its_qualifier() -> None:
    rpm = Component(key="r", purl="pkg:rpm/alma/x@1-1?epoch=2", ecosystem="rpm", name="x", version="2:1-1")
    item = finding(rpm)
    assert apply([item], [statement("pkg:rpm/alma/x@1-1?epoch=2")], SUBJECT, [rpm])[0].suppressed is not None
    assert apply([item], [statement("pkg:rpm/alma/x@1-1?epoch=3")], SUBJECT, [rpm])[0].suppressed is None


statements = st.builds(
    lambda product, status, author, time, sound: statement(
        product,
        status=status,
        author=author,
        timestamp=time,
        justification="x" if sound else "",
        document=f"d-{author}",
    ),
    st.sampled_from([str(MANIFEST), "pkg:deb/debian/libssl3", "pkg:oci/app", "pkg:npm/x"]),
    st.sampled_from(["not_affected", "fixed", "affected", "under_investigation"]),
    st.sampled_from(["vendor", "distro", ""]),
    st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2025-01-01T00:00:00Z", "", "soon"]),
    st.booleans(),
)


@given(st.lists(statements, max_size=5), st.randoms(use_true_random=False))
def test_order_of_statements_does_not_matter(said: list[VexStatement], dice: object) -> None:
    shuffled = dice.sample(said, len(said))  # type: ignore[attr-defined]
    assert judged(*shuffled) == judged(*said)


@given(st.lists(statements, max_size=5))
def test_nothing_disappears(said: list[VexStatement]) -> None:
    items = [finding(), finding(LIB), finding(id="CVE-2024-0002", aliases=(), advisory="D-2")]
    results = apply(items, said, SUBJECT, COMPONENTS)
    assert [(r.id, r.component) for r in results] == [(i.id, i.component) for i in items]
    for item, result in zip(items, results, strict=True):
        assert result.reasons[: len(item.reasons)] == item.reasons
        assert (result.suppressed is not None) == (result.status != item.status)


@given(st.lists(statements, max_size=4), statements)
def test_one_more_author_who_warns_never_suppresses(said: list[VexStatement], more: VexStatement) -> None:
    warning = statement(str(MANIFEST), status="affected", author="somebody else", document="warning")
    assert judged(*said, more, warning).suppressed is None


@pytest.mark.parametrize(
    ("said", "purl", "matches"),
    [
        ("pkg:golang/github.com/acme/tool", "pkg:golang/github.com/Acme/Tool@v1.0.0", True),
        ("pkg:golang/github.com/Acme/Tool@v1.0.0", "pkg:golang/github.com/acme/tool@v1.0.0", True),
        ("pkg:golang/github.com/acme/tools", "pkg:golang/github.com/Acme/Tool@v1.0.0", False),
        ("pkg:npm/jsonstream", "pkg:npm/JSONStream@1.0.0", False),
    ],
)
def test_package_urls_of_go_tell_no_upper_case(said: str, purl: str, matches: bool) -> None:
    assert names_package(said, purl, None) is matches
