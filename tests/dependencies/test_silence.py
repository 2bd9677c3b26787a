"""Why an id has no finding: what the advisories say of the packages that are there."""

import msgspec
import pytest

from assay.dependencies.matching import match
from assay.dependencies.silence import Silence, silence
from assay.model.image import Subject
from assay.model.inventory import Component, Distro, SourcePackage
from assay.model.report import Report, Sources
from assay.ports.stores import Enrichment, Spared
from fakes.advisories import MemoryStore, advisory
from inventories import TOOL

BOOKWORM = Distro(id="debian", version_id="12", codename="bookworm")
FIXED = ("", "3.0.15-1~deb12u1")


def component(ecosystem: str, name: str, version: str, **more: object) -> Component:
    purl = f"pkg:{ecosystem}/{name.lower()}@{version}"
    return Component(  # type: ignore[arg-type]
        key=f"{ecosystem}/{name}", purl=purl, ecosystem=ecosystem, name=name, version=version, **more
    )


LIBSSL = component("deb", "libssl3", "3.0.17-1~deb12u2", source=SourcePackage("openssl", "3.0.17-1~deb12u2"))


def asked(identifier: str, store: MemoryStore, *components: Component) -> Silence:
    """What is said of an id; it must have no finding, or there is nothing to explain."""
    matches = match(components, BOOKWORM, store)
    assert not [f for f in matches.findings if identifier in (f.id, f.advisory, *f.aliases)]
    report = Report(
        tool=TOOL, subject=Subject(kind="image", name="image"), distro=BOOKWORM, components=components, findings=matches.findings,
        uncovered=matches.uncovered, sources=Sources(state="present"),
    )  # fmt: skip
    return silence(identifier, report, store, store)


def says(found: Silence) -> dict[str, str]:
    return {row.name: row.says for row in found.unconcerned}


def debian(*ranges: tuple[str, str], **more: object) -> MemoryStore:
    records = [advisory("DEBIAN-CVE-2024-1001", "Debian:12", "openssl", *ranges, upstream=("CVE-2024-1001",), **more)]
    return MemoryStore(records, covers=[("Debian:12", "")])


@pytest.mark.parametrize("identifier", ["CVE-2024-1001", "cve-2024-1001", "DEBIAN-CVE-2024-1001"])
def test_a_backport_names_the_fix_and_the_suite(identifier: str) -> None:
    found = asked(identifier, debian(FIXED), LIBSSL)
    assert found.id == identifier.upper()
    assert found.records == ("DEBIAN-CVE-2024-1001",)
    assert says(found) == {
        "libssl3": "looked up as openssl 3.0.17-1~deb12u2: has the fix of 3.0.15-1~deb12u1: backported in Debian 12"
    }
    assert found.unconcerned[0].source == "feed"


def test_the_newest_fix_that_it_has_counts() -> None:
    found = asked(
        "CVE-2024-1001", debian(("", "3.0.2-1"), ("3.0.3-1", "3.0.16-1~deb12u1"), ("3.5.0-1", "3.5.1-1")), LIBSSL
    )
    assert says(found)["libssl3"].endswith("has the fix of 3.0.16-1~deb12u1: backported in Debian 12")
    plain = asked("CVE-2024-1001", debian(("", "3.0.2-1")), LIBSSL)
    assert says(plain)["libssl3"].endswith("has the fix of 3.0.2-1 of Debian:12")


def test_a_version_before_the_flaw_came_in() -> None:
    assert says(asked("CVE-2024-1001", debian(("3.5.0-1", "3.5.1-1")), LIBSSL)) == {
        "libssl3": "looked up as openssl 3.0.17-1~deb12u2: 3.0.17-1~deb12u2 is not among: >= 3.5.0-1, < 3.5.1-1"
    }


def test_a_language_package_has_no_suite() -> None:
    record = advisory("PYSEC-1", "PyPI", "zope-interface", ("", "2.0"), aliases=("CVE-2024-1001",))
    store = MemoryStore([record], covers=[("PyPI", "")])
    found = asked("CVE-2024-1001", store, component("pypi", "Zope.Interface", "2.1"))
    assert says(found)["Zope.Interface"] == "looked up as zope-interface 2.1: has the fix of 2.0"


def test_what_the_distribution_calls_not_affected() -> None:
    spared = {("Debian:12", "openssl"): (Spared("CVE-2024-1001", "tracker", "not-affected"),)}
    store = MemoryStore(covers=[("Debian:12", "")], spared=spared)
    found = asked("CVE-2024-1001", store, LIBSSL)
    assert (found.records, found.known) == ((), True)
    assert says(found) == {"libssl3": "tracker says that openssl in Debian:12 is not affected by CVE-2024-1001"}


