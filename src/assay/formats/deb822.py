"""Deb822: paragraphs of `Name: value` fields, as dpkg writes them (deb822(5))."""

from collections.abc import Iterator

_FOLD = " \t"


def paragraphs(text: str, wanted: frozenset[str]) -> Iterator[dict[str, str] | None]:
    """Yield each paragraph's wanted fields.

    Args:
        text: the document; surrogateescape text is fine.
        wanted: field names in lower case; the others are not kept. deb822(5): names are not case-sensitive.

    Yields:
        Field name in lower case → value; continuation lines are joined with newlines. None for a paragraph that has a
        line which is neither field nor continuation. A field that comes twice keeps its first value.
    """
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if not any(lines):
            continue
        yield _paragraph(lines, wanted)


def _paragraph(lines: list[str], wanted: frozenset[str]) -> dict[str, str] | None:
    record: dict[str, str] = {}
    key = ""
    for line in lines:
        if not line:
            continue
        if line[0] in _FOLD:
            if key:
                record[key] += "\n" + line.strip()
            continue
        name, colon, value = line.partition(":")
        if not colon or not name:
            return None
        name = name.lower()
        key = name if name in wanted and name not in record else ""
        if key:
            record[key] = value.strip()
    return record
