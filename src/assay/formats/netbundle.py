"""Single-file .NET programs: the host program with everything else behind it.

.NET design document "Single-file bundler": the host holds a fixed 32-byte mark; the eight bytes before it say where the
bundle's header lies, and are zero in a host that carries none. The header names the place of the `deps.json`.
"""

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.executable import read_program
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits

_MARK = bytes.fromhex("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae")
"""SHA-256 of `.net core bundle`."""
_STEP = 1 << 20
_FIXED = 12
_ID_BYTES = 256


class NetBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle: its form, how many files it holds, and its `deps.json` if it has one (form 2 and later)."""

    major: int
    files: int
    deps: bytes | None


def read_net_bundle(view: ChunkView, limits: Limits) -> NetBundle | None:
    """The bundle of a program, or None when it carries none.

    Only the writable data (`.data`, on Mach-O `__data`) is searched: there the host keeps the mark.

    Raises:
        MalformedError: headers or a bundle that point outside the file.
        UnsupportedError: a `deps.json` larger than `text_database_bytes`.
    """
    program = read_program(view, b".data", b"__data")
    if program is None:
        return None
    for place in program.places:
        for at, length in view.pieces(place.offset, place.size, _STEP):
            start = max(at - 8, 0)
            piece = view.read(start, min(length + 8 + len(_MARK), view.size - start))
            found = piece.find(_MARK)
            if found >= 8:
                header = int.from_bytes(piece[found - 8 : found], "little")
                return _bundle(view, header, limits) if header else None
    return None


def _bundle(view: ChunkView, at: int, limits: Limits) -> NetBundle:
    fixed = view.read(at, _FIXED)
    major, files = int.from_bytes(fixed[:4], "little"), int.from_bytes(fixed[8:12], "little", signed=True)
    if not 1 <= major <= 255 or files < 0:
        raise MalformedError(
            "the .NET bundle cannot be read", where=view.where, why=f"form {major} with {files} files",
            remedy="the program is damaged or forged",
        )  # fmt: skip
    if major < 2:
        return NetBundle(major=major, files=files, deps=None)
    name = view.read(at + _FIXED, min(_ID_BYTES, view.size - at - _FIXED))
    length = name[0] if name and name[0] < 0x80 else 0
    place = view.read(at + _FIXED + 1 + length, 16)
    offset, size = (int.from_bytes(place[n : n + 8], "little", signed=True) for n in (0, 8))
    if size > limits.text_database_bytes:
        raise UnsupportedError(
            "the dependency list of a .NET bundle is too large", where=view.where,
            why=f"{size} bytes, limit {limits.text_database_bytes}",
        )  # fmt: skip
    return NetBundle(major=major, files=files, deps=view.read(offset, size) if offset > 0 and size > 0 else None)
