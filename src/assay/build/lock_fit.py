"""What a lock owes its spec beyond its digest: whoever edits a lock by hand edits what is built.

A lock is read by people and kept under version control; its canonical form and the digest of the spec say nothing of
the rest. So whatever the spec itself names (a commit, a digest, a package, a time) must stand there as it says.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.platforms import ARCHITECTURES
from assay.model.digest import Digest

_LANGUAGES: tuple[tuple[str, type], ...] = (
    ("python", specs.PipDependencies), ("npm", specs.NpmDependencies), ("go", specs.GoDependencies),
)  # fmt: skip
"""List of the lock → the kind of dependencies that fills it."""


def misfits(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    """Every place where a lock says other than its spec, as one clause each; none for the lock `assay lock` writes."""
    for rule in _RULES:
        yield from rule(spec, lock)


def fits(source: specs.Source, locked: locks.SourceLock) -> bool:
    """Whether a locked source is what the spec asks for now; of a folder this says nothing of its content."""
    return not any(_differing(source, locked)) and not any(_unchecked(source, locked))


def restored(spec: specs.Spec, name: str, locked: locks.SourceLock) -> specs.Spec:
    """The spec with what a lock says of one source in the place of what it says now: the spec as it was before."""
    source = spec.sources[name]
    was: specs.Source = source
    if isinstance(source, specs.GitSource) and isinstance(locked, locks.GitLock):
        was = msgspec.structs.replace(source, url=locked.url, commit=locked.commit, tag=locked.tag or None)
    elif isinstance(source, specs.ArchiveSource) and isinstance(locked, locks.ArchiveLock):
        told, against = locked.compared, source.compare_git
        if against is not None and not isinstance(told, msgspec.UnsetType):
            commit = told.commit if against.commit is not None else None
            against = msgspec.structs.replace(against, url=told.url, tag=told.tag, commit=commit)
        was = msgspec.structs.replace(
            source, url=locked.url or None, path=locked.path or None, sha256=locked.sha256.removeprefix("sha256:"),
            compare_git=against,
        )  # fmt: skip
    elif isinstance(source, specs.FileSource) and isinstance(locked, locks.FileLock):
        was = msgspec.structs.replace(
            source, url=locked.url or None, path=locked.path or None, sha256=locked.sha256.removeprefix("sha256:")
        )
    return msgspec.structs.replace(spec, sources={**spec.sources, name: was})


def _epoch(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    wanted: int | None
    if isinstance(spec.epoch, int):
        wanted = spec.epoch
    else:
        source = lock.sources.get(spec.epoch.commit_of)
        wanted = source.time if isinstance(source, locks.GitLock) else None
    if wanted is not None and lock.epoch != wanted:
        yield f"the epoch is {lock.epoch}, not {wanted}"


def _sources(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    yield from _names("source", set(spec.sources), set(lock.sources))
    for name in sorted(spec.sources.keys() & lock.sources.keys()):
        for field in _differing(spec.sources[name], lock.sources[name]):
            yield f"source {name} has another {field}"


def _differing(source: specs.Source, locked: locks.SourceLock) -> Iterator[str]:
    """Names of what a source and its lock both say, and differently."""
    kind, facts = _SOURCES[type(source)]
    if not isinstance(locked, kind):
        yield "type"
        return
    for name, wanted in facts(source).items():
        if getattr(locked, name) != wanted:
            yield name


def _git(source: Any) -> dict[str, object]:
    return {"url": source.url, "commit": source.commit, "tag": source.tag or ""}


def _archive(source: Any) -> dict[str, object]:
    return {"url": source.url or "", "path": source.path or "", "sha256": f"sha256:{source.sha256}"}


def _directory(source: Any) -> dict[str, object]:
    return {"path": source.path}


def _checks(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    for name in sorted(spec.sources.keys() & lock.sources.keys()):
        for why in _unchecked(spec.sources[name], lock.sources[name]):
            yield f"source {name} {why}"


def _unchecked(source: specs.Source, locked: locks.SourceLock) -> Iterator[str]:
    """What the spec asks to have been checked when a source was locked, and was not."""
    if isinstance(source, specs.GitSource) and isinstance(locked, locks.GitLock):
        if source.signed_by is not None and not locked.signers:
            yield "names nobody who signed"
    elif isinstance(source, specs.ArchiveSource) and isinstance(locked, locks.ArchiveLock):
        told, wanted = locked.compared, source.compare_git
        if wanted is None or isinstance(told, msgspec.UnsetType):
            same = wanted is None and isinstance(told, msgspec.UnsetType)
        else:
            same = (told.url, told.tag) == (wanted.url, wanted.tag) and wanted.commit in (None, told.commit)
        if not same:
            yield "was not compared with the tag it is to be"


def _indexes(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    used = {spec.image.debian, *(one.debian for one in spec.toolchains.values())} - {None}
    wanted = {f"{name}/{suite}" for name in used if name for suite in spec.debian[name].suites}
    yield from _names("index", wanted, {one.name for one in lock.indexes})


def _packages(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    known = {one.name for one in lock.indexes}
    roles = {"image", *(f"toolchain:{name}" for name in spec.toolchains)}
    there: set[tuple[str, str, str]] = set()
    for one in lock.packages:
        if one.index not in known:
            yield f"package {one.name} is of an index the lock does not hold"
        for role in one.roles:
            if role not in roles:
                yield f"package {one.name} is for {role[:80]!r}, which the spec does not have"
            there.add((role, one.name, one.architecture))
    for role, name, architecture in _asked(spec):
        if not {(role, name, architecture), (role, name, "all")} & there:
            yield f"package {name} ({architecture}) for {role} is missing"


def _asked(spec: specs.Spec) -> Iterator[tuple[str, str, str]]:
    """(role, name, architecture) of each package the spec names."""
    architectures = [ARCHITECTURES.get(platform, platform) for platform in spec.platforms]
    for architecture in architectures:
        for name in spec.image.packages:
            yield "image", name, architecture
    for toolchain, one in sorted(spec.toolchains.items()):
        for name in one.packages:
            yield f"toolchain:{toolchain}", name, architectures[0]


def _dependencies(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    for name, kind in _LANGUAGES:
        known = {key for key, one in spec.dependencies.items() if isinstance(one, kind)}
        for stranger in sorted({one.dependencies for one in getattr(lock, name)} - known):
            yield f"{name} files of dependencies {stranger[:80]!r}, which the spec does not have"


def _keys(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    wanted = {one.keys for one in spec.debian.values()}
    wanted |= {one.signed_by for one in spec.sources.values() if isinstance(one, specs.GitSource) and one.signed_by}
    yield from _names("key file", wanted, set(lock.keys))


def _sizes(spec: specs.Spec, lock: locks.Lock) -> Iterator[str]:
    del spec
    seen: dict[Digest, int] = {}
    for digest, size in locks.sizes(lock):
        if seen.setdefault(digest, size) != size:
            yield f"{digest} has two sizes, {seen[digest]} and {size}"


def _names(what: str, wanted: set[str], found: set[str]) -> Iterator[str]:
    for name in sorted(wanted - found):
        yield f"{what} {name} is missing"
    for name in sorted(found - wanted):
        yield f"{what} {name[:100]} is not of the spec"


_SOURCES: dict[type, tuple[type, Callable[[Any], dict[str, object]]]] = {
    specs.GitSource: (locks.GitLock, _git),
    specs.ArchiveSource: (locks.ArchiveLock, _archive),
    specs.FileSource: (locks.FileLock, _archive),
    specs.DirectorySource: (locks.DirectoryLock, _directory),
}
"""Kind of source → how it is locked, and what of it the spec itself says."""
_RULES: tuple[Callable[[specs.Spec, locks.Lock], Iterator[str]], ...] = (
    _epoch, _sources, _checks, _indexes, _packages, _dependencies, _keys, _sizes,
)  # fmt: skip
