"""What a Go program holds of code: the names of its functions, and how far they can be trusted to be all of them.

This is read in a second look at the few programs that a vulnerability of known functions concerns; an inventory does
not hold it, as names of functions would make up most of it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.deflated import deflate, inflate
from assay.formats.gobuildinfo import GoBuild, read_go_build
from assay.formats.gopclntab import FunctionNames, read_functions
from assay.formats.rustsymbols import read_rust_functions
from assay.model.errors import MalformedError
from assay.model.limits import Limits
from assay.model.patterns import lazy

_STANDARD = frozenset(
    b"""
    archive bufio bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt
    go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime simd
    slices sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak main cmd
    command-line-arguments
    """.split()
)
"""First elements of import paths of the standard library and its tools."""
_STRANGERS_SHARE = 0.02
"""More names than this that nothing explains: they were rewritten. Real programs have none or a handful."""
_MADE_UP = (b"type:", b"type..", b"go:", b"go.", b"_")
"""Begins of names that the linker or the C compiler gives."""
_UTF8_BYTES = 4
"""Longest form of one byte of the table in our text (a byte that is not UTF-8 becomes three)."""
_RELEASE = lazy(r"(?:go\d|devel)")
_END_OF_FIRST = lazy(rb"[.:(]")


class GoProgram(msgspec.Struct, frozen=True, kw_only=True):
    """One program, as far as the question "is this function in it" needs it."""

    system: str = ""
    """GOOS, where the build information has it."""
    architecture: str = ""
    """GOARCH, likewise."""
    main: str = ""
    """Import path of package `main`."""
    doubt: str = ""
    """Why the absence of a name proves nothing; empty where the table is whole and the names are the compiler's."""
    exact: bool = True
    """Whether each name stands alone (`formats.gopclntab.FunctionNames.exact`)."""
    names: bytes = b""
    """All names, each after a line feed, sorted, deflated."""
    language: Literal["go", "rust"] = "go"
    """A Rust program's names are whole paths (`a::b::c`), and their absence never proves anything."""


def read_program(view: ChunkView, limits: Limits) -> GoProgram | None:
    """The functions of a program; None for one that Go did not make.

    Raises:
        MalformedError: build information that cannot be read. A damaged table of functions is a doubt, no error.
    """
    build = read_go_build(view, limits)
    if build is None:
        return None
    try:
        table = read_functions(view, limits)
    except MalformedError as error:
        return _program(build, None, f"its function table cannot be read: {error.why}")
    if table is None:
        return _program(build, None, "it has no function table")
    return _program(build, table, _doubt(build, table))


def read_rust_program(view: ChunkView, limits: Limits) -> GoProgram | None:
    """The functions that a Rust program's symbol table names; None where it names none."""
    try:
        names = read_rust_functions(view, limits)
    except MalformedError:
        return None
    if not names:
        return None
    doubt = "a Rust function that is not in the symbol table may be inlined"
    return GoProgram(doubt=doubt, names=_packed([name.encode() for name in names]), language="rust")


def _packed(names: Sequence[bytes]) -> bytes:
    return deflate(b"\n".join((b"", *names)))


def _program(build: GoBuild, table: FunctionNames | None, doubt: str) -> GoProgram:
    return GoProgram(
        system=build.setting("GOOS"),
        architecture=build.setting("GOARCH"),
        main=build.path,
        doubt=doubt,
        exact=table is not None and table.exact,
        names=_packed(table.names) if table is not None else b"",
    )


def _doubt(build: GoBuild, table: FunctionNames) -> str:
    """Only the standard compiler's table is known to list every function, inlined ones too."""
    compiler = build.setting("-compiler")
    if compiler not in ("", "gc") or not _RELEASE.match(build.toolchain) or "gccgo" in build.toolchain:
        return f"it was made by another compiler than Go's own ({compiler or build.toolchain[:40]})"
    names = table.names
    if not _holds(names, b"runtime.main") and (table.exact or not any(n.endswith(b"runtime.main") for n in names)):
        return "its names are not those the compiler gives: there is no runtime.main"
    if table.exact and _strangers(build, names) > max(5, _STRANGERS_SHARE * len(names)):
        return "its names are not those the compiler gives: they look rewritten"
    return ""


