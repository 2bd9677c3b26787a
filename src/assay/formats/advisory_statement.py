"""The predicate `urn:assay:predicate:advisories:1`: what a signed advisory database is.

The statement has two subjects, the file and its content: SQLite writes its own version into a file, so the same rows
may lie in different bytes, and a delta is accepted by the content it leads to.
"""

from collections.abc import Mapping

import msgspec

from assay.formats import intoto, predicates
from assay.model.advisory import Feed
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.statement import ResourceDescriptor, Statement

FILE, CONTENT = "file", "content"
"""Names of the two subjects."""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement says about one database."""

    file: Digest
    content: Digest
    schema: int
    build: int
    built: str
    """Newest feed date."""
    encoders: Mapping[str, int]
    feeds: tuple[tuple[str, str, str], ...]
    """(name, date, digest), sorted."""


class _Feed(msgspec.Struct, frozen=True):
    name: str
    date: str
    digest: str = ""


class _Predicate(msgspec.Struct, frozen=True):
    schema: int
    build: int
    built: str
    encoders: dict[str, int]
    feeds: list[_Feed]


def statement(described: Described) -> Statement:
    """The statement; equal databases have equal bytes."""
    subjects = ((FILE, described.file), (CONTENT, described.content))
    return intoto.statement(
        [ResourceDescriptor(name=name, digest={digest.algorithm: digest.hex}) for name, digest in subjects],
        predicates.ADVISORIES,
        {
            "schema": described.schema,
            "build": described.build,
            "built": described.built,
            "encoders": dict(described.encoders),
            "feeds": [{"name": name, "date": date, "digest": digest} for name, date, digest in described.feeds],
        },
    )


def feeds_of(feeds: tuple[Feed, ...]) -> tuple[tuple[str, str, str], ...]:
    """What a statement says of feeds."""
    return tuple(sorted((feed.name, feed.date, feed.digest) for feed in feeds))


def read(value: Statement, *, where: str) -> Described:
    """What a statement says about a database.

    Raises:
        MalformedError: another predicate, other subjects than one file and one content, or wrong types.
    """
    if value.predicate_type != predicates.ADVISORIES:
        raise _bad(where, f"it speaks of {value.predicate_type[:100]!r}")
    named = {subject.name: subject.digest.get("sha256", "") for subject in value.subject}
    if len(value.subject) != 2 or set(named) != {FILE, CONTENT}:
        raise _bad(where, f"its subjects are not one {FILE!r} and one {CONTENT!r}")
    try:
        wire = msgspec.convert(value.predicate, _Predicate)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    return Described(
        file=Digest.parse(f"sha256:{named[FILE]}", where=where),
        content=Digest.parse(f"sha256:{named[CONTENT]}", where=where),
        schema=wire.schema,
        build=wire.build,
        built=wire.built,
        encoders=wire.encoders,
        feeds=tuple(sorted((feed.name, feed.date, feed.digest) for feed in wire.feeds)),
    )


def _bad(where: str, why: str) -> MalformedError:
    remedy = "sign it with `assay db export --key`"
    return MalformedError("not a statement about an advisory database", where=where, why=why, remedy=remedy)
