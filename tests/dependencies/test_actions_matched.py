"""Advisories about GitHub actions: a reference that names no release proves nothing."""

import pytest

from assay.dependencies.matching import match
from assay.model.inventory import Component
from fakes.advisories import MemoryStore, advisory

STORE = MemoryStore([advisory("GHSA-1", "GitHub Actions", "tj-actions/changed-files", ("", "46.0.1"))])
COMMIT = "0e58ed8671d6b60d0890c21b07f8835ace038e67"


def status(version: str, comment: str = "") -> str:
    purl = f"pkg:github/tj-actions/changed-files@{version}"
    facts = (("github:commit-comment", comment),) if comment else ()
    component = Component(
        key=purl, purl=purl, ecosystem="github", name="tj-actions/changed-files", version=version, properties=facts
    )
    return " ".join(finding.status for finding in match((component,), None, STORE).findings)


@pytest.mark.parametrize(
    ("version", "comment", "expected"),
    [
        ("v45.0.7", "", "affected"),
        ("v46.0.1", "", ""),
        ("v45", "", "undetermined"),
        ("main", "", "undetermined"),
        (COMMIT, "", "undetermined"),
        (COMMIT, "v45.0.7", "undetermined"),
        (COMMIT, "v46.0.2", ""),
    ],
)
def test_only_a_whole_release_is_proof(version: str, comment: str, expected: str) -> None:
    assert status(version, comment) == expected
