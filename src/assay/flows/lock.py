"""From a spec to its lock: every input is brought into the content store, and pinned by digest.

One row a kind of source; a spec that needs a kind without a row is refused whole, before anything is fetched.
"""

import hashlib
import posixpath
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.lock_fit import fits, restored
from assay.build.spec_read import PlacedSpec, spec_digest
from assay.flows.compare_archive import compare_archive
from assay.flows.lock_debian import DebianTools, lock_debian
from assay.flows.lock_git import GitTools, lock_git
from assay.flows.lock_languages import Languages, Pinned, lock_languages
from assay.flows.shaping import shaping_tools
from assay.formats import tarwrite
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnsupportedError, UsageError
from assay.model.limits import Limits
from assay.model.tree import TreeEntry
from assay.ports.inputs import Fetcher, LocalInputs
from assay.ports.packages import LanguageClients
from assay.ports.stores import ContentStore
from assay.source.archive_diff import Comparison

_ALWAYS_OUT = (b".git",)
"""Never part of a folder's content: it changes with every command of git."""


class Locking(msgspec.Struct, frozen=True, kw_only=True):
    """What locking works with."""

    inputs: LocalInputs
    fetcher: Fetcher
    store: ContentStore
    limits: Limits
    own_files: tuple[str, ...] = ()
    """Paths beside the spec that a folder never holds: the lock itself, which pins the folder."""
    debian: DebianTools | None = None
    """What packages are locked with; None where nothing can ask for any."""
    clients: LanguageClients | None = None
    """What language dependencies are locked with."""
    git: GitTools | None = None
    """What repositories are locked and compared with."""
    previous: locks.Lock | None = None
    compared: list[tuple[str, Comparison]] = []
    """Archives that were compared with the tag they claim to be; lockers add to it."""


Lockers = dict[type, Callable[[Locking, specs.Source, str], locks.SourceLock]]


def make_lock(placed: PlacedSpec, at: Locking, *, previous: locks.Lock | None = None, update: str = "") -> locks.Lock:
    """Bring every input and pin it.

    Args:
        placed: the spec.
        at: where inputs come from and go to.
        previous: an earlier lock of this spec.
        update: with `previous`, the one source to look at again; the others stay as they were where the spec asks for
            the same (brief B8, the smallest change). Where the spec changed elsewhere too, packages and language
            dependencies are locked anew: the lock does not say what they were asked for.

    Raises:
        UnsupportedError: a kind of input this version cannot lock. UntrustedError: content of another digest.
    """
    spec = placed.spec
    _refuse_unknown(placed)
    known = {*spec.sources, *spec.debian}
    if update and update not in known:
        raise UsageError("no such input", where=update, remedy=f"choose among {', '.join(sorted(known)) or 'none'}")
    sources: dict[str, locks.SourceLock] = {}
    at = msgspec.structs.replace(at, previous=previous)
    alone = previous is not None and bool(update) and _changed_alone(spec, previous, update)
    for name, source in spec.sources.items():
        old = previous.sources.get(name) if previous is not None and update else None
        keep = old is not None and name != update and (alone or _stays(source, old))
        sources[name] = old if keep and old is not None else _LOCKERS[type(source)](at, source, name)
    indexes, packages = _debian(placed, at, previous, update if alone else "")
    pinned = _languages(placed, at, previous, update if alone else "", sources)
    return locks.ordered(
        locks.Lock(
            spec=str(spec_digest(spec)),
            epoch=_epoch(spec, sources),
            sources=sources,
            indexes=indexes,
            packages=packages,
            python=pinned.python,
            npm=pinned.npm,
            go=pinned.go,
            keys=dict(_keys(spec, at)),
            tools=shaping_tools(spec),
        )
    )


def _changed_alone(spec: specs.Spec, previous: locks.Lock, name: str) -> bool:
    """Whether the spec is that of the lock, but for one source at most."""
    locked = previous.sources.get(name) if name in spec.sources else None
    candidates = [spec] if locked is None else [spec, restored(spec, name, locked)]
    return any(str(spec_digest(one)) == previous.spec for one in candidates)


