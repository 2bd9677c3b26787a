"""Go build information: which toolchain and which modules a program was made from.

The form is that of Go's `debug/buildinfo` and `runtime/debug.BuildInfo.String`: a 32-byte header in the section
`.go.buildinfo`, followed by two strings (Go 1.18 and later) or holding two addresses of string headers (before).
"""

import re

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.executable import ByteOrder, Program, Region, read_program
from assay.model.errors import MalformedError
from assay.model.limits import Limits
from assay.model.patterns import lazy

_MAGIC = b"\xff Go buildinf:"
_ALIGN, _HEADER = 16, 32
_BIG_ENDIAN, _INLINE = 1, 2
_STEP = 1 << 20


class GoModule(msgspec.Struct, frozen=True, kw_only=True):
    """One module of the build list; `replaced_by` when a `replace` directive put another in its place."""

    path: str
    version: str
    sum: str = ""
    replaced_by: "GoModule | None" = None


class GoBuild(msgspec.Struct, frozen=True, kw_only=True):
    """What a Go program says of its making. Without `main` and `dependencies` its module data was left out."""

    toolchain: str
    """E.g. `go1.22.1` or `devel go1.23-2f6f1a2 …`."""
    path: str = ""
    """Package path of `main`."""
    main: GoModule | None = None
    dependencies: tuple[GoModule, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """Build settings in the order written, e.g. `("GOOS", "linux")`."""

    def setting(self, key: str) -> str:
        """The value of a build setting, or empty."""
        return next((value for name, value in self.settings if name == key), "")


def read_go_build(view: ChunkView, limits: Limits) -> GoBuild | None:
    """The build information of a program, or None when it is not made by Go.

    Raises:
        MalformedError: headers or strings that point outside the file, or module text that is not as Go writes it.
    """
    program = read_program(view, b".go.buildinfo", b"__go_buildinfo")
    if program is None:
        return None
    for place in program.places:
        found = _find(program, place)
        if found is not None:
            header, rest = found
            toolchain, modinfo = _strings(program, header, rest, limits.metadata_bytes)
            if not toolchain:
                return None
            return parse_modinfo(modinfo, toolchain=toolchain, where=view.where)
    if program.exact and program.places:
        raise MalformedError(
            "the Go build information cannot be read", where=view.where, why="its section holds no header"
        )
    return None


def _find(program: Program, place: Region) -> tuple[bytes, int] | None:
    """The header and the file offset behind it: at the start of the section, else searched, 16-aligned."""
    view = program.view
    for at, length in view.pieces(place.offset, place.size, _STEP):
        piece = view.read(at, min(length + _HEADER, view.size - at))
        found = piece.find(_MAGIC)
        while 0 <= found < length:
            if not (at + found - place.offset) % _ALIGN and found + _HEADER <= len(piece):
                return piece[found : found + _HEADER], at + found + _HEADER
            found = piece.find(_MAGIC, found + 1)
    return None


def _strings(program: Program, header: bytes, rest: int, limit: int) -> tuple[str, str]:
    """Toolchain and module text."""
    width, flags = header[14], header[15]
    if flags & _INLINE:
        toolchain, rest = _inline(program.view, rest, limit)
        modinfo, _ = _inline(program.view, rest, limit)
    else:
        if width not in (4, 8):
            raise _bad(program.view, f"addresses of {width} bytes")
        toolchain, modinfo = (
            _pointed(program, header[at : at + width], "big" if flags & _BIG_ENDIAN else "little", limit)
            for at in (16, 16 + width)
        )
    return toolchain.decode("utf-8", "replace"), _without_sentinels(modinfo).decode("utf-8", "replace")


def _inline(view: ChunkView, at: int, limit: int) -> tuple[bytes, int]:
    """A string with its length before it as unsigned LEB128 (Go 1.18)."""
    length = shift = 0
    for byte in view.read(at, min(10, max(view.size - at, 0))):
        length |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            if length > limit:
                raise _bad(view, f"a string of {length} bytes, limit {limit}")
            return view.read(at, length), at + length
    raise _bad(view, "a string length without end")


def _pointed(program: Program, raw: bytes, order: ByteOrder, limit: int) -> bytes:
    """A string by the address of its header (address, length), before Go 1.18."""
    width, address = len(raw), int.from_bytes(raw, order)
    if not address:
        return b""
    header = program.at(address, 2 * width)
    start, length = (int.from_bytes(header[at : at + width], order) for at in (0, width))
    if length > limit:
        raise _bad(program.view, f"a string of {length} bytes, limit {limit}")
    return program.at(start, length) if length else b""


def _without_sentinels(modinfo: bytes) -> bytes:
    """The linker wraps the text in 16 random bytes on both sides; without them there is no module data."""
    if len(modinfo) >= 33 and modinfo[-17] == 0x0A:
        return modinfo[16:-16]
    return b""


def parse_modinfo(text: str, *, toolchain: str, where: str) -> GoBuild:
    """Read the text `go version -m` prints: `path`, `mod`, `dep`, `=>` and `build` lines, fields split by tabs.

    Raises:
        MalformedError: a line of another form, or `=>` with nothing before it.
    """
    path = ""
    main: GoModule | None = None
    modules: list[GoModule] = []
    settings: list[tuple[str, str]] = []
    last = ""
    for line in text.split("\n"):
        word, _, rest = line.partition("\t")
        if word == "path":
            path = rest
        elif word == "mod":
            main = _module(rest, where)
        elif word == "dep":
            modules.append(_module(rest, where))
        elif word == "=>":
            if last == "mod" and main is not None:
                main = msgspec.structs.replace(main, replaced_by=_module(rest, where))
            elif last == "dep":
                modules[-1] = msgspec.structs.replace(modules[-1], replaced_by=_module(rest, where))
            else:
                raise _bad_text(where, "a replacement of nothing")
        elif word == "build":
            settings.append(_setting(rest))
        elif word:
            raise _bad_text(where, f"a line that begins with {word[:40]!r}")
        last = word
    return GoBuild(toolchain=toolchain, path=path, main=main, dependencies=tuple(modules), settings=tuple(settings))


def _module(rest: str, where: str) -> GoModule:
    fields = rest.split("\t")
    if len(fields) not in (2, 3) or not fields[0]:
        raise _bad_text(where, f"a module of {len(fields)} fields")
    return GoModule(path=fields[0], version=fields[1], sum=fields[2] if len(fields) == 3 else "")


def _setting(rest: str) -> tuple[str, str]:
    """`key=value`, either side in Go quotes where it holds blanks or quotes."""
    if rest[:1] in ('"', "`"):
        key, rest = _unquote(rest)
        value = rest.removeprefix("=")
    else:
        key, _, value = rest.partition("=")
    if value[:1] in ('"', "`"):
        value, _ = _unquote(value)
    return key, value


_QUOTED = lazy(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`')
_ESCAPE = lazy(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unquote(text: str) -> tuple[str, str]:
    """Go's `strconv.QuotedPrefix` and `Unquote`: the value and what follows; text that is not quoted stays."""
    match = _QUOTED.match(text)
    if match is None:
        return text, ""
    if match[2] is not None:
        return match[2], text[match.end() :]
    return _ESCAPE.sub(_escape, match[1]), text[match.end() :]


def _escape(match: re.Match[str]) -> str:
    if match[5] is not None:
        return _SIMPLE.get(match[5], match[5])
    code = int(match[4], 8) if match[4] else int(match[1] or match[2] or match[3], 16)
    return chr(code) if code < 0x110000 else "\ufffd"


def _bad(view: ChunkView, why: str) -> MalformedError:
    return MalformedError(
        "the Go build information cannot be read", where=view.where, why=why, remedy="the program is damaged or forged"
    )


def _bad_text(where: str, why: str) -> MalformedError:
    return MalformedError(
        "the Go module text is not as Go writes it", where=where, why=why, remedy="the program is damaged or forged"
    )
