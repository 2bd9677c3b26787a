"""What an authority answers to signing clients, byte for byte as the public services do (proto3 JSON).

64-bit numbers are texts, bytes are base64, and what is empty is left out.
"""

from collections.abc import Sequence

from assay.formats import base64text, strictjson
from assay.formats.bundle import InclusionProof, LogEntry
from assay.formats.rekor_api import pem

GRPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 409: 6, 413: 8, 415: 3, 422: 3, 429: 8, 500: 13, 503: 14}
"""Numbers that clients of gRPC gateways know, by HTTP status."""


def certificates(chain: Sequence[bytes]) -> bytes:
    """The answer to a wish for a certificate: PEM, leaf first (clients want two at least)."""
    listed = [pem(certificate).decode() for certificate in chain]
    return strictjson.canonical({"signedCertificateEmbeddedSct": {"chain": {"certificates": listed}}})


def trust_bundle(chains: Sequence[Sequence[bytes]]) -> bytes:
    """Every chain of the certificate authority."""
    listed = [{"certificates": [pem(certificate).decode() for certificate in chain]} for chain in chains]
    return strictjson.canonical({"chains": listed})


def configuration(issuers: Sequence[dict[str, str]]) -> bytes:
    """The issuers whose tokens are taken."""
    return strictjson.canonical({"issuers": list(issuers)})


def entry(value: LogEntry) -> bytes:
    """The answer to a logged entry: what a bundle carries in `tlogEntries`."""
    return strictjson.canonical(_entry(value))


def error(status: int, message: str) -> bytes:
    """An error as gRPC gateways write it; clients show `message`."""
    return strictjson.canonical({"code": GRPC_CODES.get(status, 2), "message": message, "details": []})


def _entry(value: LogEntry) -> dict[str, object]:
    found: dict[str, object] = {
        "logIndex": str(value.log_index) if value.log_index else "",
        "logId": {"keyId": base64text.encode(value.log_id)},
        "kindVersion": {"kind": value.kind, "version": value.version},
        "inclusionProof": _proof(value.proof) if value.proof else {},
        "canonicalizedBody": base64text.encode(value.body),
    }
    return {name: content for name, content in found.items() if content}


def _proof(value: InclusionProof) -> dict[str, object]:
    found: dict[str, object] = {
        "logIndex": str(value.log_index) if value.log_index else "",
        "rootHash": base64text.encode(value.root_hash),
        "treeSize": str(value.tree_size),
        "hashes": [base64text.encode(one) for one in value.hashes],
        "checkpoint": {"envelope": value.checkpoint} if value.checkpoint else {},
    }
    return {name: content for name, content in found.items() if content}