def test_a_withdrawn_record_is_called_so() -> None:
    found = asked("CVE-2024-1001", debian(("", "9"), withdrawn="2024-05-06T00:00:00Z"), LIBSSL)
    assert says(found) == {"libssl3": "DEBIAN-CVE-2024-1001 was withdrawn on 2024-05-06"}


def test_a_record_of_another_release_says_nothing_of_this_one() -> None:
    store = debian(FIXED)
    record = msgspec.structs.replace(
        store.records["DEBIAN-CVE-2024-1001"],
        affected=(msgspec.structs.replace(store.records["DEBIAN-CVE-2024-1001"].affected[0], ecosystem="Debian:13"),),
    )
    covered = MemoryStore([record], covers=[("Debian:12", ""), ("Debian:13", "")])
    assert says(asked("CVE-2024-1001", covered, LIBSSL)) == {
        "libssl3": "no advisory speaks of it for openssl in Debian:12"
    }
    alone = MemoryStore([record], covers=[("Debian:13", "")])
    assert says(asked("CVE-2024-1001", alone, LIBSSL)) == {
        "libssl3": "not covered: no feed speaks for openssl in Debian:12"
    }


def test_a_fix_does_not_hide_that_the_feed_has_not_read_the_version() -> None:
    store = debian(FIXED)
    store.newest[("Debian:12", "")] = "3.0.16-1"
    assert says(asked("CVE-2024-1001", store, LIBSSL))["libssl3"].endswith(
        "backported in Debian 12; not covered: the feed feed knows openssl up to 3.0.16-1; 3.0.17-1~deb12u2 is newer"
    )


def test_a_package_is_judged_by_its_owner() -> None:
    record = advisory("PYSEC-1", "PyPI", "jinja2", ("", "3.1.3"), aliases=("CVE-2024-1001",))
    store = MemoryStore([record], covers=[("Debian:12", "")])
    owner = component("deb", "python3-jinja2", "3.1.2-1+deb12u1", source=SourcePackage("jinja2", "3.1.2-1+deb12u1"))
    owned = component("pypi", "jinja2", "3.1.2", owner=owner.key)
    assert says(asked("CVE-2024-1001", store, owner, owned)) == {
        "jinja2": "3.1.2 may be among: < 3.1.3; but deb/python3-jinja2 owns its files and is judged in its stead"
    }


def test_known_but_not_installed() -> None:
    found = asked("CVE-2024-1001", debian(FIXED), component("deb", "curl", "7"))
    assert (found.packages, found.unconcerned) == ((("Debian:12", "openssl"),), ())


def test_known_by_its_cve_record_alone_and_not_known() -> None:
    store = MemoryStore(enrichment={"CVE-2024-3094": Enrichment(summary="xz")}, covers=[("Debian:12", "")])
    found = asked("cve-2024-3094", store, LIBSSL)
    assert (found.known, found.records, found.packages) == (True, (), ())
    assert not asked("CVE-2024-1009", store, LIBSSL).known


def test_a_bundle_speaks_for_its_other_cve_only_as_itself() -> None:
    """A notice about two CVEs: what is spared or fixed of the one is no word on the other."""
    bundle = advisory("DSA-1-1", "Debian:12", "openssl", FIXED, upstream=("CVE-2024-1001", "CVE-2024-1002"))
    other = advisory("GHSA-2", "npm", "left-pad", ("", "2"), aliases=("CVE-2024-1002",))
    found = asked("CVE-2024-1001", MemoryStore([bundle, other], covers=[("Debian:12", "")]), LIBSSL)
    assert found.records == ("DSA-1-1",)
    assert found.packages == (("Debian:12", "openssl"),)


def test_another_name_leads_to_what_its_cve_says() -> None:
    records = [
        advisory("GHSA-aaaa-bbbb-cccc", "npm", "openssl", ("", "1"), aliases=("CVE-2024-1001",)),
        advisory("DEBIAN-CVE-2024-1001", "Debian:12", "openssl", FIXED, upstream=("CVE-2024-1001",)),
    ]
    store = MemoryStore(records, covers=[("Debian:12", "")])
    found = asked("ghsa-AAAA-bbbb-cccc", store, LIBSSL)
    assert found.id == "GHSA-aaaa-bbbb-cccc"
    assert "backported in Debian 12" in says(found)["libssl3"]
