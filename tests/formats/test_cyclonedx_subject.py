"""A CycloneDX document that lists its own subject once more, as the one in every pip does."""

import json

import pytest

from assay.dependencies.cataloger import File
from assay.dependencies.catalogers import embedded_sbom
from assay.formats import sbom
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

SUBJECT = {"type": "library", "bom-ref": "bom-ref:pip", "name": "pip"}


def document(*components: dict[str, object], subject: dict[str, object] = SUBJECT) -> bytes:
    listed = [{"type": "library", "name": "idna", "version": "3", "purl": "pkg:pypi/idna@3", "bom-ref": "idna"}]
    return json.dumps(
        {
            "bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1, "metadata": {"component": subject},
            "components": [*components, *listed], "dependencies": [{"ref": "bom-ref:pip", "dependsOn": ["idna"]}],
        }
    ).encode()  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"type": "application"}])
def test_the_subject_is_no_component_of_itself(more: dict[str, object]) -> None:
    read = sbom.read(document(SUBJECT | more), "bom.cdx.json")
    assert [(one.name, one.version) for one in read.components] == [("idna", "3")]
    assert not read.gaps


@pytest.mark.parametrize(
    "more", [{"version": "26.3"}, {"purl": "pkg:pypi/pip@26.3"}, {"cpe": "cpe:2.3:a:pypa:pip:26.3"}]
)
def test_a_subject_that_is_listed_with_what_advisories_name_is_not_lost(more: dict[str, object]) -> None:
    read = sbom.read(document(SUBJECT | more), "bom.cdx.json")
    assert sorted(one.name for one in read.components) == ["idna", "pip"]
    assert [relation.target for relation in read.relations] == ["idna"]


def test_the_subject_is_repeated_once_only() -> None:
    again = SUBJECT | {"purl": "pkg:pypi/pip@26.3"}
    with pytest.raises(MalformedError, match="stands twice"):
        sbom.read(document(again, again), "bom.cdx.json")


def test_what_pip_brings_along_is_the_vendors_claim() -> None:
    data = document(SUBJECT)
    found = embedded_sbom.catalogue(File("lib/pip/_vendor/bom.cdx.json", (data,), len(data), DEFAULT_LIMITS, True))
    assert [(one.name, one.version) for one in found.packages] == [("idna", "3")]
    assert not found.gaps


@pytest.mark.parametrize("other", [{"name": "pipe"}, {"group": "x"}, {"version": "2"}])
def test_another_component_of_that_reference_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(MalformedError, match="stands twice"):
        sbom.read(document(SUBJECT | other, subject=SUBJECT | {"version": "1"}), "bom.cdx.json")


def test_two_components_of_one_reference_are_refused() -> None:
    one = {"type": "library", "name": "a", "bom-ref": "a"}
    with pytest.raises(MalformedError, match="stands twice"):
        sbom.read(document(one, one), "bom.cdx.json")
