"""One feed of each form while it is read: records to the database in the making, bad ones counted with reasons."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from assay.flows.feed_intake import Intake
from assay.flows.feed_table import FeedRow
from assay.formats import osv
from assay.formats.feeds import alpinesecdb, csafvex, cve5, cvemeta, debiantracker, distro, eol, epss, kev, nvd
from assay.formats.feeds.told import Told
from assay.model.advisory import CveRecord, Feed
from assay.model.errors import MalformedError
from assay.model.limits import Limits
from assay.ports.feeds import (
    AdvisoryWriter,
    CoverageRow,
    CpeRow,
    EpssRow,
    Fact,
    FeedFile,
    FeedFolder,
    KevRow,
    UnaffectedRow,
)

_BAD_SHARE_PERCENT = 1
_BAD_COUNT = 10
_HOPELESS_COUNT = 20_000
"""From so many bad records on, more of them than good ones, the rest is not read: a small file can hold billions."""
_REASONS_COUNT = 100
_FACTS_COUNT = 5_000
_DATELESS = frozenset({"debian-tracker", "alpine-secdb"})
"""Forms that tell no date: there the day counts that the server gave."""
T = TypeVar("T")


class Skipped(msgspec.Struct, frozen=True, order=True):
    """One record that was left out."""

    feed: str
    record: str
    """Its id, or its place in the feed, from 1, where it shows none."""
    reason: str


class Reading:
    """One feed while it is read: what was counted, what was skipped, the newest date seen."""

    def __init__(self, folder: FeedFolder, row: FeedRow, file: FeedFile, limits: Limits, served: str = "") -> None:
        self.folder, self.row, self.file, self.limits = folder, row, file, limits
        self.read = self.bad = 0
        self.date = row.snapshot if file.digest == row.sha256 else ""
        if row.form in _DATELESS:
            self.date = self.date or served
        self.known_date = bool(self.date)
        self.skipped: list[Skipped] = []

    def document(self) -> bytes:
        """The whole file, inflated."""
        return self.folder.document(self.file.name, self.limits.feed_document_bytes)

    def records(self) -> Iterator[bytes]:
        """Its records one by one."""
        return self.folder.records(self.file.name, self.limits.advisory_bytes)

    def saw(self, date: str) -> None:
        """Count a good record of this date."""
        self.read += 1
        if not self.known_date and date[:10] > self.date:
            self.date = date[:10]

    def skip(self, record: str, error: MalformedError) -> None:
        """Count a bad record, and keep why; refuses a feed that has shown nothing much but bad ones."""
        self.bad += 1
        if len(self.skipped) < _REASONS_COUNT:
            place = record or f"record {self.read + self.bad}"
            self.skipped.append(Skipped(self.row.name, place, f"{error.what}: {error.why}"))
        if self.bad >= _HOPELESS_COUNT and self.bad > self.read:
            raise self._too_many()

    def _too_many(self) -> MalformedError:
        first = "; ".join(f"{item.record}: {item.reason}" for item in self.skipped[:3])
        return MalformedError(
            "too many bad records in a feed", where=self.file.name,
            why=f"{self.bad} of {self.read + self.bad}, first {first}",
            remedy="fetch the feed again, or leave it out of the folder",
        )  # fmt: skip

    def feed(self) -> Feed:
        """The feed's own row; refuses a feed of which too much is bad, or that is empty."""
        if self.bad > max(_BAD_COUNT, (self.read + self.bad) * _BAD_SHARE_PERCENT // 100):
            raise self._too_many()
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


def _read_osv(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
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


def _read_kev(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    released, entries = kev.parse(reading.document(), where=reading.file.name)
    writer.facts(KevRow(cve, value) for cve, value in _good(entries, reading, released))


def _read_epss(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    rows = epss.parse(reading.records(), where=reading.file.name)

    def facts() -> Iterator[Fact]:
        for item in rows:
            if isinstance(item, MalformedError):
                reading.skip(item.where, item)
            else:
                reading.saw(item[1].date)
                yield EpssRow(*item)

    writer.facts(facts())


def _read_eol(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    date, products = eol.parse(reading.document(), where=reading.file.name)
    writer.facts(_good(products, reading, date))


def _good(items: Iterable[T | MalformedError], reading: Reading, date: str) -> Iterator[T]:
    for item in items:
        if isinstance(item, MalformedError):
            reading.skip(item.where, item)
        else:
            reading.saw(date)
            yield item


def _read_cvemeta(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
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


def _read_cve5(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    """Records with what others add to them; the exploited ones are told to be, behind the catalogue itself."""
    facts: list[Fact] = []
    for data in reading.records():
        if data.lstrip(b" \r\n\t").startswith(b"["):
            continue  # a list of changes lies among the records
        try:
            record, advisory = cve5.parse(
                data, feed=reading.row.name, where=reading.file.name, limit=reading.limits.advisory_bytes
            )
        except MalformedError as error:
            reading.skip(cve5.identify(data), error)
            continue
        reading.saw(record.date)
        facts.append(record)
        if record.kev is not None:
            facts.append(KevRow(record.id, record.kev))
        if advisory is not None:
            intake.take(advisory)
        if len(facts) >= _FACTS_COUNT:
            writer.facts(facts)
            facts.clear()
    writer.facts(facts)


def _read_nvd(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    """What NVD adds to a CVE, and conditions of CPE names: kept apart, and used only where the operator asks."""
    date, records = nvd.parse(reading.document(), where=reading.file.name)

    def facts() -> Iterator[Fact]:
        for item in records:
            if isinstance(item, MalformedError):
                reading.skip(item.where, item)
                continue
            reading.saw(max(date, item[0].date))
            yield item[0]
            if item[1]:
                yield CpeRow(item[0].id, reading.row.name, item[1])

    writer.facts(facts())


def _read_debian_coverage(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    ecosystem, date, sources = distro.coverage(reading.document(), where=reading.file.name)
    feed = reading.row.speaks_for
    writer.facts(CoverageRow(ecosystem, name, feed, date, newest) for name, newest in _good(sources, reading, date))


def _read_alpine_unaffected(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    rows = distro.never_affected(reading.document(), where=reading.file.name)
    writer.facts(UnaffectedRow(*row, reading.row.name) for row in _good(rows, reading, ""))


def _read_debian_tracker(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    told = debiantracker.parse(reading.document(), feed=reading.row.name, where=reading.file.name)
    _take(told, reading, writer, intake)


def _read_alpine_secdb(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    rolling = "".join(reading.row.ecosystems)
    ecosystem, told = alpinesecdb.parse(
        reading.document(), feed=reading.row.name, where=reading.file.name, rolling=rolling
    )
    _take(told, reading, writer, intake)
    writer.facts([CoverageRow(ecosystem, "", reading.row.name, reading.date)])


def _read_csaf(reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    def told() -> Iterator[Told | MalformedError]:
        for data in reading.records():
            try:
                yield from csafvex.parse(data, feed=reading.row.name, where=reading.file.name, limits=reading.limits)
            except MalformedError as error:
                yield MalformedError(error.what, where=csafvex.identify(data), why=error.why, remedy=error.remedy)

    _take(told(), reading, writer, intake)


def _take(items: Iterable[Told | MalformedError], reading: Reading, writer: AdvisoryWriter, intake: Intake) -> None:
    """Records that also say what is not affected; every ecosystem they name is covered if the feed's row says so."""
    feed = reading.row.name
    named: set[str] = set()
    spared: list[UnaffectedRow] = []
    for item in items:
        if isinstance(item, MalformedError):
            reading.skip(item.where, item)
            continue
        reading.saw(max(item.advisory.modified, item.advisory.published) if item.advisory else "")
        if item.advisory is not None:
            named.update(ecosystem for ecosystem, _ in intake.take(item.advisory))
        for one in item.unaffected:
            named.add(one.ecosystem)
            spared.append(UnaffectedRow(one.ecosystem, one.name, one.id, feed, one.state))
        if len(spared) >= _FACTS_COUNT:
            writer.facts(spared)
            spared.clear()
    writer.facts(spared)
    if reading.row.covers:
        writer.facts(CoverageRow(ecosystem, "", feed, reading.date) for ecosystem in sorted(named))


Reader = Callable[[Reading, AdvisoryWriter, Intake], None]
READERS: dict[str, Reader] = {
    "osv": _read_osv,
    "kev": _read_kev,
    "epss": _read_epss,
    "eol": _read_eol,
    "cvemeta": _read_cvemeta,
    "debian-coverage": _read_debian_coverage,
    "alpine-unaffected": _read_alpine_unaffected,
    "alpine-secdb": _read_alpine_secdb,
    "debian-tracker": _read_debian_tracker,
    "csaf": _read_csaf,
    "cve5": _read_cve5,
    "nvd": _read_nvd,
}
