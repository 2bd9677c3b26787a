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
        # As `b64decode` with `validate`, without its copy of the text, which may be a large document.
        data = binascii.a2b_base64(text if text.isascii() else text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _bad(where, str(error)) from error
    # Of validated characters and padding, only length and last group can be another spelling (RFC 4648 §3.5, §4): to
    # write all of it again would triple the memory a large document takes.
    if len(text) != -(-len(data) // 3) * 4 or encode(data[(len(data) - 1) // 3 * 3 :]) != text[-4:]:
        raise _bad(where, "not the canonical spelling of its bytes")
    return data


def encode(data: bytes) -> str:
    """Standard, padded base64."""
    return base64.b64encode(data).decode("ascii")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not canonical base64", where=where, why=why, remedy="ask its author for a valid document")
