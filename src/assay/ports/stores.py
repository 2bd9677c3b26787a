"""What is kept: advisories, layer records, inputs of builds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from assay.model.advisory import Advisory, Epss, Feed, Kev, Score, Ssvc
from assay.model.cpe import CpeCondition
from assay.model.digest import Digest
from assay.model.image import Descriptor
from assay.model.lifecycle import Product
from assay.model.tree import Span


class AdvisoryHit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stored range (or list of versions) that may concern a package. All bounds are as the feed wrote them."""

    ecosystem: str
    name: str
    advisory: str
    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""
    versions: tuple[str, ...] = ()
    state: str = ""
    keyed: bool = False
    """True: the query's key lies inside [lo, hi): the version IS in the range. False: compare with the slow path."""
    limit: str = ""
    """Upper bound, exclusive, that is no fix."""
    feed: str = ""
    """The feed this range came from (an advisory may be told by several)."""


class DatabaseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the database holds."""

    schema: int
    built: str
    """Newest feed date."""
    content_digest: str
    feeds: tuple[Feed, ...]
    advisories: int
    ranges: int
    encoders: Mapping[str, int]
    """Version of each key encoder the ranges were written with."""
    build: int = 0
    """Build number; rises with every database of one author. 0 = it has none."""


class Query(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """One lookup: an ecosystem as the feeds write it, a package name, and the version's key (None = none)."""

    ecosystem: str
    name: str
    key: bytes | None


class Enrichment(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one CVE beyond the advisory that named it."""

    summary: str = ""
    scores: tuple[Score, ...] = ()
    kev: Kev | None = None
    epss: Epss | None = None
    ssvc: Ssvc | None = None
    state: str = ""
    """`PUBLISHED`, `REJECTED`, or empty when no CVE record was read."""
    cwes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    """`disputed` and the like, as `CveRecord.marks`."""


class Spared(msgspec.Struct, frozen=True, order=True):
    """A distribution's word that one of its packages is not affected by `id`."""

    id: str
    feed: str
    state: str = "never-affected"
    """`never-affected` (no version that was shipped) or `not-affected`."""


class Coverage(msgspec.Struct, frozen=True, order=True):
    """A feed that speaks for a package."""

    feed: str
    newest: str = ""
    """The newest version it has read: it knows nothing of a newer one. Empty = it speaks of every version."""


class AdvisoryStore(Protocol):
    """The advisory database, read-only; every method is a batch."""

    def status(self) -> DatabaseStatus:
        """What it holds, cheap."""

    def lookup(self, queries: Sequence[Query]) -> list[list[AdvisoryHit]]:
        """For each query: ranges its key lies in (keyed), and every range and list without a key for that name."""

    def advisories(self, ids: Iterable[str]) -> dict[str, Advisory]:
        """Records by id (without `affected`), `aliases` extended to the whole alias class."""

    def enrich(self, cves: Iterable[str]) -> dict[str, Enrichment]:
        """Scores, exploitation and probability by CVE id; unknown ids are left out."""

    def coverage(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Coverage, ...]]:
        """(ecosystem, name) → who speaks for it; a pair no feed speaks for is left out.

        A feed that covers a whole ecosystem answers for every name of it, and comes last; one with a list answers for
        its list.
        """

    def unaffected(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Spared, ...]]:
        """(ecosystem, name) → what its distribution says does not concern it, sorted; other pairs are left out."""


class AdvisoryIndex(Protocol):
    """The advisory database, by id instead of by package; slow, for one question of a person."""

    def speaking(self, identifier: str) -> tuple[str, ...]:
        """Ids of the advisories that are of this id's alias class or name it among their other ids, sorted."""

    def named(self, records: Iterable[str], identifiers: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(ecosystem, name) of what these advisories name, or of what is not affected by one of the ids; sorted."""


class CpeHit(msgspec.Struct, frozen=True):
    """A CVE whose conditions name a product as vulnerable."""

    cve: str
    feed: str
    conditions: tuple[CpeCondition, ...]


class CpeStore(Protocol):
    """Conditions of CPE names; asked only where the operator wants such matches."""

    def cpes(self, products: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[CpeHit, ...]]:
        """(vendor, product) → CVEs that call it vulnerable, sorted; an empty vendor is any; others are left out."""


class Lifecycles(Protocol):
    """When products end; unknown products are left out."""

    def lifecycle(self, names: Iterable[str]) -> dict[str, Product]:
        """By endoflife.date's name (`debian`, `python`), or by an identifier it lists (a purl, a CPE)."""


class LayerCache(Protocol):
    """Records of scanned layers; a cache that may lose anything at any time and never lies."""

    def get(self, key: str) -> bytes | None:
        """The record, self-checked, or None."""

    def put(self, key: str, data: bytes) -> None:
        """Keep the record, atomically."""


class Blob(msgspec.Struct, frozen=True, order=True):
    """Something in a content store."""

    digest: Digest
    size: int


class ContentStore(Protocol):
    """Bytes by their SHA-256: every input of a build. What is in it is whole; what is read is hashed again."""

    def put(self, chunks: Iterable[bytes], *, limit: int, expected: Digest | None = None) -> Blob:
        """Keep the bytes, in one step and durably; nothing is kept unless all is well.

        Args:
            chunks: the bytes, in pieces of any size.
            limit: greatest number of bytes.
            expected: refuse other content. SHA-512 and SHA-384 may be asked for too; it is kept under its SHA-256.

        Raises:
            UntrustedError: other content. UnsupportedError: more than `limit`. UnavailableError: no room, no right.
        """

    def open(self, digest: Digest) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes in pieces, hashed as they pass: believe nothing made of them before the last piece came.

        Raises:
            UnavailableError: it is not there. UntrustedError, at the last piece: the bytes on disk have changed.
        """

    def size(self, digest: Digest) -> int | None:
        """How many bytes, or None when it is not there. The content is not looked at."""

    def blobs(self) -> Iterator[Blob]:
        """What is there, sorted by digest."""

    def delete(self, digest: Digest) -> None:
        """Forget it; nothing happens when it is not there."""


class BlobSink(Protocol):
    """Where an image or another artifact is written, in streams, and shown when it is whole."""

    def put(self, chunks: Iterable[bytes], *, limit: int, expected: Digest | None = None) -> Blob:
        """As `ContentStore.put`."""

    def publish(self, descriptor: Descriptor, tag: str) -> None:
        """Show a manifest or an index under a tag; its blobs are there."""


class StepResults(Protocol):
    """Which results of steps are kept, by what they follow from."""

    def get(self, key: Digest, limit: int) -> bytes | None:
        """What is kept under a key, at most `limit` bytes; None where nothing is that can be believed."""

    def put(self, key: Digest, data: bytes) -> None:
        """Keep it.

        Raises:
            UnavailableError: it cannot be written.
        """


class Spool(Protocol):
    """Room for the bytes of a tree while it is put together; gone with the process."""

    def add(self, chunks: Iterable[bytes]) -> Span:
        """Keep the bytes; where they lie."""

    def read(self, span: Span) -> Iterator[bytes]:
        """The bytes of a span, in pieces."""
