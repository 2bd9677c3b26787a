"""From a folder of feeds to a new advisory database: which file is which, in what order, what to do with the bad ones.

A bad record is skipped, with id and reason, and counted; a feed with more bad records than one in a hundred (and more
than ten) fails the whole build, because then something else is wrong. Records that share an id are merged.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from assay.dependencies.aliases import classes
from assay.dependencies.versions import scheme_for
from assay.flows.feed_intake import Intake
from assay.flows.feed_table import FEEDS, FeedRow, stem
from assay.formats import osv
from assay.formats.feeds import cvemeta, distro, eol, epss, kev
from assay.model.advisory import CveRecord, Feed
from assay.model.errors import MalformedError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.feeds import AdvisoryWriter, CoverageRow, EpssRow, Fact, FeedFile, FeedFolder, KevRow, UnaffectedRow
from assay.ports.stores import DatabaseStatus
from assay.ports.world import Progress

_BAD_SHARE_PERCENT = 1
_BAD_COUNT = 10
_REASONS_COUNT = 100
T = TypeVar("T")


class Skipped(msgspec.Struct, frozen=True, order=True):
    """One record that was left out."""

    feed: str
    record: str
    reason: str


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a build did."""

    status: DatabaseStatus
    skipped: tuple[Skipped, ...] = ()
    """At most 100 a feed; the counts stand in `status.feeds`."""
    unread: tuple[tuple[str, str], ...] = ()
    """(file, why) of files that are no feed."""


