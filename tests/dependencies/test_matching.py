"""Matching: who is judged by whom, in three values, with reasons."""

import pytest
from msgspec import structs

from assay.dependencies import ranges
from assay.dependencies.matching import match
from assay.dependencies.reasons import RUNGS
from assay.formats import osv
from assay.model.advisory import Advisory, Affected, Epss, Kev, Score, VersionRange, VulnerableCode
from assay.model.finding import Finding
from assay.model.inventory import Component, Distro, Occurrence, SourcePackage
from assay.ports.stores import Enrichment
from fakes.advisories import MemoryStore, advisory

BOOKWORM = Distro(id="debian", version_id="12", codename="bookworm")
KIND = {"deb": "package-database", "rpm": "package-database", "apk": "package-database"}


def component(ecosystem: str, name: str, version: str, **more: object) -> Component:
    facts: dict[str, object] = {
        "key": f"{ecosystem}/{name}@{version}", "purl": f"pkg:{ecosystem}/{name}@{version}",
        "occurrences": (Occurrence("some/file", 1, KIND.get(ecosystem, "package-metadata")),), "introduced": 1,
    }  # fmt: skip
    return Component(ecosystem=ecosystem, name=name, version=version, **(facts | more))  # type: ignore[arg-type]


def one(store: MemoryStore, item: Component, distro: Distro | None = None) -> Finding:
    found = match([item], distro, store).findings
    assert len(found) == 1
    return found[0]


def says(finding: Finding, rung: str) -> str:
    return next(step.says for step in finding.reasons if step.rung == rung)


def test_deb_is_judged_by_source_package_and_its_version() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "openssl", ("", "3.0.15-1"), upstream=("CVE-2024-0001",))])
    item = component("deb", "libssl3", "3.0.14-1+b2", source=SourcePackage("openssl", "3.0.14-1"))
    finding = one(store, item, BOOKWORM)
    assert (finding.id, finding.advisory, finding.status) == ("CVE-2024-0001", "D-1", "affected")
    assert (finding.matched_name, finding.matched_version, finding.matched_range) == (
        "openssl",
        "3.0.14-1",
        "< 3.0.15-1",
    )
    assert finding.fixed_in == ("3.0.15-1",)
    assert finding.aliases == ("D-1",)
    fixed = component("deb", "libssl3", "3.0.14-1", source=SourcePackage("openssl", "3.0.15-1"))
    assert match([fixed], BOOKWORM, store).findings == ()


@pytest.mark.parametrize(
    ("distro", "ecosystem", "kind"),
    [
        (Distro(id="alpine", version_id="3.17.2"), "Alpine:v3.17", "apk"),
        (Distro(id="alpine", version_id="3.20_alpha20240329"), "Alpine:edge", "apk"),
        (Distro(id="almalinux", version_id="9.3"), "AlmaLinux:9", "rpm"),
        (Distro(id="rocky", version_id="8.9"), "Rocky Linux:8", "rpm"),
        (Distro(id="ubuntu", version_id="22.04"), "Ubuntu:22.04", "deb"),
        (Distro(id="ubuntu", version_id="22.04"), "Ubuntu:22.04:LTS", "deb"),
        (Distro(id="debian", codename="trixie"), "Debian:13", "deb"),
    ],
)
def test_distribution_decides_the_ecosystem(distro: Distro, ecosystem: str, kind: str) -> None:
    store = MemoryStore([advisory("X-1", ecosystem, "zlib", ("", "2-r1" if kind == "apk" else "2-1"))])
    assert one(store, component(kind, "zlib", "1-r0" if kind == "apk" else "1-1"), distro).advisory == "X-1"


def test_rpm_is_judged_by_binary_name() -> None:
    store = MemoryStore([advisory("ALSA-1", "AlmaLinux:9", "openssl-libs", ("", "1:3.0.7-2"))])
    item = component("rpm", "openssl-libs", "1:3.0.7-1", source=SourcePackage("openssl", "1:3.0.7-1"))
    assert one(store, item, Distro(id="almalinux", version_id="9.2")).matched_name == "openssl-libs"


