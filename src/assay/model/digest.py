"""`Digest`: an algorithm and lower-case hex (OCI image-spec 1.1, descriptor.md, "Digests")."""

import hashlib
import re

import msgspec

from assay.model.errors import MalformedError

_FORM = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|sha384:[0-9a-f]{96})", re.ASCII)


class Digest(msgspec.Struct, frozen=True, order=True):
    """A content digest, e.g. `Digest("sha256", "e3b0…")`; `str()` gives `sha256:e3b0…`."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> "Digest":
        """Read `algorithm:hex`; only sha256, sha384 and sha512 in lower case.

        Raises:
            MalformedError: any other text.
        """
        if not _FORM.fullmatch(text):
            raise MalformedError("not a digest", where=where, why=repr(text[:100]), remedy="expected sha256:<64 hex>")
        algorithm, _, value = text.partition(":")
        return cls(algorithm, value)

    @classmethod
    def of(cls, data: bytes) -> "Digest":
        """The SHA-256 digest of `data`."""
        return cls("sha256", hashlib.sha256(data).hexdigest())
