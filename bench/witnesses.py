"""What a jar is, by witnesses inside the image: its own pom.properties, and Debian's Maven repository of links."""

import posixpath
import re
from collections import defaultdict

from identities import Account
from imagefiles import Files

_POM = re.compile(r"META-INF/maven/([^/]+)/([^/]+)/pom\.properties")
_REPOSITORY = "usr/share/maven-repo/"
Coordinates = tuple[str, str]
"""group/artifact and version."""


def coordinates(files: Files | None, path: str) -> set[tuple[str, str]]:
    """What witnesses say a jar is, as (group/artifact, version): its own pom.properties, Debian's Maven repository."""
    found: set[tuple[str, str]] = set()
    archive = files.jar(path) if files is not None else None
    if files is None or archive is None:
        return found
    with archive:
        for name in archive.namelist():
            if match := _POM.fullmatch(name):
                lines = archive.read(name).decode("utf-8", "replace").splitlines()
                pairs = dict(line.split("=", 1) for line in lines if "=" in line)
                found.add((f"{match[1]}/{match[2]}", pairs.get("version", "").strip()))
    for link in repository(files).get(files.target(path), ()):
        folder, version = posixpath.split(posixpath.dirname(link))
        group, artifact = posixpath.split(folder.removeprefix(_REPOSITORY))
        found.add((f"{group.replace('/', '.')}/{artifact}", version))
    return found


def repository(files: Files) -> dict[str, list[str]]:
    """Jar -> its places in Debian's Maven repository with a real version (not `debian`, not `3.x`); found once."""
    if files.repository:
        return files.repository
    found = files.repository
    for path in files.layers:
        if path.startswith(_REPOSITORY) and path.endswith(".jar"):
            version = posixpath.basename(posixpath.dirname(path))
            if version != "debian" and not version.endswith(".x"):
                found.setdefault(files.target(path), []).append(path)
    return found


def agreement(account: Account, files: Files) -> tuple[int, int]:
    """How many of the jars that have a witness an account names as the witness does, and how many have one."""
    named: dict[str, set[Coordinates]] = defaultdict(set)
    for identity, entry in account.packages.items():
        if identity.ecosystem == "maven":
            for path in entry.paths:
                named[files.target(path.partition("!")[0].partition(":")[0])].add((identity.name, identity.version))
    truths = {path: coordinates(files, path) for path in files.content if path.endswith(".jar")}
    return sum(bool(named[p] & truth) for p, truth in truths.items()), sum(map(bool, truths.values()))