def test_a_distribution_package_is_never_judged_by_upstream_advisories() -> None:
    store = MemoryStore([advisory("GHSA-1", "PyPI", "requests", ("", "9"))], covers=[("Debian:12", "")])
    item = component("deb", "requests", "2.0-1", source=SourcePackage("requests", "2.0-1"))
    assert match([item], BOOKWORM, store).findings == ()


def test_distribution_is_read_from_the_package_url_where_there_is_no_other() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "curl", ("", "8"))])
    item = component("deb", "curl", "7", purl="pkg:deb/debian/curl@7?arch=amd64&distro=debian-12")
    assert one(store, item).advisory == "D-1"
    assert (
        match([component("deb", "curl", "7", purl="pkg:deb/curl@7")], None, store)
        .uncovered[0]
        .reason.startswith("the distribution is not known")
    )


@pytest.mark.parametrize(
    ("kind", "ecosystem", "written", "listed"),
    [
        ("pypi", "PyPI", "Zope.Interface", "zope-interface"),
        ("npm", "npm", "@babel/core", "@babel/core"),
        ("golang", "Go", "github.com/x/y", "github.com/x/y"),
        ("maven", "Maven", "org.apache:log4j", "org.apache:log4j"),
        ("cargo", "crates.io", "openssl", "openssl"),
        ("gem", "RubyGems", "rack", "rack"),
        ("composer", "Packagist", "Acme/Lib", "acme/lib"),
        ("nuget", "NuGet", "Newtonsoft.Json", "newtonsoft.json"),
        ("hackage", "Hackage", "aeson", "aeson"),
    ],
)
def test_language_packages_by_their_registry(kind: str, ecosystem: str, written: str, listed: str) -> None:
    store = MemoryStore([advisory("A-1", ecosystem, listed, ("1.0", "1.5"))])
    assert one(store, component(kind, written, "1.4.1")).matched_range == ">= 1.0, < 1.5"
    assert match([component(kind, written, "1.5")], None, store).findings == ()


def test_name_of_a_foreign_document_is_completed_from_its_package_url() -> None:
    store = MemoryStore(
        [advisory("A-1", "Maven", "org.apache:log4j", ("", "2")), advisory("B-1", "npm", "@a/b", ("", "2"))]
    )
    assert one(store, component("maven", "log4j", "1", purl="pkg:maven/org.apache/log4j@1")).advisory == "A-1"
    assert one(store, component("npm", "b", "1", purl="pkg:npm/%40a/b@1")).advisory == "B-1"


@pytest.mark.parametrize(
    ("version", "hit"), [("go1.22.1", True), ("1.22.1", True), ("1.22rc1", True), ("1.22.3", False), ("1.22", True)]
)
def test_go_toolchain(version: str, hit: bool) -> None:
    store = MemoryStore([advisory("GO-1", "Go", "stdlib", ("1.22.0-0", "1.22.2"))])
    assert bool(match([component("golang", "stdlib", version)], None, store).findings) is hit


@pytest.mark.parametrize("name", ["github.com/Acme/Tool", "github.com/acme/tool"])
@pytest.mark.parametrize("spelt", ["github.com/Acme/Tool", "github.com/ACME/tool"])
def test_a_go_module_is_met_in_any_case_and_exonerated_in_its_own_alone(name: str, spelt: str) -> None:
    code = (VulnerableCode(name=spelt, path=f"{spelt}/run", symbols=("Run",)),)
    record = structs.replace(advisory("GO-1", "Go", spelt, ("", "2.0.0")), code=code)
    found = match([component("golang", name, "v1.0.0")], None, MemoryStore([record]))
    assert [finding.status for finding in found.findings] == ["affected"]
    assert tuple(found.code.values()) == ((code,) if spelt == name else ())


@pytest.mark.parametrize(
    ("version", "properties", "status"),
    [
        ("v0.0.0-20240101000000-abcdefabcdef", (("go:main", "true"),), "undetermined"),
        ("", (("go:main", "true"),), "undetermined"),
        ("v1.2.3", (("go:main", "true"),), "affected"),
        ("v0.0.0-20240101000000-abcdefabcdef", (), "affected"),
    ],
)
def test_unclear_go_version_is_undetermined(version: str, properties: tuple[tuple[str, str], ...], status: str) -> None:
    store = MemoryStore([advisory("GO-1", "Go", "example.org/tool", ("", "2.0.0"))])
    assert one(store, component("golang", "example.org/tool", version, properties=properties)).status == status


