"""The part of YAML 1.2 that package managers write into their lock files; everything else is refused.

Read: block mappings and sequences, flow collections on one line, plain, single- and double-quoted scalars on one line,
block scalars (`|`, `>`), explicit keys (`? key`), comments, several documents. Refused: anchors, aliases, tags,
directives, tabs as indentation, other scalars over several lines, duplicate keys. A scalar is always text: the
version `1.10` is no number, and `no` is no boolean; an absent value is the empty text.
"""

import json
import re
from typing import NoReturn, TypeAlias

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.patterns import lazy

Node: TypeAlias = "str | list[Node] | dict[str, Node]"

_KEY_END = lazy(r":(?= |$)")
_COMMENT = lazy(r"[ \t]#")
_FLOW_END = lazy(r"[,\[\]{}]|:(?=[ ,\]}]|$)|[ \t]#")
_SINGLE = lazy(r"'((?:[^']|'')*+)'")
_DOUBLE = lazy(r'"((?:[^"\\]|\\.)*+)"')
_BLOCK = lazy(r"([|>])([+-]?)(?:[ \t]+#.*)?")
_NOT_PLAIN = tuple("&*!%@`|>")
_ESCAPED_AS_JSON = lazy(r'\\(?!["\\/bfnrtu])')


def loads(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> tuple[Node, ...]:
    """Parse a file of one or several documents.

    Args:
        data: the bytes as received.
        where: named in errors.
        limit: greatest number of bytes.
        depth: greatest nesting of collections.

    Returns:
        The documents that are not empty, in their order.

    Raises:
        MalformedError: too long, too deep, not UTF-8, or outside the subset; with the line.
    """
    if len(data) > limit:
        raise MalformedError("not acceptable YAML", where=where, why=f"{len(data)} bytes, limit {limit}")
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise MalformedError("not acceptable YAML", where=where, why=f"not UTF-8 at byte {error.start}") from error
    return _Reader(text.replace("\r\n", "\n").split("\n"), where, depth).documents()


class _Reader:
    """Reads line by line; `_at` is the next line that nobody has read."""

    def __init__(self, lines: list[str], where: str, depth: int) -> None:
        self._lines, self._where, self._limit = lines, where, depth
        self._at = 0

    def documents(self) -> tuple[Node, ...]:
        found: list[Node] = []
        while (line := self._peek()) is not None:
            indent, text = line
            if text in ("---", "..."):
                self._at += 1
                continue
            found.append(self._block(indent, 0))
            rest = self._peek()
            if rest is not None and rest[1] not in ("---", "..."):
                self._bad("content after the end of the document")
        return tuple(found)

    def _peek(self) -> tuple[int, str] | None:
        """Indentation and text of the next line that is neither blank nor a comment."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            text = line.lstrip(" ")
            if text.startswith("\t") and text.strip():
                self._bad("a tab as indentation")
            if text.strip() and not text.startswith("#"):
                return len(line) - len(text), text.rstrip()
            self._at += 1
        return None

    def _block(self, indent: int, depth: int) -> Node:
        """The collection or scalar whose lines begin at this indentation."""
        if depth > self._limit:
            self._bad(f"nested deeper than {self._limit}")
        line = self._peek()
        text = line[1] if line is not None else ""
        if _is_item(text):
            return self._sequence(indent, depth)
        if text.startswith("? ") or self._key(text) is not None:
            return self._mapping(indent, depth)
        self._at += 1
        return self._inline(text, depth)

    def _sequence(self, indent: int, depth: int) -> Node:
        found: list[Node] = []
        while (line := self._peek()) is not None and line[0] == indent and _is_item(line[1]):
            rest = line[1][1:].lstrip(" ")
            rest = "" if rest.startswith("#") else rest  # a comment, whatever it looks like
            if rest and (_is_item(rest) or self._key(rest) is not None):
                # The item's own collection begins on this line: read the line again without its dash.
                inner = indent + len(line[1]) - len(rest)
                self._lines[self._at] = " " * inner + rest
                found.append(self._block(inner, depth + 1))
            else:
                self._at += 1
                found.append(self._value(rest, indent, depth, item=True))
        self._end(indent)
        return found

    def _mapping(self, indent: int, depth: int) -> Node:
        found: dict[str, Node] = {}
        while (line := self._peek()) is not None and line[0] == indent and not _is_item(line[1]):
            text = line[1]
            if text in ("---", "..."):
                break
            if text.startswith("? "):
                key, value = self._explicit(text[2:], indent, depth)
            else:
                parts = self._key(text)
                if parts is None:
                    self._bad("neither a key nor an item")
                key = parts[0]
                self._at += 1
                value = self._value(parts[1], indent, depth)
            if key in found:
                self._bad(f"duplicate key {key[:100]!r}")
            found[key] = value
        self._end(indent)
        return found

    def _explicit(self, text: str, indent: int, depth: int) -> tuple[str, Node]:
        """`? key` on one line, `: value` on the next ones (YAML 1.2.2, 8.2.2)."""
        key = self._inline(text.strip(), depth)
        if not isinstance(key, str):
            self._bad("a key that is no scalar")
        self._at += 1
        line = self._peek()
        if line is None or line[0] != indent or not (line[1] == ":" or line[1].startswith(": ")):
            return key, ""
        rest = line[1][1:].lstrip(" ")
        if rest and self._key(rest) is not None:
            inner = indent + len(line[1]) - len(rest)
            self._lines[self._at] = " " * inner + rest
            return key, self._block(inner, depth + 1)
        self._at += 1
        return key, self._value(rest, indent, depth)

    def _end(self, indent: int) -> None:
        line = self._peek()
        if line is not None and line[0] > indent:
            self._bad("a line deeper than what it belongs to")

    def _key(self, text: str) -> tuple[str, str] | None:
        """Key and the text behind its colon; None where the line has no key."""
        if text[:1] in ("'", '"'):
            match = (_SINGLE if text[0] == "'" else _DOUBLE).match(text)
            if match is None or text[match.end() : match.end() + 1] != ":":
                return None
            if text[match.end() + 1 : match.end() + 2] not in ("", " "):
                return None
            return self._unquote(match), text[match.end() + 1 :].strip(" ")
        if text[:1] in ("{", "[") or text.startswith(_NOT_PLAIN):
            return None
        colon = _KEY_END.search(text)
        comment = _COMMENT.search(text)
        if colon is None or (comment is not None and comment.start() < colon.start()):
            return None
        return text[: colon.start()].rstrip(), text[colon.end() :].strip(" ")

    def _value(self, rest: str, indent: int, depth: int, *, item: bool = False) -> Node:
        """What stands behind a key or a dash, on the same line or on deeper ones.

        A key's sequence may lie as deep as the key itself (YAML 1.2.2, 8.2.1); after a dash that is the next item.
        """
        if not rest or rest.startswith("#"):
            line = self._peek()
            if line is not None and line[0] > indent:
                return self._block(line[0], depth + 1)
            if line is not None and line[0] == indent and _is_item(line[1]) and not item:
                return self._sequence(indent, depth + 1)
            return ""
        if rest[0] in "|>":
            return self._literal(rest, indent)
        return self._inline(rest, depth)

    def _literal(self, head: str, indent: int) -> str:
        """A block scalar: deeper lines as they are (`|`), or joined by blanks (`>`)."""
        style = _BLOCK.fullmatch(head)
        if style is None:
            self._bad("a block scalar with an indentation indicator")
        lines: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            lines.append(line.strip())
            self._at += 1
        return ("\n" if style[1] == "|" else " ").join(lines).strip()

    def _inline(self, text: str, depth: int) -> Node:
        """A scalar or a flow collection that fills the rest of its line."""
        if text[0] in "{[":
            node, end = self._flow(text, 0, depth + 1)
        elif text[0] in "'\"":
            node, end = self._quoted(text, 0)
        else:
            if text.startswith(_NOT_PLAIN):
                self._bad(f"{text[0]!r} begins nothing that lock files hold")
            comment = _COMMENT.search(text)
            node, end = _plain(text[: comment.start()] if comment else text), len(text)
        rest = text[end:].strip()
        if rest and not rest.startswith("#"):
            self._bad("more text behind a value")
        return node

    def _quoted(self, text: str, at: int) -> tuple[str, int]:
        match = (_SINGLE if text[at] == "'" else _DOUBLE).match(text, at)
        if match is None:
            self._bad("a quoted text that does not end on its line")
        return self._unquote(match), match.end()

    def _unquote(self, match: re.Match[str]) -> str:
        if match[0].startswith("'"):
            return match[1].replace("''", "'")
        if "\\" not in match[1]:
            return match[1]
        if _ESCAPED_AS_JSON.search(match[1].replace("\\\\", "")):
            self._bad("an escape that JSON does not know")
        try:
            return str(json.loads(match[0], strict=False))
        except ValueError:
            self._bad("a broken escape")

    def _flow(self, text: str, at: int, depth: int) -> tuple[Node, int]:
        """A flow collection from its opening bracket; the node and the position behind it."""
        if depth > self._limit:
            self._bad(f"nested deeper than {self._limit}")
        mapping = text[at] == "{"
        close = "}" if mapping else "]"
        items: list[Node] = []
        pairs: dict[str, Node] = {}
        at = _skip(text, at + 1)
        while at < len(text) and text[at] != close:
            node, at = self._flow_node(text, at, depth)
            if mapping:
                if not isinstance(node, str) or node in pairs:
                    self._bad("a duplicate key, or one that is no scalar")
                value: Node = ""
                if text[at : at + 1] == ":":
                    at = _skip(text, at + 1)
                    if text[at : at + 1] not in (",", close):
                        value, at = self._flow_node(text, at, depth)
                pairs[node] = value
            else:
                items.append(node)
            if text[at : at + 1] == ",":
                at = _skip(text, at + 1)
            elif text[at : at + 1] != close:
                break
        if text[at : at + 1] != close:
            self._bad("a flow collection that does not end on its line")
        return (pairs if mapping else items), at + 1

    def _flow_node(self, text: str, at: int, depth: int) -> tuple[Node, int]:
        start = text[at : at + 1]
        node: Node
        if start and start in "{[":
            node, at = self._flow(text, at, depth + 1)
        elif start and start in "'\"":
            node, at = self._quoted(text, at)
        else:
            end = _FLOW_END.search(text, at)
            if end is None or end.start() == at or text.startswith(_NOT_PLAIN, at):
                self._bad("nothing a flow collection may hold")
            node, at = _plain(text[at : end.start()]), end.start()
        return node, _skip(text, at)

    def _bad(self, why: str) -> NoReturn:
        raise MalformedError(
            "not acceptable YAML",
            where=f"{self._where}, line {min(self._at + 1, len(self._lines))}",
            why=why,
            remedy="let its tool write the file anew",
        )


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _plain(text: str) -> str:
    text = text.strip()
    return "" if text in ("~", "null") else text


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at
