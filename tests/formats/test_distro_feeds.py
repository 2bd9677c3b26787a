"""Debian's tracker, Alpine's secdb and CSAF VEX: states kept apart, names and ecosystems as OSV spells them."""

import json

import pytest

from assay.formats.feeds import alpinesecdb, csafvex, debiantracker
from assay.formats.feeds.told import Told, Unaffected
from assay.model.advisory import VersionRange
from assay.model.errors import MalformedError
from assay.model.limits import Limits
from fakes.distrofeeds import component, csaf, product, redhat, resolved, secdb, suse, tracker, unresolved


def _debian(data: bytes) -> Told:
    (told,) = debiantracker.parse(data, feed="debian-tracker", where="t")
    assert isinstance(told, Told), told
    return told


@pytest.mark.parametrize(
    ("release", "state"),
    [
        (resolved("7.88.1-10+deb12u5"), "fixed"),
        (unresolved(), "open"),
        (unresolved("low**"), "open"),
        (unresolved(nodsa="Minor issue", nodsa_reason=""), "no-dsa"),
        (unresolved(nodsa="Minor issue", nodsa_reason="postponed"), "postponed"),
        (unresolved(nodsa="Too intrusive", nodsa_reason="ignored"), "ignored"),
        (unresolved("end-of-life", nodsa="EOL"), "end-of-life"),
        (unresolved("unimportant"), "unimportant"),
        ({"status": "undetermined", "urgency": "not yet assigned"}, "undetermined"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_debian_states_are_kept_apart(release, state):
    told = _debian(tracker(bookworm=release, sid=resolved("8")))
    (affected,) = told.advisory.affected
    assert (affected.ecosystem, affected.name, affected.state) == ("Debian:12", "curl", state)
    assert affected.ranges == (VersionRange(fixed="7.88.1-10+deb12u5" if state == "fixed" else ""),)
    assert (told.advisory.id, told.advisory.upstream) == ("DEBIAN-CVE-2024-1111", ("CVE-2024-1111",))
    assert told.advisory.summary == "A flaw in curl"


def test_debian_version_zero_is_not_affected():
    told = _debian(tracker(bookworm=resolved("0"), trixie=unresolved("high")))
    assert told.unaffected == (Unaffected("Debian:12", "curl", "CVE-2024-1111"),)
    assert [one.ecosystem for one in told.advisory.affected] == ["Debian:13"]
    assert told.advisory.severity == "high"
    assert _debian(tracker(bookworm=resolved("0"))).advisory is None


@pytest.mark.parametrize(
    "data",
    [
        tracker(bookworm={"status": "resolved"}),
        tracker(bookworm={"status": "fine"}),
        b'{"curl": {"CVE-2024-1000": {"releases": []}}}',
        b'{"curl": {"a b": {"releases": {}}}}',
        b'{"curl": []}',
        b'{"": {"CVE-2024-1000": {"releases": {}}}}',
    ],
)
def test_debian_bad_records_are_reported_one_by_one(data):
    (bad,) = debiantracker.parse(data, feed="f", where="t")
    assert isinstance(bad, MalformedError)
    assert bad.why
    assert bad.remedy


@pytest.mark.parametrize("data", [b"", b"[]", b"<html>", b'{"a":' * 5_000, b"\xff"])
def test_other_documents_are_refused(data):
    with pytest.raises(MalformedError):
        debiantracker.parse(data, feed="f", where="t")
    with pytest.raises(MalformedError):
        alpinesecdb.parse(data, feed="f", where="t")
    with pytest.raises(MalformedError):
        list(csafvex.parse(data, feed="f", where="t"))


def _alpine(data: bytes) -> tuple[str, dict[str, Told], list[MalformedError]]:
    ecosystem, items = alpinesecdb.parse(data, feed="alpine-secdb-main", where="t")
    told, bad = {}, []
    for item in items:
        if isinstance(item, MalformedError):
            bad.append(item)
        else:
            told[item.advisory.id if item.advisory else item.unaffected[0].id] = item
    return ecosystem, told, bad


def test_alpine_fixes_and_what_never_was_affected():
    data = secdb(
        "v3.20",
        curl={"8.5.0-r0": ["CVE-2023-46218", "CVE-2023-46219 (only with HSTS)"], "0": ["CVE-2021-22897"]},
        xen={"4.18-r1": ["CVE-2023-46835 XSA-445"], "0": ["CVE-2023-46218"]},
        nothing={},
    )
    ecosystem, told, bad = _alpine(data)
    assert (ecosystem, bad) == ("Alpine:v3.20", [])
    both = told["ALPINE-CVE-2023-46218"]
    assert [(one.name, one.state, one.ranges) for one in both.advisory.affected] == [
        ("curl", "fixed", (VersionRange(fixed="8.5.0-r0"),))
    ]
    assert both.unaffected == (Unaffected("Alpine:v3.20", "xen", "CVE-2023-46218", "never-affected"),)
    assert told["CVE-2021-22897"].advisory is None
    assert told["ALPINE-XSA-445"].advisory.upstream == ()
    assert told["ALPINE-CVE-2023-46219"].advisory.upstream == ("CVE-2023-46219",)


def test_alpine_a_version_beside_zero_is_no_never():
    _, told, _ = _alpine(secdb("edge", curl={"0": ["CVE-2021-1"], "8.0-r1": ["CVE-2021-1"]}))
    assert told["ALPINE-CVE-2021-1"].unaffected == ()


def test_alpine_bad_entries_are_reported():
    _, told, bad = _alpine(secdb("v3.20", curl={"1": ["nonsense", "CVE-2021-1"]}))
    assert (list(told), len(bad)) == (["ALPINE-CVE-2021-1"], 1)
    with pytest.raises(MalformedError, match="release"):
        alpinesecdb.parse(secdb("../etc"), feed="f", where="t")


def _csaf(document: dict[str, object]) -> Told:
    (told,) = csafvex.parse(json.dumps(document).encode(), feed="redhat-vex", where="t")
    return told


def test_red_hat_release_module_and_source():
    told = _csaf(redhat())
    found = {
        (one.ecosystem, one.name, one.state): (one.ranges[0].fixed if one.ranges else one.versions)
        for one in told.advisory.affected
    }
    nine = "Red Hat:enterprise_linux:9"
    assert found == {
        (f"{nine}::appstream", "curl", "fixed"): "7.76.1-29.el9_4.1",
        (
            "Red Hat:enterprise_linux:8::appstream",
            "postgresql:12::postgresql-server",
            "fixed",
        ): "2:12.20-1.module+el8.10.0",
        (nine, "wget.src", "will-not-fix"): "",
        (nine, "bash.src", "open"): "",
        (nine, "tar.src", "under-investigation"): "",
    }
    # bash is said to be affected and not to be: the more cautious word holds.
    assert told.unaffected == (Unaffected(nine, "zlib.src", "CVE-2024-7348"),)
    advisory = told.advisory
    assert (advisory.id, advisory.upstream, advisory.severity) == ("REDHAT-CVE-2024-7348", ("CVE-2024-7348",), "medium")
    assert (advisory.modified, advisory.published) == ("2024-09-16T20:59:13Z", "2024-08-08T00:00:00Z")
    assert [score.score for score in advisory.scores] == [9.8]


def test_suse_release_names():
    told = _csaf(suse())
    assert [(one.ecosystem, one.name, one.state, one.ranges) for one in told.advisory.affected] == [
        (
            "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
            "curl",
            "fixed",
            (VersionRange(fixed="8.0.1-150400.5.41.1"),),
        ),
        ("openSUSE:Leap 15.5", "java-1_8_0-openjdk", "open", (VersionRange(),)),
    ]
    assert told.advisory.id == "SUSE-CVE-2024-7348"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl-0:7.76.1-29.el9_4.x86_64", ("curl", "7.76.1-29.el9_4", "x86_64")),
        ("bind-32:9.16.23-18.el9.src", ("bind", "32:9.16.23-18.el9", "src")),
        ("curl-8.0.1-150400.5.41.1", ("curl", "8.0.1-150400.5.41.1", "")),
        ("java-1_8_0-openjdk", ("java-1_8_0-openjdk", "", "")),
        ("kernel", ("kernel", "", "")),
        ("", ("", "", "")),
        ("-1-1", ("-1-1", "", "")),
    ],
)
def test_nevra(text, expected):
    assert csafvex.nevra(text) == expected


def test_newer_modules_stand_in_the_package_url_or_the_id():
    rpm = "httpd-0:2.4-1.module+el8.x86_64"
    for identifier, url in (
        (f"{rpm}::httpd:2.4", "pkg:rpm/redhat/httpd@2.4-1.module%2Bel8?arch=x86_64"),
        (rpm, "pkg:rpm/redhat/httpd@2.4-1.module%2Bel8?arch=x86_64&rpmmod=httpd:2.4:8060:abc"),
    ):
        document = csaf(
            "CVE-2024-1000", {"fixed": [f"R:{identifier}"]},
            [product("R", "product_name", cpe="cpe:/a:redhat:enterprise_linux:8::appstream"), product(identifier, purl=url)],
            [component(identifier, "R")],
        )  # fmt: skip
        (affected,) = _csaf(document).advisory.affected
        assert affected.name == "httpd:2.4::httpd"


def test_hostile_trees_are_refused_with_the_document_named():
    loop = csaf(
        "CVE-2024-1000",
        {"fixed": ["R:a"]},
        [product("R", cpe="cpe:/o:redhat:x:1")],
        [component("R:a", "R"), component("a", "R")],
    )
    loop["product_tree"]["relationships"][1]["product_reference"] = "R:a"
    data = json.dumps(loop).encode()
    with pytest.raises(MalformedError, match="loop"):
        list(csafvex.parse(data, feed="f", where="t"))
    assert csafvex.identify(data) == "CVE-2024-1000"
    with pytest.raises(MalformedError, match="bytes"):
        list(csafvex.parse(b" " * 11, feed="f", where="t", limits=Limits(advisory_bytes=10)))
    with pytest.raises(MalformedError, match="CVE id"):
        list(csafvex.parse(json.dumps(csaf("CVE-x\n", {}, [], [])).encode(), feed="f", where="t"))


def test_a_distribution_without_releases_publishes_the_same_form():
    data = json.dumps(
        {"reponame": "os", "urlprefix": "https://x.example", "packages": [
            {"pkg": {"name": "curl", "secfixes": {"8.1-r0": ["CVE-2024-1000", "GHSA-aaaa-bbbb-cccc"], "0": ["GO-2024-1"]}}},
        ]}
    ).encode()  # fmt: skip
    ecosystem, items = alpinesecdb.parse(data, feed="wolfi-secdb", where="t", rolling="Wolfi")
    told = {one.advisory.id if one.advisory else "": one for one in items}
    assert (ecosystem, sorted(told)) == ("Wolfi", ["", "WOLFI-CVE-2024-1000", "WOLFI-GHSA-aaaa-bbbb-cccc"])
    assert told["WOLFI-GHSA-aaaa-bbbb-cccc"].advisory.aliases == ("GHSA-aaaa-bbbb-cccc",)
    assert told["WOLFI-CVE-2024-1000"].advisory.upstream == ("CVE-2024-1000",)
    assert told[""].unaffected == (Unaffected("Wolfi", "curl", "GO-2024-1", "never-affected"),)
    for given, rolling in ((data, ""), (secdb("v3.20"), "Wolfi")):
        with pytest.raises(MalformedError, match="release"):
            alpinesecdb.parse(given, feed="f", where="t", rolling=rolling)