@pytest.mark.parametrize("keys", [True, False], ids=["with keys", "without keys"])
@pytest.mark.parametrize(
    ("version", "status"),
    [("1.0", "affected"), ("1.1", None), ("1.2", "affected"), ("not a version", "undetermined"), ("3.0", None)],
)
def test_ranges_and_lists_in_three_values(keys: bool, version: str, status: str | None) -> None:
    record = advisory("P-1", "PyPI", "lib", ("1.2", "2.0"), versions=("1.0",))
    found = match([component("pypi", "lib", version)], None, MemoryStore([record], keys=keys)).findings
    assert [f.status for f in found] == ([status] if status else [])


def test_a_bound_that_cannot_be_compared_is_undetermined_never_dropped() -> None:
    store = MemoryStore([advisory("C-1", "Packagist", "mautic/core", (">= 1.0.0", "<= 4.4"))])
    finding = one(store, component("composer", "mautic/core", "4.0"))
    assert finding.status == "undetermined"
    assert "cannot be compared" in says(finding, "range")


def test_named_without_versions_is_undetermined() -> None:
    store = MemoryStore([advisory("P-1", "PyPI", "lib", state="unspecified")])
    assert one(store, component("pypi", "lib", "1.0")).status == "undetermined"


def test_unspecified_is_one_word() -> None:
    assert ranges.UNSPECIFIED == osv.UNSPECIFIED


def test_last_affected_is_inclusive() -> None:
    record = Advisory(
        id="X-1", feed="f",
        affected=(Affected(ecosystem="npm", name="x", ranges=(VersionRange(introduced="1.0.0", last_affected="1.2.0"),)),),
    )  # fmt: skip
    assert one(MemoryStore([record]), component("npm", "x", "1.2.0")).matched_range == ">= 1.0.0, <= 1.2.0"
    assert match([component("npm", "x", "1.2.1")], None, MemoryStore([record])).findings == ()


def test_withdrawn_never_matches() -> None:
    store = MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"), withdrawn="2024-01-01T00:00:00Z")])
    assert match([component("pypi", "lib", "1")], None, store).findings == ()


def test_one_finding_per_class_and_component() -> None:
    store = MemoryStore([
        advisory("GHSA-1", "PyPI", "lib", ("", "1.5"), aliases=("CVE-2024-0001",)),
        advisory("PYSEC-1", "PyPI", "lib", ("", "1.10"), aliases=("GHSA-1",)),
        advisory("OTHER-1", "PyPI", "lib", ("", "1.9")),
    ])  # fmt: skip
    first, second = match([component("pypi", "lib", "1.0")], None, store).findings
    assert (first.id, first.aliases) == ("CVE-2024-0001", ("GHSA-1", "PYSEC-1"))
    assert first.fixed_in == ("1.5", "1.10"), "sorted by the ecosystem's order, not by text"
    assert (second.id, second.aliases) == ("OTHER-1", ())


def test_a_bundle_gives_a_finding_for_each_cve() -> None:
    record = advisory("ALSA-1", "AlmaLinux:9", "curl", ("", "2-1"), related=("CVE-2024-0001", "CVE-2024-0002"))
    found = match(
        [component("rpm", "curl", "1-1")], Distro(id="almalinux", version_id="9"), MemoryStore([record])
    ).findings
    assert [(f.id, f.aliases, f.advisory) for f in found] == [
        ("CVE-2024-0001", ("ALSA-1",), "ALSA-1"),
        ("CVE-2024-0002", ("ALSA-1",), "ALSA-1"),
    ]


def test_a_sure_record_decides_over_an_unsure_one() -> None:
    store = MemoryStore([
        advisory("A-1", "PyPI", "lib", state="unspecified", aliases=("CVE-2024-0001",)),
        advisory("B-1", "PyPI", "lib", ("", "2"), aliases=("CVE-2024-0001",)),
    ])  # fmt: skip
    finding = one(store, component("pypi", "lib", "1"))
    assert (finding.status, finding.advisory, finding.fixed_in) == ("affected", "B-1", ("2",))


