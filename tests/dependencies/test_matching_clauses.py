"""Clauses of matching, each with the case that would be judged otherwise were it not kept."""

import pytest

from assay.dependencies.matching import match
from assay.dependencies.versions import SCHEMES, scheme_for
from assay.model.finding import Finding
from assay.model.inventory import Component, Distro, SourcePackage
from fakes.advisories import MemoryStore, advisory

BOOKWORM = Distro(id="debian", version_id="12", codename="bookworm")
ALMA = Distro(id="almalinux", version_id="9.4")


def component(ecosystem: str, name: str, version: str, **more: object) -> Component:
    facts: dict[str, object] = {"key": f"{ecosystem}/{name}@{version}", "purl": f"pkg:{ecosystem}/{name}@{version}"}
    return Component(ecosystem=ecosystem, name=name, version=version, **(facts | more))  # type: ignore[arg-type]


def deb(name: str, version: str, source: str = "") -> Component:
    return component("deb", name, version, source=SourcePackage(source or name, version))


def status(found: tuple[Finding, ...]) -> dict[str, str]:
    return {finding.name: finding.status for finding in found}


# 4.4: what cannot be parsed is undetermined, in every order.
ECOSYSTEMS = [
    ("apk", "Alpine:v3.17"), ("bitnami", "Bitnami"), ("cargo", "crates.io"), ("composer", "Packagist"),
    ("conan", "ConanCenter"), ("cran", "CRAN"), ("deb", "Debian:12"), ("gem", "RubyGems"), ("golang", "Go"),
    ("hackage", "Hackage"), ("hex", "Hex"), ("maven", "Maven"), ("npm", "npm"), ("nuget", "NuGet"), ("pub", "Pub"),
    ("pypi", "PyPI"), ("rpm", "AlmaLinux:9"), ("swift", "SwiftURL"),
]  # fmt: skip
ANY_TEXT = {"maven", "rpm"}
"""Orders in which every text has a place."""
DISTROS = {"apk": Distro(id="alpine", version_id="3.17"), "deb": BOOKWORM, "rpm": ALMA}
NAMES = {"swift": "github.com/a/b", "golang": "example.org/a", "composer": "a/b", "maven": "a:b"}


@pytest.mark.parametrize(("kind", "ecosystem"), ECOSYSTEMS)
@pytest.mark.parametrize("version", ["not a version!", "", "\u0661.\u0662", "1" * 2_000])
def test_an_unparsable_version_is_never_called_safe(kind: str, ecosystem: str, version: str) -> None:
    name = NAMES.get(kind, "lib")
    store = MemoryStore([advisory("X-1", ecosystem, name, ("", "2.0"))], covers=[(ecosystem, "")])
    found = match([component(kind, name, version)], DISTROS.get(kind), store)
    if not found.findings:
        assert "cannot be compared" in found.uncovered[0].reason
        return
    (finding,) = found.findings
    assert finding.status == "undetermined" or (kind in ANY_TEXT and finding.status == "affected")


@pytest.mark.parametrize(("kind", "ecosystem"), ECOSYSTEMS)
def test_every_ecosystem_has_an_order_that_judges_a_plain_range(kind: str, ecosystem: str) -> None:
    name = NAMES.get(kind, "lib")
    store = MemoryStore([advisory("X-1", ecosystem, name, ("1.2.0", "1.10.0"))], covers=[(ecosystem, "")])
    versions = {"1.1.9": [], "1.2.0": ["affected"], "1.9.9": ["affected"], "1.10.0": [], "2.0.0": []}
    for version, expected in versions.items():
        found = match([component(kind, name, version)], DISTROS.get(kind), store).findings
        assert [f.status for f in found] == expected, version
    assert scheme_for(ecosystem) in SCHEMES.values()


@pytest.mark.parametrize("kind", ["conda", "huggingface", "generic", "oci"])
def test_a_kind_without_an_order_is_not_covered(kind: str) -> None:
    found = match([component(kind, "x", "1")], None, MemoryStore())
    assert found.findings == ()
    assert found.uncovered[0].reason == f"no advisory ecosystem for packages of type {kind}"


# 4.6: backports and suites.
def test_a_stable_update_is_fixed_by_its_own_version_and_not_by_upstreams() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "curl", ("", "7.88.1-10+deb12u5"))])
    assert status(match([deb("curl", "7.88.1-10+deb12u4")], BOOKWORM, store).findings) == {"curl": "affected"}
    assert match([deb("curl", "7.88.1-10+deb12u5")], BOOKWORM, store).findings == ()
    assert match([deb("curl", "7.88.1-10+deb12u12")], BOOKWORM, store).findings == (), "u12 follows u5"


def test_a_security_rebuild_without_a_source_change_keeps_its_source_version() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "golang-app", ("", "1.0-1"))])
    item = component("deb", "golang-app", "1.0-1+b7", source=SourcePackage("golang-app", "1.0-1"))
    assert match([item], BOOKWORM, store).findings == ()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.22-1~bpo12+1", "undetermined"), ("1.22-1~bpo11+1", "undetermined"), ("1.22-1+deb12u1", "affected"),
        ("1.22-1~deb12u1", "affected"), ("1.22-1", "affected"), ("1.22~rc1-1", "affected"),
    ],
)  # fmt: skip
def test_a_package_of_another_suite_is_not_judged_by_this_one(version: str, expected: str) -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "nginx", ("", "1.24-1"))], covers=[("Debian:12", "")])
    (finding,) = match([deb("nginx", version)], BOOKWORM, store).findings
    assert finding.status == expected