def build(
    folder: FeedFolder,
    writer: AdvisoryWriter,
    *,
    rows: Sequence[FeedRow] = FEEDS,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Read every feed of the folder that the table knows and finish the database.

    Args:
        folder: where the files lie.
        writer: the database in the making; finished here, abandoned by its owner when this raises.
        rows: the table, in order of precedence.
        limits: bounds of records and documents.
        progress: is told each feed's name.

    Raises:
        UsageError: no file of the folder is a feed.
        MalformedError: a file that cannot be read at all, or a feed with too many bad records.
    """
    files, unread = _assign(folder.files(), rows)
    if not files:
        raise UsageError(
            "no advisory feed found", why=f"{len(unread)} files, none of them known",
            remedy="give the folder that holds files such as pypi.jsonl.gz, kev.json, epss.csv.gz",
        )  # fmt: skip
    intake = Intake(writer, scheme_for)
    feeds, skipped = [], []
    for row, file in files:
        if progress is not None:
            progress.stage(f"reading {file.name}")
        reading = _Reading(folder, row, file, limits)
        _READERS[row.form](reading, writer, intake)
        intake.flush()
        feeds.append(reading.feed())
        skipped += reading.skipped
    status = writer.finish(sorted(feeds, key=lambda feed: feed.name), intake.encoders, classes(intake.pairs()))
    return BuildReport(status=status, skipped=tuple(skipped), unread=tuple(unread))


def _assign(
    files: Sequence[FeedFile], rows: Sequence[FeedRow]
) -> tuple[list[tuple[FeedRow, FeedFile]], list[tuple[str, str]]]:
    """Files by row, in the table's order; the rest with the reason."""
    by_name = {row.name: row for row in rows}
    chosen: dict[str, FeedFile] = {}
    unread = []
    for file in files:
        row = by_name.get(stem(file.name)) or by_name.get(file.name)
        if row is None:
            unread.append((file.name, "no row of the feed table has this name"))
        elif row.form == "none":
            unread.append((file.name, row.reason))
        elif row.name in chosen:
            unread.append((file.name, f"{chosen[row.name].name} is the same feed"))
        else:
            chosen[row.name] = file
    return [(row, chosen[row.name]) for row in rows if row.name in chosen], unread


class _Reading:
    """One feed while it is read: what was counted, what was skipped, the newest date seen."""

    def __init__(self, folder: FeedFolder, row: FeedRow, file: FeedFile, limits: Limits) -> None:
        self.folder, self.row, self.file, self.limits = folder, row, file, limits
        self.read = self.bad = 0
        self.date = row.snapshot if file.digest == row.sha256 else ""
        self.known_date = bool(self.date)
        self.skipped: list[Skipped] = []

    def document(self) -> bytes:
        return self.folder.document(self.file.name, self.limits.feed_document_bytes)

    def records(self) -> Iterator[bytes]:
        return self.folder.records(self.file.name, self.limits.advisory_bytes)

    def saw(self, date: str) -> None:
        self.read += 1
        if not self.known_date and date[:10] > self.date:
            self.date = date[:10]

    def skip(self, record: str, error: MalformedError) -> None:
        self.bad += 1
        if len(self.skipped) < _REASONS_COUNT:
            self.skipped.append(Skipped(self.row.name, record, f"{error.what}: {error.why}"))

    def feed(self) -> Feed:
        """The feed's own row; refuses a feed of which too much is bad, or that is empty."""
        if self.bad > max(_BAD_COUNT, (self.read + self.bad) * _BAD_SHARE_PERCENT // 100):
            first = "; ".join(f"{item.record or '?'}: {item.reason}" for item in self.skipped[:3])
            raise MalformedError(
                "too many bad records in a feed", where=self.file.name,
                why=f"{self.bad} of {self.read + self.bad}, first {first}",
                remedy="fetch the feed again, or leave it out of the folder",
            )  # fmt: skip
        if not self.read:
            raise MalformedError(
                "a feed without records", where=self.file.name, why="nothing in it could be read as one",
                remedy="fetch the feed again, or leave it out of the folder",
            )  # fmt: skip
        row = self.row
        return Feed(
            name=row.name, date=self.date, licence=row.licence, digest=f"sha256:{self.file.digest}",
            records=self.read, skipped=self.bad, origin=row.origin,
        )  # fmt: skip


def _read_osv(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    row = reading.row
    named: set[tuple[str, str]] = set()
    for data in reading.records():
        try:
            record = osv.parse(data, feed=row.name, order=intake.key, limit=reading.limits.advisory_bytes)
        except MalformedError as error:
            reading.skip(osv.identify(data), error)
            continue
        reading.saw(max(record.modified, record.published))
        named.update(intake.take(record))
    if row.ecosystems:
        named = {pair for pair in named if pair[0].partition(":")[0] in row.ecosystems}
    if row.covers == "ecosystem":
        named = {(ecosystem, "") for ecosystem, _ in named}
    if row.covers:
        writer.facts(CoverageRow(ecosystem, name, row.name, reading.date) for ecosystem, name in sorted(named))


def _read_kev(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    released, entries = kev.parse(reading.document(), where=reading.file.name)
    writer.facts(KevRow(cve, value) for cve, value in _good(entries, reading, released))


def _read_epss(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    rows = epss.parse(reading.records(), where=reading.file.name)

    def facts() -> Iterator[Fact]:
        for item in rows:
            if isinstance(item, MalformedError):
                reading.skip(item.where, item)
            else:
                reading.saw(item[1].date)
                yield EpssRow(*item)

    writer.facts(facts())


def _read_eol(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    date, products = eol.parse(reading.document(), where=reading.file.name)
    writer.facts(_good(products, reading, date))


def _good(items: Iterable[T | MalformedError], reading: _Reading, date: str) -> Iterator[T]:
    for item in items:
        if isinstance(item, MalformedError):
            reading.skip(item.where, item)
        else:
            reading.saw(date)
            yield item


def _read_cvemeta(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    def facts() -> Iterator[CveRecord]:
        for data in reading.records():
            try:
                record = cvemeta.parse(data, where=reading.file.name)
            except MalformedError as error:
                reading.skip(osv.identify(data), error)
                continue
            reading.saw(record.date)
            yield record

    writer.facts(facts())


def _read_debian_coverage(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    ecosystem, date, names = distro.coverage(reading.document(), where=reading.file.name)
    feed = reading.row.speaks_for
    writer.facts(CoverageRow(ecosystem, name, feed, date) for name in _good(names, reading, date))


def _read_alpine_unaffected(reading: _Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    rows = distro.never_affected(reading.document(), where=reading.file.name)
    writer.facts(UnaffectedRow(*row, reading.row.name) for row in _good(rows, reading, ""))


_READERS = {
    "osv": _read_osv,
    "kev": _read_kev,
    "epss": _read_epss,
    "eol": _read_eol,
    "cvemeta": _read_cvemeta,
    "debian-coverage": _read_debian_coverage,
    "alpine-unaffected": _read_alpine_unaffected,
}
