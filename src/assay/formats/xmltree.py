"""Strict XML to a tree of elements: UTF-8, no DTD, no entities beyond XML's own five, bounded depth and size.

A document type declaration is how XML asks a reader to open files and to repeat text a billion times; a bill of
materials needs none, so any is refused. `xml.parsers.expat` is C and knows no recursion; it is imported when needed.
"""

from collections.abc import Iterator, Sequence

import msgspec

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_SPACE = " \t\r\n"


class Element(msgspec.Struct, gc=False):
    """One element: local name, its name space, attributes, children, and its own text, trimmed.

    An attribute of another name space goes by `space name`, so no plain name finds it.
    """

    name: str
    space: str
    line: int
    attributes: dict[str, str] = {}
    children: "Sequence[Element]" = ()
    text: str = ""

    def within(self, space: str) -> "Iterator[Element]":
        """The children of one name space; those of another are an extension."""
        return (child for child in self.children if child.space == space)


def parse(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> Element:
    """Parse one document; the root element.

    Args:
        data: the bytes as received.
        where: named in errors.
        limit: greatest number of bytes.
        depth: greatest nesting of elements.

    Raises:
        MalformedError: too long, too deep, not UTF-8, not well-formed, or with a document type declaration.
    """
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}")
    return _Builder(where, depth).build(data)


class _Builder:
    """Receives the events of one document. Long and plain: two events an element are most of what reading costs."""

    def __init__(self, where: str, depth: int) -> None:
        from xml.parsers import expat

        self._where, self._depth = where, depth
        self._open: list[Element] = []
        self._above: list[list[Element]] = []
        """For each open element the list it stands in."""
        self._names: dict[str, tuple[str, str]] = {}
        """Name as expat gives it → local name and name space; as many as the document has different ones."""
        self._pieces: list[str] = []
        """Texts of the open elements, those of an inner one behind its parent's."""
        self._marks: list[int] = []
        """For each open element where its texts begin."""
        self._error = expat.ExpatError
        parser = self._parser = expat.ParserCreate("UTF-8", " ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append  # no Python frame for a text

    def build(self, data: bytes) -> Element:
        roots: list[Element] = []
        self._above.append(roots)
        try:
            self._parser.Parse(data, True)
        except self._error as error:
            raise _bad(self._where, f"not well-formed: {error}") from error
        if not roots:
            raise _bad(self._where, "no element")
        return roots[0]

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise _bad(self._where, f"encoding {encoding[:20]!a}, not UTF-8")

    def _doctype(self, *_: object) -> None:
        raise _bad(self._place(), "a document type declaration (DTDs and entities are not read)")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        opened, pieces = self._open, self._pieces
        if len(opened) >= self._depth:
            raise _bad(self._place(), f"nested deeper than {self._depth}")
        known = self._names.get(name)
        if known is None:
            space, _, local = name.rpartition(" ")
            known = self._names[name] = (local, space)
        element = Element(known[0], known[1], self._parser.CurrentLineNumber, attributes)
        above = self._above
        if len(above) == len(opened):  # the first child of its parent: most elements have none
            parent = opened[-1]
            parent.children = children = [element]
            above.append(children)
        else:
            above[-1].append(element)
        opened.append(element)
        self._marks.append(len(pieces))

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if len(self._above) > len(self._open) + 1:
            self._above.pop()
        mark, pieces = self._marks.pop(), self._pieces
        if len(pieces) > mark:
            element.text = "".join(pieces[mark:]).strip(_SPACE)
            del pieces[mark:]

    def _place(self) -> str:
        return f"{self._where} line {self._parser.CurrentLineNumber}"


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable XML", where=where, why=why, remedy="ask its author for a valid document")
