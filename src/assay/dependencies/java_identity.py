"""Who a Java archive is: from its `pom.properties`, a Maven repository's folder, its manifest, its file name.

Only `pom.properties` names group, artifact and version for certain; everything else says how weak it is.
"""

import msgspec

from assay.dependencies.java_groups import group_of
from assay.formats.javameta import coordinate, split_stem
from assay.model.inventory import Confidence, Licence

_REPOSITORIES = ("/repository/", "/maven-repo/")
_VERSION_FIELDS = ("plugin-version", "implementation-version", "bundle-version", "specification-version")


class Pom(msgspec.Struct, frozen=True, kw_only=True):
    """One `META-INF/maven/…` folder of an archive."""

    group: str
    artifact: str
    version: str
    licence: Licence


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive is, and how surely."""

    group: str
    artifact: str
    version: str
    confidence: Confidence
    properties: tuple[tuple[str, str], ...] = ()


def own_pom(poms: list[Pom], path: str, manifest: dict[str, str]) -> tuple[Pom | None, list[Pom]]:
    """The pom of the archive itself, and those of what was shaded into it.

    Its own is the one whose artifact begins the file's name; for a renamed file, the only one of the version that the
    name or the manifest tells, or the only one at all where neither tells any.
    """
    stem = fold(_stem(path))
    own = max(
        (pom for pom in poms if f"{stem}-".startswith(fold(pom.artifact) + "-")),
        key=lambda pom: (len(pom.artifact), bool(pom.version)),
        default=None,
    )
    if own is None:
        version = split_stem(_stem(path))[1] or _manifest_version(manifest)
        same = [pom for pom in poms if not version or _agree(pom.version, version)]
        own = same[0] if len(same) == 1 else None
    return own, [pom for pom in poms if pom is not own]


def fold(name: str) -> str:
    """Distributors write `-` where artifacts have `_` or `.`."""
    return name.lower().replace("_", "-").replace(".", "-")


def _agree(one: str, other: str) -> bool:
    """Whether two versions are the same but for a suffix (`1.2` and `1.2.0`, `9.4` and `9.4-SNAPSHOT`)."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def identify(own: Pom | None, path: str, manifest: dict[str, str]) -> Identity | None:
    """Group, artifact and version of the archive, or None when nothing tells the version."""
    stem = _stem(path)
    name, version = split_stem(stem)
    written = _manifest_version(manifest)
    if own is not None and own.group and (said := own.version or version or written):
        fits = bool(own.version) and stem in (own.artifact, f"{own.artifact}-{own.version}")
        return Identity(
            group=own.group, artifact=own.artifact, version=said, confidence="certain" if fits else "strong"
        )
    if at := _in_repository(path, name, version):
        return Identity(group=at, artifact=name, version=version, confidence="strong")
    if not group_of(name) and (title := _known_title(manifest)):
        name, version = title, written or version
    version = version or written
    if not (version and coordinate(version) and coordinate(name)):
        return None
    known = group_of(name)
    group = known or _manifest_group(manifest, name)
    return Identity(
        group=group or name,
        artifact=name,
        version=version,
        confidence="strong" if known and _agree(version, written) else "weak",
        properties=() if known else (("java:group", "from the manifest" if group else "guessed"),),
    )


def told_versions(path: str, manifest: dict[str, str]) -> tuple[str, ...]:
    """Every version the file name and the manifest tell."""
    found = (split_stem(_stem(path))[1], *(manifest.get(field, "") for field in _VERSION_FIELDS))
    return tuple(dict.fromkeys(filter(None, found)))


def _known_title(manifest: dict[str, str]) -> str:
    """The artifact the manifest names, if its group is known: for files that a distributor renamed."""
    titles = (manifest.get(key, "") for key in ("implementation-title", "bundle-name"))
    return next((title for title in titles if coordinate(title) and group_of(title)), "")


def _in_repository(path: str, name: str, version: str) -> str:
    """The group by the folder `…/repository/GROUP/AS/FOLDERS/NAME/VERSION/NAME-VERSION.jar`, or empty."""
    tail = f"/{name}/{version}"
    folder = "/" + path.rpartition("/")[0]
    if version and folder.endswith(tail) and "!/" not in path:
        for marker in _REPOSITORIES:
            if marker in folder:
                group = folder[: -len(tail)].partition(marker)[2].replace("/", ".")
                return group if coordinate(group) else ""
    return ""


def _manifest_version(manifest: dict[str, str]) -> str:
    found = (manifest.get(key, "") for key in _VERSION_FIELDS)
    return next((text for text in found if coordinate(text) and any(letter.isdigit() for letter in text)), "")


def _manifest_group(manifest: dict[str, str], artifact: str) -> str:
    """A group the manifest hints at: `Group-Id`, `Implementation-Vendor-Id`, or the bundle's name without artifact."""
    bundle = manifest.get("bundle-symbolicname", "").partition(";")[0].strip()
    last = bundle.rpartition(".")[2]
    outer = bundle.rpartition(".")[0] if last and artifact.endswith(last) else bundle
    hints = (manifest.get("group-id", ""), manifest.get("implementation-vendor-id", ""), outer)
    return next((text for text in hints if "." in text and coordinate(text)), "")


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
