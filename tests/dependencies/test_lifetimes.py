"""End of life of runtimes and frameworks, at a time that is handed in."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.lifecycle import judge, standing
from assay.dependencies.lifecycle_products import names
from assay.dependencies.lifetimes import lifetimes
from assay.model.inventory import Component, Distro, SourcePackage
from assay.model.lifecycle import Horizon, Product, Release
from assay.model.report import EndOfLife
from fakes.advisories import MemoryStore

PYTHON = Product(
    name="python",
    title="Python",
    identifiers=("repology:python",),
    releases=(
        Release(cycle="3.13", ends="2029-10-31", latest="3.13.5"),
        Release(cycle="3.9", ends="2025-10-31", extended_until="2027-01-01"),
        Release(cycle="3", ends="no"),
    ),
)
GO = Product(name="go", title="Go", releases=(Release(cycle="1.24", ends="2026-02-11"),))
ANGULAR = Product(
    name="angular",
    title="Angular",
    identifiers=("pkg:npm/%40angular/core",),
    releases=(Release(cycle="17", ends="yes"),),
)
TEMURIN = Product(name="eclipse-temurin", title="Eclipse Temurin", releases=(Release(cycle="8", ends="2026-11-30"),))
STORE = MemoryStore(products=[PYTHON, GO, ANGULAR, TEMURIN])
MAINTAINED = EndOfLife(product="debian", cycle="12", state="supported", date="2026-07-11")
ENDED = EndOfLife(product="debian", cycle="12", state="ended", date="2026-07-11")
NOW = "2026-01-15T00:00:00Z"


def component(purl: str, ecosystem: str, version: str, **more: object) -> Component:
    fields: dict[str, object] = {"key": purl, "purl": purl, "ecosystem": ecosystem, "version": version}
    fields["name"] = purl.partition("@")[0].rpartition("/")[2]
    return Component(**(fields | more))  # type: ignore[arg-type]


INTERPRETER = component("pkg:generic/python@3.9.7", "generic", "3.9.7")
STDLIB = component("pkg:golang/stdlib@1.24.1", "golang", "1.24.1")
CORE = component("pkg:npm/%40angular/core@17.0.1", "npm", "17.0.1")
DEB = component(
    "pkg:deb/debian/python3.9@3.9.2-1?arch=amd64", "deb", "3.9.2-1", source=SourcePackage("python3.9", "1:3.9.2-1")
)


def test_most_urgent_first_and_each_says_why() -> None:
    rows = lifetimes([STDLIB, CORE, INTERPRETER], None, STORE, NOW, Horizon(days=30))
    assert [(r.product, r.cycle, r.state, r.soon, r.days) for r in rows] == [
        ("python", "3.9", "ended", False, -76),
        ("angular", "17", "ended", False, None),
        ("go", "1.24", "supported", True, 27),
    ]
    assert rows[0].reason == "Python 3.9 has ended on 2025-10-31"
    assert rows[2].reason == "Go 1.24 is supported until 2026-02-11"
    assert rows[0].components == (INTERPRETER.key,)
    assert rows[0].versions == ("3.9.7",)


@pytest.mark.parametrize(("days", "soon"), [(26, False), (27, True), (400, True)])
def test_the_horizon_is_in_days_and_inclusive(days: int, soon: bool) -> None:
    assert lifetimes([STDLIB], None, STORE, NOW, Horizon(days=days))[0].soon is soon


def test_extended_support_counts_only_when_asked_for() -> None:
    plain, extended = (
        lifetimes([INTERPRETER], None, STORE, NOW, Horizon(extended=asked))[0] for asked in (False, True)
    )
    assert (plain.state, plain.date) == ("ended", "2025-10-31")
    assert (extended.state, extended.date) == ("supported", "2027-01-01")
    assert "extended support" in extended.reason


def test_a_maintained_distribution_answers_for_its_packages() -> None:
    row = lifetimes([DEB], MAINTAINED, STORE, NOW, Horizon())[0]
    assert (row.state, row.maintained_by, row.date) == ("supported", "distribution", "2026-07-11")
    assert row.reason == "debian 12 maintains it until 2026-07-11; upstream's Python 3.9 has ended on 2025-10-31"


def test_when_the_distribution_has_ended_so_have_its_packages() -> None:
    row = lifetimes([DEB], ENDED, STORE, NOW, Horizon())[0]
    assert (row.state, row.maintained_by) == ("ended", "distribution")


@pytest.mark.parametrize("life", [None, EndOfLife(product="x", cycle="1", state="unknown")])
def test_an_unknown_distribution_leaves_its_packages_unknown(life: EndOfLife | None) -> None:
    assert lifetimes([DEB], life, STORE, NOW, Horizon())[0].state == "unknown"


def test_what_an_os_package_owns_is_the_distributions_too() -> None:
    owned = component("pkg:golang/stdlib@1.24.1", "golang", "1.24.1", owner=DEB.key)
    rows = lifetimes([DEB, owned], MAINTAINED, STORE, NOW, Horizon(days=30))
    assert {(r.product, r.maintained_by, r.soon) for r in rows} == {
        ("python", "distribution", False),
        ("go", "distribution", False),
    }


def test_a_package_of_upstreams_own_repository_is_upstreams() -> None:
    nodesource = component("pkg:deb/debian/python3.9@3.9.2-1nodesource1", "deb", "3.9.2-1nodesource1")
    assert lifetimes([nodesource], MAINTAINED, STORE, NOW, Horizon())[0].state == "ended"


def test_a_release_the_data_does_not_know_is_unknown_never_supported() -> None:
    newer = component("pkg:golang/stdlib@1.99.0", "golang", "1.99.0")
    row = lifetimes([newer], None, STORE, NOW, Horizon())[0]
    assert (row.state, row.cycle) == ("unknown", "")


def test_what_a_layer_removed_and_what_no_product_names_does_not_count() -> None:
    gone = component("pkg:golang/stdlib@1.24.1", "golang", "1.24.1", removed_by=2)
    stranger = component("pkg:npm/left-pad@1.0.0", "npm", "1.0.0")
    nameless = component("", "", "1")
    assert lifetimes([gone, stranger, nameless], None, STORE, NOW, Horizon()) == ()


def test_a_java_runtime_is_its_builders() -> None:
    purl = "pkg:generic/openjdk@1.8.0_392"
    built = component(purl, "generic", "1.8.0_392", properties=(("java:implementor", "Eclipse Adoptium"),))
    nobody = component(purl, "generic", "1.8.0_392")
    assert [r.cycle for r in lifetimes([built], None, STORE, NOW, Horizon())] == ["8"]
    assert lifetimes([nobody], None, STORE, NOW, Horizon()) == ()


@pytest.mark.parametrize(
    ("version", "tag", "cycles"),
    [("3.9-slim", "3.9-slim", ["3.9"]), ("sha256:" + "0" * 64, "3.9", ["3.9"]), ("latest", "latest", [""])],
)
def test_an_image_a_dockerfile_builds_on_has_its_products_lifetime(version: str, tag: str, cycles: list[str]) -> None:
    docker = msgspec.structs.replace(PYTHON, identifiers=("pkg:docker/library/python",))
    purl = f"pkg:docker/python@{version.replace(':', '%3A')}"
    base = component(purl, "docker", version, properties=(("docker:tag", tag),))
    found = lifetimes([base], None, MemoryStore(products=[docker]), NOW, Horizon())
    assert [row.cycle for row in found] == cycles
    elsewhere = component(f"{purl}?repository_url=ghcr.io", "docker", version)
    assert lifetimes([elsewhere], None, MemoryStore(products=[docker]), NOW, Horizon()) == ()


@pytest.mark.parametrize(
    ("image", "tag", "cycle"),
    [("debian", "bookworm-slim", "12"), ("debian", "12.5", "12"), ("ubuntu", "jammy", "22.04"), ("debian", "sid", "")],
)
def test_a_distribution_is_known_by_its_code_name(image: str, tag: str, cycle: str) -> None:
    products = [
        Product(name="debian", releases=(Release(cycle="12", codename="Bookworm", ends="2026-07-11"),)),
        Product(name="ubuntu", releases=(Release(cycle="22.04", codename="Jammy Jellyfish", ends="2027-04-01"),)),
    ]
    base = component(f"pkg:docker/{image}@{tag}", "docker", tag)
    assert [row.cycle for row in lifetimes([base], None, MemoryStore(products=products), NOW, Horizon())] == [cycle]


@pytest.mark.parametrize(
    ("purl", "ecosystem", "source", "expected"),
    [
        ("pkg:deb/debian/libssl3@3.0.1", "deb", "openssl", "repology:openssl"),
        ("pkg:deb/debian/php8.2-cli@8.2", "deb", "php8.2", "repology:php"),
        ("pkg:deb/debian/golang-1.19-go@1.19", "deb", "golang-1.19", "repology:go"),
        ("pkg:deb/debian/apache2-bin@2.4", "deb", "apache2", "repology:apache"),
        ("pkg:composer/symfony/http-kernel@6.4", "composer", "", "symfony"),
        ("pkg:npm/%40angular/core@17.0.1", "npm", "", "pkg:npm/%40angular/core"),
        ("pkg:conda/openssl@3.0.1?build=1", "conda", "", "repology:openssl"),
        ("pkg:generic/httpd@2.4.1", "generic", "", "apache-http-server"),
        ("pkg:npm/express", "npm", "", "pkg:npm/express"),
    ],
)
def test_names_to_ask_for(purl: str, ecosystem: str, source: str, expected: str) -> None:
    named = component(purl, ecosystem, "1", source=SourcePackage(source, "1") if source else None)
    assert expected in names(named)


def test_the_distribution_has_a_horizon_too() -> None:
    store = MemoryStore(
        products=[
            Product(name="debian", releases=(Release(cycle="12", ends="2026-07-11", extended_until="2028-06-30"),))
        ]
    )
    distro = Distro(id="debian", version_id="12")
    near = judge(distro, store, "2026-07-01", Horizon(days=10))
    assert near is not None
    assert (near.state, near.soon, near.date, near.extended_until) == ("supported", True, "2026-07-11", "2028-06-30")
    longer = judge(distro, store, "2026-08-01", Horizon(days=10, extended=True))
    assert longer is not None
    assert (longer.state, longer.soon, longer.date, longer.extended) == ("supported", False, "2028-06-30", True)


_TEXTS = st.one_of(st.dates().map(str), st.sampled_from(["", "yes", "no", "2026-02-30", "soon", "9999-12-31"]))


@given(ends=_TEXTS, extended=_TEXTS, now=_TEXTS, days=st.integers(0, 1000), counted=st.booleans())
def test_whatever_the_data_says_the_answer_is_one_of_three(
    ends: str, extended: str, now: str, days: int, counted: bool
) -> None:
    found = standing(Release(cycle="1", ends=ends, extended_until=extended), now, Horizon(days=days, extended=counted))
    assert found.state in ("ended", "supported", "unknown")
    assert not found.soon or (found.state == "supported" and 0 <= (found.days or 0) <= days)


@given(ends=st.dates(), extended=st.dates(), now=st.dates())
def test_extended_support_never_shortens_a_life(ends: object, extended: object, now: object) -> None:
    release = Release(cycle="1", ends=str(ends), extended_until=str(extended))
    plain, longer = (standing(release, str(now), Horizon(extended=asked)) for asked in (False, True))
    assert not (plain.state == "supported" and longer.state == "ended")