def test_another_distributions_advisories_never_judge() -> None:
    store = MemoryStore(
        [
            advisory("U-1", "Ubuntu:22.04:LTS", "curl", ("", "99")),
            advisory("D-1", "Debian:11", "curl", ("", "99")),
            advisory("A-1", "Alpine:v3.17", "curl", ("", "99-r0")),
        ],
        covers=[("Debian:12", "")],
    )
    assert match([deb("curl", "1-1")], BOOKWORM, store).findings == ()


# 4.6: the kernel.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linux-libc-dev", "not_affected"), ("linux-headers-6.1.0-18-amd64", "not_affected"),
        ("linux-headers-6.1.0-18-common", "not_affected"), ("linux-doc-6.1", "not_affected"),
        ("linux-kbuild-6.1", "not_affected"), ("linux-source-6.1", "not_affected"),
        ("linux-image-6.1.0-18-amd64", "affected"), ("linux-image-amd64", "affected"),
        ("linux-perf", "undetermined"), ("bpftool", "undetermined"), ("libcpupower1", "undetermined"),
    ],
)  # fmt: skip
def test_flaws_of_the_kernel_concern_only_what_holds_it(name: str, expected: str) -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "linux", ("", "6.1.90-1"))])
    (finding,) = match([deb(name, "6.1.76-1", "linux")], BOOKWORM, store).findings
    assert finding.status == expected


def test_a_package_called_like_headers_but_not_of_the_kernel_is_judged() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "linuxdoc-tools", ("", "2"))])
    (finding,) = match([deb("linux-doc-tool", "1", "linuxdoc-tools")], BOOKWORM, store).findings
    assert finding.status == "affected"


def test_headers_of_rpm_hold_no_kernel() -> None:
    store = MemoryStore([
        advisory("A-1", "AlmaLinux:9", name, ("", "5.14.0-500")) for name in ("kernel-headers",)
    ])  # fmt: skip
    (finding,) = match([component("rpm", "kernel-headers", "5.14.0-427")], ALMA, store).findings
    assert finding.status == "not_affected"


# 4.5: one finding a class and component.
def test_two_binaries_of_one_source_are_two_components_with_one_finding_each() -> None:
    store = MemoryStore([
        advisory("D-1", "Debian:12", "openssl", ("", "3.0.20"), aliases=("CVE-2024-0001",)),
        advisory("D-2", "Debian:12", "openssl", ("", "3.0.21"), aliases=("CVE-2024-0001",)),
    ])  # fmt: skip
    found = match([deb("libssl3", "3.0.14-1", "openssl"), deb("openssl", "3.0.14-1")], BOOKWORM, store).findings
    assert [(f.name, f.id) for f in found] == [("libssl3", "CVE-2024-0001"), ("openssl", "CVE-2024-0001")]


def test_a_chain_of_aliases_is_one_class_and_its_cve_names_it() -> None:
    chain = ["GHSA-a", "PYSEC-b", "SNYK-c", "OSV-d"]
    records = [advisory(one, "PyPI", "lib", ("", "2"), aliases=(other,))
               for one, other in zip(chain, [*chain[1:], "CVE-2024-0007"], strict=True)]  # fmt: skip
    (finding,) = match([component("pypi", "lib", "1")], None, MemoryStore(records)).findings
    assert finding.id == "CVE-2024-0007"
    assert set(finding.aliases) == set(chain)


# 4.7: silence of a feed that covers the package is an answer, silence of none is not.
def test_covered_and_silent_is_not_uncovered() -> None:
    store = MemoryStore(covers=[("PyPI", ""), ("npm", "known")])
    items = [component("pypi", "any", "1"), component("npm", "known", "1"), component("npm", "other", "1")]
    assert [row.component for row in match(items, None, store).uncovered] == ["npm/other@1"]


# 4.8: Go.
@pytest.mark.parametrize("version", ["(devel)", "(devel)+dirty", "v0.0.0-20240101000000-abcdefabcdef+dirty", ""])
def test_an_unclear_main_module_is_undetermined(version: str) -> None:
    store = MemoryStore([advisory("GO-1", "Go", "example.org/tool", ("", "2.0.0"))])
    item = component("golang", "example.org/tool", version, properties=(("go:main", "true"),))
    assert status(match([item], None, store).findings) == {"example.org/tool": "undetermined"}


@pytest.mark.parametrize(
    ("version", "hit"),
    [
        ("go1.21.8", True), ("go1.21.9", False), ("go1.22.0", True), ("go1.22rc2", True), ("go1.22.2", False),
        ("1.21.8 X:boringcrypto", True), ("go1.22.1-custom", True),
    ],
)  # fmt: skip
def test_stdlib_by_the_toolchain(version: str, hit: bool) -> None:
    store = MemoryStore([advisory("GO-1", "Go", "stdlib", ("", "1.21.9"), ("1.22.0-0", "1.22.2"))])
    assert bool(match([component("golang", "stdlib", version)], None, store).findings) is hit


def test_a_toolchain_nobody_can_place_is_undetermined() -> None:
    store = MemoryStore([advisory("GO-1", "Go", "stdlib", ("", "1.21.9"))])
    found = match([component("golang", "stdlib", "devel +abcdef Mon Jan 1")], None, store).findings
    assert status(found) == {"stdlib": "undetermined"}
