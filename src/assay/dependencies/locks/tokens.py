"""Words, strings and marks of a program that is read and not run (Groovy, Kotlin, Swift). Linear in the text."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from assay.model.patterns import lazy

Kind = Literal["word", "text", "template", "mark"]


_PIECE = lazy(
    r"[ \t\r\n]+|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_$][\w$]{0,200}|[0-9][\w.]{0,200}|."
)
_COMMENT = lazy(r"/\*|\*/")
_TRIPLE = ('"""', "'''")


class Token(NamedTuple):
    """One piece: a `text` without its quotes, a `template` is a text with parts that are computed."""

    kind: Kind
    text: str
    line: int


def tokens(written: str, *, computed: str, nested: bool) -> Iterator[Token]:
    """The pieces of a program, without comments and blanks.

    Args:
        written: the program.
        computed: what begins a computed part of a text in double quotes (`$`, or a backslash and a bracket).
        nested: whether comments lie in comments.
    """
    at, line = 0, 1
    while at < len(written):
        if written.startswith("/*", at):
            end = _comment(written, at, nested=nested)
        elif written.startswith(_TRIPLE, at):
            closing = written.find(written[at : at + 3], at + 3)
            end = len(written) if closing < 0 else closing + 3
            yield _text(written[at + 3 : end - 3], written[at], computed, line)
        else:
            match = _PIECE.match(written, at)
            piece = match[0] if match else written[at]
            end = at + len(piece)
            if piece[0] in "\"'" and len(piece) > 1:
                yield _text(piece[1:-1], piece[0], computed, line)
            elif piece[0].isalnum() or piece[0] in "_$":
                yield Token("word", piece, line)
            elif not piece[0].isspace() and not piece.startswith("//"):
                yield Token("mark", piece, line)
        line += written.count("\n", at, end)
        at = end


def _text(inner: str, quote: str, computed: str, line: int) -> Token:
    whole = "\\" in inner or (quote == '"' and computed in inner)
    return Token("template" if whole else "text", inner, line)


def _comment(written: str, at: int, *, nested: bool) -> int:
    """Where a comment ends; one that does not end takes the rest."""
    if not nested:
        end = written.find("*/", at + 2)
        return len(written) if end < 0 else end + 2
    depth = 0
    for match in _COMMENT.finditer(written, at):
        depth += 1 if match[0] == "/*" else -1
        if not depth:
            return match.end()
    return len(written)


def closed(found: list[Token], at: int) -> int:
    """The index behind the bracket that closes the one at `at`; the end of all where none does."""
    depth = 0
    for index in range(at, len(found)):
        token = found[index]
        if token.kind == "mark":
            depth += (token.text in "([{") - (token.text in ")]}")
            if not depth:
                return index + 1
    return len(found)


def parted(found: list[Token]) -> Iterator[list[Token]]:
    """The arguments between commas that no bracket encloses."""
    begun, depth = 0, 0
    for index, token in enumerate(found):
        if token.kind == "mark":
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == "," and not depth:
                yield found[begun:index]
                begun = index + 1
    if begun < len(found):
        yield found[begun:]
