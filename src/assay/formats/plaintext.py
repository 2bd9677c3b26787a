"""Names from images and feeds as text that cannot misbehave: in a terminal, a build log, Markdown, a spreadsheet.

Names in an image are an attacker's to choose; none may move the cursor, recolour the screen, break a table, give a
build server an order, or become a formula.
"""

import re
import unicodedata

_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
# GitHub's runner obeys a line that begins with `::`, blanks before it or not, and `##[` anywhere; Azure Pipelines
# `##vso[`, TeamCity `##teamcity[`. A name can get to the beginning of a line when text is wrapped.
_ORDER = re.compile(r"(?:(?<=\s)|^):(?=:)|#(?=#[A-Za-z]{0,20}\[)")
_CELL_CHARACTERS = 32_000
"""A spreadsheet's cell holds 32,767."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&@$:])")
_FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠")


def safe(text: str) -> str:
    """The text with control, bidirectional and surrogate characters, and orders to build servers, shown as escapes."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_visible(character) for character in text)
    return _ORDER.sub(_escaped, text) if "::" in text or "##" in text else text


def markdown(text: str) -> str:
    """Text that Markdown (GitHub's, GitLab's and CommonMark) shows literally, on one line."""
    return _MARKDOWN.sub(r"\\\1", safe(text).replace("\n", " "))


def cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line: an apostrophe stands before what might be one."""
    shown = safe(text[:_CELL_CHARACTERS]) + ("…" if len(text) > _CELL_CHARACTERS else "")
    shown = shown if len(shown) <= _CELL_CHARACTERS else shown[:_CELL_CHARACTERS] + "…"
    return f"'{shown}" if shown.lstrip(" ")[:1] in _FORMULA and shown else shown


def _visible(character: str) -> str:
    if character in _BIDI or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def _escaped(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"
