"""Who asked for a line of a compiled requirements file: the `# via` marks that pip-compile and uv write.

pip-tools documentation, "--annotation-style" (`split` and `line`); uv documentation, "uv pip compile". A mark names
packages of the same file, or the file of the project that asks (`-r requirements.in`, `app (pyproject.toml)`).
"""

import re
from collections.abc import Iterable, Iterator

from assay.dependencies.names import canonical_name

PROJECT = ""
"""Stands for the project itself among those who asked."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_INPUTS = ("-r ", "-e ", "--requirement ", "--editable ")
_LINE_CHARACTERS = 10_000
"""No mark is longer; what is, is cut."""


def asked_by(lines: Iterable[str]) -> dict[str, set[str]]:
    """Canonical name of a package to those who asked for it: canonical names, `PROJECT`; without marks nothing.

    >>> asked_by(["a==1  # via -r x.in", "b==2 \\\\", "    --hash=x", "    # via", "    #   A", "c==3"])
    {'a': {''}, 'b': {'a'}}
    """
    found: dict[str, set[str]] = {}
    current, listing = "", False
    for line in lines:
        text = line[:_LINE_CHARACTERS].strip()
        if line.startswith("#"):
            current = ""  # marks are indented; what is not speaks of no line
        elif not text.startswith("#"):
            if not line[:1].isspace():
                name = _NAME.match(text)
                current = canonical_name("PyPI", name[0]) if name else ""
            text = text.partition(" #")[2].strip()
            listing = False
        else:
            text = text[1:].strip()
        if not current:
            continue
        if text == "via" or text.startswith("via "):
            listing, text = True, text[4:]
        if listing and text:
            found.setdefault(current, set()).update(_askers(text))
    return found


def _askers(text: str) -> Iterator[str]:
    """Of constraints (`-c`) nobody is asked for; of a word that is no name nothing is known."""
    for word in map(str.strip, text.split(",")):
        if word.startswith(_INPUTS) or (word.endswith(")") and "(" in word):
            yield PROJECT
        elif _NAME.fullmatch(word):
            yield canonical_name("PyPI", word)