def _holds(names: Sequence[bytes], name: bytes) -> bool:
    """Whether a name stands among sorted ones."""
    at = bisect_left(names, name)
    return at < len(names) and names[at] == name


def _strangers(build: GoBuild, names: Sequence[bytes]) -> int:
    """Names of packages that neither the standard library nor a recorded module explains.

    Where no module is recorded (Debian builds so), any name below a host (`github.com/…`) is an ordinary one: what
    rewrites names leaves no host in them.

    A middling program has ten thousand names: those below one first element, which stand together, are judged at once.
    """
    modules = [module.path for module in (build.main, *build.dependencies) if module is not None]
    known = _STANDARD | {path.partition("/")[0].encode() for path in modules}
    count = at = 0
    while at < len(names):
        name = names[at]
        at += 1
        head, dot, _ = name.partition(b".")
        if not dot or (head in _STANDARD and b"/" not in name) or name.startswith(_MADE_UP):
            continue
        first = _first(name)
        if first not in known and (modules or b"." not in first):
            count += 1
        elif name.startswith(first + b"/"):
            at = bisect_left(names, first + b"0", at)  # "0" follows "/"
    return count


def _first(name: bytes) -> bytes:
    """The first element of the import path a function's name begins with."""
    path, slash, _ = name.partition(b"/")
    if slash and b"[" not in path and b"(" not in path:
        return path
    return _END_OF_FIRST.split(name, maxsplit=1)[0]


