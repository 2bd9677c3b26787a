"""Who signed a statement, as rules are told."""

from typing import Any

from assay.model.evidence import Evidence


def signer_facts(evidence: Evidence) -> dict[str, Any]:
    """Who signed, and how that is proven."""
    signer = evidence.signer
    return {
        "kind": signer.kind,
        "signer": signer.name,
        "key_id": signer.key_id,
        "identity": signer.identity,
        "issuer": signer.issuer,
        "times": list(evidence.times),
        "log": evidence.log,
        "inclusion": evidence.inclusion,
    }