def test_owned_packages_are_judged_by_their_owner_alone() -> None:
    store = MemoryStore([
        advisory("P-1", "PyPI", "requests", ("", "3")),
        advisory("D-1", "Debian:12", "requests", ("", "3-1")),
    ])  # fmt: skip
    owner = component("deb", "python3-requests", "2-1", source=SourcePackage("requests", "2-1"))
    owned = component("pypi", "requests", "2", owner=owner.key)
    found = match([owned, owner], BOOKWORM, store)
    assert [(f.advisory, f.component) for f in found.findings] == [("D-1", owner.key)]
    assert "pypi requests 2" in says(found.findings[0], "owner")
    assert found.uncovered == ()


def test_an_owned_package_without_its_owner_is_judged_itself() -> None:
    store = MemoryStore([advisory("P-1", "PyPI", "requests", ("", "3"))])
    owned = component("pypi", "requests", "2", owner="deb/gone@1")
    assert one(store, owned).advisory == "P-1"
    removed = component("deb", "python3-requests", "2-1", removed_by=3)
    visible = component("pypi", "requests", "2", owner=removed.key)
    assert [f.component for f in match([removed, visible], BOOKWORM, store).findings] == [visible.key]


def test_removed_above_is_not_affected_and_says_so() -> None:
    store = MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))])
    finding = one(store, component("pypi", "lib", "1", introduced=2, removed_by=4))
    assert (finding.status, finding.layer) == ("not_affected", 2)
    assert says(finding, "layer") == "in a lower layer (2), removed above by layer 4"


def test_kernel_headers_hold_no_kernel() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "linux", ("", "7"))])
    headers = component("deb", "linux-libc-dev", "6.1-1", source=SourcePackage("linux", "6.1-1"))
    image = component("deb", "linux-image-amd64", "6.1-1", source=SourcePackage("linux", "6.1-1"))
    tool = component("deb", "bpftool", "6.1-1", source=SourcePackage("linux", "6.1-1"))
    found = {f.name: f for f in match([headers, image, tool], BOOKWORM, store).findings}
    assert {name: f.status for name, f in found.items()} == {
        "linux-libc-dev": "not_affected", "linux-image-amd64": "affected", "bpftool": "undetermined",
    }  # fmt: skip
    assert "no kernel code" in says(found["linux-libc-dev"], "installed")


def test_a_rebuild_of_the_fixed_version_is_fixed() -> None:
    """8.1: a backported fix is not flagged, and the reason is shown."""
    store = MemoryStore([advisory("D-1", "Debian:12", "dnsmasq", ("", "2.90-4"))])
    finding = one(store, component("deb", "dnsmasq", "2.90-4~deb12u1"), BOOKWORM)
    assert finding.status == "not_affected"
    assert "2.90-4 rebuilt" in says(finding, "fix")
    assert one(store, component("deb", "dnsmasq", "2.90-3~deb12u1"), BOOKWORM).status == "affected"


def test_a_package_from_backports_is_undetermined_or_uncovered() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "nginx", ("", "1.24-1"))], covers=[("Debian:12", "")])
    finding = one(store, component("deb", "nginx", "1.22-9~bpo12+1"), BOOKWORM)
    assert finding.status == "undetermined"
    assert "backports of Debian 12" in says(finding, "range")
    later = match([component("deb", "nginx", "1.25-1~bpo12+1")], BOOKWORM, store)
    assert later.findings == ()
    assert [u.component for u in later.uncovered] == ["deb/nginx@1.25-1~bpo12+1"]


def test_a_package_of_an_older_suite_is_judged_by_that_suite() -> None:
    store = MemoryStore(
        [
            advisory("D-11", "Debian:11", "zlib", ("", "1.2-1+deb11u5")),
            advisory("D-12", "Debian:12", "zlib", ("", "1.3-1")),
        ],
        covers=[("Debian:11", ""), ("Debian:12", "")],
    )
    assert one(store, component("deb", "zlib", "1.2-1+deb11u4"), BOOKWORM).advisory == "D-11"
    assert match([component("deb", "zlib", "1.2-1+deb11u5")], BOOKWORM, store).findings == ()
    alone = MemoryStore([advisory("D-12", "Debian:12", "zlib", ("", "1.3-1"))], covers=[("Debian:12", "")])
    assert one(alone, component("deb", "zlib", "1.2-1+deb11u5"), BOOKWORM).status == "undetermined"


