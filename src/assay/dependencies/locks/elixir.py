"""Elixir: `mix.exs` (Mix documentation, `mix deps`) and `mix.lock`.

A manifest is a program and is not run: of it the list that the function `deps` gives back is read where it is written
out. Whatever else stands in that list or behind it is said to be undecided.
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import mix_lock
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet, Wish
from assay.model.patterns import lazy

_TOKEN = lazy(r'#[^\n]*|"(?:[^"\\]|\\.)*"|[\[\]{},]|:\w+[?!]?|\w+:(?![\w:])|[^\s\[\]{},"#:]+|\S')
_DEPS = lazy(r"\bdefp?[ \t]+deps(?:\(\))?[ \t]+do\b")
_ASKS = lazy(r"\bdeps\b")
_UNREAD = "what mix.exs asks for is not read"
_SOURCES = {"git:": "git", "github:": "git", "path:": "local", "in_umbrella:": "local"}


def catalogue(file: File) -> Fragment:
    """One manifest or lock.

    Raises:
        UnsupportedError: more packages than any project has.
    """
    if reading.foreign(file.path) or "deps" in file.path.split("/")[:-1]:
        return Fragment()
    if file.path.endswith(".lock"):
        entries = reading.entries(file, mix_lock.CATALOGUER.catalogue)
        return reading.fragment(Sheet(role="lock", ecosystem="hex", tool="mix", entries=entries))
    written = file.data().decode("utf-8", "replace")
    if _ASKS.search(written) is None:
        return Fragment()
    undecided: list[str] = []
    found = reading.bounded(_wishes(written, undecided), file)
    if not found and not undecided:
        return Fragment()
    said = tuple(sorted(set(undecided)))
    return reading.fragment(Sheet(role="manifest", ecosystem="hex", tool="mix", wishes=found, undecided=said))


def _wishes(written: str, undecided: list[str]) -> Iterator[Wish]:
    begin = _DEPS.search(written)
    tokens = _tokens(written, begin.end()) if begin else iter(())
    if next(tokens, "") != "[":
        undecided.append(_UNREAD)
        return
    for word in tokens:
        if word == "]":
            if next(tokens, "") != "end":
                undecided.append("more than one list of dependencies")
            return
        if word == "{":
            term = list(_term(tokens))
            wish = _wish(term)
            if wish is None:
                undecided.append(_UNREAD)
            else:
                yield wish
        elif word != ",":
            break
    undecided.append(_UNREAD)


def _tokens(written: str, at: int) -> Iterator[str]:
    return (match[0] for match in _TOKEN.finditer(written, at) if not match[0].startswith("#"))


def _term(tokens: Iterator[str]) -> Iterator[str]:
    """The tokens of a tuple up to its end; tuples and lists inside it nest."""
    depth = 1
    for word in tokens:
        depth += (word in "[{") - (word in "]}")
        if not depth:
            return
        yield word


def _wish(term: list[str]) -> Wish | None:
    """`:name, "requirement", option: value` with the requirement or the options left out."""
    if not term or not term[0].startswith(":") or term[0] == ":" or term[1:2] not in ([], [","]):
        return None
    name, rest = term[0][1:], term[2:]
    wanted = ""
    if rest and rest[0].startswith('"') and len(rest[0]) > 1:
        wanted, rest = rest[0][1:-1], rest[2:]
    elif rest and not rest[0].endswith(":"):
        return None  # a requirement that something computes
    options = {word: rest[at + 1] for at, word in enumerate(rest[:-1]) if word.endswith(":") and word != ":"}
    if "hex:" in options:
        if not re.fullmatch(r":\w+", options["hex:"]):
            return None
        name = options["hex:"][1:]
    if "\\" in wanted or "#{" in wanted:
        return None
    source = next((source for word, source in _SOURCES.items() if word in options), "")
    group = "dev" if "only:" in options else "optional" if options.get("optional:") == "true" else ""
    return Wish(name, wanted.strip(), source=source, group=group)


ROW = Cataloguer(
    name="locks-mix",
    version=1,
    ecosystem="hex",
    wants=Wanted(names=frozenset(["mix.exs", "mix.lock"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