def _stays(source: specs.Source, locked: locks.SourceLock) -> bool:
    """Whether a locked source is what a changed spec asks for; what a folder leaves out no lock tells."""
    return fits(source, locked) and not (isinstance(source, specs.DirectorySource) and source.exclude)


def _debian(
    placed: PlacedSpec, at: Locking, previous: locks.Lock | None, update: str
) -> tuple[tuple[locks.DebianIndex, ...], tuple[locks.DebianPackage, ...]]:
    """Packages, newly resolved unless only another input is to be looked at again."""
    if not placed.spec.debian or at.debian is None:
        return (), ()
    if previous is not None and update and update not in placed.spec.debian:
        return previous.indexes, previous.packages
    return lock_debian(placed, at.debian, previous)


def _languages(
    placed: PlacedSpec,
    at: Locking,
    previous: locks.Lock | None,
    update: str,
    sources: dict[str, locks.SourceLock],
) -> Pinned:
    """Language dependencies; they follow the source their own lock file lies in."""
    wanted = placed.spec.dependencies
    if not wanted or at.clients is None:
        return Pinned()
    if previous is not None and update and all(one.source != update for one in wanted.values()):
        return Pinned(python=previous.python, npm=previous.npm, go=previous.go)
    tools = Languages(clients=at.clients, fetcher=at.fetcher, store=at.store, limits=at.limits)
    return lock_languages(placed, tools, sources)


def _refuse_unknown(placed: PlacedSpec) -> None:
    spec = placed.spec
    wanted = [(f"sources.{name}", source) for name, source in spec.sources.items() if type(source) not in _LOCKERS]
    parts = [path for path, _ in wanted]
    if parts:
        raise UnsupportedError(
            "this version cannot lock a part of the spec", where=placed.places.where(parts[0]),
            why=", ".join(parts), remedy="build from folders, files and archives alone, or wait for a later version",
        )  # fmt: skip


def _epoch(spec: specs.Spec, sources: dict[str, locks.SourceLock]) -> int:
    if isinstance(spec.epoch, int):
        return spec.epoch
    source = sources[spec.epoch.commit_of]
    return source.time if isinstance(source, locks.GitLock) else 0


def _keys(spec: specs.Spec, at: Locking) -> Iterator[tuple[str, str]]:
    paths = {source.signed_by for source in spec.sources.values() if isinstance(source, specs.GitSource)}
    paths |= {debian.keys for debian in spec.debian.values()}
    for path in sorted(filter(None, paths)):
        with at.inputs.file(path) as pieces:
            yield path, str(at.store.put(pieces, limit=at.limits.key_bytes).digest)


def _archive(at: Locking, source: specs.Source, name: str) -> locks.SourceLock:
    assert isinstance(source, specs.ArchiveSource)  # noqa: S101 - the table's row
    size = _bring(at, source.url, source.path, source.sha256)
    locked = locks.ArchiveLock(
        url=source.url or "", path=source.path or "", sha256=f"sha256:{source.sha256}", size=size
    )
    if at.git is not None:
        against = compare_archive(at.git, source, locked, name)
        if against is not None:
            at.compared.append((name, against.found))
            locked = msgspec.structs.replace(locked, compared=against.locked())
    return locked


def _file(at: Locking, source: specs.Source, name: str) -> locks.SourceLock:
    assert isinstance(source, specs.FileSource)  # noqa: S101 - the table's row
    size = _bring(at, source.url, source.path, source.sha256)
    own = source.name or posixpath.basename((source.url or source.path or "").partition("?")[0].partition("#")[0])
    if not own or own in (".", ".."):
        raise UsageError("a file without a name", where=f"sources.{name}", remedy="add `name:`")
    return locks.FileLock(
        url=source.url or "", path=source.path or "", name=own, sha256=f"sha256:{source.sha256}", size=size
    )


def _bring(at: Locking, url: str | None, path: str | None, sha256: str) -> int:
    """Put the bytes into the store, unless they are there and well."""
    expected = Digest("sha256", sha256)
    limit = at.limits.build_input_bytes
    if url is not None:
        size = at.store.size(expected)
        if size is not None:
            return size  # read with a hash whenever it is used
        with at.fetcher.fetch(url, limit) as pieces:
            return at.store.put(pieces, limit=limit, expected=expected).size
    with at.inputs.file(path or "") as pieces:
        return at.store.put(pieces, limit=limit, expected=expected).size


