"""Dockerfiles: the list of instructions, as BuildKit's own parser divides the text. Nothing is expanded or run.

Sources: Dockerfile reference (BuildKit docs): parser directives, escape character, line continuation, here-documents,
exec form, flags. What BuildKit refuses is refused here with the line.
"""

import json
import re
from collections.abc import Iterator

import msgspec

from assay.formats import dockerwords as words
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.patterns import lazy

_DIRECTIVE = lazy(r"#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=(?:[ \t]*(\S.*)|[ \t]+)", re.ASCII)
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_HEREDOC = lazy(r"(\d{0,9})<<(-?)([^<]+)", re.ASCII)
_FIRST = lazy(r"(\S*)(\s*)", re.ASCII)
_JSON = json.JSONDecoder()
_DOCUMENTED = frozenset({"RUN", "COPY", "ADD"})
"""Instructions that may carry here-documents."""
_EXEC = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL", "ADD", "COPY", "VOLUME"})
"""Instructions whose arguments may be a JSON array of strings."""
_LISTS = frozenset({"FROM", "EXPOSE", "ADD", "COPY", "VOLUME"})
"""Instructions whose arguments are words between white space; no quotes are read."""
_PAIRS = frozenset({"ENV", "LABEL"})
INSTRUCTIONS = (
    _EXEC | _LISTS | _PAIRS | {"ARG", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "STOPSIGNAL", "USER", "WORKDIR"}
)


