"""Deb822: paragraphs of `Name: value` fields, as dpkg writes them (deb822(5))."""

import re
from collections.abc import Iterator

_FOLD = " \t"
_FIELDS = re.compile(r"\n(?![ \t])")
"""A line's end that the next line does not continue."""


def paragraphs(text: str, wanted: frozenset[str]) -> Iterator[dict[str, str] | None]:
    """Yield each paragraph's wanted fields.

    Args:
        text: the document; surrogateescape text is fine.
        wanted: field names in lower case; the others are not kept. deb822(5): names are not case-sensitive.

    Yields:
        Field name in lower case → value; continuation lines are joined with newlines. None for a paragraph that has a
        line which is neither field nor continuation. A field that comes twice keeps its first value.
    """
    for block in blocks(text):
        yield paragraph(block, wanted)


def blocks(text: str) -> Iterator[str]:
    """Each paragraph as it is written."""
    for block in text.split("\n\n"):
        if block := block.strip("\n"):
            yield block


def paragraph(block: str, wanted: frozenset[str]) -> dict[str, str] | None:
    """The wanted fields of one paragraph, as `paragraphs` gives them."""
    record: dict[str, str] = {}
    for field in _FIELDS.split(block):  # whole fields: most lines continue one, and most fields nobody wants
        if field[0] in _FOLD:  # continues nothing
            continue
        name, colon, value = field.partition(":")
        if not colon or not name or "\n" in name:
            return None
        name = name.lower()
        if name in wanted and name not in record:
            record[name] = "\n".join(map(str.strip, value.split("\n")))
    return record
