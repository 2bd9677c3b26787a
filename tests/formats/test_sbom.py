"""SBOMs of ours and of others: what lands where, how peers' words are read, what is told when something is missing."""

import json
import timeit
from time import process_time
from typing import Any

import msgspec
import pytest

from assay.formats import cyclonedx, cyclonedx_xml, sbom, spdx, spdx3, spdx_tagvalue
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Distro, Occurrence, Relation, SourcePackage
from inventories import TIME, TOOL, big, full

SUM = "sha256:" + "ab" * 32


def bom(*components: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": list(components)} | more).encode()


def properties(**values: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", ":"), "value": value} for name, value in values.items()]


def trivy(**values: str) -> list[dict[str, str]]:
    return [{"name": f"aquasecurity:trivy:{name}", "value": value} for name, value in values.items()]


def test_cyclonedx_speaks_to_other_readers() -> None:
    document = json.loads(cyclonedx.write(full(), tool=TOOL, timestamp=TIME))
    assert document["specVersion"] == "1.6"
    assert document["metadata"]["timestamp"] == TIME
    assert document["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": "11" * 32}]
    by_ref = {c["bom-ref"]: c for c in document["components"]}
    ssl = by_ref["deb/debian/openssl@3.0.15-1"]
    assert ssl["licenses"] == [{"expression": "Apache-2.0", "acknowledgement": "declared"}]
    assert ssl["publisher"].startswith("Debian OpenSSL Team")
    assert ssl["evidence"]["occurrences"][0]["location"] == "var/lib/dpkg/status"
    assert {"name": "assay:source:name", "value": "openssl"} in ssl["properties"]
    assert by_ref["operating-system"]["name"] == "debian"
    needs = {d["ref"]: d.get("dependsOn", []) for d in document["dependencies"]}
    assert needs["pypi/cryptography@41.0.0"] == ["deb/debian/openssl@3.0.15-1"]
    assert set(needs) <= {*by_ref, "subject"}


def test_spdx_speaks_to_other_readers() -> None:
    document = json.loads(spdx.write(full(), tool=TOOL, timestamp=TIME))
    assert document["creationInfo"] == {"created": TIME, "creators": ["Tool: assay-0.1.0"]}
    packages = {p["name"]: p for p in document["packages"]}
    ssl = packages["libssl3"]
    assert ssl["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/libssl3@")
    assert ssl["sourceInfo"] == "built package from: openssl 3.0.15-1"
    assert ssl["originator"] == "Person: Debian OpenSSL Team (pkg-openssl@lists.example)"
    assert ssl["supplier"] == "Organization: Debian GNU/Linux"
    assert ssl["licenseConcluded"] == ssl["licenseDeclared"] == "Apache-2.0"
    assert ssl["licenseDeclared"] == "Apache-2.0"
    assert packages["cryptography"]["licenseDeclared"] == "NOASSERTION"
    kinds = {r["relationshipType"] for r in document["relationships"]}
    assert kinds == {"DESCRIBES", "CONTAINS", "DEPENDS_ON", "OTHER"}


def test_what_an_upper_layer_removed_is_not_offered_as_present() -> None:
    gone = msgspec.structs.replace(big(1).components[0], removed_by=3)
    value = msgspec.structs.replace(big(1), components=(gone,), relations=())
    (component,) = (
        c
        for c in json.loads(cyclonedx.write(value, tool=TOOL, timestamp=TIME))["components"]
        if c["bom-ref"] == gone.key
    )
    assert component["scope"] == "excluded"
    document = json.loads(spdx.write(value, tool=TOOL, timestamp=TIME))
    (package,) = (p for p in document["packages"] if p["name"] == gone.name)
    assert package["comment"] == "in a lower layer, removed above by layer 3"


@pytest.mark.parametrize("form", [cyclonedx, spdx])
def test_bytes_depend_on_the_input_alone(form: Any) -> None:
    one, two = (form.write(full(), tool=TOOL, timestamp=TIME) for _ in range(2))
    other = form.write(full(), tool=TOOL, timestamp="2026-01-02T03:04:06Z")
    assert one == two
    assert one != other
    assert b"urn:uuid:00000000" not in one


def test_times_are_whole_seconds_in_utc() -> None:
    data = cyclonedx.write(full(), tool=TOOL, timestamp="2026-01-02T05:04:05.123456789+02:00")
    assert json.loads(data)["metadata"]["timestamp"] == TIME
    assert "timestamp" not in json.loads(cyclonedx.write(full(), tool=TOOL, timestamp=""))["metadata"]
    with pytest.raises(MalformedError):
        spdx.write(full(), tool=TOOL, timestamp="soon")


def test_trivy_is_understood() -> None:
    ssl = {
        "type": "library",
        "bom-ref": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12.4&epoch=1",
        "name": "libssl3",
        "version": "3.0.11-1",
        "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12.4&epoch=1",
        "supplier": {"name": "Debian"},
        "licenses": [{"license": {"name": "Apache-2.0"}}],
        "properties": trivy(SrcName="openssl", SrcVersion="3.0.11", SrcRelease="1", SrcEpoch="1", LayerDiffID=SUM),
    }
    system = {"type": "operating-system", "bom-ref": "os", "name": "debian", "version": "12.4"}
    root = {
        "type": "container",
        "bom-ref": "root",
        "name": "debian:12",
        "properties": trivy(RepoDigest=f"debian@{SUM}", ImageID=SUM),
    }
    needs = [{"ref": "root", "dependsOn": ["os"]}, {"ref": "os", "dependsOn": [ssl["bom-ref"]]}]
    inventory = sbom.read(bom(ssl, system, metadata={"component": root}, dependencies=needs), "x.json")
    (component,) = inventory.components
    assert component.version == "1:3.0.11-1"
    assert component.source == SourcePackage("openssl", "1:3.0.11-1")
    assert component.licence.expression == "Apache-2.0"
    assert component.architecture == "amd64"
    assert (component.supplier, component.maintainer) == ("Debian", "")
    assert ("layer:diff-id", SUM) in component.properties
    assert inventory.distro == Distro(id="debian", version_id="12")
    assert inventory.subject.digest == Digest.parse(SUM)
    assert inventory.subject.kind == "sbom"
    assert inventory.gaps == ()


def test_syft_is_understood() -> None:
    rpm = {
        "type": "library",
        "name": "openssl-libs",
        "version": "1:3.0.7-1.el9",
        "purl": "pkg:rpm/rhel/openssl-libs@3.0.7-1.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-1.el9.src.rpm",
        "properties": properties(**{"syft:location:0:path": "/var/lib/rpm/rpmdb.sqlite"}),
    }
    apk = {
        "type": "library",
        "name": "libcrypto3",
        "version": "3.1.4-r5",
        "purl": "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&upstream=openssl&distro=alpine-3.18.4",
    }
    system = {
        "type": "operating-system",
        "name": "alpine",
        "properties": [
            {"name": "syft:distro:id", "value": "alpine"},
            {"name": "syft:distro:versionID", "value": "3.18.4"},
            {"name": "syft:distro:idLike:0", "value": "linux"},
        ],
    }
    inventory = sbom.read(bom(rpm, apk, system), "x.json")
    crypto, libs = inventory.components
    assert libs.source == SourcePackage("openssl", "3.0.7-1.el9")
    assert libs.occurrences == (Occurrence("var/lib/rpm/rpmdb.sqlite", None, "sbom", "strong"),)
    assert crypto.source == SourcePackage("openssl", "3.1.4-r5")
    assert inventory.distro == Distro(id="alpine", version_id="3.18.4", id_like=("linux",))


def test_the_distribution_is_taken_from_purls_that_agree() -> None:
    one = {"type": "library", "name": "a", "version": "1", "purl": "pkg:apk/alpine/a@1?distro=alpine-3.18.4"}
    two = {"type": "library", "name": "b", "version": "1", "purl": "pkg:apk/alpine/b@1?distro=alpine-3.19.0"}
    assert sbom.read(bom(one), "x").distro == Distro(id="alpine", version_id="3.18.4")
    assert sbom.read(bom(one, two), "x").distro is None


@pytest.mark.parametrize(
    ("purl", "name"),
    [
        ("pkg:maven/org.apache/log4j@1", "org.apache:log4j"),
        ("pkg:npm/%40babel/core@1", "@babel/core"),
        ("pkg:golang/github.com/a/b@v1", "github.com/a/b"),
        ("pkg:pypi/flask@1", "name"),
        ("pkg:deb/debian/x@1", "name"),
    ],
)
def test_names_are_as_people_write_them(purl: str, name: str) -> None:
    (component,) = sbom.read(bom({"type": "library", "name": "name", "group": "g", "purl": purl}), "x").components
    assert component.name == name
    assert component.version.removeprefix("v") == "1"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "no package URL"),
        ({"purl": "pkg:pypi/a/b@1"}, "namespace"),
        ({"purl": "nonsense"}, "does not begin with pkg:"),
        ({"purl": "pkg:npm/a"}, "no version"),
    ],
)
def test_what_cannot_be_matched_is_told(fields: dict[str, str], why: str) -> None:
    version = {} if why == "no version" else {"version": "1"}
    inventory = sbom.read(bom({"type": "library", "name": "a\x1b[31m"} | version | fields), "x")
    (component,) = inventory.components
    assert component.ecosystem == ("npm" if why == "no version" else "")
    (gap,) = inventory.gaps
    assert why in gap.reason
    assert "\x1b" not in gap.reason
    assert gap.path == "$.components[0]"
    assert cyclonedx.read(cyclonedx.write(inventory, tool=TOOL, timestamp=TIME), "y") == inventory


