"""Debian's Maven repository as a witness: it names jars that carry no `pom.properties`.

Debian's Java policy ("Maven repository"): a library package lists `/usr/share/maven-repo/GROUP/ARTIFACT/VERSION/
ARTIFACT-VERSION.jar`, a link to its jar in `/usr/share/java`. dpkg's list of files is enough: no link is followed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.cataloger import Note, Package, Sighting
from assay.dependencies.java_identity import fold
from assay.formats.javameta import coordinate
from assay.model.patterns import lazy

FOLDER = "usr/share/maven-repo"
_FOLDER = FOLDER.encode() + b"/"
_JARS = "usr/share/java/"
_NUMBERED = lazy(r"(?<=[a-z])[0-9]+(?=-|$)")
"""`tomcat9-api`, `commons-collections3`: Debian numbers packages that live side by side."""

Coordinates = tuple[str, str, str]


def witnessed(paths: Sequence[bytes]) -> Iterator[Note]:
    """Notes (ARTIFACT-VERSION, `GROUP:ARTIFACT:VERSION`) for the jars of the repository among a package's files.

    The versions `debian` and `4.x`, which stand for whatever is there, name nothing and are left out.
    """
    for path in paths:
        if path.startswith(_FOLDER) and path.endswith(b".jar"):
            parts = path[len(_FOLDER) :].decode("utf-8", "replace").split("/")
            if len(parts) < 4:
                continue
            *group, artifact, version, file = parts
            named = ".".join(group)
            exact = file == f"{artifact}-{version}.jar" and version != "debian" and not version.endswith(".x")
            if exact and all(coordinate(part) for part in (named, artifact, version)):
                yield Note(FOLDER, f"{artifact}-{version}", f"{named}:{artifact}:{version}")


def with_coordinates(sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings, with the jars of `/usr/share/java` named as the repository names them; the notes are used up.

    A jar that names itself keeps its name. Only what the final root lists is a witness, and only a single one counts.
    """
    known: dict[str, set[Coordinates]] = defaultdict(set)
    for sighting in sightings:
        for note in sighting.fragment.notes:
            if note.directory == FOLDER and sighting.removed_by is None:
                group, artifact, version = note.value.split(":")
                known[f"{fold(artifact)}-{version}"].add((group, artifact, version))
    named = [_named(one, known) if one.cataloguer == "java" else one for one in sightings] if known else sightings
    return [_without_notes(one) if one.fragment.notes else one for one in named]


def _without_notes(sighting: Sighting) -> Sighting:
    rest = tuple([note for note in sighting.fragment.notes if note.directory != FOLDER])
    if len(rest) == len(sighting.fragment.notes):
        return sighting
    return msgspec.structs.replace(sighting, fragment=msgspec.structs.replace(sighting.fragment, notes=rest))


def _named(sighting: Sighting, known: Mapping[str, set[Coordinates]]) -> Sighting:
    packages = sighting.fragment.packages
    if not sighting.path.startswith(_JARS) or not packages:
        return sighting
    first = packages[0]
    if first.path or first.confidence == "certain":
        return sighting
    found = _coordinates(first, known)
    if found is None:
        return sighting
    group, artifact, version = found
    renamed = msgspec.structs.replace(
        first,
        name=f"{group}:{artifact}",
        namespace=group,
        purl_name=artifact,
        version=version,
        confidence="strong",
        properties=tuple(sorted({**dict(first.properties), "java:group": "from Debian's Maven repository"}.items())),
    )
    fragment = msgspec.structs.replace(sighting.fragment, packages=(renamed, *packages[1:]))
    return msgspec.structs.replace(sighting, fragment=fragment)


def _coordinates(package: Package, known: Mapping[str, set[Coordinates]]) -> Coordinates | None:
    """The one coordinate of the repository with the jar's artifact and version, Debian's numbers left out or not."""
    artifact = fold(package.purl_name or package.name)
    for name in (artifact, _NUMBERED.sub("", artifact, count=1)):
        found = known.get(f"{name}-{package.version}", set())
        if len(found) == 1:
            return next(iter(found))
    return None
