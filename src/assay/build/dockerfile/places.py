"""Absolute paths in a stage's commands: which of them a command writes, and how they come to lie under a step's tree.

A Dockerfile may hold very many commands and paths: each text is walked once, however many paths are looked for.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Set

from assay.build.dockerfile.copies import ROOT

_ENDS = r"\s;&|)"
_WORD = rf"""(?:"([^"\n]+)"|'([^'\n]+)'|['"]?(/[^{_ENDS}<>'"]*)['"]?)"""
_TARGET = re.compile(r"(?<!\S)(?:-o|--output)[ =]|>")
_WRITTEN = re.compile(rf"\s{{0,20}}{_WORD}(?=[{_ENDS}]|$)")
_COPY = re.compile(r"(?:^|[;&|]\s{0,20})(?:cp|mv|install)\s([^;&|\n]+)")
_LAST = re.compile(rf"\s{_WORD}\s*\Z")
_QUOTES = "'\""
_BEGIN = re.compile(r"(?<![\w./-])/")
_AFTER = re.compile(r"[/\s'\";:)]")
"""What may follow a path; a folder's path is followed by those of what lies in it."""
_STOPS = {"": re.compile(r"[\s'\";:)]"), **{quote: re.compile(rf"[{quote}\n]") for quote in _QUOTES}}
"""What ends a word, by the quote it begins with."""


def written(script: Iterable[str], places: Collection[str]) -> set[str]:
    """Places that a script writes: what follows `-o` or `>`, and the last word of `cp`, `mv` and `install`."""
    return {word for text in script for word in _targets(text) if word in places} if places else set()


def _targets(text: str) -> Iterator[str]:
    for marker in _TARGET.finditer(text):
        if word := _WRITTEN.match(text, marker.end()):
            yield word[word.lastindex or 0]
    for command in _COPY.finditer(text):
        if word := _LAST.search(command[1], 1):
            yield word[word.lastindex or 0]


def mover(own: Set[str]) -> Callable[[str], str]:
    """What gives a command's text with the stage's own absolute paths, and what lies in them, under the step's tree."""
    lengths = sorted({len(path) for path in own})

    def is_own(text: str, start: int, stop: int) -> bool:
        for length in lengths:
            end = start + length
            if end > stop:
                break
            if text[start:end] in own and (end == stop or _AFTER.match(text, end)):
                return True
        return False

    def moved(text: str) -> str:
        parts, at = [], 0
        stops = dict.fromkeys(_STOPS, -1)  # kept: words may lie in one another, and all end where the first does
        for begin in _BEGIN.finditer(text) if own else ():
            start = begin.start()
            quote = text[start - 1 : start]
            quote = quote if quote in _STOPS else ""
            if stops[quote] < start:
                found = _STOPS[quote].search(text, start)
                stops[quote] = found.start() if found else len(text)
            if is_own(text, start, stops[quote]):
                parts += [text[at:start], ROOT]
                at = start
        return "".join((*parts, text[at:]))

    return moved