@pytest.mark.parametrize("name", ["NOASSERTION", "NONE", ""])
def test_noassertion_is_no_licence(name: str) -> None:
    item = {"type": "library", "name": "a", "licenses": [{"license": {"name": name}}]}
    licence = sbom.read(bom(item), "x").components[0].licence
    assert (licence.expression, licence.declared, bool(licence.reason)) == ("", (), True)


def test_nested_components_and_dangling_needs() -> None:
    inner = {"type": "library", "bom-ref": "inner", "name": "inner", "version": "1", "purl": "pkg:npm/inner@1"}
    outer = {"type": "library", "bom-ref": "outer", "name": "o", "version": "1", "purl": "pkg:npm/o@1"}
    data = bom(
        outer | {"components": [inner]},
        {"type": "file", "name": "/etc/passwd"},
        dependencies=[{"ref": "outer", "dependsOn": ["inner", "gone"]}],
    )
    inventory = sbom.read(data, "x")
    assert inventory.relations == (Relation("outer", "contains", "inner"), Relation("outer", "depends_on", "inner"))
    assert [g.reason for g in inventory.gaps] == [
        "1 components of type file are no packages",
        "1 dependencies name no component",
    ]


def test_components_without_reference_get_distinct_keys() -> None:
    item = {"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1"}
    keys = [c.key for c in sbom.read(bom(item, item | {"scope": "optional"}), "x").components]
    assert keys == ["pkg:npm/a@1", "pkg:npm/a@1#2"]


