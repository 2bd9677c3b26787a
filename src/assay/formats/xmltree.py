"""Strict XML to a tree of elements: UTF-8, no DTD, no entities beyond XML's own five, bounded depth and size.

A document type declaration is how XML asks a reader to open files and to repeat text a billion times; a bill of
materials needs none, so any is refused. `xml.parsers.expat` is C and knows no recursion; it is imported when needed.
"""

from collections.abc import Iterator

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
    children: "list[Element]" = []
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
    """Receives the events of one document."""

    def __init__(self, where: str, depth: int) -> None:
        from xml.parsers import expat

        self._where, self._depth = where, depth
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._root: Element | None = None
        self._error = expat.ExpatError
        parser = self._parser = expat.ParserCreate("UTF-8", " ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def build(self, data: bytes) -> Element:
        try:
            self._parser.Parse(data, True)
        except self._error as error:
            raise _bad(self._where, f"not well-formed: {error}") from error
        if self._root is None:
            raise _bad(self._where, "no element")
        return self._root

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise _bad(self._where, f"encoding {encoding[:20]!a}, not UTF-8")

    def _doctype(self, *_: object) -> None:
        raise _bad(self._place(), "a document type declaration (DTDs and entities are not read)")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= self._depth:
            raise _bad(self._place(), f"nested deeper than {self._depth}")
        space, _, local = name.rpartition(" ")
        element = Element(local, space, self._parser.CurrentLineNumber, attributes, [])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip(_SPACE)

    def _text(self, text: str) -> None:
        self._texts[-1].append(text)

    def _place(self) -> str:
        return f"{self._where} line {self._parser.CurrentLineNumber}"


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable XML", where=where, why=why, remedy="ask its author for a valid document")
