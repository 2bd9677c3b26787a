"""The lock: every input of a build by digest. A struct per kind of input, one canonical form, and what changed.

Written as canonical JSON: names sorted, entries sorted by their names, indented, LF at the end (brief B8). Digests
stand as `sha256:…` texts: `model.digest.Digest.parse` reads them.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from assay.formats import strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

VERSION = 1
DigestText = Annotated[str, Meta(pattern=r"^sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$")]
Sha256Text = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Size = Annotated[int, Meta(ge=0)]


class _Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What every part of the lock has in common."""


class IndexFile(_Wire, frozen=True, kw_only=True):
    """One file an InRelease vouches for."""

    path: str
    """As InRelease names it: `main/binary-amd64/Packages.xz`."""
    size: Size
    sha256: Sha256Text


class DebianIndex(_Wire, frozen=True, kw_only=True):
    """A suite of a Debian archive at one moment."""

    name: str
    """`NAME/SUITE`: the spec's name of the archive and the suite as asked."""
    url: str
    """Of the archive, without the suite."""
    suite: str
    codename: str
    origin: str = ""
    date: str
    """`Date` of InRelease, RFC 3339."""
    valid_until: str = ""
    in_release: Sha256Text
    fingerprints: tuple[str, ...]
    """Primary fingerprints of the keys that signed, sorted."""
    files: tuple[IndexFile, ...] = ()


class DebianPackage(_Wire, frozen=True, kw_only=True):
    """One binary package."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    path: str
    """In the pool, percent-encoded as it is fetched."""
    size: Size
    sha256: Sha256Text
    index: str
    """`DebianIndex.name` of the index that lists it."""
    roles: tuple[str, ...]
    """`image` and `toolchain:NAME`, sorted."""


class PythonFile(_Wire, frozen=True, kw_only=True):
    """A wheel or an sdist."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    file: str
    url: str = ""
    size: Size = 0
    sha256: Sha256Text
    dependencies: str
    """The spec's name of the set of dependencies."""
    platforms: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Which of the spec's platforms take it, sorted; absent where all do."""


class NpmTarball(_Wire, frozen=True, kw_only=True):
    """A package of the npm registry at its place in `node_modules`."""

    name: str
    version: str
    path: str
    """Key of package-lock.json: the folder it is laid into."""
    url: str = ""
    integrity: DigestText
    """The lock's own sha512."""
    sha256: Sha256Text
    size: Size = 0
    dependencies: str
    dev: bool = False
    install_script: bool = False
    platforms: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Which of the spec's platforms take it, sorted; absent where all do."""


class GoModule(_Wire, frozen=True, kw_only=True):
    """A module as the module proxy serves it."""

    module: str
    version: str
    hash: str
    """`h1:…` of go.sum."""
    url: str = ""
    sha256: Sha256Text
    size: Size = 0
    mod_sha256: Sha256Text | None = None
    """Of its go.mod alone."""
    info_sha256: Sha256Text | None = None
    dependencies: str


class GitLock(_Wire, frozen=True, kw_only=True, tag="git"):
    """A commit and what leads to it."""

    url: str
    commit: str
    tree: str
    tag: str = ""
    tag_object: str = ""
    """Object id of the annotated tag; empty for a light one."""
    time: int = 0
    """Committer time, Unix seconds."""
    signers: tuple[str, ...] = ()
    """Fingerprints of the keys that signed the tag, or the commit; of an SSH key with whom it belongs to behind it."""
    content: Sha256Text
    """Canonical tar of the tree, in the store."""
    size: Size = 0


class ArchiveDifference(_Wire, frozen=True, kw_only=True):
    """A file of an archive that its tag has not, or has otherwise."""

    code: str
    severity: str
    path: str
    why: str


class ComparedArchive(_Wire, frozen=True, kw_only=True):
    """An archive against the tag it claims to be, when it was locked."""

    url: str
    tag: str
    commit: str
    tree: str
    same: Size
    """Files that are those of the tag."""
    generated: tuple[str, ...] = ()
    differences: tuple[ArchiveDifference, ...] = ()
    test_blobs: tuple[str, ...] = ()
    """Binary files among the tests, which no build has a reason to open."""


