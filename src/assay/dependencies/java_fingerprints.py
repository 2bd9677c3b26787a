"""What fingerprints add to what an archive says of itself: its own identity where it has none, and copies in it.

An archive's own metadata is believed before its classes, except a mere name in a manifest when the archive is, class
for class, a known library.
"""

from collections.abc import Sequence

from assay.dependencies.cataloger import Package
from assay.dependencies.fingerprints import Match
from assay.dependencies.java_identity import Identity
from assay.model.inventory import Licence

_CANDIDATES_COUNT = 20
"""Versions named in a property; the rest is counted."""
_REASON = "recognised by its classes, which carry no licence"


def refine(
    identity: Identity | None, matches: Sequence[Match], hints: Sequence[str], *, named: bool
) -> tuple[Identity | None, list[Match]]:
    """The archive's identity after its classes were heard, and the libraries that are copies inside it.

    Args:
        identity: what the archive says of itself.
        matches: what its classes say.
        hints: versions the file name and the manifest tell; they decide between versions with the same classes.
        named: whether the identity comes from the archive's own pom, which nothing overrides.
    """
    copies: list[Match] = []
    for match in matches:
        unchanged = match.complete and match.method != "structure"
        if match.whole and not match.relocated and not named and (unchanged or identity is None):
            identity, named = _identity(match, hints), True
        elif match.relocated or match.method != "structure" or not match.whole:
            copies.append(match)
    return identity, copies


def copy_of(match: Match, path: str, parent: int | None) -> Package:
    """A library's copy inside the archive at `path`; the place is the folder of its classes."""
    version, properties = _version(match, ())
    return Package(
        ecosystem="maven",
        name=f"{match.group}:{match.artifact}",
        version=version,
        namespace=match.group,
        purl_name=match.artifact,
        licence=Licence(reason=_REASON),
        properties=(*properties, ("java:shaded", "true")),
        kind="archive",
        confidence=match.confidence if version else "weak",
        path=f"{path}!/{match.root.rstrip('/')}" if match.root else path,
        parent=parent,
    )


def _identity(match: Match, hints: Sequence[str]) -> Identity:
    version, properties = _version(match, hints)
    return Identity(
        group=match.group,
        artifact=match.artifact,
        version=version,
        confidence=match.confidence,
        properties=properties,
    )


def _version(match: Match, hints: Sequence[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The version, or none where several fit and no hint decides: then all stand in a property.

    Names tell a version only if all are there; never of a library that was compiled anew: it may be one nobody knows.
    """
    identity = ("java:identity", match.method)
    sure = match.method != "structure" or (match.relocated and match.complete)
    hinted = [version for version in match.versions if version in hints]
    if len(match.versions) == 1 and sure:
        return match.versions[0], (identity,)
    text = " ".join(match.versions[:_CANDIDATES_COUNT])
    if len(match.versions) > _CANDIDATES_COUNT:
        text += f" and {len(match.versions) - _CANDIDATES_COUNT} more"
    return (hinted[0] if hinted else ""), (("java:candidates", text), identity)
