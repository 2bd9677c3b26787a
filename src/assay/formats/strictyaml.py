"""YAML 1.1 as PyYAML's events tell it, kept to what has one reading: texts, lists, maps, each with its place.

Every scalar stays the text that was written (`3.10`, `no`, `0644`, `22:22`): the reader's types decide, not the
loader's guesses. Refused: duplicate keys, anchors, aliases, tags, several documents, keys that are no texts, more
bytes or levels than allowed. PyYAML's own loader takes the first three in silence.
"""

from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

import msgspec
import yaml

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS


class Mark(msgspec.Struct, frozen=True, order=True):
    """A place in a text; both count from 1, `column` in characters."""

    line: int
    column: int


class Scalar(msgspec.Struct, frozen=True):
    """A text as written."""

    text: str
    mark: Mark
    style: str = ""
    """How it was written: `'`, `"`, `|` or `>`; empty = without quotes, and only then no text means "nothing"."""


class Sequence(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple["Node", ...]
    mark: Mark


class Entry(msgspec.Struct, frozen=True):
    """One entry of a map."""

    key: Scalar
    value: "Node"


class Mapping(msgspec.Struct, frozen=True):
    """A map; keys differ and stand in the order of the text."""

    entries: tuple[Entry, ...]
    mark: Mark


Node: TypeAlias = Scalar | Sequence | Mapping


def load(
    data: bytes,
    *,
    where: str,
    limit: int = DEFAULT_LIMITS.build_spec_bytes,
    depth: int = DEFAULT_LIMITS.build_spec_depth_count,
) -> Node:
    """The one document of a text.

    Args:
        data: the bytes as received.
        where: name of the file, for errors (`where:line:column`).
        limit: greatest number of bytes.
        depth: greatest nesting of lists and maps.

    Raises:
        MalformedError: anything else than one document of the kind described above, with its place.
    """
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}", "split it, or move long texts into files")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(where, f"not UTF-8 at byte {error.start}", "save the file as UTF-8") from error
    return _Reader(text.removeprefix("\ufeff"), where, depth).document()


def place(where: str, mark: Mark) -> str:
    """`file:line:column`."""
    return f"{where}:{mark.line}:{mark.column}"


class _Reader:
    """Turns events into nodes, on a stack of its own depth: PyYAML's composer recurses until the interpreter ends."""

    def __init__(self, text: str, where: str, depth: int) -> None:
        self._where, self._limit = where, depth
        self._events = self._checked(text)

    def document(self) -> Node:
        """The root node of the only document."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._refuse(event, "a second document", "keep one document in a file")
                if event.version or event.tags:
                    self._refuse(event, "a directive", "remove the lines that begin with %")
                root = self._node(next(self._events), 0)
        if root is None:
            raise _bad(self._where, "it is empty", "write a document into it")
        return root

    def _checked(self, text: str) -> Iterator[Any]:
        """The events; whatever PyYAML raises becomes our error, with the best place it knows."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            yield from yaml.parse(text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            why = " ".join(filter(None, (error.context, error.problem))) or "not YAML"
            where = self._where if mark is None else place(self._where, _mark(mark))
            raise _bad(where, why[:300], "correct the line (indentation, quotes, colons)") from error
        except yaml.reader.ReaderError as error:
            # Its position counts characters of the whole text.
            where = place(self._where, _counted(text, error.position))
            raise _bad(where, f"a character YAML does not allow: {error.reason}"[:300], "remove it") from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise _bad(self._where, str(error)[:300] or "not YAML", "correct the file") from error

    def _node(self, event: Any, depth: int) -> Node:
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"the alias *{event.anchor}"[:100], "write the value again")
        if event.anchor:
            self._refuse(event, f"the anchor &{event.anchor}"[:100], "remove it and write values where they belong")
        if event.tag:
            self._refuse(event, f"the tag {event.tag}"[:100], "remove it: the field decides the type")
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                self._refuse(event, "a NUL in a text", "remove it")
            return Scalar(event.value, mark, event.style or "")
        if depth >= self._limit:
            self._refuse(event, f"nested deeper than {self._limit} levels", "write it flatter")
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(tuple(self._items(depth + 1)), mark)
        return self._mapping(mark, depth + 1)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth)

    def _mapping(self, mark: Mark, depth: int) -> Mapping:
        entries: list[Entry] = []
        seen: dict[str, Mark] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth)
            if not isinstance(key, Scalar):
                self._refuse(event, "a key that is no text", "write a plain word before the colon")
            if key.text in seen:
                why = f"the key {key.text[:60]!r} stands in line {seen[key.text].line} already"
                self._refuse(event, why, "keep one of the two")
            seen[key.text] = key.mark
            entries.append(Entry(key, self._node(next(self._events), depth)))
        return Mapping(tuple(entries), mark)

    def _refuse(self, event: Any, why: str, remedy: str) -> NoReturn:
        raise _bad(place(self._where, _mark(event.start_mark)), why, remedy)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _counted(text: str, position: int) -> Mark:
    before = text[:position]
    return Mark(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _bad(where: str, why: str, remedy: str) -> MalformedError:
    return MalformedError("not acceptable YAML", where=where, why=why, remedy=remedy)
