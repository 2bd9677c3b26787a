"""Feeds in, advisory database out: the doors `flows.feeds` walks through."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from assay.model.advisory import Advisory, CveRecord, Epss, Feed, Kev
from assay.model.cpe import CpeCondition
from assay.model.lifecycle import Product
from assay.ports.databases import Approval, SignedPlace, approve_any
from assay.ports.stores import DatabaseStatus


class FeedFile(msgspec.Struct, frozen=True, order=True):
    """One file of a folder of feeds; `digest` is sha256 in hex of its bytes as they lie there."""

    name: str
    size: int
    digest: str


class FeedFolder(Protocol):
    """A folder with feed files: `.json`, `.jsonl[.gz]`, `.csv[.gz]`, `.zip`."""

    def files(self) -> Sequence[FeedFile]:
        """Regular files, sorted by name."""

    def records(self, name: str, limit: int) -> Iterator[bytes]:
        """Lines of a (compressed) text file, or the JSON members of a zip sorted by name; no empty ones.

        A longer record comes cut off after `limit + 1` bytes, so that its reader refuses it.

        Raises:
            MalformedError: damaged compression, or more bytes than the limits allow.
        """

    def document(self, name: str, limit: int) -> bytes:
        """The whole (inflated) file; more than `limit` bytes is a MalformedError."""

    def raw(self, name: str) -> Iterator[bytes]:
        """A file's bytes as they lie there."""


class StoredRange(msgspec.Struct, frozen=True, kw_only=True):
    """One interval of versions as it is kept. `lo` and `hi` are keys (`lo` b"" = from the first, `hi` b"" = no end);
    None for both: no key, `versions` or the texts are compared one by one.
    """

    ecosystem: str
    name: str
    advisory: str
    feed: str
    lo: bytes | None = None
    hi: bytes | None = None
    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""
    limit: str = ""
    versions: tuple[str, ...] = ()
    state: str = ""


class KevRow(msgspec.Struct, frozen=True):
    """A known exploited CVE."""

    cve: str
    kev: Kev


class EpssRow(msgspec.Struct, frozen=True):
    """A probability for one CVE."""

    cve: str
    epss: Epss


class CoverageRow(msgspec.Struct, frozen=True):
    """`feed` speaks for this package until `until`; an empty name means the whole ecosystem."""

    ecosystem: str
    name: str
    feed: str
    until: str
    newest: str = ""
    """The newest version it has read; it knows nothing of a newer one. Empty = it speaks of every version."""


class UnaffectedRow(msgspec.Struct, frozen=True):
    """The distribution says that its package is not, or never was (`state`), affected."""

    ecosystem: str
    name: str
    id: str
    feed: str
    state: str = "never-affected"


class CpeRow(msgspec.Struct, frozen=True):
    """The conditions of CPE names under which a CVE holds; any one is enough."""

    cve: str
    feed: str
    conditions: tuple[CpeCondition, ...]


Fact = KevRow | EpssRow | CveRecord | CoverageRow | UnaffectedRow | CpeRow | Product


class AdvisoryWriter(Protocol):
    """A new advisory database in the making. Nothing is visible before `finish` returns."""

    def advisory(self, record: Advisory) -> None:
        """Keep a record's head (without `affected`); one with the same id is replaced."""

    def known(self, identifier: str) -> Advisory | None:
        """The head kept under this id so far."""

    def ranges(self, rows: Iterable[StoredRange]) -> None:
        """Keep intervals; the same interval twice is kept once."""

    def facts(self, rows: Iterable[Fact]) -> None:
        """Keep enrichment; of two with the same key the first stays."""

    def finish(self, feeds: Sequence[Feed], encoders: Mapping[str, int], classes: Mapping[str, str]) -> DatabaseStatus:
        """Write the sources, the encoders' versions and the alias classes (id to class id), close, and put in place.

        Raises:
            UnavailableError: the disk is full or the place cannot be written.
        """


def unnumbered(content: str) -> int:
    """The build number of a database that has none."""
    del content
    return 0


class DatabasePlace(Protocol):
    """Where the advisory database lies: replaced whole or not at all."""

    def status(self) -> DatabaseStatus:
        """What it holds now. UnavailableError when there is none."""

    def writer(
        self, number: Callable[[str], int] = unnumbered, approval: Approval = approve_any
    ) -> AbstractContextManager[AdvisoryWriter]:
        """A new database beside the old one; leaving without `finish` removes it and keeps the old one.

        `number` gives the build number for a content digest; `approval` sees the finished file before it is in place.
        """

    def export(self, target: str, approval: Approval = approve_any) -> DatabaseStatus:
        """Verify and copy to the path `target`, with a line `<sha256>  <name>` in `<target>.sha256`.

        The signature that `approval` gives lies in `<target>.sigstore.json`.
        """

    def restore(self, source: str, digest: str, approval: Approval = approve_any) -> DatabaseStatus:
        """Verify the file `source` (digest, schema, encoders, content digest), have it approved, put it in place."""


class KeptDatabase(DatabasePlace, SignedPlace, Protocol):
    """Both: a place where a database is made or brought, with its signature and the memory of the newest one."""


class Validators(msgspec.Struct, frozen=True):
    """What a server said of a file's state (RFC 9110, 8.8): empty where it said nothing."""

    etag: str = ""
    modified: str = ""


NO_VALIDATORS = Validators()


class Served(msgspec.Struct, frozen=True):
    """A feed on its way, or the word that it is unchanged (`chunks` None)."""

    chunks: Iterator[bytes] | None
    validators: Validators = NO_VALIDATORS


class Fetch(Protocol):
    """The network, as far as feeds need it."""

    def fetch(self, url: str, limit: int, known: Validators = NO_VALIDATORS) -> Served:
        """Ask for a file, in chunks; with `known` it may be said to be unchanged.

        Raises:
            UnavailableError: no answer, an error status, a web page, fewer bytes than announced, or more than `limit`.
        """


class Shelf(Protocol):
    """Feeds as they came last, so that an unchanged one is not fetched again."""

    def validators(self, name: str, url: str) -> Validators:
        """What the server said of the whole file kept under this name; empty where none is, or a damaged one."""

    def read(self, name: str) -> Iterator[bytes]:
        """The kept file."""

    def keep(self, files: Mapping[str, tuple[str, Validators]], folder: FeedFolder) -> None:
        """Keep these files of a folder (name to address and validators), and no others."""


class Spool(Protocol):
    """A folder of our own for feeds on their way in; removed when done."""

    def put(self, name: str, chunks: Iterator[bytes]) -> None:
        """Write one file."""

    def folder(self) -> FeedFolder:
        """What was put."""
