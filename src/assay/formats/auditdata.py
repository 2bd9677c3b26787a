"""Which crates a Rust program was built from: the section `.dep-v0` that cargo-auditable writes.

Its content is JSON compressed with zlib (cargo-auditable, PARSING.md): `packages` in an order in which `dependencies`
are indices.
"""

import zlib
from collections.abc import Iterator

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.executable import Region, read_program
from assay.formats.strictjson import check_depth
from assay.model.errors import MalformedError
from assay.model.limits import Limits

_SECTION = b".dep-v0"
_DEPTH = 8
_STEP = 1 << 16


class Crate(msgspec.Struct, frozen=True, kw_only=True):
    """One crate. `source` is a word: `crates.io`, `git`, `local`, `registry` or another."""

    name: str
    version: str
    source: str
    kind: str = "runtime"
    """`build` for what only build scripts and procedural macros needed."""
    dependencies: tuple[int, ...] = ()
    """Positions in the list."""
    root: bool = False


class _AuditData(msgspec.Struct, frozen=True):
    packages: tuple[Crate, ...]


def read_audit_data(view: ChunkView, limits: Limits) -> tuple[Crate, ...] | None:
    """The crates of a program, or None when it carries no such section.

    Raises:
        MalformedError: headers that point outside the file; content that does not inflate within `audit_data_bytes`,
            is not the JSON expected, or points outside its own list.
    """
    program = read_program(view, _SECTION, _SECTION)
    if program is None or not program.exact or not program.places:
        return None
    text = _inflate(program.view, program.places[0], limits.audit_data_bytes)
    check_depth(text, where=view.where, depth=_DEPTH)
    try:
        crates = msgspec.json.decode(text, type=_AuditData).packages
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(view, str(error)[:200]) from error
    if any(not 0 <= index < len(crates) for crate in crates for index in crate.dependencies):
        raise _bad(view, "a dependency that is not in the list")
    return crates


def _inflate(view: ChunkView, place: Region, limit: int) -> bytes:
    """At most `limit` bytes; a byte more refuses the section."""
    inflater = zlib.decompressobj()
    out = bytearray()
    try:
        for piece in _pieces(view, place):
            out += inflater.decompress(piece, limit + 1 - len(out))
            if len(out) > limit:
                raise _bad(view, f"inflates to more than {limit} bytes")
            if inflater.eof:
                return bytes(out)
    except zlib.error as error:
        raise _bad(view, str(error)[:200]) from error
    raise _bad(view, "its compressed data is cut short")


def _pieces(view: ChunkView, place: Region) -> Iterator[bytes]:
    if place.offset + place.size > view.size:
        raise _bad(view, "its section lies outside the file")
    for at, length in view.pieces(place.offset, place.size, _STEP):
        yield view.read(at, length)


def _bad(view: ChunkView, why: str) -> MalformedError:
    return MalformedError(
        "the list of crates cannot be read", where=view.where, why=why, remedy="the program is damaged or forged"
    )
