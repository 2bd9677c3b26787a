"""Text that cannot misbehave: control characters made visible, widths counted, cells cut to fit.

Names in an image are an attacker's to choose; none may move the cursor, recolour the screen or break a table.
"""

import unicodedata
from collections.abc import Iterable

from assay.formats.plaintext import safe

__all__ = ["cut", "cut_middle", "cut_start", "joined", "pad", "safe", "width", "wrap"]


def width(text: str) -> int:
    """Columns the text takes on a terminal: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )


def cut(text: str, columns: int) -> str:
    """The text in at most `columns` columns; what is cut is shown by an ellipsis."""
    if width(text) <= columns:
        return text
    if columns < 1:
        return ""
    kept: list[str] = []
    used = 0
    for character in text:
        used += width(character)
        if used > columns - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def pad(text: str, columns: int) -> str:
    """The text cut or filled with spaces to exactly `columns` columns."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def cut_middle(text: str, columns: int) -> str:
    """Like `cut`, but both ends stay: the ends are what tells two versions apart."""
    if width(text) <= columns or not text.isascii() or columns < 3:
        return cut(text, columns)
    tail = (columns - 1) // 2
    return text[: columns - 1 - tail] + "…" + text[-tail:]


def cut_start(text: str, columns: int) -> str:
    """Like `cut`, but the end stays: of `golang.org/x/crypto` it is the end that tells what it is."""
    if width(text) <= columns or not text.isascii() or columns < 1:
        return cut(text, columns)
    return "…" + text[len(text) - columns + 1 :]


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """Words over several lines, never wider than `columns`; a word that is too long is cut."""
    lines: list[str] = []
    line = ""
    room = columns - len(indent)
    for word in text.split():
        if line and width(line) + 1 + width(word) > room:
            lines.append(indent + line)
            line = ""
        line = f"{line} {word}" if line else cut(word, room)
    return [*lines, indent + line] if line else lines


def hanging(text: str, columns: int, indent: str = "    ") -> list[str]:
    """Words over several lines, those after the first behind an indent."""
    first, *rest = wrap(text, columns - len(indent)) or [""]
    return [first, *(indent + line for line in rest)]


def joined(items: Iterable[str], columns: int, separator: str = " · ") -> list[str]:
    """Items over several lines, the separator only between two on one line; an item that is too long is wrapped."""
    lines: list[str] = []
    for item in filter(None, items):
        if lines and width(lines[-1]) + width(separator) + width(item) <= columns:
            lines[-1] += separator + item
        else:
            lines += wrap(item, columns)
    return lines
