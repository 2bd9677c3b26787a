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
    return _build(data, where, depth)


def _build(data: bytes, where: str, depth: int) -> Element:
    """The tree. Long and plain: two events an element are most of what reading costs."""
    from xml.parsers import expat

    parser = expat.ParserCreate("UTF-8", " ")
    top = Element("", "", 0, {}, [])
    opened = [top]
    pieces: list[str] = []
    """Texts of the open elements, those of an inner one behind its parent's."""
    marks: list[int] = []
    """For each open element where its texts begin."""
    names: dict[str, tuple[str, str]] = {}
    """Name as expat gives it → local name and name space; as many as the document has different ones."""

    def start(name: str, attributes: dict[str, str]) -> None:
        if name in names:
            local, space = names[name]
        else:
            space, _, local = name.rpartition(" ")
            names[name] = (local, space)
        element = Element(local, space, parser.CurrentLineNumber, attributes)
        parent = opened[-1]
        if parent.children:
            parent.children.append(element)  # type: ignore[attr-defined]
        else:  # most elements have none, and share the empty tuple
            parent.children = [element]
        opened.append(element)
        marks.append(len(pieces))
        if len(marks) > depth:
            raise _bad(f"{where} line {element.line}", f"nested deeper than {depth}")

    def end(_name: str) -> None:
        element, mark = opened.pop(), marks.pop()
        count = len(pieces) - mark
        if count == 1:
            element.text = pieces.pop().strip(_SPACE)
        elif count:
            element.text = "".join(pieces[mark:]).strip(_SPACE)
            del pieces[mark:]

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise _bad(where, f"encoding {encoding[:20]!a}, not UTF-8")

    def doctype(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise _bad(f"{where} line {line}", "a document type declaration (DTDs and entities are not read)")

    parser.buffer_text = True
    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = pieces.append  # no Python frame for a text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _bad(where, f"not well-formed: {error}") from error
    if not top.children:
        raise _bad(where, "no element")
    return top.children[0]


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable XML", where=where, why=why, remedy="ask its author for a valid document")
