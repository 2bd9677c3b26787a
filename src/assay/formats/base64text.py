"""Base64 with one spelling per value: standard alphabet, padded, no white space, no stray bits (RFC 4648 §3.5)."""

import base64
import binascii

from assay.model.errors import MalformedError


def decode(text: str, *, where: str) -> bytes:
    """The bytes of canonical base64 text, so that `encode(decode(text)) == text`.

    Raises:
        MalformedError: another alphabet, missing padding, white space, or unused bits that are not zero.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _bad(where, str(error)) from error
    if encode(data) != text:
        raise _bad(where, "not the canonical spelling of its bytes")
    return data


def encode(data: bytes) -> str:
    """Standard, padded base64."""
    return base64.b64encode(data).decode("ascii")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not canonical base64", where=where, why=why, remedy="ask its author for a valid document")
