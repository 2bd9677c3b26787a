"""Haskell: `*.cabal`, `cabal.project`, its freeze (Cabal User Guide); `stack.yaml` and its lock (Stack, "Lock files").

A freeze holds every package that is built; a lock of Stack holds the extra packages and the digest of a snapshot.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import haskell_lock
from assay.dependencies.lockfiles import table, tables, text
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish
from assay.formats import yamlsubset
from assay.model.patterns import lazy

_SNAPSHOT = "(snapshot)"
_FIELD = lazy(r"([ \t]*)([A-Za-z][\w-]{0,60})[ \t]*:(.*)")
_STANZA = lazy(r"(library|executable|test-suite|benchmark|foreign-library|common|custom-setup|flag|source-repository)\b[ \t]*(\S*)", re.IGNORECASE)  # noqa: E501  # fmt: skip
_CONDITION = lazy(r"(if|elif|else)\b", re.IGNORECASE)
_ASKED = lazy(r"([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)(?::[^\s<>=^&|,(]*)?[ \t]*(.*)")
_EXTRA = lazy(r"([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)-([0-9]+(?:\.[0-9]+)*)(?:@.*)?")
_GROUPS = {"test-suite": "test", "benchmark": "bench"}
_CABAL, _TOOL, _STACK = "hackage", "cabal", "stack"
_BUILT = frozenset({".stack-work", "dist", "dist-newstyle", ".cabal"})


def catalogue(file: File) -> Fragment:
    """One description, project file or lock.

    Raises:
        MalformedError, UnsupportedError: a damaged lock, YAML Stack does not write, more packages than any project has.
    """
    *folders, base = file.path.split("/")
    if reading.foreign(file.path) or not _BUILT.isdisjoint(folders):
        return Fragment()
    reader = _READERS.get(base)
    return reading.fragment(reader(file) if reader is not None else _described(file))


def _freeze(file: File) -> Sheet:
    found = reading.entries(file, haskell_lock.CATALOGUER.catalogue)
    return Sheet(role="lock", ecosystem=_CABAL, tool=_TOOL, entries=found, hashable=False)


def _project(file: File) -> Sheet | None:
    """Of `cabal.project` only that packages come from elsewhere: these are in no freeze."""
    if re.search(rb"(?m)^(?:source-repository-package\b|optional-packages[ \t]*:)", file.data()) is None:
        return None
    said = "it takes packages from repositories or other folders"
    return Sheet(role="catalog", ecosystem=_CABAL, tool=_TOOL, undecided=(said,))


def _described(file: File) -> Sheet | None:
    """A `.cabal` file: `build-depends` of every component."""
    lines = list(reading.lines(file))
    name = next(
        (match[3].strip() for line in lines if (match := _FIELD.fullmatch(line)) and match[2].lower() == "name"), ""
    )
    inner = {
        match[2] for line in lines if (match := _STANZA.match(line)) and match[1].lower() == "library" and match[2]
    }
    undecided: list[str] = []
    found = reading.bounded(_wishes(lines, {name, *inner}, undecided), file)
    if not found and not undecided:
        return None
    said = tuple(sorted(set(undecided))[:20])
    return Sheet(role="manifest", ecosystem=_CABAL, tool=_TOOL, wishes=found, undecided=said, project=("", name, ""))


def _wishes(lines: list[str], own: set[str], undecided: list[str]) -> Iterator[Wish]:
    group, conditions, begun = "", list[tuple[int, str]](), 0
    for at, line in enumerate(lines):
        bare = line.strip()
        if at < begun or not bare or bare.startswith("--"):
            continue
        indent = len(line) - len(line.lstrip())
        while conditions and indent <= conditions[-1][0]:
            conditions.pop()
        stanza = _STANZA.fullmatch(bare) if not indent else None
        field = _FIELD.fullmatch(line)
        if stanza:
            group = _GROUPS.get(stanza[1].lower(), "")
        elif _CONDITION.match(bare) and not field:
            conditions.append((indent, bare[:100]))
        elif field and field[2].lower() in ("build-depends", "setup-depends"):
            further = list(_continued(lines, at + 1, indent))
            begun = at + 1 + len(further)
            value = " ".join([field[3], *further])
            condition = f"`{conditions[-1][1]}` of the description" if conditions else ""
            yield from _asked(value, own, group, condition, undecided, at + 1)


def _continued(lines: list[str], at: int, indent: int) -> Iterator[str]:
    """The further lines of a field: those that are deeper than it."""
    for line in lines[at:]:
        bare = line.strip()
        if bare and len(line) - len(line.lstrip()) <= indent:
            return
        yield "" if bare.startswith("--") else bare


def _asked(value: str, own: set[str], group: str, condition: str, undecided: list[str], line: int) -> Iterator[Wish]:
    for part in _parted(value):
        match = _ASKED.fullmatch(part)
        if not part:
            continue
        if match is None:
            undecided.append(f"line {line}: {part[:80]!r} names no package")
        elif match[1] not in own:
            yield Wish(match[1], match[2].strip(), "", condition, group)


def _parted(value: str) -> Iterator[str]:
    """The parts between commas that stand in no braces (`{1.2, 1.3}`)."""
    begun, depth = 0, 0
    for at, character in enumerate(value):
        depth += (character == "{") - (character == "}")
        if character == "," and depth <= 0:
            yield value[begun:at].strip()
            begun = at + 1
    yield value[begun:].strip()


def _stack(file: File) -> Sheet | None:
    """`stack.yaml`: the extra packages, each with its version, and the snapshot."""
    document = _yaml(file)
    undecided: list[str] = []
    found = list(_extras(document.get("extra-deps"), undecided))
    snapshot = document.get("snapshot", document.get("resolver"))
    if isinstance(snapshot, str):
        found.append(Wish(_SNAPSHOT, snapshot))
    wishes = reading.bounded(found, file)
    said = tuple(sorted(set(undecided)))
    if not wishes and not said:
        return None
    return Sheet(role="manifest", ecosystem=_CABAL, tool=_STACK, wishes=wishes, undecided=said)


def _extras(values: Any, undecided: list[str]) -> Iterator[Wish]:
    for value in values if isinstance(values, list) else ():
        match = _EXTRA.fullmatch(value) if isinstance(value, str) else None
        if match:
            yield Wish(match[1], match[2])
        elif not isinstance(value, str) or not value.startswith((".", "/")):
            undecided.append("extra packages that come from repositories or archives are not compared")


def _locked(file: File) -> Sheet:
    """`stack.yaml.lock`: what was completed, and the `original` it was made from."""
    found = reading.entries(file, haskell_lock.CATALOGUER.catalogue)
    document = _yaml(file)
    originals = [table(row.get("original")) for row in tables(document.get("packages"))]
    recorded = [Wish(m[1], m[2]) for row in originals if (m := _EXTRA.fullmatch(text(row, "hackage")))]
    snapshots = [one for row in tables(document.get("snapshots")) if (one := _named(row.get("original")))]
    every = (*found, *(Entry(_SNAPSHOT, name, hashed=True) for name in snapshots))
    copy = tuple(sorted([*recorded, *(Wish(_SNAPSHOT, name) for name in snapshots)], key=lambda wish: wish.name))
    return Sheet(role="lock", ecosystem=_CABAL, tool=_STACK, entries=every, hashable=False, recorded=(("", copy),))


def _named(original: Any) -> str:
    """`lts-21.0`, written bare or as `{url: …}` or `{name: …}`."""
    fields = table(original)
    return original if isinstance(original, str) else text(fields, "name") or text(fields, "url")


def _yaml(file: File) -> Mapping[str, Any]:
    documents = yamlsubset.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes)
    return table(documents[0] if documents else None)


_READERS = {
    "cabal.project": _project,
    "cabal.project.freeze": _freeze,
    "stack.yaml": _stack,
    "stack.yaml.lock": _locked,
}
ROW = Cataloguer(
    name="locks-hackage",
    version=1,
    ecosystem="hackage",
    wants=Wanted(names=frozenset(_READERS), suffixes=frozenset([".cabal"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
