"""What a Python source file imports, read without running or parsing it, and whether it imports in ways nobody can see.

Not `ast.parse`: on a megabyte of brackets it takes all the memory there is or overflows the C stack, its grammar is
that of the interpreter Assay runs under, and on all the sources of an image it takes minutes. Import statements stand
in a language that three regular expressions read in linear time: strings and comments go first (so a docstring imports
nothing), then statements are read where a statement can begin. What this misses is code that imports by other means,
and of that each kind has a word to be known by: `opaque` says the first one found.
"""

import re
from functools import lru_cache

import msgspec

_QUIET = re.compile(
    rb"#[^\n]*+"
    rb'|"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*(?:"""|\\?\Z)'
    rb"|'''[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*(?:'''|\\?\Z)"
    rb'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*"?'
    rb"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*'?",
    re.DOTALL,
)
"""Comments and strings; each alternative matches wherever its first character stands, so nothing is tried twice.

No group repeats possessively: Pythons before 3.11.5 match that wrongly where the group holds a choice.
"""
_QUIETED = b'""'
"""What is left of one."""
_STATEMENT = re.compile(
    rb"[\n;:]([ \t\f]*+)(?:"
    rb"import[ \t]++([\w\x80-\xff., \t]++)"
    rb"|from\b[ \t]*+([. \t]*+)((?!import\b)[\w\x80-\xff.]++|)"
    rb"[ \t]*+import\b[ \t]*+(\([^)]*+\)|[^\n;]*+))",
)
"""With the sign before it: to look for one of three is four times as fast as to try at each place."""
_CHECKING = re.compile(rb"^([ \t]*+)if[ \t(]++(?:\w++\.)?TYPE_CHECKING\b[^\n:]*+:[ \t\"]*+$", re.MULTILINE)
_SIGNS = (
    b"__import__", b"import_module", b"import_string", b"spec_from_file_location", b"spec_from_loader",
    b"exec_module", b"load_module", b"load_source", b"SourceFileLoader", b"iter_entry_points", b"load_entry_point",
    b"entry_points", b"iter_modules", b"walk_packages", b"extend_path", b"run_path", b"run_module", b"execfile",
    b"meta_path", b"path_hooks", b"addsitedir", b"__path__", b"sys.path",
)  # fmt: skip
_CALLS = (b"exec", b"eval")
_OPAQUE = re.compile(
    rb"\b(?:" + b"|".join(map(re.escape, _SIGNS)) + rb")\b|(?<![\w.])(?:" + b"|".join(_CALLS) + rb")(?=[ \t]*+\()"
)
_COOKIE = re.compile(rb"[ \t\f]*+#.*?coding[:=][ \t]*+([-\w.]++)")
_USUAL = frozenset({b"utf-8", b"utf8", b"ascii", b"us-ascii", b"latin-1", b"latin1", b"iso-8859-1", b"iso-8859-15"})
_NAMES_COUNT = 5_000
"""Names that one file imports; a file with more is no program a person wrote."""


class Import(msgspec.Struct, frozen=True):
    """One import statement, or one module of it."""

    module: str
    """Dotted, as written; empty in `from . import x`."""
    names: tuple[str, ...] = ()
    """After `from … import`: perhaps submodules; `*` stands for itself. Empty for `import module`."""
    level: int = 0
    """Leading dots."""
    maybe: bool = False
    """Inside a function, a condition or a `try`: it need not happen."""


class Imports(msgspec.Struct, frozen=True, kw_only=True):
    """What one file says."""

    imports: tuple[Import, ...] = ()
    opaque: str = ""
    """The first sign that it may import what no statement names; "" = there is none."""


def read(data: bytes) -> Imports:
    """The imports of a source file: any bytes, in time linear in them.

    Imports under `if TYPE_CHECKING:` never happen, and are left out.
    """
    if any((m := _COOKIE.match(line)) and m[1].lower().replace(b"_", b"-") not in _USUAL for line in _head(data)):
        return Imports(opaque="an encoding of its own")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        return Imports(opaque="not text")
    code = b"\n" + _QUIET.sub(_QUIETED, data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).replace(b"\\\n", b"  ")
    unreal = _unreal(code) if b"TYPE_CHECKING" in code else []
    found: dict[Import, None] = {}
    count = 0
    for match in _STATEMENT.finditer(code):
        while unreal and unreal[0][1] <= match.start():
            unreal.pop(0)
        if unreal and unreal[0][0] <= match.start() + 1:
            continue
        new = _statement(match, _is_maybe(code, match))
        count += sum(1 + len(one.names) for one in new)
        if count > _NAMES_COUNT:
            return Imports(opaque=f"more than {_NAMES_COUNT} imported names")
        found |= dict.fromkeys(new)
    sign = _OPAQUE.search(code) if any(word in code for word in (*_SIGNS, *_CALLS)) else None
    return Imports(imports=tuple(found), opaque=sign[0].decode() if sign else "")


def _head(data: bytes) -> list[bytes]:
    """The two lines in which an encoding may be named (PEP 263)."""
    return data[:400].split(b"\n", 2)[:2]


def _is_maybe(code: bytes, match: re.Match[bytes]) -> bool:
    start = match.start()
    sign = code[start]
    if sign == 10:  # a line's beginning: indented or not
        return bool(match[1].strip(b"\f"))
    return sign == 58 or code[code.rfind(b"\n", 0, start) + 1] in b" \t\f"  # after a colon, or on an indented line


def _statement(match: re.Match[bytes], maybe: bool) -> list[Import]:
    _, plain, dots, module, names = match.groups()
    if plain is not None:
        return [Import(name, maybe=maybe) for name in _firsts(plain)]
    return [Import(_text(module), _firsts(names), dots.count(b"."), maybe)] if module or dots else []


@lru_cache(maxsize=4096)
def _firsts(listed: bytes) -> tuple[str, ...]:
    """Of `(a as b, c)` the a and the c."""
    parts = listed.strip(b"()").replace(_QUIETED, b"").split(b",")
    names = [_text(words[0]) for part in parts if (words := part.split())]
    return tuple([name for name in names if name == "*" or name.replace(".", "_").isidentifier()])


@lru_cache(maxsize=65_536)
def _text(name: bytes) -> str:
    """The same text for the same name: files of one image import the same ones again and again."""
    return name.decode("utf-8", "replace")


def _unreal(code: bytes) -> list[tuple[int, int]]:
    """Where blocks for type checkers alone stand: from and to, in order."""
    blocks: list[tuple[int, int]] = []
    for match in _CHECKING.finditer(code):
        if blocks and match.start() < blocks[-1][1]:
            continue
        depth, end = len(match[1]), match.end()
        while end < len(code):
            line = code[end + 1 : (after := _line_end(code, end + 1))]
            if line.strip() and len(line) - len(line.lstrip(b" \t")) <= depth:
                break
            end = after
        blocks.append((match.start(), end))
    return blocks


def _line_end(code: bytes, start: int) -> int:
    end = code.find(b"\n", start)
    return len(code) if end < 0 else end
