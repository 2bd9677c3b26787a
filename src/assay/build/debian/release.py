"""InRelease: what the signed text of a Debian archive's suite promises (Debian wiki, RepositoryFormat)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from assay.formats import deb822
from assay.model.errors import MalformedError, UntrustedError

_FIELDS = frozenset(
    {"origin", "suite", "codename", "date", "valid-until", "architectures", "components", "acquire-by-hash", "sha256"}
)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIZE = re.compile(r"[0-9]{1,15}", re.ASCII)
_FILES_COUNT = 100_000


class Listed(msgspec.Struct, frozen=True):
    """A file the suite vouches for."""

    size: int
    sha256: str


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One suite at one moment."""

    origin: str
    suite: str
    codename: str
    date: datetime
    valid_until: datetime | None
    by_hash: bool
    """Whether files can be asked for by their digest."""
    files: Mapping[str, Listed]
    """Path below the suite → size and SHA-256."""


def read(text: str, where: str) -> Release:
    """The signed text, after its signature was found good.

    Raises:
        MalformedError: no such text, or it lists a file twice with two digests.
    """
    records = list(deb822.paragraphs(text, _FIELDS))
    if len(records) != 1 or records[0] is None:
        raise _bad(where, f"{len(records)} paragraphs, expected one")
    fields = records[0]
    for name in ("codename", "date", "sha256"):
        if not fields.get(name):
            raise _bad(where, f"the field {name.title()} is missing")
    until = fields.get("valid-until", "")
    return Release(
        origin=fields.get("origin", ""),
        suite=fields.get("suite", ""),
        codename=fields["codename"],
        date=_time(fields["date"], where),
        valid_until=_time(until, where) if until else None,
        by_hash=fields.get("acquire-by-hash", "").lower() == "yes",
        files=_files(fields["sha256"], where),
    )


def check(release: Release, *, suite: str, origin: str, now: datetime, previous: datetime | None, where: str) -> None:
    """Whether this is the suite that was asked for, and not an old one.

    Args:
        release: as read.
        suite: as asked: the code name, with `-updates` or `-security`.
        origin: as the spec wants it.
        now: UTC.
        previous: `Date` of the last lock, None where there was none.
        where: named in errors.

    Raises:
        UntrustedError: another code name or origin, older than the last lock, from the future, or expired.
    """
    # `Suite` becomes `oldstable` one day, the code name stays.
    if release.codename not in (suite, _other_name(suite)):
        raise _refused(where, f"its code name is {release.codename}, asked for was {suite}", "ask the right mirror")
    if release.origin != origin:
        raise _refused(where, f"its origin is {release.origin!r}, not {origin!r}", "name the origin in the spec")
    if previous is not None and release.date < previous:
        raise _refused(
            where,
            f"of {release.date:%Y-%m-%d %H:%M}, older than the lock's {previous:%Y-%m-%d %H:%M}",
            "a mirror that goes back in time is broken, or lies: ask another",
        )
    if (release.date - now).total_seconds() > 86_400:
        raise _refused(where, f"dated {release.date:%Y-%m-%d}, in the future", "look at the clock")
    if release.valid_until is not None and now > release.valid_until:
        raise _refused(where, f"valid until {release.valid_until:%Y-%m-%d}", "ask a mirror that is up to date")


def _other_name(suite: str) -> str:
    """`bookworm-security` is asked for as such, and calls itself that or, as of old, `bookworm/updates`."""
    return f"{suite.removesuffix('-security')}/updates" if suite.endswith("-security") else suite


def _files(text: str, where: str) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    for line in text.split("\n"):
        words = line.split()
        if not words:
            continue
        if len(words) != 3 or not _SHA256.fullmatch(words[0]) or not _SIZE.fullmatch(words[1]):
            raise _bad(where, f"the line {line[:80]!r} is no digest, size and path")
        listed = Listed(int(words[1]), words[0])
        if found.setdefault(words[2], listed) != listed:
            raise _bad(where, f"{words[2][:80]!r} is listed twice, with two digests")
        if len(found) > _FILES_COUNT:
            raise _bad(where, f"more than {_FILES_COUNT} files")
    return found


def _time(text: str, where: str) -> datetime:
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise _bad(where, f"{text[:60]!r} is no date") from error


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an acceptable InRelease", where=where, why=why, remedy="ask another mirror")


def _refused(where: str, why: str, remedy: str) -> UntrustedError:
    return UntrustedError("this is not the suite that was asked for", where=where, why=why, remedy=remedy)
