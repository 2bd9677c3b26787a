"""The predicate types this program writes, and the older names under which it reads the same thing."""

CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document"
OPENVEX = "https://openvex.dev/ns"
VULNS = "https://in-toto.io/attestation/vulns/v0.2"
VSA = "https://slsa.dev/verification_summary/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1"
IMAGE_FACTS = "urn:assay:predicate:image:1"
"""Our own: what the configuration of an image says, and how complete its inventory is (`formats.image_facts`)."""
ADVISORIES = "urn:assay:predicate:advisories:1"
"""Our own: what a signed advisory database is (`formats.advisory_statement`)."""

_OLDER = {
    "https://spdx.dev/Document/v2.2": SPDX,
    "https://spdx.dev/Document/v2.3": SPDX,
    "https://openvex.dev/ns/v0.2.0": OPENVEX,
    "https://in-toto.io/attestation/vulns/v0.1": VULNS,
    "https://in-toto.io/attestation/vulns": VULNS,
    **{f"https://cyclonedx.org/bom/v1.{minor}": CYCLONEDX for minor in range(8)},
    **{f"https://cyclonedx.org/bom/1.{minor}": CYCLONEDX for minor in range(8)},
}

SHORT_NAMES = {
    CYCLONEDX: "cyclonedx",
    SPDX: "spdx",
    OPENVEX: "openvex",
    VULNS: "vulns",
    VSA: "vsa",
    PROVENANCE: "provenance",
    COSIGN_SIGN: "signature",
    IMAGE_FACTS: "image",
    ADVISORIES: "advisories",
}
"""For tables and file names."""


def canonical_type(uri: str) -> str:
    """The name under which a predicate type is handled; an unknown one is its own name."""
    return _OLDER.get(uri, uri)


def short_name(uri: str) -> str:
    """A word for people; an unknown type is shown whole."""
    return SHORT_NAMES.get(canonical_type(uri), uri)