def test_spdx_of_peers_is_understood() -> None:
    def package(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "SPDXID": f"SPDXRef-{name}", "versionInfo": "1", "downloadLocation": "NONE"} | more

    def ref(purl: str) -> list[dict[str, str]]:
        return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]

    def link(a: str, kind: str, b: str, comment: str = "") -> dict[str, str]:
        value = {"spdxElementId": f"SPDXRef-{a}", "relationshipType": kind, "relatedSpdxElement": f"SPDXRef-{b}"}
        return value | ({"comment": comment} if comment else {})

    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "x",
        "creationInfo": {"created": TIME, "creators": ["Tool: x"]},
        "packages": [
            package("root", primaryPackagePurpose="CONTAINER", versionInfo=SUM),
            package("debian", primaryPackagePurpose="OPERATING-SYSTEM", versionInfo="12.4"),
            package("a", externalRefs=ref("pkg:deb/debian/a@1"), sourceInfo="built package from: src 0.9"),
            package("b", externalRefs=ref("pkg:npm/b@1"), licenseDeclared="NOASSERTION", licenseConcluded="MIT"),
        ],
        "relationships": [
            link("DOCUMENT", "DESCRIBES", "root"),
            link("root", "CONTAINS", "a"),
            link("a", "DEPENDENCY_OF", "b"),
            link("a", "OTHER", "b", "ownership-by-file-overlap: the parent claims the child's files"),
            link("a", "CONTAINS", "gone"),
        ],
    }
    inventory = sbom.read(json.dumps(document).encode(), "x")
    a, b = inventory.components
    assert a.source == SourcePackage("src", "0.9")
    assert b.owner == a.key
    assert (b.licence.expression, b.licence.concluded, b.licence.effective) == ("", "MIT", "MIT")
    assert inventory.relations == (Relation(b.key, "depends_on", a.key), Relation(b.key, "owned_by", a.key))
    assert inventory.distro == Distro(id="debian", version_id="12")
    assert inventory.subject.digest == Digest.parse(SUM)
    assert [g.path for g in inventory.gaps] == ["$.relationships"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b'<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.1"/>', "1.1"),
        (b'<?xml version="1.0"?><rdf:RDF/>', "XML"),
        (b'{"@context": "https://openvex.dev/ns/v0.2.0"}', "JSON-LD"),
        (b'{"payloadType": "application/vnd.in-toto+json"}', "DSSE"),
        (b'{"artifacts": [], "artifactRelationships": []}', "Syft"),
    ],
)
def test_known_and_unread_forms_are_unsupported(data: bytes, word: str) -> None:
    for function in [lambda d: sbom.read(d, "x"), *([] if word == "1.1" else [sbom.sniff])]:
        with pytest.raises(UnsupportedError) as caught:
            function(data)
        assert word in caught.value.why
        assert "CycloneDX" in caught.value.remedy


