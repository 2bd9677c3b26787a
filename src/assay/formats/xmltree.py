"""Strict XML to a tree of elements: UTF-8, no DTD, no entities beyond XML's own five, bounded depth and size.

A document type declaration is how XML asks a reader to open files and to repeat text a billion times; a bill of
materials needs none, so any is refused. Parser and elements are C; they are imported when needed.

The tree is built twice at most. `pieces` leaves the events to C: three times as fast, without lines. Where it is in
doubt (a document type, an encoding, damage) or its caller finds fault, `parse` has the last word, and says the line.
"""

import re
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, cast

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ENCODINGS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
SPACE = " \t\r\n"
"""What is trimmed from texts."""
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml version=[\"']1\.[01][\"'](?: encoding=[\"'](?i:utf-8)[\"'])?\?>)?\s{0,9}<[^?]"
)
"""How nearly all documents begin; what begins otherwise is read with its declaration looked at."""
_CHUNK_BYTES = 64 << 10
"""What is read between two looks: its tree stays in a processor's cache until it is taken."""


def pieces(
    data: bytes,
    *,
    limit: int,
    apart: Container[str],
    depth: int = DEFAULT_LIMITS.json_depth_count,
    chunk: int = _CHUNK_BYTES,
) -> "Iterator[Element]":
    """A document that `parse` would accept, in pieces: the last is the root, with all that was not taken out before.

    A long list is never held whole: its tree takes ten times the memory of its text, and with it the time. What is
    complete in a child of the root whose local name is in `apart` is moved, as the document is read, into elements of
    the same names: each piece before the last is a root with one such child in it.

    Names are those of ElementTree (`{space}local`). Elements know no line.

    Raises:
        MalformedError: whether `parse` would accept it is in doubt, perhaps after pieces were given out; ask it.
    """
    from xml.etree import ElementTree

    if len(data) > limit or not _HEAD.match(data) or b"<!DOCTYPE" in data:
        raise _bad("", "not plain")
    builder = ElementTree.TreeBuilder()
    top = builder.start("", {})  # the root will hang in it: the builder itself shows it only when all is read
    parser = ElementTree.XMLParser(target=builder, encoding="utf-8")  # noqa: S314 - no DTD, no entity
    try:
        for begin in range(0, len(data), chunk):
            parser.feed(data[begin : begin + chunk])
            if len(top) and len(top[0]) and len(top[0][-1]) > 1 and _local(top[0][-1]) in apart:
                yield _bounded(_taken(top[0]), depth)
        parser.close()
    except ElementTree.ParseError as error:
        raise _bad("", "not well-formed") from error
    yield _bounded(top[0], depth)


def _local(element: "Element") -> str:
    return element.tag.rpartition("}")[2]


def _taken(root: "Element") -> "Element":
    """What is complete in the last child of the root: moved, in elements of the same names."""
    last = root[-1]
    whole, piece = root.makeelement(root.tag, {}), root.makeelement(last.tag, {})
    piece.extend(last[:-1])
    del last[:-1]
    whole.append(piece)
    return whole


def _bounded(root: "Element", depth: int) -> "Element":
    if _is_deeper(root, depth):
        raise _bad("", "too deep")
    return root


def _is_deeper(root: "Element", depth: int) -> bool:
    """Whether elements nest deeper: the numbers of children in the document's order say it."""
    missing: list[int] = []
    """For each open element how many stand beside it that are still to come."""
    left = 1
    for count in map(len, root.iter()):
        if count:
            missing.append(left - 1)
            if len(missing) >= depth:
                return True
            left = count
            continue
        left -= 1
        while not left:
            if not missing:
                return False
            left = missing.pop()
    return False


def parse(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> "Element":
    """Parse one document; the root element, which like all below it knows its line (`line_of`).

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


def text_of(element: "Element") -> str:
    """An element's own text, trimmed: what stands in it and not in those inside it."""
    text = element.text or ""
    if len(element):
        text += "".join([child.tail or "" for child in element])
    return text.strip(SPACE)


def line_of(element: "Element") -> int:
    """The line an element begins in; 0 where `pieces` made it."""
    return getattr(element, "line", 0)


def _build(data: bytes, where: str, depth: int) -> "Element":
    """The tree with lines, by events in Python."""
    from xml.etree import ElementTree
    from xml.parsers import expat

    class Placed(ElementTree.Element):
        line: int

    parser = expat.ParserCreate("UTF-8", "}")
    builder = ElementTree.TreeBuilder(element_factory=Placed)
    opened = 0

    def named(name: str) -> str:
        return "{" + name if "}" in name else name

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal opened
        opened += 1
        if opened > depth:
            raise _bad(f"{where} line {parser.CurrentLineNumber}", f"nested deeper than {depth}")
        element = cast(Placed, builder.start(named(name), {named(key): value for key, value in attributes.items()}))
        element.line = parser.CurrentLineNumber

    def end(name: str) -> None:
        nonlocal opened
        opened -= 1
        builder.end(named(name))

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
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _bad(where, f"not well-formed: {error}") from error
    return builder.close()


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable XML", where=where, why=why, remedy="ask its author for a valid document")
