"""Ruby: a `Gemfile` is a program and is not run; its plain lines are read, any other makes the answer unknown.

`Gemfile.lock` remembers under DEPENDENCIES what the Gemfile asked for (Bundler documentation, "Gemfile.lock").
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import gem_lock
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet, Wish
from assay.model.patterns import lazy

_GEM = lazy(r"""gem[ (]\s*(["'])([A-Za-z0-9._-]+)\1((?:\s*,\s*(["'])[^"']*\4)*)\s*(,.*)?\)?""")
_TEXT = lazy(r"""["']([^"']*)["']""")
_PLAIN = lazy(r"(?:source|ruby|group|end|platforms?|#|git_source|plugin|env)\b.*|#.*|\}|\{")
_SOURCES = {"git": "git", "github": "git", "path": "local", "gist": "git"}
_OPTION = lazy(r"(?::(\w+)\s*=>|\b(\w+):)")
_DEPENDENCY = lazy(r"  ([A-Za-z0-9._-]+)(?: \(([^)]*)\))?(!)?")
_LINE_CHARACTERS = 2_000


def catalogue(file: File) -> Fragment:
    """One `Gemfile` or its lock.

    Raises:
        UnsupportedError: as the cataloguer.
    """
    if reading.foreign(file.path):
        return Fragment()
    lock = file.path.endswith((".lock", ".locked"))
    return reading.fragment(_lock(file) if lock else _manifest(file))


def _manifest(file: File) -> Sheet | None:
    wishes: list[Wish] = []
    strange = 0
    for line in reading.lines(file):
        bare = line.strip()
        match = _GEM.match(bare) if len(bare) <= _LINE_CHARACTERS else None
        if match is not None:
            wishes.append(_wish(match))
        elif bare and not _PLAIN.fullmatch(bare):
            strange += 1
    if not wishes and not strange:
        return None
    said = (f"{strange} lines of the Gemfile are Ruby that is not run",) if strange else ()
    return Sheet(role="manifest", ecosystem="gem", tool="bundler", wishes=reading.bounded(wishes, file), undecided=said)


def _wish(match: re.Match[str]) -> Wish:
    options = {first or second for first, second in _OPTION.findall(match[5] or "")}
    source = next((kind for name, kind in _SOURCES.items() if name in options), "")
    wanted = ", ".join(sorted(text.strip() for text in _TEXT.findall(match[3] or "")))
    return Wish(match[2], wanted, source, "platforms" if options & {"platforms", "platform"} else "")


def _lock(file: File) -> Sheet:
    found = reading.entries(file, gem_lock.catalogue)
    data = file.data()
    remembered = reading.bounded(_remembered(file), file)
    return Sheet(
        role="lock",
        ecosystem="gem",
        tool="bundler",
        entries=found,
        recorded=(("", remembered),),
        hashable=b"\nCHECKSUMS" in data,
    )


def _remembered(file: File) -> Iterator[Wish]:
    inside = False
    for line in reading.lines(file):
        if line[:1] not in ("", " "):
            inside = line.strip() == "DEPENDENCIES"
        match = _DEPENDENCY.fullmatch(line.rstrip()) if inside else None
        if match is not None:
            wanted = ", ".join(sorted(part.strip() for part in (match[2] or "").split(",") if part.strip()))
            yield Wish(match[1], wanted, "git" if match[3] else "", group="any")


ROW = Cataloguer(
    name="locks-gem",
    version=1,
    ecosystem="gem",
    wants=Wanted(names=frozenset(["Gemfile", "Gemfile.lock", "gems.rb", "gems.locked"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
