"""From a folder of feeds to a new advisory database: which file is which, in what order, what to do with the bad ones.

A bad record is skipped, with id and reason, and counted; a feed with more bad records than one in a hundred (and more
than ten) fails the whole build, because then something else is wrong. Records that share an id are merged.
"""

from collections.abc import Mapping, Sequence

import msgspec

from assay.dependencies.aliases import classes
from assay.dependencies.versions import scheme_for
from assay.flows.feed_intake import Intake
from assay.flows.feed_readers import READERS, Reading, Skipped
from assay.flows.feed_table import FAMILY, FEEDS, FeedRow, stem
from assay.model.advisory import Feed
from assay.model.errors import MalformedError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.feeds import AdvisoryWriter, FeedFile, FeedFolder
from assay.ports.stores import DatabaseStatus
from assay.ports.world import Progress


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
    before: Mapping[str, int] = {},
    served: Mapping[str, str] = {},
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Read every feed of the folder that the table knows and finish the database.

    Args:
        folder: where the files lie.
        writer: the database in the making; finished here, abandoned by its owner when this raises.
        rows: the table, in order of precedence.
        before: records of each feed in the database before this one.
        served: the day of each feed as its server told it, for those that tell none themselves.
        limits: bounds of records and documents.
        progress: is told each feed's name.

    Raises:
        UsageError: no file of the folder is a feed.
        MalformedError: a file that cannot be read at all, a feed with too many bad records, or one that vanished or
            has less than half of the records it had.
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
        reading = Reading(folder, row, file, limits, served.get(row.name, ""))
        READERS[row.form](reading, writer, intake)
        intake.flush()
        feeds.append(reading.feed())
        skipped += reading.skipped
    _refuse_shrunk(feeds, rows, before)
    status = writer.finish(sorted(feeds, key=lambda feed: feed.name), intake.encoders, classes(intake.pairs()))
    return BuildReport(status=status, skipped=tuple(skipped), unread=tuple(unread))


def _refuse_shrunk(feeds: Sequence[Feed], rows: Sequence[FeedRow], before: Mapping[str, int]) -> None:
    """A feed that was cut at its source looks whole; what it no longer says would count as "not affected"."""
    now = {feed.name: feed.records for feed in feeds}
    for name, records in sorted(before.items()):
        if _row(name, rows)[1] is not None and now.get(name, 0) * 2 < records:
            raise MalformedError(
                "a feed has shrunk" if name in now else "a feed has vanished", where=name,
                why=f"{now.get(name, 0)} records, {records} before",
                remedy="look at its publisher's notes; if that is right, say --allow-shrink",
            )  # fmt: skip


NO_ROW = "no feed is called so; OSV records of your own are read from osv-NAME.jsonl.gz or osv-NAME.zip"
"""Why a file of no known name is not read."""


def _assign(
    files: Sequence[FeedFile], rows: Sequence[FeedRow]
) -> tuple[list[tuple[FeedRow, FeedFile]], list[tuple[str, str]]]:
    """Files by row, in the table's order; the rest with the reason."""
    chosen: dict[str, tuple[int, FeedRow, FeedFile]] = {}
    unread = []
    for file in files:
        place, row = _row(file.name, rows)
        if row is None:
            unread.append((file.name, NO_ROW))
        elif row.form == "none":
            unread.append((file.name, row.reason))
        elif row.name in chosen:
            unread.append((file.name, f"{chosen[row.name][2].name} is the same feed"))
        else:
            chosen[row.name] = (place, row, file)
    found = sorted(chosen.values(), key=lambda item: (item[0], item[1].name))
    return [(row, file) for _, row, file in found], unread


def _row(file: str, rows: Sequence[FeedRow]) -> tuple[int, FeedRow | None]:
    """The row of a file and its place in the table; a family's row takes the file's own name."""
    own = stem(file)
    for name in (own, file):
        for place, row in enumerate(rows):
            if row.name == name:
                return place, row
    for place, row in enumerate(rows):
        if row.name.endswith(FAMILY) and own.startswith(row.name.removesuffix(FAMILY)):
            return place, msgspec.structs.replace(row, name=own)
    return 0, None
