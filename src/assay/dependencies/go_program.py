"""What a Go program holds of code: the names of its functions, and how far they can be trusted to be all of them.

This is read in a second look at the few programs that a vulnerability of known functions concerns; an inventory does
not hold it, as names of functions would make up most of it.
"""

import re
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.gobuildinfo import GoBuild, read_go_build
from assay.formats.gopclntab import FunctionNames, read_functions
from assay.formats.rustsymbols import read_rust_functions
from assay.model.errors import MalformedError
from assay.model.limits import Limits

_STANDARD = frozenset({
    "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed",
    "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io", "iter",
    "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices",
    "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique",
    "unsafe", "vendor", "weak", "main", "cmd", "command-line-arguments",
})  # fmt: skip
"""First elements of import paths of the standard library and its tools."""
_STRANGERS_SHARE = 0.02
"""More names than this that nothing explains: they were rewritten. Real programs have none or a handful."""
_MADE_UP = ("type:", "type..", "go:", "go.", "_")
"""Begins of names that the linker or the C compiler gives."""
_UTF8_BYTES = 4
"""Longest form of one byte of the table in our text (a byte that is not UTF-8 becomes three)."""
_RELEASE = re.compile(r"(?:go\d|devel)")


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
    """All names, each after a line feed, deflated."""
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
    return GoProgram(doubt=doubt, names=_packed(names), language="rust")


def _packed(names: tuple[str, ...]) -> bytes:
    return zlib.compress("\n".join(("", *names)).encode(), 1)


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
    if "runtime.main" not in names and (table.exact or not any(name.endswith("runtime.main") for name in names)):
        return "its names are not those the compiler gives: there is no runtime.main"
    if table.exact and _strangers(build, names) > max(5, _STRANGERS_SHARE * len(names)):
        return "its names are not those the compiler gives: they look rewritten"
    return ""


def _strangers(build: GoBuild, names: tuple[str, ...]) -> int:
    """Names of packages that neither the standard library nor a recorded module explains.

    Where no module is recorded (Debian builds so), any name below a host (`github.com/…`) is an ordinary one: what
    rewrites names leaves no host in them.

    A middling program has ten thousand names: those below one first element, which stand together, are judged at once.
    """
    modules = [module.path for module in (build.main, *build.dependencies) if module is not None]
    known = _STANDARD | {path.partition("/")[0] for path in modules}
    count = at = 0
    while at < len(names):
        name = names[at]
        at += 1
        head, dot, _ = name.partition(".")
        if not dot or (head in _STANDARD and "/" not in name) or name.startswith(_MADE_UP):
            continue
        first = _first(name)
        if first not in known and (modules or "." not in first):
            count += 1
        elif name.startswith(f"{first}/"):
            at = bisect_left(names, f"{first}0", at)  # "0" follows "/"
    return count


def _first(name: str) -> str:
    """The first element of the import path a function's name begins with."""
    path, slash, _ = name.partition("/")
    if slash and "[" not in path and "(" not in path:
        return path
    return re.split(r"[.:(]", name, maxsplit=1)[0]


class Functions:
    """The names of one program, inflated, to be asked about.

    An image's programs are asked for thousands of functions: where names stand alone they are sorted, so that those of
    a package stand together, and the whole is not searched.
    """

    __slots__ = ("_exact", "_names", "_packages", "_text")

    def __init__(self, program: GoProgram, limits: Limits) -> None:
        """Inflate; what is no deflated text gives no names."""
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(program.names, _UTF8_BYTES * limits.go_functions_bytes) if program.names else b""
        except zlib.error:
            data = b""
        self._text = data.decode("utf-8", "replace") + "\n"
        self._exact = program.exact
        self._names = sorted(self._text.split("\n")) if program.exact and program.language == "go" else []
        self._packages: dict[str, list[str]] = {}

    def has_package(self, path: str) -> bool:
        """Whether some function of this package is there."""
        return any(self._begins(f"{spelled}.") for spelled in _spelled(path))

    def has_path(self, path: str) -> bool:
        """Whether a Rust function (`smallvec::SmallVec::insert_many`), or a closure inside it, is there."""
        return re.search(f"\n{re.escape(path)}(?!\\w)", self._text) is not None

    def has_module(self, path: str) -> bool:
        """Whether some function of some package of this module is there."""
        return self._begins(f"{path}/") or self.has_package(path)

    def has(self, path: str, symbol: str) -> bool:
        """Whether a function (`Parse`) or method (`Server.Serve`), or a closure inside it, is there.

        The compiler writes methods as `path.T.M`, `path.(*T).M`, of generic types `path.T[…].M`, `path.(*T[…]).M`.
        """
        if not self._exact:
            return any(_somewhere(spelled, symbol).search(self._text) for spelled in _spelled(path))
        kind, dot, method = symbol.partition(".")
        names = self._package(path)
        if not dot:
            return any(_ends(name, len(kind)) for name in _beginning(names, kind))
        return any(_calls(name, len(kind), f".{method}") for name in _beginning(names, kind)) or any(
            _calls(name, len(kind) + 2, f").{method}") for name in _beginning(names, f"(*{kind}")
        )

    def among(self, path: str, symbols: Sequence[str]) -> list[str]:
        """Those of a package's functions that are there (`has`); nearly always none, as it is not linked."""
        if self._exact and not self._package(path):
            return []
        return [symbol for symbol in symbols if self.has(path, symbol)]

    def _begins(self, text: str) -> bool:
        if not self._exact:
            return text in self._text
        at = bisect_left(self._names, text)
        return at < len(self._names) and self._names[at].startswith(text)

    def _package(self, path: str) -> list[str]:
        """What follows this path in the names that begin with it, sorted; kept: advisories speak of few packages."""
        found = self._packages.get(path)
        if found is None:
            found = self._packages[path] = []
            for spelled in _spelled(path):
                first, behind = (bisect_left(self._names, spelled + end) for end in "./")  # "/" follows "."
                found += [name[len(spelled) + 1 :] for name in self._names[first:behind]]
            found.sort()
        return found


_WORD = re.compile(r"\w")


def _beginning(names: Sequence[str], text: str) -> Iterator[str]:
    """Those of sorted names that begin with a text."""
    for at in range(bisect_left(names, text), len(names)):
        if not names[at].startswith(text):
            return
        yield names[at]


def _ends(name: str, at: int) -> bool:
    """Whether an identifier ends there, as the name does, or a closure of it begins."""
    return _WORD.match(name, at) is None


def _calls(name: str, at: int, method: str) -> bool:
    """Whether behind a type's name, and its type arguments if it has any, this method stands."""
    if name.startswith(method, at):
        return _ends(name, at + len(method))
    if not name.startswith("[", at):
        return False
    found = name.find(f"]{method}", at)
    while found >= 0 and not _ends(name, found + 1 + len(method)):
        found = name.find(f"]{method}", found + 1)
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