class Heredoc(msgspec.Struct, frozen=True, kw_only=True):
    """A here-document that follows an instruction."""

    name: str
    content: str
    expand: bool = True
    """False where the name is quoted: variables stay as written."""
    chomp: bool = False
    """`<<-`: leading tabs are dropped."""
    descriptor: int = 0


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction; its lines count from 1, `end` includes the here-documents."""

    name: str
    """In capitals."""
    flags: tuple[str, ...] = ()
    """As written, without quotes: `--from=build`."""
    arguments: tuple[str, ...] = ()
    """Words, or one text for the shell form; name and value in turn for `ENV` and `LABEL`."""
    is_json: bool = False
    """Exec form: the arguments were a JSON array."""
    heredocs: tuple[Heredoc, ...] = ()
    inner: "Instruction | None" = None
    """What `ONBUILD` postpones, or the command of `HEALTHCHECK CMD`."""
    text: str = ""
    """The joined line."""
    start: int = 0
    end: int = 0


class Dockerfile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file."""

    instructions: tuple[Instruction, ...]
    directives: dict[str, str] = {}
    """`syntax`, `escape`, `check`, as far as given."""


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Dockerfile:
    """Divide a Dockerfile into its instructions.

    Args:
        data: its bytes, UTF-8; a byte order mark is left out.
        where: named in errors.
        limits: `metadata_bytes` for the file, `dockerfile_instructions_count` for what is in it.

    Raises:
        MalformedError: not UTF-8, a directive twice or unknown escape, an unknown instruction, a here-document or
            pair without end, no instruction at all; the line is named.
        UnsupportedError: more bytes or instructions than anybody writes.
    """
    if len(data) > limits.metadata_bytes:
        raise _too_much(where, f"{len(data)} bytes, limit {limits.metadata_bytes}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _bad(where, line, "not UTF-8") from error
    if "\0" in text:
        raise _bad(where, text.count("\n", 0, text.index("\0")) + 1, "a NUL character")
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    directives = _directives(lines, where)
    found = []
    for number, instruction in enumerate(_Reader(lines, directives.get("escape", "\\"), where)):
        if number == limits.dockerfile_instructions_count:
            raise _too_much(where, f"more than {number} instructions")
        found.append(instruction)
    if not found:
        raise _bad(where, 1, "no instruction")
    return Dockerfile(instructions=tuple(found), directives=directives)


def read_leniently(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Instruction, ...]:
    """The instructions of a file nobody here is going to build: what is no instruction is passed over.

    Args:
        data: its bytes; what is not UTF-8 is replaced.
        where: named in errors.
        limits: `dockerfile_instructions_count`.

    Raises:
        UnsupportedError: more instructions than anybody writes.
    """
    lines = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n").split("\n")
    try:
        escape = _directives(lines, where).get("escape", "\\")
    except MalformedError:
        escape = "\\"
    found = []
    for number, instruction in enumerate(_Reader(lines, escape, where, lenient=True)):
        if number == limits.dockerfile_instructions_count:
            raise _too_much(where, f"more than {number} instructions")
        found.append(instruction)
    return tuple(found)


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str], escape: str, where: str, *, lenient: bool = False) -> None:
        self._lines, self._escape, self._where, self._at = lines, escape, where, 0
        self._lenient = lenient
        mark = re.escape(escape)
        self._continued = re.compile(rf"(?:(?<!{mark})|^){mark}[ \t]*\Z")

    def __iter__(self) -> Iterator[Instruction]:
        while self._at < len(self._lines):
            start = self._at + 1
            line = self._logical()
            try:
                if line.strip():
                    yield self._whole(line, start)
                    continue
                raw = self._lines[start - 1].strip()
                if raw and not raw.startswith("#"):
                    raise _bad(self._where, start, "a continued line without an instruction")
            except MalformedError:
                if not self._lenient:
                    raise

    def _whole(self, line: str, start: int) -> Instruction:
        """An instruction with its here-documents."""
        instruction = self._instruction(line, start)
        documented = instruction
        while documented.inner is not None and documented.name == "ONBUILD":
            documented = documented.inner
        heredocs = self._heredocs(line, start) if _may_document(documented) else ()
        return msgspec.structs.replace(instruction, text=line, start=start, end=self._at, heredocs=heredocs)

    def _logical(self) -> str:
        """The next line with those it continues on; comments and empty lines between them are left out."""
        line = self._lines[self._at].lstrip(" \t\v\f\r")
        self._at += 1
        if line.startswith("#"):
            return ""
        line, going = self._cut(line)
        parts = [line]
        while going and self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            line, going = self._cut(line)
            parts.append(line)
        return "".join(parts)

    def _cut(self, line: str) -> tuple[str, bool]:
        match = self._continued.search(line)
        return (line[: match.start()], True) if match else (line, False)

    def _instruction(self, line: str, start: int) -> Instruction:
        name, _, rest = _parted(line.strip())
        name = name.upper()
        if name not in INSTRUCTIONS:
            raise _bad(self._where, start, f"unknown instruction {name[:40]!a}")
        flags, rest = words.flags(rest)
        rest = rest.strip()
        instruction = Instruction(name=name, flags=flags, start=start, end=start)
        if name == "ONBUILD":
            if not rest:
                raise _bad(self._where, start, "ONBUILD without an instruction")
            inner = self._instruction(rest, start)
            return msgspec.structs.replace(instruction, inner=inner)
        if name == "HEALTHCHECK":
            return self._health(instruction, rest)
        arguments, is_json = self._arguments(name, rest, start)
        return msgspec.structs.replace(instruction, arguments=arguments, is_json=is_json)

    def _health(self, instruction: Instruction, rest: str) -> Instruction:
        if not rest:
            return instruction
        kind, _, command = _parted(rest)
        arguments, is_json = self._arguments("CMD", command.strip(), instruction.start)
        return msgspec.structs.replace(instruction, arguments=(kind, *arguments), is_json=is_json)

    def _arguments(self, name: str, rest: str, start: int) -> tuple[tuple[str, ...], bool]:
        if not rest:
            return (), False
        if name in _EXEC and rest.startswith("["):
            listed = self._json(rest, start)
            if listed is not None:
                return listed, True
        if name in _LISTS:
            return tuple(rest.split()), False
        if name in _PAIRS:
            return self._pairs(name, rest, start), False
        if name == "ARG":
            return tuple(words.split(rest, self._escape)), False
        return (rest,), False

    def _json(self, rest: str, start: int) -> tuple[str, ...] | None:
        """The strings of an exec form; None where it is no JSON and so is a shell form after all."""
        try:
            value, _ = _JSON.raw_decode(rest)  # as BuildKit: what follows the array is not looked at
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _bad(self._where, start, "the array holds something other than strings")
        return tuple(item.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for item in value)

    def _pairs(self, name: str, rest: str, start: int) -> tuple[str, ...]:
        found = words.split(rest, self._escape)
        if not found:
            return ()
        if "=" not in found[0]:  # the old form: one name, and all the rest
            key, _, value = _parted(rest)
            if not value.strip():
                raise _bad(self._where, start, f"{name} must have two arguments")
            return key, value.strip()
        pairs: list[str] = []
        for word in found:
            key, equals, value = word.partition("=")
            if not equals:
                raise _bad(self._where, start, f"{word[:40]!a} is not of the form name=value")
            pairs += [key, value]
        return tuple(pairs)

    def _heredocs(self, line: str, start: int) -> tuple[Heredoc, ...]:
        """The escape is a backslash here, whatever the directive says."""
        if "<<" not in line or not words.is_closed(line, "\\"):
            return ()
        found = []
        for word in words.split(line, "\\"):
            match = _HEREDOC.fullmatch(word)
            if match is None:
                continue
            name = words.unquoted(match[3], "\\")
            if not name:
                continue
            content = self._body(name, start, chomp=bool(match[2]))
            expand = not any(quote in match[3] for quote in words.QUOTES)
            found.append(
                Heredoc(
                    name=name,
                    content=content,
                    expand=expand,
                    chomp=bool(match[2]),
                    descriptor=int(match[1] or 0),
                )
            )
        return tuple(found)

    def _body(self, name: str, start: int, *, chomp: bool) -> str:
        body: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if (line.lstrip("\t") if chomp else line) == name:
                return "".join(body)
            body.append(f"{line}\n")
        raise _bad(self._where, start, f"the here-document {name[:40]!a} has no end")


def _may_document(instruction: Instruction) -> bool:
    return instruction.name in _DOCUMENTED and not instruction.is_json


def _parted(text: str) -> tuple[str, str, str]:
    """The first word, the white space behind it, and the rest."""
    match = _FIRST.match(text)
    return (match[1], match[2], text[match.end() :]) if match else ("", "", text)


def _directives(lines: list[str], where: str) -> dict[str, str]:
    """Parser directives stand before everything else, each once."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.lstrip().rstrip("\r\n"))
        name = match[1].lower() if match else ""
        if match is None or name not in _DIRECTIVES:
            break
        if name in found:
            raise _bad(where, number, f"the directive {name} stands twice")
        value = (match[2] or "").strip()
        if name == "escape" and value not in ("\\", "`"):
            raise _bad(where, number, f"the escape character is \\ or `, not {value[:20]!a}")
        found[name] = value
    return found


def _bad(where: str, line: int, why: str) -> MalformedError:
    return MalformedError("not a Dockerfile", where=f"{where} line {line}", why=why, remedy="mend the line")


def _too_much(where: str, why: str) -> UnsupportedError:
    return UnsupportedError("the Dockerfile is too large", where=where, why=why, remedy="divide it")
