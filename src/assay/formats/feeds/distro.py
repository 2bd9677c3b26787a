"""What a distribution's own lists say: which source packages were read, and which never were affected."""

import re

import msgspec

from assay.model.errors import MalformedError

_RELEASES = {"buster": "Debian:10", "bullseye": "Debian:11", "bookworm": "Debian:12", "trixie": "Debian:13"}
_ID = re.compile(r"[!-~]{1,200}")


class _Source(msgspec.Struct):
    version: str
    suite: str = ""


class _Coverage(msgspec.Struct):
    release: str
    snapshot: str
    sources: dict[str, _Source]


class _Never(msgspec.Struct):
    id: str
    package: str


def coverage(data: bytes, *, where: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Debian: (ecosystem, day of the snapshot, sorted names of the source packages that were read, each with the
    newest version that was).

    Raises:
        MalformedError: another form, or a release without a number here.
    """
    try:
        found = msgspec.json.decode(data, type=_Coverage)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedError(
            "not a list of covered packages", where=where, why=str(error), remedy="fetch the feed again"
        ) from error
    if nameless := next((name for name, one in found.sources.items() if not one.version), None):
        raise MalformedError(
            "a covered package without a version", where=where, why=repr(nameless[:50]), remedy="fetch the feed again"
        )
    if found.release not in _RELEASES:
        raise MalformedError(
            "unknown Debian release", where=where, why=repr(found.release[:50]), remedy="fetch the feed again"
        )
    return (
        _RELEASES[found.release],
        found.snapshot[:10],
        tuple(sorted((name, one.version) for name, one in found.sources.items())),
    )


def never_affected(data: bytes, *, where: str) -> tuple[tuple[str, str, str], ...]:
    """Alpine (`secfixes` version 0): sorted (ecosystem, package, CVE id).

    Raises:
        MalformedError: another form.
    """
    try:
        found = msgspec.json.decode(data, type=dict[str, list[_Never]])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedError(
            "not a list of unaffected packages", where=where, why=str(error), remedy="fetch the feed again"
        ) from error
    rows = {(f"Alpine:{release}", item.package, item.id) for release, items in found.items() for item in items}
    for row in rows:
        if not _ID.fullmatch(row[2]):
            raise MalformedError("not an id", where=where, why=repr(row[2][:50]), remedy="fetch the feed again")
    return tuple(sorted(rows))