def _directory(at: Locking, source: specs.Source, name: str) -> locks.SourceLock:
    assert isinstance(source, specs.DirectorySource)  # noqa: S101 - the table's row
    count = 0

    def counted() -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        nonlocal count
        for item in _folder(at.inputs, source, at.own_files):
            count += 1
            yield item

    blob = at.store.put(tarwrite.write(counted()), limit=at.limits.build_input_bytes)
    return locks.DirectoryLock(path=source.path, content=str(blob.digest), size=blob.size, files=count)


def _folder(
    inputs: LocalInputs, source: specs.DirectorySource, own_files: Iterable[str]
) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
    """What a folder holds, without what its source leaves out."""
    own = {posixpath.relpath(path, source.path).encode() for path in own_files}

    def leave_out(path: bytes) -> bool:
        last = path.rpartition(b"/")[2]
        return last in _ALWAYS_OUT or path in own or any(_fits(path, last, one) for one in source.exclude)

    return inputs.tree(source.path, leave_out)


def outdated(
    spec: specs.Spec, lock: locks.Lock, inputs: LocalInputs, own_files: Iterable[str], limits: Limits
) -> tuple[str, ...]:
    """Names of folders that no longer hold what the lock pins: a build takes what is pinned, which may surprise.

    A folder that is not there, or cannot be read, says nothing: lock and store are all a build needs. Of one that has
    grown no more is read than the lock pins.

    Raises:
        UnsupportedError: a folder of more bytes than an input may have, and the lock does not say that it has fewer.
    """
    found = []
    for name, source in sorted(spec.sources.items()):
        locked = lock.sources.get(name)
        if isinstance(source, specs.DirectorySource) and isinstance(locked, locks.DirectoryLock):
            tar = tarwrite.write(_folder(inputs, source, own_files))
            if not _holds(tar, locked, limits.build_input_bytes, where=f"sources.{name}"):
                found.append(name)
    return tuple(found)


def _holds(tar: Iterator[bytes], locked: locks.DirectoryLock, limit: int, *, where: str) -> bool:
    """Whether a folder's canonical tar is what the lock pins, as far as it can be read."""
    state, size = hashlib.sha256(), 0
    most = min(locked.size or limit, limit)  # a lock that tells no size has 0
    try:
        for piece in tar:
            size += len(piece)
            if size > most:
                break
            state.update(piece)
    except AssayError:
        return True
    if size > limit:
        raise UnsupportedError(
            "too large for an input", where=where, why=f"more than {limit} bytes",
            remedy="raise the limit build_input_bytes if you trust it",
        )  # fmt: skip
    return size <= most and f"sha256:{state.hexdigest()}" == locked.content


def _fits(path: bytes, name: bytes, pattern: str) -> bool:
    """Of the whole path or its last name; one with a slash at its beginning of the path alone, name by name."""
    text = path.decode("utf-8", "surrogateescape")
    if pattern.startswith("/"):
        names, parts = text.split("/"), pattern[1:].split("/")
        return len(names) == len(parts) and all(map(fnmatchcase, names, parts))
    return fnmatchcase(text, pattern) or fnmatchcase(name.decode("utf-8", "surrogateescape"), pattern)


def _git(at: Locking, source: specs.Source, name: str) -> locks.SourceLock:
    assert isinstance(source, specs.GitSource)  # noqa: S101 - the table's row
    if at.git is None:
        raise UnsupportedError("no git here", where=f"sources.{name}", remedy="lock where git is installed")
    keyring = b""
    if source.signed_by is not None:
        with at.inputs.file(source.signed_by) as pieces:
            keyring = b"".join(pieces)
    old = at.previous.sources.get(name) if at.previous is not None else None
    return lock_git(at.git, source, name, keyring=keyring, previous=old)


_LOCKERS: Lockers = {
    specs.GitSource: _git,
    specs.ArchiveSource: _archive,
    specs.FileSource: _file,
    specs.DirectorySource: _directory,
}
