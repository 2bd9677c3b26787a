"""Swift: `Package.swift` (Swift Package Manager, "PackageDescription") and `Package.resolved`.

A manifest is a program and is not run: each `.package(…)` that is written out is read; one inside a condition or a
function is only possibly wanted, and whatever is computed is said, with its line.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.catalogers import swift_resolved
from assay.dependencies.locks import reading
from assay.dependencies.locks.tokens import Token, closed, parted, tokens
from assay.dependencies.sheets import Entry, Sheet, Wish

_RANGES = {"upToNextMajor": "^", "upToNextMinor": "~"}
_ARGUMENTS_COUNT = 60
"""Pieces of one `.package(…)` that are looked at."""
_PLACES = {"branch": "branch", "revision": "revision"}


def catalogue(file: File) -> Fragment:
    """One manifest or lock.

    Raises:
        MalformedError, UnsupportedError: a damaged lock, more packages than any project has.
    """
    if reading.foreign(file.path) or {".build", "checkouts", "SourcePackages"} & set(file.path.split("/")[:-1]):
        return Fragment()
    if file.path.endswith(".resolved"):
        found = tuple(_entry(package) for package in reading.listed(file, swift_resolved.CATALOGUER.catalogue))
        return reading.fragment(Sheet(role="lock", ecosystem="swift", tool="swiftpm", entries=found))
    undecided: list[str] = []
    wishes = reading.bounded(_wishes(file.data().decode("utf-8", "replace"), undecided), file)
    if not wishes and not undecided:
        return Fragment()
    said = tuple(sorted(set(undecided))[:20])
    return reading.fragment(Sheet(role="manifest", ecosystem="swift", tool="swiftpm", wishes=wishes, undecided=said))


def _entry(package: Package) -> Entry:
    """A pin to a branch or a commit has that for its version: no range holds it."""
    facts = dict(package.properties)
    branch, commit = facts.get("swift:branch", ""), facts.get("swift:commit", "")
    pinned = f"branch {branch}" if branch else f"revision {commit}" if commit else ""
    return Entry(reading.spelled("swift", package.name), package.version or pinned, hashed=bool(commit))


def _wishes(written: str, undecided: list[str]) -> Iterator[Wish]:
    found = list(tokens(written, computed="\\(", nested=True))
    depth, switched = 0, 0
    for index, token in enumerate(found):
        if token.kind != "mark":
            continue
        depth += (token.text == "{") - (token.text == "}")
        if token.text == "#" and index + 1 < len(found):
            switched += (found[index + 1].text == "if") - (found[index + 1].text == "endif")
        elif token.text == "." and [t.text for t in found[index + 1 : index + 3]] == ["package", "("]:
            call = found[index + 2 : index + _ARGUMENTS_COUNT]
            inner = call[1 : closed(call, 0) - 1]
            condition = f"a condition of Package.swift (line {token.line})" if depth > 0 or switched > 0 else ""
            answer = _wish(inner, condition)
            if answer is None:
                undecided.append(f"line {token.line}: what this package is, is computed")
            elif answer.name:
                yield answer


def _wish(inner: list[Token], condition: str) -> Wish | None:
    """One `.package(…)`; a name of "" for a folder or a repository in one, None for what is computed."""
    named: dict[str, list[Token]] = {}
    bare: list[list[Token]] = []
    for part in parted(inner):
        if len(part) > 2 and part[0].kind == "word" and part[1].text == ":":
            named[part[0].text] = part[2:]
        else:
            bare.append(part)
    if "path" in named:
        return Wish("")
    place = _only(named.get("url")) or _only(named.get("id"))
    name = place.replace(".", "/", 1) if "id" in named else swift_resolved.repository(place)
    if not place:
        return None
    if not name:
        return Wish("")  # a repository in a folder, which no lock names by a host
    wanted = _wanted(named, bare)
    return Wish(reading.spelled("swift", name), wanted, "", condition, "")


def _wanted(named: dict[str, list[Token]], bare: list[list[Token]]) -> str:
    """The constraint in one text; `?` for one that is computed.

    `^1.2.3` = up to the next major, `~1.2.3` = up to the next minor, `=1.2.3`, `1.0.0..<2.0.0`, `1.0.0...1.5.0`.
    """
    for key, sign in (("from", "^"), ("exact", "=")):
        if key in named:
            return f"{sign}{_only(named[key]) or '?'}"
    for key, word in _PLACES.items():
        if key in named:
            return f"{word} {_only(named[key]) or '?'}"
    return _bare(bare[0]) if len(bare) == 1 else "?"


def _bare(part: list[Token]) -> str:
    """`"1.0.0"..<"2.0.0"`, `.upToNextMinor(from: "1.0.0")`, `.exact("1.0.0")`, `.branch("main")`."""
    words = [token.text for token in part]
    kinds = [token.kind for token in part]
    if kinds[:1] == ["text"] and kinds[-1:] == ["text"] and all(kind == "mark" for kind in kinds[1:-1]):
        between = "".join(words[1:-1])
        return f"{words[0]}{between}{words[-1]}" if between in ("..<", "...") else "?"
    if words[:1] != ["."] or len(words) < 5 or words[2] != "(" or kinds[-2] != "text" or words[-1] != ")":
        return "?"
    value, inner = words[-2], words[3:-2]
    if words[1] in _RANGES:
        return f"{_RANGES[words[1]]}{value}" if inner == ["from", ":"] else "?"
    if words[1] == "exact" and not inner:
        return f"={value}"
    return f"{words[1]} {value}" if words[1] in _PLACES and not inner else "?"


def _only(part: list[Token] | None) -> str:
    """The text of an argument that is one plain text."""
    return part[0].text if part is not None and len(part) == 1 and part[0].kind == "text" else ""


ROW = Cataloguer(
    name="locks-swift",
    version=2,
    ecosystem="swift",
    wants=Wanted(names=frozenset(["Package.swift", "Package.resolved"]), limit="description_bytes"),
    catalogue=catalogue,
)
