"""SPDX 3 documents scored: every element where the model has it, and nothing taken for said that is not."""

import json
from contextlib import suppress
from typing import Any

import pytest

from assay.dependencies.score import Score, score
from assay.formats import sbom_elements, spdx, spdx3
from assay.model.errors import MalformedError
from inventories import TIME, TOOL, big, full

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"


def document(*nodes: dict[str, Any], package: dict[str, Any] | None = None) -> bytes:
    """One package about which everything is said, and what a test adds or changes."""
    first = {
        "type": "software_Package", "spdxId": "urn:p", "creationInfo": "_:c", "name": "p",
        "software_packageVersion": "1", "suppliedBy": "urn:s", "software_packageUrl": "pkg:npm/p@1",
    } | (package or {})  # fmt: skip
    graph = [
        {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": TIME, "createdBy": ["urn:s"]},
        {"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "rootElement": ["urn:p"]},
        {
            "type": "Organization", "spdxId": "urn:s", "creationInfo": "_:c", "name": "S",
            "externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "email", "identifier": "a@b.example"}],
        },
        {
            "type": "software_File", "spdxId": "urn:f", "creationInfo": "_:c", "name": "p.tgz",
            "software_primaryPurpose": "archive", "software_additionalPurpose": ["executable"],
            "verifiedUsing": [{"type": "Hash", "algorithm": "sha512", "hashValue": "ab" * 64}],
        },
        {
            "type": "simplelicensing_LicenseExpression", "spdxId": "urn:l", "creationInfo": "_:c",
            "simplelicensing_licenseExpression": "MIT",
        },
        first,
        *nodes,
    ]  # fmt: skip
    return json.dumps({"@context": CONTEXT, "@graph": graph}).encode()


def link(kind: str, *targets: str, number: int = 1, **more: str) -> dict[str, Any]:
    return {
        "type": "Relationship", "spdxId": f"urn:r{kind}{number}", "creationInfo": "_:c", "from": "urn:p",
        "relationshipType": kind, "to": list(targets),
    } | more  # fmt: skip


NONE = "https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"
WHOLE = (
    link("dependsOn", NONE, completeness="complete"),
    link("hasDistributionArtifact", "urn:f"),
    link("hasConcludedLicense", "urn:l"),
)


def given(found: Score) -> set[str]:
    return {element.name for element in found.elements if element.given == element.asked}


def test_what_is_said_is_found() -> None:
    ntia = score(sbom_elements.read(document(*WHOLE), "x"), "ntia")
    assert (ntia.number, ntia.missing) == (100.0, ())
    bsi = score(sbom_elements.read(document(*WHOLE), "x"), "bsi")
    assert {e.name for e in bsi.elements} - given(bsi) == {"structured"}


@pytest.mark.parametrize(
    ("nodes", "package", "lost"),
    [
        ((), {}, {"dependencies", "completeness", "filename", "hash", "executable", "archive", "licence"}),
        ((link("dependsOn", NONE, completeness="noAssertion"), *WHOLE[1:]), {}, {"completeness"}),
        ((*WHOLE[:2], link("hasDeclaredLicense", "urn:nowhere")), {}, {"licence"}),
        ((*WHOLE[:2], link("hasDeclaredLicense", "https://spdx.org/rdf/3.0.1/terms/Licensing/NoAssertion")), {}, {"licence"}),
        ((*WHOLE[:2], link("hasDeclaredLicense", "https://spdx.org/licenses/MIT")), {}, set()),
        (WHOLE, {"software_packageVersion": "", "suppliedBy": "urn:nobody"}, {"version", "creator"}),
        (WHOLE, {"software_packageVersion": "NOASSERTION"}, {"version"}),
    ],
)  # fmt: skip
def test_what_is_not_said_is_missed(nodes: tuple[dict[str, Any], ...], package: dict[str, Any], lost: set[str]) -> None:
    found = score(sbom_elements.read(document(*nodes, package=package), "x"), "bsi")
    (missing,) = found.missing
    assert set(missing.elements) - {"structured"} == lost


def test_ours_score_the_same_in_both_versions() -> None:
    for inventory in (full(), big(30)):
        two, three = (
            score(sbom_elements.read(form.write(inventory, tool=TOOL, timestamp=TIME), "x"), "ntia")
            for form in (spdx, spdx3)
        )
        assert (two.number, two.components, two.complete) == (three.number, three.components, three.complete)


def test_an_invalid_document_is_refused_as_everywhere() -> None:
    data = json.dumps({"@context": CONTEXT, "@graph": [{"type": "SpdxDocument", "creationInfo": {}}]}).encode()
    with pytest.raises(MalformedError):
        sbom_elements.read(data, "x")


@pytest.mark.parametrize("odd", [7, [7], {"a": 7}, None, ["x", {"type": []}]])
def test_fields_of_any_shape_do_no_harm(odd: Any) -> None:
    names = ("verifiedUsing", "externalIdentifier", "originatedBy", "suppliedBy", "software_additionalPurpose")
    nodes: tuple[dict[str, Any], ...] = (
        {"type": "software_File", "spdxId": "urn:f2", "creationInfo": "_:c", "verifiedUsing": odd, "name": odd},
        {"type": odd},
        link("hasDistributionArtifact", "urn:f2", number=2),
        link("dependsOn", NONE, number=2) | {"completeness": odd},
        {
            "type": "Agent",
            "spdxId": "urn:a",
            "externalIdentifier": [{"externalIdentifierType": odd, "identifier": odd}],
        },
    )
    package = dict.fromkeys(names, odd) | {"externalIdentifier": [{"externalIdentifierType": odd}, odd]}
    with suppress(MalformedError):
        assert score(sbom_elements.read(document(*WHOLE, *nodes, package=package), "x"), "bsi").components == 1
