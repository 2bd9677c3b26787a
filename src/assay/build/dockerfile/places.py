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
_BARE = re.compile(r"/[^\s'\";:)]*")
_QUOTED = {quote: re.compile(rf"/[^{quote}\n]*") for quote in _QUOTES}


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
    lengths = {len(path) for path in own}

    def is_own(word: str) -> bool:
        ends = (match.start() for match in _AFTER.finditer(word, 1))
        return any(end in lengths and word[:end] in own for end in ends) or word in own

    def moved(text: str) -> str:
        parts, at = [], 0
        for begin in _BEGIN.finditer(text) if own else ():
            start = begin.start()
            word = _QUOTED.get(text[start - 1 : start], _BARE).match(text, start)
            if word and is_own(word[0]):
                parts += [text[at:start], ROOT]
                at = start
        return "".join((*parts, text[at:]))

    return moved
