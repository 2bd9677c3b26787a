"""A Maven repository on this machine becomes a file of fingerprints of the libraries in it."""

from collections.abc import Collection

import msgspec

from assay.dependencies.fingerprint_making import make_libraries, sample
from assay.formats.fingerprints import write_fingerprints
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UsageError
from assay.model.limits import Limits
from assay.ports.content import FileTree
from assay.ports.world import Progress

_SUFFIX = ".jar"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The file, and what it was made of."""

    data: bytes
    libraries: int
    versions: int
    skipped: tuple[tuple[str, str], ...]
    """Archives that could not be read, with the reason."""


def make_fingerprints(tree: FileTree, names: Collection[str], *, limits: Limits, progress: Progress) -> Made:
    """Read every archive of a repository's layout, `GROUP/AS/FOLDERS/ARTIFACT/VERSION/ARTIFACT-VERSION.jar`.

    Args:
        tree: the repository.
        names: `GROUP:ARTIFACT` of the libraries that are wanted; empty = all.
        limits: `archive_bytes`, `archive_entries_count`.
        progress: told where the work is.

    Raises:
        UsageError: the folder holds no such archive.
    """
    progress.stage(f"reading the archives of {tree.name}")
    samples = []
    skipped: list[tuple[str, str]] = []
    for entry in tree.walk():
        place = coordinates(entry.path)
        if place is None or (names and f"{place[0]}:{place[1]}" not in names):
            continue
        try:
            data = b"".join(tree.read(entry, limits.archive_bytes))
            samples.append(sample(*place, data, limits))
        except (MalformedError, UnsupportedError, UnavailableError) as error:
            skipped.append((entry.path, error.why or error.what))
    libraries = make_libraries(samples)
    if not libraries:
        raise UsageError(
            "no archive to take fingerprints of",
            where=tree.name,
            why="no GROUP/ARTIFACT/VERSION/ARTIFACT-VERSION.jar with classes lies there",
            remedy="give the folder of a Maven repository, as Maven keeps one in the user's home",
        )
    progress.stage(f"choosing the features of {len(libraries)} libraries")
    return Made(
        data=write_fingerprints(libraries),
        libraries=len(libraries),
        versions=sum(len(library.versions) for library in libraries),
        skipped=tuple(skipped),
    )


def coordinates(path: str) -> tuple[str, str, str] | None:
    """Group, artifact and version of an archive by its place; None for any other file (sources, classifiers).

    >>> coordinates("org/yaml/snakeyaml/1.33/snakeyaml-1.33.jar")
    ('org.yaml', 'snakeyaml', '1.33')
    """
    parts = path.split("/")
    if len(parts) < 4:
        return None
    *group, artifact, version, name = parts
    return (".".join(group), artifact, version) if name == f"{artifact}-{version}{_SUFFIX}" else None