class ArchiveLock(_Wire, frozen=True, kw_only=True, tag="archive"):
    """An archive as it is fetched."""

    url: str = ""
    path: str = ""
    sha256: Sha256Text
    size: Size = 0
    compared: ComparedArchive | msgspec.UnsetType = msgspec.UNSET
    """Absent where the spec names no repository to compare with."""


class FileLock(_Wire, frozen=True, kw_only=True, tag="file"):
    """One file."""

    url: str = ""
    path: str = ""
    name: str
    sha256: Sha256Text
    size: Size = 0


class DirectoryLock(_Wire, frozen=True, kw_only=True, tag="directory"):
    """A folder beside the spec."""

    path: str
    content: Sha256Text
    """Canonical tar of the folder, in the store."""
    size: Size = 0
    files: int = 0


SourceLock = GitLock | ArchiveLock | FileLock | DirectoryLock


class ShapingTool(_Wire, frozen=True, kw_only=True):
    """A tool that shapes the output: a compressor's row, the tar writer."""

    name: str
    version: str
    """Of the tar writer: the number of its form. Of a compressor: for a reader; the golden digest decides."""
    level: int = 0
    threads: int = 1
    feeding: str = ""
    """`streamed` or `one-shot`, with the size of pieces where it matters."""
    golden: Sha256Text | None = None


class Lock(_Wire, frozen=True, kw_only=True):
    """Everything one spec needs, pinned."""

    lock_version: int = field(name="lockVersion", default=VERSION)
    spec: Sha256Text
    """Digest of the canonical spec (`build.spec_read.spec_digest`)."""
    epoch: int
    sources: dict[str, SourceLock] = {}
    indexes: tuple[DebianIndex, ...] = ()
    packages: tuple[DebianPackage, ...] = ()
    python: tuple[PythonFile, ...] = ()
    npm: tuple[NpmTarball, ...] = ()
    go: tuple[GoModule, ...] = ()
    keys: dict[str, Sha256Text] = {}
    """Key files of the spec, by path: they lie in the store too."""
    tools: tuple[ShapingTool, ...] = ()


class Change(msgspec.Struct, frozen=True, order=True):
    """One difference between two locks."""

    kind: str
    """`lock`, `source`, `index`, `package`, `python`, `npm`, `go`, `key` or `tool`."""
    name: str
    change: str
    """`added`, `removed` or `changed`."""
    field: str = ""
    before: str = ""
    after: str = ""

    def line(self) -> str:
        """`changed package libc6:amd64 version 2.36-9 → 2.36-10`."""
        words = [self.change, self.kind, self.name]
        if self.change == "changed":
            words += [self.field, f"{self.before or '(none)'} → {self.after or '(none)'}"]
        return " ".join(filter(None, words))


_LISTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("index", "indexes", lambda item: item.name),
    ("package", "packages", lambda item: f"{item.name}:{item.architecture}@{item.index}"),
    ("python", "python", lambda item: f"{item.dependencies}/{item.name}/{item.file}"),
    ("npm", "npm", lambda item: f"{item.dependencies}/{item.path}"),
    ("go", "go", lambda item: f"{item.dependencies}/{item.module}@{item.version}"),
    ("tool", "tools", lambda item: item.name),
)
"""Kind, field, and the name that tells entries apart and sorts them."""
_MAPS = (("source", "sources"), ("key", "keys"))


def write(lock: Lock) -> bytes:
    """The lock's canonical bytes; `read(write(lock))` gives the lock with its entries sorted."""
    plain = msgspec.to_builtins(ordered(lock))
    return msgspec.json.format(strictjson.canonical(plain), indent=2) + b"\n"


