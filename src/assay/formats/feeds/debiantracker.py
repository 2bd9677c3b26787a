"""Debian's security tracker as one JSON document: package, id, release, and what the release's state is.

The document is taken apart package by package: only one package's records are held decoded at a time.
"""

from collections.abc import Iterator

import msgspec

from assay.formats.feeds.told import CVE, ID, NAME_CHARACTERS, Told, Unaffected, line, refused
from assay.model.advisory import Advisory, Affected, VersionRange
from assay.model.errors import MalformedError

RELEASES = {
    "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14",
    "duke": "15",
}  # fmt: skip
"""Releases with a number; `sid` has none, and nobody's image is asked for under it."""
_NO_DSA = {"": "no-dsa", "postponed": "postponed", "ignored": "ignored"}
_URGENCIES = {"unimportant": "low", "low": "low", "medium": "medium", "high": "high"}
_RANKS = {word: rank for rank, word in enumerate(("", "low", "medium", "high"))}
NEVER = "0"
_EVERY = (VersionRange(),)


class _Release(msgspec.Struct):
    status: str
    fixed_version: str = ""
    urgency: str = ""
    nodsa: str | None = None
    nodsa_reason: str | None = None


class _Entry(msgspec.Struct):
    releases: dict[str, _Release]
    description: str = ""
    scope: str = ""


_packages = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_entries = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_entry = msgspec.json.Decoder(_Entry).decode
_Broken = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def parse(data: bytes, *, feed: str, where: str) -> Iterator[Told | MalformedError]:
    """Each package's word on each id, or why it is refused.

    Raises:
        MalformedError: not such a document.
    """
    try:
        packages = _packages(data)
    except _Broken as error:
        raise refused("not Debian's security tracker", where, str(error)) from error
    return _records(packages, feed, where)


def _records(packages: dict[str, msgspec.Raw], feed: str, where: str) -> Iterator[Told | MalformedError]:
    for name in sorted(packages):
        try:
            entries = _entries(packages[name])
        except _Broken as error:
            yield refused("not a package of Debian's security tracker", f"{where} {name[:100]}", str(error))
            continue
        for identifier in sorted(entries):
            yield _told(name, identifier, entries[identifier], feed, f"{where} {name[:100]} {identifier[:100]}")


def _told(name: str, identifier: str, raw: msgspec.Raw, feed: str, where: str) -> Told | MalformedError:
    if not name or len(name) > NAME_CHARACTERS or not ID.fullmatch(identifier):
        return refused("not a name and an id", where, "empty, too long, or not printable ASCII")
    try:
        entry = _entry(raw)
    except _Broken as error:
        return refused("not a record of Debian's security tracker", where, str(error))
    affected, unaffected = [], []
    for codename, number in RELEASES.items():
        release = entry.releases.get(codename)
        if release is None:
            continue
        ecosystem, state = f"Debian:{number}", state_of(release)
        if not state:
            return refused("unknown state of a release", f"{where} {codename}", repr(release.status[:50]))
        if state == "not-affected":
            unaffected.append(Unaffected(ecosystem, name, identifier))
            continue
        ranges = (VersionRange(fixed=release.fixed_version),) if state == "fixed" else _EVERY
        affected.append(Affected(ecosystem=ecosystem, name=name, ranges=ranges, state=state))
    if not affected:
        return Told(unaffected=tuple(unaffected))
    advisory = Advisory(
        id=f"DEBIAN-{identifier}", feed=feed, upstream=(identifier,) if CVE.fullmatch(identifier) else (),
        summary=line(entry.description), affected=tuple(affected), severity=_severity(entry),
    )  # fmt: skip
    return Told(advisory=advisory, unaffected=tuple(unaffected))


def state_of(release: _Release) -> str:
    """fixed, not-affected, undetermined, end-of-life, no-dsa, postponed, ignored, unimportant or open; "" = none."""
    if release.status == "resolved" and release.fixed_version:
        return "not-affected" if release.fixed_version == NEVER else "fixed"
    if release.status == "undetermined":
        return "undetermined"
    if release.status != "open":
        return ""
    if release.urgency == "end-of-life":
        return "end-of-life"
    if release.nodsa is not None or release.nodsa_reason:
        return _NO_DSA.get(release.nodsa_reason or "", "no-dsa")
    return "unimportant" if release.urgency == "unimportant" else "open"


def _severity(entry: _Entry) -> str:
    """The gravest urgency of all releases; stars mark those that the tracker derived from elsewhere."""
    words = (_URGENCIES.get(release.urgency.rstrip("*"), "") for release in entry.releases.values())
    return max(words, key=_RANKS.__getitem__, default="")
