"""VEX in any of the three forms: told apart by content, read into the same statements."""

from collections.abc import Callable, Mapping

import msgspec

from assay.formats import csaf_vex_read, cyclonedx_vex_read, openvex_read
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.vex import VexStatement

_NOTHING = msgspec.Raw()


class _Document(msgspec.Struct):
    csaf_version: msgspec.Raw = _NOTHING


class _Head(msgspec.Struct):
    """Only what tells the forms apart; everything else is skipped."""

    context: msgspec.Raw = msgspec.field(name="@context", default=_NOTHING)
    bom: msgspec.Raw = msgspec.field(name="bomFormat", default=_NOTHING)
    document: msgspec.Raw = _NOTHING


READERS: Mapping[str, Callable[[bytes, str], tuple[VexStatement, ...]]] = {
    "openvex": openvex_read.read,
    "cyclonedx": cyclonedx_vex_read.read,
    "csaf": csaf_vex_read.read,
}


def form_of(data: bytes, name: str) -> str:
    """`openvex`, `cyclonedx` or `csaf`, by content.

    Raises:
        MalformedError: none of them, or no JSON.
    """
    why = "neither @context (OpenVEX) nor bomFormat (CycloneDX) nor document.csaf_version (CSAF)"
    if len(data) > DEFAULT_LIMITS.vex_bytes:
        why = f"{len(data)} bytes, limit {DEFAULT_LIMITS.vex_bytes}"
    elif cyclonedx_vex_read.is_xml(data):
        return "cyclonedx"
    else:
        try:
            form = _told(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            form, why = "", str(error)[:200].encode("ascii", "backslashreplace").decode()
        if form:
            return form
    raise MalformedError("not a VEX document", where=name, why=why, remedy="give OpenVEX, CycloneDX or CSAF VEX")


def _told(data: bytes) -> str:
    head = msgspec.json.decode(data, type=_Head)
    if bytes(head.context):
        return "openvex"
    if bytes(head.bom):
        return "cyclonedx"
    inner = bytes(head.document)
    return "csaf" if inner and bytes(msgspec.json.decode(inner, type=_Document).csaf_version) else ""


def read(data: bytes, name: str) -> tuple[VexStatement, ...]:
    """Read the statements of a document of any form.

    Raises:
        MalformedError: none of the forms, or not valid in its own. UnsupportedError: an unknown version of a form.
    """
    return READERS[form_of(data, name)](data, name)
