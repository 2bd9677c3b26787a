"""Go source trees: `go.mod` (Go Modules Reference, "go.mod files") and `go.sum` beside it.

Since Go 1.17 `go.mod` names every module that is needed. Before, `go.sum` must be read too: there it names the indirect
ones. Later it only confirms with a checksum what `go.mod` names; the rest of it was looked at, not used.
"""

import re
from collections.abc import Iterator

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Package, Wanted
from assay.model.errors import UnsupportedError
from assay.model.inventory import Confidence, Gap, Licence
from assay.model.patterns import lazy

_NO_LICENCE = Licence(reason="go.mod records no licence")
_COMPLETE = "go:complete"
"""Note of a `go.mod` that names indirect modules too."""
_COMPLETE_SINCE = (1, 17)
_TOKEN = lazy(r'"(?:[^"\\]|\\.)*"|`[^`]*`|=>|[()]|[^\s()"`]+')
_RELEASE = lazy(r"(?:go)?(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?=$|[^\w.])")
_WORDS = frozenset(
    ["module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"]
)
_SUM = lazy(r"(\S+) (v\S+) (h1:[A-Za-z0-9+/]{43}=)")

Module = tuple[str, str]
"""Path and version; version "" = every one."""


class _Mod(msgspec.Struct):
    """What the lines of a `go.mod` said so far."""

    required: dict[Module, bool] = msgspec.field(default_factory=dict)
    """→ whether it is only an indirect need."""
    replaced: dict[Module, Module] = msgspec.field(default_factory=dict)
    excluded: set[Module] = msgspec.field(default_factory=set)
    language: str = ""
    toolchain: str = ""
    wrong: list[str] = msgspec.field(default_factory=list)


def catalogue(file: File) -> Fragment:
    """One `go.mod` or `go.sum` of a source tree; in an image both are wishes, and nothing is read.

    Raises:
        UnsupportedError: more modules than `packages_count`.
    """
    if file.installed:
        return Fragment()
    text = file.data().decode("utf-8", "replace")
    return _sum(text, file) if file.path.rpartition("/")[2] == "go.sum" else _mod(text, file)


def _mod(text: str, file: File) -> Fragment:
    mod = _Mod()
    for number, words, comment in _lines(text):
        try:
            _DIRECTIVES.get(words[0], _other)(mod, words, comment)
        except (IndexError, ValueError):
            mod.wrong.append(f"line {number} is not as Go writes it: {' '.join(words)[:80]!r}")
    _bounded(len(mod.required), file)
    gaps = (Gap("unreadable", file.path, None, "; ".join(mod.wrong[:3]), "go-mod"),) if mod.wrong else ()
    notes = (Note(file.path, _COMPLETE, "true"),) if _complete(mod.language) else ()
    return Fragment(packages=(*_stdlib(mod), *_required(mod)), notes=notes, gaps=gaps)


def _lines(text: str) -> Iterator[tuple[int, list[str], str]]:
    """(number, words, comment) of each line; inside a block the block's word stands first."""
    block = ""
    for number, line in enumerate(text.split("\n"), 1):
        code, _, comment = _uncommented(line)
        words = [_unquoted(word) for word in _TOKEN.findall(code)]
        if words == [")"] and block:
            block = ""
        elif len(words) == 2 and words[1] == "(" and not block:
            block = words[0]
        elif words:
            yield number, [block, *words] if block else words, comment.strip()


def _uncommented(line: str) -> tuple[str, str, str]:
    """A path never holds `//`, so the first one begins the comment."""
    return line.partition("//")


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) >= 2 and word[0] in '"`' and word[-1] == word[0] else word


def _require(mod: _Mod, words: list[str], comment: str) -> None:
    _, path, version = words
    module = (path, version)
    indirect = comment == "indirect" or comment.startswith("indirect;")
    mod.required[module] = mod.required.get(module, True) and indirect