def test_coverage_decides_between_not_affected_and_not_covered() -> None:
    store = MemoryStore([advisory("D-1", "Debian:12", "curl", ("", "2"))], covers=[("Debian:12", "curl"), ("npm", "")])
    items = [
        component("deb", "curl", "3"), component("deb", "wget", "1"), component("npm", "left-pad", "1.0.0"),
        component("conda", "numpy", "1"), component("", "mystery", ""), component("apk", "musl", "1-r0"),
    ]  # fmt: skip
    found = match(items, BOOKWORM, store)
    assert found.findings == ()
    assert {u.component: u.reason for u in found.uncovered} == {
        "deb/wget@1": "no feed speaks for wget in Debian:12",
        "conda/numpy@1": "no advisory ecosystem for packages of type conda",
        "/mystery@": "unidentified: it has no package URL",
        "apk/musl@1-r0": "apk packages are not those of debian 12",
    }


def test_unknown_distribution_is_uncovered() -> None:
    found = match([component("deb", "curl", "1")], Distro(id="linuxmint", version_id="21"), MemoryStore())
    assert found.uncovered[0].reason == "no advisory ecosystem for the distribution linuxmint 21"


def test_severity_is_that_of_the_newest_cvss_version() -> None:
    scores = (
        Score("2.0", 10.0, "high", "AV:N", "nvd"), Score("3.1", 5.0, "medium", "CVSS:3.1/x", "nvd"),
        Score("3.1", 8.1, "high", "CVSS:3.1/y", "cna"), Score("4.0", 0.0, "unknown", "junk", "feed"),
    )  # fmt: skip
    record = advisory("P-1", "PyPI", "lib", ("", "2"), aliases=("CVE-2024-0001",), severity="critical")
    store = MemoryStore([record], enrichment={"CVE-2024-0001": Enrichment(scores=scores, summary="a flaw")})
    finding = one(store, component("pypi", "lib", "1"))
    assert (finding.severity, finding.scores[0].score, finding.summary) == ("high", 8.1, "a flaw")
    assert one(MemoryStore([record]), component("pypi", "lib", "1")).severity == "critical"
    bare = MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))])
    assert one(bare, component("pypi", "lib", "1")).severity == "unknown"


def test_malicious_is_a_category_of_its_own() -> None:
    store = MemoryStore([advisory("MAL-1", "npm", "evil", ("", ""), category="malicious")])
    finding = one(store, component("npm", "evil", "1.0.0"))
    assert (finding.category, finding.status, finding.matched_range) == ("malicious", "affected", "every version")


def test_a_bug_fix_erratum_is_informational() -> None:
    store = MemoryStore([advisory("ALBA-1", "AlmaLinux:9", "curl", ("", "2-1"))])
    assert (
        one(store, component("rpm", "curl", "1-1"), Distro(id="almalinux", version_id="9")).category == "informational"
    )


def test_a_modular_rpm_is_judged_by_the_build_of_its_own_stream() -> None:
    """The first real case of AlmaLinux's data: one erratum, three builds of one package."""
    builds = [f"1:0.1.15-2.git2d0b8a3.module_el8.{minor}" for minor in ("5.0+119+9a", "4.0+2496+12", "3.0+2044+12")]
    store = MemoryStore([advisory("ALSA-1", "AlmaLinux:8", "hook", *(("", build) for build in builds))])
    distro = Distro(id="almalinux", version_id="8.5")
    for build in builds:
        assert match([component("rpm", "hook", build)], distro, store).findings == ()
    older = component("rpm", "hook", "1:0.1.15-1.git2d0b8a3.module_el8.2.0+1+1")
    assert one(store, older, distro).status == "affected"
    assert one(store, component("rpm", "hook", "1:0.1.15-1.el8"), distro).status == "undetermined", "of no module"


