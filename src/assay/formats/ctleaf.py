"""Leaves of an issuance log: `MerkleTreeLeaf` of RFC 6962 §3.4 around a precertificate's TBSCertificate."""

import msgspec

from assay.formats import der
from assay.model.errors import MalformedError, UnsupportedError

_HEAD = b"\x00\x00"
"""Version 1, timestamped_entry."""
_PRECERTIFICATE = b"\x00\x01"
_HASH_BYTES = 32


class CertificateLeaf(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as an issuance log holds it."""

    timestamp_ms: int
    issuer_key_hash: bytes
    """SHA-256 of the issuing authority's SubjectPublicKeyInfo."""
    tbs: bytes
    """TBSCertificate without its list of timestamps."""

    def certificate(self, *, where: str) -> bytes:
        """A certificate around the TBS with an empty signature: fit for reading its fields, never for belief.

        Raises:
            MalformedError: no TBSCertificate.
        """
        fields = der.children(der.one(self.tbs, der.SEQUENCE, where=where), where=where)
        algorithm = next((one for one in fields if one.tag == der.SEQUENCE), None)  # after version and serial
        if algorithm is None:
            raise _bad(where, "no TBSCertificate")
        return der.sequence(self.tbs, algorithm.raw, der.bits(b""))


def read(body: bytes, *, where: str) -> CertificateLeaf:
    """Read a leaf.

    Raises:
        MalformedError: cut off, or bytes left over.
        UnsupportedError: a leaf of another version or kind.
    """
    if len(body) < 12:
        raise _bad(where, "cut off")
    if body[:2] != _HEAD or body[10:12] != _PRECERTIFICATE:
        raise UnsupportedError(
            "a leaf of another kind", where=where, why=body[:12].hex(), remedy="this log holds precertificates"
        )
    start = 12 + _HASH_BYTES + 3
    end = start + int.from_bytes(body[start - 3 : start], "big")
    if len(body) < end + 2 or len(body) != end + 2 + int.from_bytes(body[end : end + 2], "big"):
        raise _bad(where, "cut off, or bytes left over")
    return CertificateLeaf(
        timestamp_ms=int.from_bytes(body[2:10], "big"), issuer_key_hash=body[12 : 12 + _HASH_BYTES], tbs=body[start:end]
    )


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a leaf of an issuance log", where=where, why=why, remedy="ask the log's operator")