def test_sniffing_goes_by_content() -> None:
    assert sbom.sniff(cyclonedx.write(full(), tool=TOOL, timestamp=TIME)) == "cyclonedx"
    assert sbom.sniff(spdx.write(full(), tool=TOOL, timestamp=TIME)) == "spdx"
    assert sbom.sniff(spdx_tagvalue.write(full(), tool=TOOL, timestamp=TIME)) == "spdx-tv"
    assert sbom.sniff(cyclonedx_xml.write(full(), tool=TOOL, timestamp=TIME)) == "cyclonedx-xml"
    assert sbom.sniff(spdx3.write(full(), tool=TOOL, timestamp=TIME)) == "spdx3"
    xml = cyclonedx_xml.write(full(), tool=TOOL, timestamp=TIME)
    assert sbom.read(b"\xef\xbb\xbf" + xml, "x") == full()
    assert sbom.sniff(b"\n# made by x\nSPDXVersion: SPDX-2.2\n") == "spdx-tv"
    for data in (b"", b"[]", b"{}", b"hello", b"\x1f\x8b"):
        with pytest.raises(MalformedError):
            sbom.sniff(data)


@pytest.mark.parametrize("form", [cyclonedx, cyclonedx_xml, spdx, spdx_tagvalue, spdx3])
def test_three_thousand_components_are_quick(form: Any) -> None:
    inventory = big()
    data = form.write(inventory, tool=TOOL, timestamp=TIME)
    assert form.read(data, "x") == inventory
    # 0.15 s is the aim on a quiet machine; the bound leaves room for a busy one and still catches anything quadratic.
    assert min(timeit.repeat(lambda: form.read(data, "x"), number=1, repeat=3, timer=process_time)) < 1
    assert (
        min(
            timeit.repeat(
                lambda: form.write(inventory, tool=TOOL, timestamp=TIME), number=1, repeat=3, timer=process_time
            )
        )
        < 1
    )
