"""The predicate types this program knows, and the other names under which it reads the same thing."""

CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document"
SPDX3 = "https://spdx.dev/Document/v3"
OPENVEX = "https://openvex.dev/ns"
VULNS = "https://in-toto.io/attestation/vulns/v0.2"
VSA = "https://slsa.dev/verification_summary/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
PROVENANCE_V02 = "https://slsa.dev/provenance/v0.2"
COSIGN_VULNS = "https://cosign.sigstore.dev/attestation/vuln/v1"
"""Cosign's own: the result is whatever report the scanner gave, so it is not weighed as a scan."""
SVR = "https://in-toto.io/attestation/svr/v0.2"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SCAI = "https://in-toto.io/attestation/scai/v0.3"
RELEASE = "https://in-toto.io/attestation/release/v0.2"
LINK = "https://in-toto.io/attestation/link/v0.3"
RUNTIME_TRACE = "https://in-toto.io/attestation/runtime-trace/v0.1"
REFERENCE = "https://in-toto.io/attestation/reference/v0.1"
COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1"
IMAGE_FACTS = "urn:assay:predicate:image:1"
"""Our own: what the configuration of an image says, and how complete its inventory is (`formats.image_facts`)."""
BUILD_RECORD = "urn:assay:predicate:build-record:1"
"""Our own: spec, lock, logs, dependency lists and cross-check of a build (`flows.build_evidence.record`)."""
ADVISORIES = "urn:assay:predicate:advisories:1"
"""Our own: what a signed advisory database is (`formats.advisory_statement`)."""

_OLDER = {
    "https://spdx.dev/Document/v2.2": SPDX,
    "https://spdx.dev/Document/v2.3": SPDX,
    "https://openvex.dev/ns/v0.2.0": OPENVEX,
    "https://in-toto.io/attestation/vulns/v0.1": VULNS,
    "https://in-toto.io/attestation/vulns": VULNS,
    "cosign.sigstore.dev/attestation/vuln/v1": COSIGN_VULNS,
    PROVENANCE_V02: PROVENANCE,
    "https://spdx.dev/Document/v3.0": SPDX3,
    "https://spdx.dev/Document/v3.0.1": SPDX3,
    "https://in-toto.io/attestation/svr/v0.1": SVR,
    "https://in-toto.io/attestation/release/v0.1": RELEASE,
    "https://in-toto.io/attestation/release": RELEASE,
    "https://in-toto.io/attestation/runtime-trace/v0.2": RUNTIME_TRACE,
    **{f"https://cyclonedx.org/bom/v1.{minor}": CYCLONEDX for minor in range(8)},
    **{f"https://cyclonedx.org/bom/1.{minor}": CYCLONEDX for minor in range(8)},
}

SHORT_NAMES = {
    CYCLONEDX: "cyclonedx",
    SPDX: "spdx",
    SPDX3: "spdx3",
    OPENVEX: "openvex",
    VULNS: "vulns",
    VSA: "vsa",
    PROVENANCE: "provenance",
    COSIGN_SIGN: "signature",
    COSIGN_VULNS: "cosign-vulns",
    SVR: "svr",
    TEST_RESULT: "test-result",
    SCAI: "scai",
    RELEASE: "release",
    LINK: "link",
    RUNTIME_TRACE: "runtime-trace",
    REFERENCE: "reference",
    IMAGE_FACTS: "image",
    ADVISORIES: "advisories",
    BUILD_RECORD: "build-record",
}
"""For tables and file names."""


def canonical_type(uri: str) -> str:
    """The name under which a predicate type is handled; an unknown one is its own name."""
    return _OLDER.get(uri, uri)


def short_name(uri: str) -> str:
    """A word for people; an unknown type is shown whole."""
    return SHORT_NAMES.get(canonical_type(uri), uri)