class Functions:
    """The names of one program, inflated, to be asked about.

    An image's programs are asked for thousands of functions: where names stand alone they are sorted, so that those of
    a package stand together, and the whole is not searched.
    """

    __slots__ = ("_exact", "_modules", "_packages", "_packed", "_shown", "whole")

    def __init__(self, program: GoProgram, limits: Limits) -> None:
        """Inflate; what is no deflated text gives no names."""
        most = _UTF8_BYTES * limits.go_functions_bytes
        text = inflate(program.names, most)
        self.whole = 0 < len(text) < most
        """Whether these are names and all of them; if not, the absence of one proves nothing."""
        self._packed = text + b"\n"
        self._exact = program.exact and program.language == "go"
        self._shown: str | None = None
        self._packages: dict[str, list[str]] = {}
        self._modules: dict[str, bool] = {}

    @property
    def _text(self) -> str:
        """All names, each between line feeds."""
        if self._shown is None:
            self._shown = self._packed.decode("utf-8", "replace")
        return self._shown

    def has_package(self, path: str) -> bool:
        """Whether some function of this package is there."""
        if self._exact:
            return bool(self._package(path))
        return any(f"{spelled}." in self._text for spelled in _spelled(path))

    def has_path(self, path: str) -> bool:
        """Whether a Rust function (`smallvec::SmallVec::insert_many`), or a closure inside it, is there."""
        return re.search(f"\n{re.escape(path)}(?!\\w)", self._text) is not None

    def has_module(self, path: str) -> bool:
        """Whether some function of some package of this module is there."""
        found = self._modules.get(path)
        if found is None:
            found = self._modules[path] = self._has_below(path) or self.has_package(path)
        return found

    def _has_below(self, path: str) -> bool:
        if not self._exact:
            return f"{path}/" in self._text
        below = f"\n{path}/".encode()
        return self._packed.startswith(below, self._first(below, 0))

    def has(self, path: str, symbol: str) -> bool:
        """Whether a function (`Parse`) or method (`Server.Serve`), or a closure inside it, is there.

        The compiler writes methods as `path.T.M`, `path.(*T).M`, of generic types `path.T[…].M`, `path.(*T[…]).M`.
        """
        if not self._exact:
            return any(_somewhere(spelled, symbol).search(self._text) for spelled in _spelled(path))
        return _in(self._package(path), symbol)

    def among(self, path: str, symbols: Sequence[str]) -> list[str]:
        """Those of a package's functions that are there (`has`); nearly always none, as it is not linked."""
        if not self._exact:
            return [symbol for symbol in symbols if self.has(path, symbol)]
        names = self._package(path)
        return [symbol for symbol in symbols if _in(names, symbol)] if names else []

    def _package(self, path: str) -> list[str]:
        """What follows this path in the names that begin with it, sorted; kept: advisories speak of few packages."""
        found = self._packages.get(path)
        if found is None:
            found = []
            for spelled in _spelled(path):
                start = f"\n{spelled}.".encode()
                at = self._first(start, 0)
                if self._packed.startswith(start, at):
                    end = self._first(start[:-1] + b"/", at)  # "/" follows "."
                    found += self._packed[at + len(start) : end].decode("utf-8", "replace").split(f"\n{spelled}.")
            if len(found) > 1:
                found.sort()
            self._packages[path] = found
        return found

    def _first(self, start: bytes, low: int) -> int:
        """Where the first name lies that is not before `start`, a line feed and a text: before its line feed.

        Args:
            start: what is looked for.
            low: where to begin, at a line feed.
        """
        text = self._packed
        high = len(text) - 1
        while low < high:  # both at line feeds; all names before `low` are before `start`, none from `high` on
            middle = text.rfind(b"\n", low, (low + high + 1) // 2)
            end = text.find(b"\n", middle + 1)
            if text[middle:end] < start:
                low = end
            else:
                high = middle
        return low


def _in(names: Sequence[str], symbol: str) -> bool:
    """Whether a function or method is among the sorted names of its package."""
    kind, dot, method = symbol.partition(".")
    if not dot:
        return _begins(names, kind)
    return (
        _begins(names, f"{kind}.{method}")
        or _begins(names, f"(*{kind}).{method}")
        or any(_calls(name, f"].{method}") for name in _beginning(names, f"{kind}["))
        or any(_calls(name, f"]).{method}") for name in _beginning(names, f"(*{kind}["))
    )


_WORD = lazy(r"\w")


def _beginning(names: Sequence[str], text: str) -> Iterator[str]:
    """Those of sorted names that begin with a text; nearly always none."""
    at = bisect_left(names, text)
    while at < len(names) and names[at].startswith(text):
        yield names[at]
        at += 1


def _begins(names: Sequence[str], text: str) -> bool:
    """Whether a name begins with this text, which ends an identifier: a function's own, or that of a closure in it."""
    at = bisect_left(names, text)
    if at == len(names) or not names[at].startswith(text):  # as nearly always
        return False
    return any(_ends(name, len(text)) for name in _beginning(names, text))


def _ends(name: str, at: int) -> bool:
    """Whether an identifier ends there, as the name does, or a closure of it begins."""
    return _WORD.match(name, at) is None


def _calls(name: str, method: str) -> bool:
    """Whether behind some closing bracket this method stands: a type's arguments may have brackets of their own."""
    found = name.find(method)
    while found >= 0 and not _ends(name, found + len(method)):
        found = name.find(method, found + 1)
    return found >= 0


@lru_cache(maxsize=8_192)
def _somewhere(path: str, symbol: str) -> re.Pattern[str]:
    """A function in names that may have other bytes before them: before Go 1.16, when there were no generic types."""
    kind, dot, method = symbol.partition(".")
    name = re.escape(kind)
    if dot:
        name = f"(?:{name}|\\(\\*{name}\\))\\.{re.escape(method)}"
    return re.compile(f"{re.escape(path)}\\.{name}(?!\\w)")


def _spelled(path: str) -> tuple[str, ...]:
    """An import path as the linker may write it: dots behind the last slash, and other letters, also as `%2e`."""
    folder, slash, last = path.rpartition("/")
    escaped = "".join(f"%{ord(c):02x}" if c in '.%"' or ord(c) < 0x21 else c for c in last)
    return (path,) if escaped == last else (path, folder + slash + escaped)