def read(data: bytes, *, where: str) -> Lock:
    """A lock file.

    Raises:
        MalformedError: not a lock, a later version, an entry twice, or not in canonical form (somebody edited it).
    """
    document = strictjson.loads(data, where=where, limit=DEFAULT_LIMITS.build_lock_bytes)
    if isinstance(document, dict) and type(version := document.get("lockVersion")) is int and version != VERSION:
        raise _bad(where, f"lockVersion is {version}, this program reads {VERSION}", "use the program that wrote it")
    try:
        lock = msgspec.convert(document, Lock)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)[:300]) from error
    for kind, name, key in _LISTS:
        seen: set[str] = set()
        for entry in map(key, getattr(lock, name)):
            if entry in seen:
                raise _bad(where, f"the {kind} {entry[:100]!r} stands there twice")
            seen.add(entry)
    if write(lock) != data:
        raise _bad(where, "it is not in its canonical form: somebody edited it")
    return lock


def ordered(lock: Lock) -> Lock:
    """The same lock with all lists sorted."""
    lists = {name: tuple(sorted(getattr(lock, name), key=key)) for _, name, key in _LISTS}
    return msgspec.structs.replace(lock, **lists)


def difference(before: Lock, after: Lock) -> tuple[Change, ...]:
    """What changed, entry by entry and field by field, sorted."""
    found = [
        Change("lock", "", "changed", name, str(getattr(before, name)), str(getattr(after, name)))
        for name in ("lock_version", "spec", "epoch")
        if getattr(before, name) != getattr(after, name)
    ]
    pairs = [(kind, dict(getattr(before, name)), dict(getattr(after, name))) for kind, name in _MAPS]
    for kind, name, key in _LISTS:
        old, new = ({key(item): item for item in getattr(lock, name)} for lock in (before, after))
        pairs.append((kind, old, new))
    for kind, old, new in pairs:
        found += [Change(kind, name, "removed") for name in old.keys() - new.keys()]
        found += [Change(kind, name, "added") for name in new.keys() - old.keys()]
        for name in old.keys() & new.keys():
            found += _fields(kind, name, old[name], new[name])
    return tuple(sorted(found))


def _fields(kind: str, name: str, old: Any, new: Any) -> Iterator[Change]:
    before, after = _plain(old), _plain(new)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield Change(kind, name, "changed", key, _text(before.get(key)), _text(after.get(key)))


def _plain(value: Any) -> dict[str, Any]:
    plain = msgspec.to_builtins(value)
    return plain if isinstance(plain, dict) else {"": plain}


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else strictjson.canonical(value).decode()


def blobs(lock: Lock) -> tuple[Digest, ...]:
    """Digests of everything the lock needs in the store, sorted: what `fetch` brings and `gc` keeps."""
    found: set[str] = set(lock.keys.values())
    for source in lock.sources.values():
        found.add(source.content if isinstance(source, GitLock | DirectoryLock) else source.sha256)
    for index in lock.indexes:
        found.add(index.in_release)
        found.update(file.sha256 for file in index.files)
    for group in (lock.packages, lock.python, lock.npm, lock.go):
        found.update(item.sha256 for item in group)
    for module in lock.go:
        found.update(filter(None, (module.mod_sha256, module.info_sha256)))
    return tuple(Digest.parse(text) for text in sorted(found))


def sizes(lock: Lock) -> Iterator[tuple[Digest, int]]:
    """(digest, bytes) of every blob whose size a lock tells, in no order; one digest twice where it stands twice."""
    for source in lock.sources.values():
        yield (
            Digest.parse(source.content if isinstance(source, GitLock | DirectoryLock) else source.sha256),
            source.size,
        )
    files = (file for index in lock.indexes for file in index.files)
    for group in (files, lock.packages, lock.python, lock.npm, lock.go):
        for one in group:
            yield Digest.parse(one.sha256), one.size


def _bad(where: str, why: str, remedy: str = "write it anew with `assay lock`") -> MalformedError:
    return MalformedError("not an acceptable lock", where=where, why=why, remedy=remedy)
