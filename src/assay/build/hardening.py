"""Hardening proved on what a step left: read from each program and library, not from the flags that were asked for.

ELF gABI chapters 4 and 5; `DT_FLAGS_1` and the GNU program headers as in glibc's elf.h. Headers and the dynamic
section alone are read: a stripped program has them too.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from assay.formats import zipdirectory
from assay.formats.chunks import ChunkView
from assay.model.errors import AssayError
from assay.model.limits import DEFAULT_LIMITS, Limits

State = Literal["yes", "no", "unseen", "not-applicable"]
"""`unseen`: nothing needed it, or the compiler left it out: the file does not say which."""

_MAGIC = b"\x7fELF"
_EXEC, _DYN = 2, 3
_DYNAMIC, _INTERP, _STACK, _RELRO, _LOAD = 2, 3, 0x6474E551, 0x6474E552, 1
_STRTAB, _STRSZ, _BIND_NOW, _FLAGS, _FLAGS_1 = 5, 10, 24, 30, 0x6FFFFFFB
_DF_BIND_NOW, _DF_1_NOW, _DF_1_PIE = 8, 1, 0x08000000
_HEADERS_COUNT, _DYNAMIC_COUNT = 1000, 10_000
_GO = b"\xff Go buildinf:"
_CHECKED = re.compile(rb"__[a-z0-9_]+_chk", re.ASCII)


class Hardening(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one program or library has."""

    path: str
    """In the step's output; `FILE!/MEMBER` inside of a wheel."""
    language: Literal["c", "go"] = "c"
    pie: State
    """Whether its addresses differ from run to run; a library's always do."""
    relro: State
    bind_now: State
    stack_protector: State
    fortify: State
    no_exec_stack: State

    @property
    def missing(self) -> tuple[str, ...]:
        """What it surely lacks, by name."""
        return tuple(name for name in _NAMES if getattr(self, name) == "no")


_NAMES = ("pie", "relro", "bind_now", "no_exec_stack")


def inspect(files: Iterable[tuple[str, bytes]], limits: Limits = DEFAULT_LIMITS) -> tuple[Hardening, ...]:
    """The hardening of every program and library among files, wheels looked into; other files have none.

    Args:
        files: path and content.
        limits: on wheels.
    """
    found = []
    for path, data in files:
        for name, content in _inside(path, data, limits):
            one = read(name, content)
            if one is not None:
                found.append(one)
    return tuple(sorted(found, key=lambda one: one.path))


def _inside(path: str, data: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    if not path.endswith(".whl") or not data.startswith(b"PK"):
        yield path, data
        return
    try:
        directory = zipdirectory.read_directory(ChunkView([data], where=path), limits)
        for member in directory.members:
            if not member.name.endswith("/"):
                yield f"{path}!/{member.name}", zipdirectory.inflate(directory, member, limits.archive_inflated_bytes)
    except AssayError:
        return  # whoever installs it says what is wrong with it


def read(path: str, data: bytes) -> Hardening | None:
    """The hardening of a file; None for what is no program or library, or a damaged one."""
    if not data.startswith(_MAGIC) or len(data) < 52 or data[4] not in (1, 2) or data[5] not in (1, 2):
        return None
    try:
        return _read(path, data)
    except (struct.error, OverflowError):
        return None


def _read(path: str, data: bytes) -> Hardening | None:
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    kind = struct.unpack_from(order + "H", data, 16)[0]
    if kind not in (_EXEC, _DYN):
        return None
    headers = list(_headers(data, wide, order))
    kinds = {header[0] for header in headers}
    dynamic = _dynamic(data, wide, order, headers)
    names = _names(data, headers, dynamic)
    flags, flags_1 = dynamic.get(_FLAGS, 0), dynamic.get(_FLAGS_1, 0)
    is_go = _GO in data
    is_static = _DYNAMIC not in kinds
    is_library = kind == _DYN and _INTERP not in kinds and not flags_1 & _DF_1_PIE
    now = bool(_BIND_NOW in dynamic or flags & _DF_BIND_NOW or flags_1 & _DF_1_NOW)
    stack = next((header[1] for header in headers if header[0] == _STACK), None)
    c_only: State | None = "not-applicable" if is_go else None
    return Hardening(
        path=path,
        language="go" if is_go else "c",
        pie="yes" if kind == _DYN else "no",
        relro=c_only or _said(_RELRO in kinds),
        bind_now=c_only or ("not-applicable" if is_static or (is_library and not names) else _said(now)),
        stack_protector=c_only or _seen(b"__stack_chk_fail" in names, is_static and b"stack smashing detected" in data),
        fortify=c_only or _seen(any(_CHECKED.fullmatch(name) for name in names)),
        no_exec_stack="yes" if stack is not None and not stack & 1 else "no",
    )


def _said(is_so: bool) -> State:
    return "yes" if is_so else "no"


def _seen(*signs: bool) -> State:
    return "yes" if any(signs) else "unseen"


def _headers(data: bytes, wide: bool, order: str) -> Iterator[tuple[int, int, int, int, int]]:
    """(type, flags, offset, address, size in the file) of each program header."""
    place = struct.unpack_from(order + ("Q" if wide else "I"), data, 32 if wide else 28)[0]
    size, count = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    for number in range(min(count, _HEADERS_COUNT)):
        at = place + number * size
        if wide:
            kind, flags, offset, address, _, length = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, address, _, length, _, flags = struct.unpack_from(order + "IIIIIII", data, at)
        yield kind, flags, offset, address, length


def _dynamic(data: bytes, wide: bool, order: str, headers: list[tuple[int, int, int, int, int]]) -> dict[int, int]:
    form = order + ("QQ" if wide else "II")
    step = struct.calcsize(form)
    found: dict[int, int] = {}
    for kind, _, offset, _, size in headers:
        if kind != _DYNAMIC:
            continue
        for number in range(min(size // step, _DYNAMIC_COUNT)):
            tag, value = struct.unpack_from(form, data, offset + number * step)
            if tag == 0:
                break
            found.setdefault(tag, value)
    return found


def _names(data: bytes, headers: list[tuple[int, int, int, int, int]], dynamic: dict[int, int]) -> frozenset[bytes]:
    """Names a program imports or exports."""
    address, size = dynamic.get(_STRTAB), dynamic.get(_STRSZ, 0)
    if address is None:
        return frozenset()
    for kind, _, offset, start, length in headers:
        if kind == _LOAD and start <= address < start + length:
            begin = offset + address - start
            return frozenset(data[begin : begin + size].split(b"\0"))
    return frozenset()
