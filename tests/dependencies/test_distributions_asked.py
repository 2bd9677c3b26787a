"""Which ecosystems a release is asked for under, spelt as OSV and CSAF feeds spell them."""

import pytest

from assay.dependencies.distributions import ecosystems_of
from assay.dependencies.matching import match
from assay.dependencies.versions import scheme_for
from assay.model.inventory import Component, Distro
from assay.ports.stores import Spared
from fakes.advisories import MemoryStore, advisory


@pytest.mark.parametrize(
    ("distro", "kind", "among", "not_among"),
    [
        (Distro(id="rhel", version_id="9.4"), "rpm", "Red Hat:enterprise_linux:9::appstream", "Red Hat:rhel_eus:9.4::appstream"),
        (Distro(id="rhel", version_id="9.4"), "rpm", "Red Hat:enterprise_linux:9", "Red Hat:enterprise_linux:8"),
        (Distro(id="rhel", version_id="7.9"), "rpm", "Red Hat:enterprise_linux:7::server", "Red Hat:enterprise_linux:7::appstream"),
        (Distro(id="rhel", version_id="10.0"), "rpm", "Red Hat:enterprise_linux:10.0", "Red Hat:enterprise_linux:9"),
        (Distro(id="sles", version_id="15.5"), "rpm", "SUSE:Linux Enterprise Module for Basesystem 15 SP5", "SUSE:Linux Enterprise Server 15"),
        (Distro(id="sles", version_id="12"), "rpm", "SUSE:Linux Enterprise Server 12", "SUSE:Linux Enterprise Server 12 SP0"),
        (Distro(id="opensuse-leap", version_id="15.5"), "rpm", "openSUSE:Leap 15.5", "openSUSE:Tumbleweed"),
        (Distro(id="opensuse-tumbleweed", version_id="20241001"), "rpm", "openSUSE:Tumbleweed", "openSUSE:Leap 15.5"),
        (Distro(id="openEuler", version_id="24.03", name="openEuler 24.03 (LTS-SP1)"), "rpm", "openEuler:24.03-LTS-SP1", "openEuler:24.03-LTS"),
        (Distro(id="openeuler", version_id="22.03", name="openEuler 22.03 (LTS)"), "rpm", "openEuler:22.03-LTS", "openEuler:22.03-LTS-SP3"),
        (Distro(id="rocky", version_id="9.3"), "rpm", "Rocky Linux:9", "Rocky Linux:9.3"),
        (Distro(id="almalinux", version_id="8.10"), "rpm", "AlmaLinux:8", "AlmaLinux:8.10"),
        (Distro(id="ubuntu", version_id="22.04"), "deb", "Ubuntu:Pro:22.04:LTS", "Ubuntu:Pro:22.04"),
        (Distro(id="ubuntu", version_id="24.10"), "deb", "Ubuntu:24.10", "Ubuntu:24.10:LTS"),
        (Distro(id="ubuntu", version_id="23.04"), "deb", "Ubuntu:23.04", "Ubuntu:23.04:LTS"),
        (Distro(id="wolfi", version_id="20230201"), "apk", "Wolfi", "Alpine:v3.20"),
        (Distro(id="chainguard", version_id="20230214"), "apk", "Chainguard", "Wolfi"),
        (Distro(id="minimos", version_id="20241031"), "apk", "MinimOS", "Wolfi"),
    ],
    ids=lambda value: f"{value.id}-{value.version_id}" if isinstance(value, Distro) else "",
)  # fmt: skip
def test_releases_are_spelt_as_the_feeds_spell_them(distro, kind, among, not_among):
    found = ecosystems_of(distro, kind)
    assert among in found
    assert not_among not in found
    assert all(scheme_for(name) is not None for name in found)


@pytest.mark.parametrize("version", ["", "9" * 5_000 + ".04", "x", "15.5.1-beta", "15.-1", "²", "9" * 5_000])
@pytest.mark.parametrize("distro", ["rhel", "sles", "opensuse-leap", "openeuler", "ubuntu", "alpine", "debian"])
def test_odd_releases_give_a_reason_or_names(distro, version):
    place = Distro(id=distro, version_id=version, name="(LTS" * 1_000)
    kind = {"ubuntu": "deb", "debian": "deb", "alpine": "apk"}.get(distro, "rpm")
    found = ecosystems_of(place, kind)
    assert isinstance(found, str) or all(found)


def _deb(version: str) -> Component:
    return Component(key="k", purl="pkg:deb/ubuntu/a", ecosystem="deb", name="a", version=version)


def test_a_fix_that_only_subscribers_get_says_so():
    ubuntu = Distro(id="ubuntu", version_id="18.04")
    store = MemoryStore([
        advisory("UBUNTU-CVE-2024-1111", "Ubuntu:Pro:18.04:LTS", "a", ("", "1.0-1ubuntu1+esm1"), upstream=("CVE-2024-1111",)),
        advisory("UBUNTU-CVE-2024-2222", "Ubuntu:18.04:LTS", "a", ("", "1.0-1ubuntu2"), upstream=("CVE-2024-2222",)),
    ])  # fmt: skip
    found = {finding.id: finding for finding in match([_deb("1.0-1ubuntu1")], ubuntu, store).findings}
    says = {name: next(step.says for step in one.reasons if step.rung == "range") for name, one in found.items()}
    assert "pro, the fix is for subscribers" in says["CVE-2024-1111"]
    assert "pro" not in says["CVE-2024-2222"]
    (left,) = match([_deb("1.0-1ubuntu1+esm1")], ubuntu, store).findings
    assert left.id == "CVE-2024-2222"


def test_what_is_said_of_a_plain_name_does_not_spare_a_module_stream():
    rhel = Distro(id="rhel", version_id="8.10")
    place = ("Red Hat:enterprise_linux:8::appstream", "nodejs")
    store = MemoryStore(
        [advisory("RHSA-1", *place, ("", "1:18-1.module+el8"), aliases=("CVE-2024-1111",))],
        spared={place: (Spared("CVE-2024-1111", "redhat-vex", "not-affected"),)},
    )
    modular = (("rpm:modularitylabel", "nodejs:18:8:x"),)
    rows = [
        Component(key="m", purl="p", ecosystem="rpm", name="nodejs", version="1:17-1.module+el8", properties=modular),
        Component(key="n", purl="p", ecosystem="rpm", name="nodejs", version="1:17-1.module+el8"),
    ]
    assert [one.status for one in match(rows, rhel, store).findings] == ["affected", "not_affected"]


def test_doubt_about_the_suite_is_not_lifted_by_the_distributions_word():
    debian = Distro(id="debian", version_id="12", codename="bookworm")
    store = MemoryStore(
        [advisory("DEBIAN-CVE-2024-1111", "Debian:12", "a", ("", ""), upstream=("CVE-2024-1111",))],
        spared={("Debian:12", "a"): (Spared("CVE-2024-1111", "debian-tracker", "not-affected"),)},
    )
    (finding,) = match([_deb("1.0-1~bpo12+1")], debian, store).findings
    assert finding.status == "undetermined"
