"""SBOMs inside the image are claims of the vendor: weak, marked, and never beside what was seen."""

import json

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Fragment, Package, Sighting
from assay.dependencies.catalogers import embedded_sbom
from assay.dependencies.chooser import Chooser, run
from assay.model.limits import DEFAULT_LIMITS

ROW = embedded_sbom.CATALOGUER
PATH = "opt/bitnami/nginx/.spdx-nginx.spdx"


def read(path: str, document: object) -> Fragment:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return run(ROW, File(path, (data,), len(data), DEFAULT_LIMITS))


def cyclonedx(*purls: str) -> dict[str, object]:
    components = [
        {
            "type": "library",
            "name": p.rpartition("/")[2].partition("@")[0],
            "version": p.rpartition("@")[2].partition("?")[0],
            "purl": p,
        }
        for p in purls
    ]
    components.append({"type": "library", "name": "nameless", "version": "1", "purl": ""})
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}


SPDX = {
    "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "nginx",
    "documentNamespace": "https://example.org/nginx", "creationInfo": {"created": "2024-01-01T00:00:00Z", "creators": ["Tool: x"]},
    "packages": [
        {"SPDXID": "SPDXRef-nginx", "name": "nginx", "versionInfo": "1.25.3", "downloadLocation": "NOASSERTION",
         "licenseDeclared": "BSD-2-Clause",
         "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:bitnami/nginx@1.25.3?arch=amd64"}]},
    ],
}  # fmt: skip


def test_names_that_are_read() -> None:
    chooser = Chooser((ROW,))
    for path in (PATH, "usr/share/sbom/a.spdx.json", "app/x.cdx.json", "app/bom.json", "app/A.CDX.JSON"):
        assert chooser.choose(path, b"", 1, 0o644) == (ROW,), path
    for path in ("app/package.json", "app/cdx.json", "app/x.json"):
        assert chooser.choose(path, b"", 1, 0o644) is None, path


def test_bitnami_s_list_of_before_its_sboms() -> None:
    entry = {"arch": "amd64", "distro": "debian-11", "type": "NAMI", "version": "11.22.0-4"}
    path = "opt/bitnami/.bitnami_components.json"
    fragment = read(path, {"postgresql": entry, "gosu": {"version": "1.14.0-1"}, "yq": {}, "A b": entry})
    assert [(p.name, p.version, p.qualifiers, p.kind) for p in fragment.packages] == [
        ("gosu", "1.14.0-1", (), "sbom"),
        ("postgresql", "11.22.0-4", (("arch", "amd64"), ("distro", "debian-11")), "sbom"),
    ]
    (gap,) = fragment.gaps
    assert (gap.kind, gap.reason[:2]) == ("skipped", "2 ")
    (gap,) = read(path, []).gaps
    assert gap.kind == "unreadable"


def test_a_document_may_bear_the_identifier_of_the_package_it_describes() -> None:
    """Bitnami writes its documents so."""
    library = {
        "SPDXID": "SPDXRef-pcre", "name": "pcre", "versionInfo": "8.45", "downloadLocation": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:bitnami/pcre@8.45"}],
    }  # fmt: skip
    related = {
        "spdxElementId": "SPDXRef-nginx",
        "relationshipType": "CONTAINS",
        "relatedSpdxElement": "SPDXRef-pcre",
    }
    document = {
        **SPDX,
        "SPDXID": "SPDXRef-nginx",
        "documentDescribes": ["SPDXRef-nginx"],
        "packages": [*SPDX["packages"], library],
        "relationships": [related],
    }
    fragment = read("opt/bitnami/nginx/.spdx-nginx.spdx", document)
    assert [(p.name, p.version) for p in fragment.packages] == [("nginx", "1.25.3"), ("pcre", "8.45")]
    assert fragment.gaps == ()
    (gap,) = read(PATH, document | {"documentDescribes": []}).gaps
    assert gap.kind == "unreadable"


def test_a_spdx_document_is_a_claim() -> None:
    (package,) = read(PATH, SPDX).packages
    assert (package.ecosystem, package.name, package.version) == ("bitnami", "nginx", "1.25.3")
    assert package.qualifiers == (("arch", "amd64"),)
    assert (package.kind, package.confidence) == ("sbom", "weak")
    assert ("claim", "vendor") in package.properties
    assert package.licence.expression == "BSD-2-Clause"


def test_components_without_package_url_are_counted() -> None:
    fragment = read("usr/share/sbom/x.cdx.json", cyclonedx("pkg:npm/left-pad@1.3.0"))
    assert [(p.ecosystem, p.name, p.version) for p in fragment.packages] == [("npm", "left-pad", "1.3.0")]
    assert [gap.reason for gap in fragment.gaps] == ["1 components of the vendor's SBOM have no package URL"]


def test_other_files_of_such_a_name_say_nothing_and_damaged_ones_are_gaps() -> None:
    assert read("app/bom.json", {"rows": []}) == Fragment()
    assert [gap.kind for gap in read("app/bom.json", b'{"bomFormat": ').gaps] == ["unreadable"]
    assert [gap.kind for gap in read("a.cdx.json", {"bomFormat": "CycloneDX", "specVersion": "9.9"}).gaps] == [
        "unsupported"
    ]
    assert [gap.kind for gap in read("a.cdx.json", b'{"bomFormat": "CycloneDX", "x": ' + b"[" * 100_000).gaps] == [
        "unreadable"
    ]


def test_what_was_seen_is_not_claimed_again() -> None:
    seen = Sighting(
        cataloguer="npm", path="app/node_modules/left-pad/package.json", layer=0, removed_by=None,
        fragment=Fragment(packages=(Package(ecosystem="npm", name="left-pad", version="1.3.0"),)),
    )  # fmt: skip
    claim = Sighting(
        cataloguer="embedded-sbom", path="app/bom.json", layer=0, removed_by=None,
        fragment=read("app/bom.json", cyclonedx("pkg:npm/left-pad@1.3.0?x=y", "pkg:npm/other@2", "pkg:deb/debian/bash@5")),
    )  # fmt: skip
    found = assemble([seen, claim], (), installed=True)
    assert [(c.purl, c.cataloguer) for c in found.components] == [
        ("pkg:deb/debian/bash@5", "embedded-sbom"),
        ("pkg:npm/left-pad@1.3.0", "npm"),
        ("pkg:npm/other@2", "embedded-sbom"),
    ]
    left_pad, other = found.components[1:]
    assert [o.kind for o in left_pad.occurrences] == ["package-metadata"]
    assert [(o.kind, o.confidence) for o in other.occurrences] == [("sbom", "weak")]
    assert ("claim", "vendor") in other.properties
