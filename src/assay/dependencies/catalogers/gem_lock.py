"""Gemfile.lock of a source tree (Bundler's `LockfileParser`): sections of lines that their indentation tells apart."""

import re
from collections.abc import Iterator

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import commit, hashes
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_SOURCES = frozenset(["GEM", "GIT", "PATH", "PLUGIN SOURCE"])
_LINE = lazy(r"(?P<indent> *)(?P<name>[^ ()!]+)(?: \((?P<version>[^-)]*)(?:-(?P<platform>[^)]*))?\))?!?(?P<rest> .*)?")
_OPTION = lazy(r"  (\w+): (.*)")
_NO_LICENCE = Licence(reason="Gemfile.lock records no licence")


class _Gem(msgspec.Struct, kw_only=True):
    name: str
    version: str
    platform: str
    source: str
    commit: str
    depends: set[str]


class _Lock(msgspec.Struct):
    gems: list[_Gem] = msgspec.field(default_factory=list)
    direct: set[str] = msgspec.field(default_factory=set)
    checksums: dict[tuple[str, str, str], tuple[str, ...]] = msgspec.field(default_factory=dict)
    wrong: list[str] = msgspec.field(default_factory=list)


def catalogue(file: File) -> Fragment:
    """One lock; in an image it is a wish, and nothing is read.

    Raises:
        UnsupportedError: more gems than `packages_count`.
    """
    if file.installed:
        return Fragment()
    lock = _Lock()
    for section, lines in _sections(file.data().decode("utf-8", "replace")):
        if section in _SOURCES:
            _specs(section, lines, lock)
        elif section == "DEPENDENCIES":
            lock.direct.update(match["name"] for line in lines if (match := _LINE.fullmatch(line)))
        elif section == "CHECKSUMS":
            lock.checksums.update(_checksums(lines))
        elif not re.fullmatch(r"[A-Z][A-Z ]*", section):
            lock.wrong.append(section[:80])
    if len(lock.gems) > file.limits.packages_count:
        raise UnsupportedError("the lock file has too many entries", where=file.path, why=f"{len(lock.gems)} gems")
    reason = f"{len(lock.wrong)} lines are not as Bundler writes them, first {lock.wrong[:1]}"
    gaps = (Gap("unreadable", file.path, None, reason, "gem-lock"),) if lock.wrong else ()
    return Fragment(packages=tuple(_package(gem, lock) for gem in lock.gems), gaps=gaps)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """A line that is not indented begins a section."""
    name, lines = "", list[str]()
    for line in text.replace("\r", "").split("\n"):
        if line[:1] not in ("", " "):
            if name:
                yield name, lines
            name, lines = line.rstrip(), []
        elif line.strip():
            lines.append(line)
    if name:
        yield name, lines


def _specs(section: str, lines: list[str], lock: _Lock) -> None:
    """Four blanks: a gem; six: what the gem above it needs; two: an option of the source."""
    options: dict[str, str] = {}
    gem: _Gem | None = None
    for line in lines:
        option, match = _OPTION.fullmatch(line), _LINE.fullmatch(line)
        if option:
            options[option[1]] = option[2]
        elif line == "  specs:":
            continue
        elif match and len(match["indent"]) == 4 and match["version"]:
            gem = _Gem(
                name=match["name"], version=match["version"], platform=match["platform"] or "",
                source=section.lower(), commit=commit(options.get("revision", "")), depends=set(),
            )  # fmt: skip
            lock.gems.append(gem)
        elif match and len(match["indent"]) == 6 and gem is not None:
            gem.depends.add(match["name"])
        else:
            lock.wrong.append(line[:80])


def _checksums(lines: list[str]) -> Iterator[tuple[tuple[str, str, str], tuple[str, ...]]]:
    for line in lines:
        match = _LINE.fullmatch(line)
        if match and match["rest"]:
            found = hashes(item.replace("=", ":", 1) for item in match["rest"].replace(",", " ").split())
            yield (match["name"], match["version"] or "", match["platform"] or ""), found


def _package(gem: _Gem, lock: _Lock) -> Package:
    facts = {
        "gem:commit": gem.commit,
        "gem:direct": "true" if gem.name in lock.direct else "",
        "gem:source": "" if gem.source == "gem" else gem.source,
    }
    return Package(
        ecosystem="gem",
        name=gem.name,
        version=gem.version,
        qualifiers=(("platform", gem.platform),) if gem.platform not in ("", "ruby") else (),
        licence=_NO_LICENCE,
        hashes=lock.checksums.get((gem.name, gem.version, gem.platform), ()),
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
        kind="lock-file",
        confidence="strong",
        depends=tuple(sorted(gem.depends)),
    )


CATALOGUER = Cataloguer(
    name="gem-lock",
    version=1,
    ecosystem="gem",
    wants=Wanted(names=frozenset(["Gemfile.lock", "gems.locked"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
