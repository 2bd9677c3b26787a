"""The contract of a cataloguer: a row in `catalogers.TABLE` and a file. It does not walk, open, fetch or log.

A cataloguer declares which files it wants; the walker hands each to it whole (as chunks), layer by layer; it answers
with a `Fragment`. Fragments are cached per layer, so a cataloguer sees one file and nothing else; `assemble` joins
what lies in several files.
"""

from collections.abc import Callable
from functools import cached_property

import msgspec

from assay.dependencies.go_program import GoProgram
from assay.dependencies.sheets import Sheet
from assay.formats.chunks import ChunkView
from assay.model.inventory import Confidence, Distro, Gap, Licence, SourcePackage
from assay.model.limits import Limits


class File(msgspec.Struct, frozen=True, dict=True):
    """One wanted file: its path in the image (no leading slash), its bytes in chunks, its size, the limits."""

    path: str
    chunks: tuple[bytes, ...]
    size: int
    limits: Limits
    installed: bool = True
    """False when the target is a source tree (`dir:`), where lock files are packages."""

    def data(self) -> bytes:
        """The bytes in one piece."""
        return self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)

    @cached_property
    def view(self) -> ChunkView:
        """The bytes as they lie in their chunks: one view for all rows, so that headers are read once."""
        return ChunkView(self.chunks, where=self.path)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which files a cataloguer reads. A file is wanted if any of these holds; no regular expressions.

    `limit` names the field of `Limits` that bounds the file's size; a larger file becomes a gap.
    """

    paths: frozenset[str] = frozenset()
    """Exact paths, e.g. `var/lib/dpkg/status`."""
    names: frozenset[str] = frozenset()
    """Base names, e.g. `METADATA`."""
    suffixes: frozenset[str] = frozenset()
    """Endings that begin with a dot, lower case, e.g. `.jar`, `.deps.json`."""
    directories: frozenset[str] = frozenset()
    """Every file directly in this directory, e.g. `var/lib/dpkg/status.d`."""
    magic: frozenset[bytes] = frozenset()
    """First four bytes, for programs."""
    within: tuple[str, ...] = ()
    """Directory prefixes with their closing slash; when given, `names` and `suffixes` count only below one of them."""
    folders: frozenset[str] = frozenset()
    """Names of folders; when given, `names` and `suffixes` count only directly in one of them, wherever it lies."""
    limit: str = "text_database_bytes"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """What a cataloguer read of one package in one file. `assemble` makes `Component`s of these."""

    ecosystem: str
    """purl type."""
    name: str
    """As people write it: `requests`, `@babel/core`, `github.com/x/y`, `group:artifact` for Maven."""
    version: str
    namespace: str = ""
    """purl namespace; for deb, apk, rpm left empty: `assemble` puts the distribution's id there."""
    purl_name: str = ""
    """purl name where it differs from `name`."""
    qualifiers: tuple[tuple[str, str], ...] = ()
    subpath: str = ""
    source: SourcePackage | None = None
    architecture: str = ""
    licence: Licence = Licence(reason="no licence recorded")
    maintainer: str = ""
    supplier: str = ""
    """As the metadata names it; for deb, apk, rpm `assemble` puts the distribution's name where it is empty."""
    hashes: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    kind: str = "package-metadata"
    confidence: Confidence = "certain"
    path: str = ""
    """Where, when not simply the file itself (`a.war!/WEB-INF/lib/b.jar`)."""
    parent: int | None = None
    """Index in the fragment of the package that contains this one."""
    depends: tuple[str, ...] = ()
    """Names required, in the ecosystem's own spelling, resolved by `assemble` within the ecosystem."""
    scope: str = ""
    """What `depends` are for (`Relation.scope`); "" where the file does not tell."""
    scoped: tuple[tuple[str, str], ...] = ()
    """(name, scope) of what is required for something else than `scope`; the names need not stand in `depends`."""
    provides: tuple[str, ...] = ()
    """Other names that satisfy `depends`."""
    files: bytes = b""
    """Owned paths as 8-byte BLAKE2b hashes (`path_hash`), concatenated; packages of the OS and of conda."""
    unless: str = ""
    """Name of a `Note` on another file of the same directory that claims to list everything: then this package counts
    only if that file lists it too (`go.sum` beside a `go.mod` that is complete)."""


class Ownership(msgspec.Struct, frozen=True):
    """Files owned by an OS package that another file of the database lists (dpkg's `info/*.list`)."""

    ecosystem: str
    name: str
    architecture: str
    files: bytes


class Note(msgspec.Struct, frozen=True):
    """A fact beside a package's metadata, in another file of the same directory (`direct_url.json`, `REQUESTED`)."""

    directory: str
    name: str
    value: str


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one file said."""

    packages: tuple[Package, ...] = ()
    ownership: tuple[Ownership, ...] = ()
    notes: tuple[Note, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """With `layer=None`; `assemble` knows the layer."""
    distro: Distro | None = None
    sheets: tuple[Sheet, ...] = ()
    """What the file says as a manifest or a lock."""
    program: GoProgram | None = None
    """The functions of a program: only where findings will be asked for (`dependencies.functions`)."""


class Cataloguer(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table. `version` rises with every change of what it finds (it is part of the cache key)."""

    name: str
    version: int
    ecosystem: str
    wants: Wanted
    catalogue: Callable[[File], Fragment]
    """Raises MalformedError for a damaged file: the walker turns it into a gap and goes on."""
    configuration: str = ""
    """Digest of what the user gave it to work with (classifiers); part of the cache key."""
    prepare: Callable[[], object] | None = None
    """Loads what nearly every image needs at its first file: called once, before readers go to work side by side."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A fragment with its place: made by the flow from the layer records and the merged root."""

    cataloguer: str
    path: str
    layer: int | None
    removed_by: int | None
    """Index of the layer that hides or replaces this file; None = it is in the final root."""
    fragment: Fragment