def _replace(mod: _Mod, words: list[str], _comment: str) -> None:
    arrow = words.index("=>")
    old, new = words[1:arrow], words[arrow + 1 :]
    if len(old) not in (1, 2) or len(new) not in (1, 2):
        raise ValueError(words)
    mod.replaced[old[0], old[1] if len(old) == 2 else ""] = (new[0], new[1] if len(new) == 2 else "")


def _exclude(mod: _Mod, words: list[str], _comment: str) -> None:
    _, path, version = words
    mod.excluded.add((path, version))


def _go(mod: _Mod, words: list[str], _comment: str) -> None:
    _, mod.language = words


def _toolchain(mod: _Mod, words: list[str], _comment: str) -> None:
    _, mod.toolchain = words


def _other(_mod: _Mod, words: list[str], _comment: str) -> None:
    if words[0] not in _WORDS:
        raise ValueError(words[0])


_DIRECTIVES = {"require": _require, "replace": _replace, "exclude": _exclude, "go": _go, "toolchain": _toolchain}


def _complete(language: str) -> bool:
    match = re.match(r"(\d{1,6})\.(\d{1,6})", language)
    return match is not None and (int(match[1]), int(match[2])) >= _COMPLETE_SINCE


def _stdlib(mod: _Mod) -> Iterator[Package]:
    """The standard library at the version asked for: the least that may build it, so never `certain`."""
    toolchain, language = _RELEASE.match(mod.toolchain), _RELEASE.match(mod.language)
    facts = {"go:toolchain": mod.toolchain, "go:language": mod.language}
    if toolchain:
        yield _package("stdlib", toolchain[1], facts, "strong")
    elif language:
        yield _package("stdlib", language[1], facts, "weak")


def _required(mod: _Mod) -> Iterator[Package]:
    for (path, version), indirect in mod.required.items():
        facts = {"go:indirect" if indirect else "go:direct": "true"}
        new = mod.replaced.get((path, version)) or mod.replaced.get((path, ""))
        if new is not None and new[1]:
            yield _package(*new, facts | {"go:replaces": f"{path}@{version}"}, "strong")
        elif new is not None:  # a folder: which code lies there is not recorded
            yield _package(path, version, facts | {"go:replaced-by": new[0]}, "weak")
        elif (path, version) in mod.excluded:  # Go takes the next higher version there is
            yield _package(path, "", facts | {"go:excluded": version}, "weak")
        else:
            yield _package(path, version, facts, "strong")


def _sum(text: str, file: File) -> Fragment:
    """Modules whose content was checked; lines for a `go.mod` alone were needed to choose versions only."""
    found: dict[Module, str] = {}
    wrong = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        match = _SUM.fullmatch(line.strip())
        if match is None:
            wrong += 1
        elif not match[2].endswith("/go.mod"):
            found[match[1], match[2]] = match[3]
    _bounded(len(found), file)
    reason = f"{wrong} lines are no checksums"
    return Fragment(
        packages=tuple(
            _package(path, version, {"go:h1": h1}, "weak", unless=_COMPLETE) for (path, version), h1 in found.items()
        ),
        gaps=(Gap("unreadable", file.path, None, reason, "go-mod"),) if wrong else (),
    )


def _bounded(count: int, file: File) -> None:
    if count > file.limits.packages_count:
        raise UnsupportedError("too many modules", where=file.path, why=f"{count}, limit {file.limits.packages_count}")


def _package(path: str, version: str, facts: dict[str, str], confidence: Confidence, unless: str = "") -> Package:
    namespace, _, base = path.rpartition("/")
    return Package(
        ecosystem="golang",
        name=path,
        version=version,
        namespace=namespace,
        purl_name=base if namespace else "",
        licence=_NO_LICENCE,
        properties=tuple((name, value) for name, value in sorted(facts.items()) if value),
        kind="lock-file",
        confidence=confidence,
        unless=unless,
    )


CATALOGUER = Cataloguer(
    name="go-mod",
    version=1,
    ecosystem="golang",
    wants=Wanted(names=frozenset(["go.mod", "go.sum"])),
    catalogue=catalogue,
)