def test_reasons_stand_in_one_order_and_name_everything() -> None:
    store = MemoryStore(
        [advisory("P-1", "PyPI", "lib", ("", "2"), aliases=("CVE-2024-0001",))],
        enrichment={
            "CVE-2024-0001": Enrichment(
                scores=(Score("3.1", 9.8, "critical", "CVSS:3.1/AV:N", "nvd"),),
                kev=Kev(date_added="2024-02-03", due_date="2024-03-03", ransomware="Known"),
                epss=Epss(score=0.5, percentile=0.99, date="2026-01-01", model="v4"),
            )
        },
    )
    finding = one(store, component("pypi", "lib", "1"))
    rungs = [step.rung for step in finding.reasons]
    assert rungs == ["installed", "advisory", "range", "fix", "cvss", "epss", "kev", "ssvc", "layer"]
    assert rungs == sorted(rungs, key=RUNGS.index)
    assert says(finding, "kev") == "known to be exploited since 2024-02-03, due 2024-03-03, used by ransomware"
    assert "50.000 %" in says(finding, "epss")
    assert says(finding, "fix") == "fixed in 2"
    assert finding.kev is not None
    assert finding.epss is not None


def test_absence_from_kev_is_not_said() -> None:
    finding = one(MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))]), component("pypi", "lib", "1"))
    assert {"kev", "epss", "cvss"}.isdisjoint(step.rung for step in finding.reasons)


def test_the_store_is_asked_once_each() -> None:
    store = MemoryStore([advisory("P-1", "PyPI", f"lib{n}", ("", "2")) for n in range(3)])
    match([component("pypi", f"lib{n}", "1") for n in range(50)], None, store)
    assert sorted(store.calls) == ["advisories", "coverage", "enrich", "lookup"]


def test_a_record_the_store_lost_still_counts() -> None:
    store = MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))])
    store.records.clear()
    finding = one(store, component("pypi", "lib", "1"))
    assert (finding.id, finding.status, finding.feed) == ("P-1", "affected", "feed")


NEWER = "the feed feed knows xz-utils up to 5.4.1-1; "


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("5.4.1-1", None),
        ("5.4.1-1~deb12u1", None),
        ("5.2.5-2.1", None),
        ("5.6.1-1", NEWER + "5.6.1-1 is newer"),
        ("5.4.1-1+deb12u1", NEWER + "5.4.1-1+deb12u1 is newer"),
        ("1:1", NEWER + "1:1 is newer"),
    ],
)
def test_a_feed_knows_nothing_of_a_version_newer_than_it_has_read(version: str, reason: str | None) -> None:
    store = MemoryStore(
        [advisory("D-1", "Debian:12", "xz-utils", ("", "5"))],
        covers=[("Debian:12", "xz-utils")],
        newest={("Debian:12", "xz-utils"): "5.4.1-1"},
    )
    found = match([component("deb", "liblzma5", version, source=SourcePackage("xz-utils", version))], BOOKWORM, store)
    assert found.findings == ()
    assert [one.reason for one in found.uncovered] == ([reason] if reason else [])


@pytest.mark.parametrize(("version", "reason"), [("", "an unknown version"), ("5.4.1-ü", "5.4.1-ü")])
def test_what_cannot_be_compared_with_the_newest_version_read_is_not_covered(version: str, reason: str) -> None:
    store = MemoryStore(covers=[("Debian:12", "xz-utils")], newest={("Debian:12", "xz-utils"): "5.4.1-1"})
    found = match([component("deb", "xz-utils", version)], BOOKWORM, store)
    assert [one.reason for one in found.uncovered] == [f"{NEWER}{reason} cannot be compared with that"]


def test_a_feed_without_an_end_covers_what_another_has_not_read() -> None:
    covers = [("Debian:12", "xz-utils"), ("Debian:12", "")]
    store = MemoryStore(covers=covers, newest={("Debian:12", "xz-utils"): "5.4.1-1"})
    assert match([component("deb", "xz-utils", "5.6.1-1")], BOOKWORM, store).uncovered == ()


def test_a_newer_version_with_a_finding_is_not_without_an_answer() -> None:
    store = MemoryStore(
        [advisory("D-1", "Debian:12", "xz-utils", ("", ""))],
        covers=[("Debian:12", "xz-utils")],
        newest={("Debian:12", "xz-utils"): "5.4.1-1"},
    )
    found = match([component("deb", "xz-utils", "5.6.1-1")], BOOKWORM, store)
    assert (len(found.findings), found.uncovered) == (1, ())
