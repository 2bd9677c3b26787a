"""Java archives (jar, war, ear, plug-ins of Jenkins, NiFi, Liferay), nested too, read from their central directory.

Of several `pom.properties` one is the archive's own (`java_identity`), the others are shaded copies inside it. Copies
without metadata, and archives that lost theirs, are recognised by their classes (`fingerprints`). Nothing but metadata
and nested archives is inflated.
"""

import hashlib
from collections.abc import Sequence
from functools import partial

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.copyrights import with_conclusion
from assay.dependencies.fingerprints import CLASS, Fingerprints, Match, builtin
from assay.dependencies.java_fingerprints import copy_of, refine
from assay.dependencies.java_identity import Identity, Pom, fold, identify, own_pom, told_versions
from assay.dependencies.licences import licence
from assay.formats.chunks import ChunkView
from assay.formats.javameta import coordinate, pom_licences, read_manifest, read_pom_properties
from assay.formats.zipdirectory import Directory, Member, inflate, read_directory
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Gap, GapKind, Licence
from assay.model.limits import Limits

_SUFFIXES = (".jar", ".war", ".ear", ".hpi", ".jpi", ".par", ".sar", ".kar", ".nar", ".lpkg", ".rar")
_ADAPTER, _ZIP = ".rar", b"PK"
"""A resource adapter (Jakarta Connectors 2.1, 17.4) shares its ending with archives that Java knows nothing of."""
_POM_DIRECTORY = "META-INF/maven/"
_LICENCE_URLS = {
    "apache.org/licenses/license-2.0": "Apache-2.0",
    "apache.org/licenses/license-1.1": "Apache-1.1",
    "opensource.org/licenses/apache-2.0": "Apache-2.0",
    "opensource.org/licenses/mit": "MIT",
    "eclipse.org/legal/epl-v10": "EPL-1.0",
    "eclipse.org/legal/epl-2.0": "EPL-2.0",
    "eclipse.org/legal/epl-v20": "EPL-2.0",
    "eclipse.org/org/documents/edl-v10": "BSD-3-Clause",
    "mozilla.org/mpl/2.0": "MPL-2.0",
    "mozilla.org/en-us/mpl/2.0": "MPL-2.0",
    "mozilla.org/mpl/mpl-1.1": "MPL-1.1",
    "gnu.org/licenses/old-licenses/lgpl-2.1": "LGPL-2.1-only",
    "creativecommons.org/publicdomain/zero/1.0": "CC0-1.0",
    "creativecommons.org/licenses/by/4.0": "CC-BY-4.0",
    "opensource.org/licenses/bsd-3-clause": "BSD-3-Clause",
    "opensource.org/licenses/bsd-2-clause": "BSD-2-Clause",
}


class _Walk:
    """The state of one file: what was found, and how many bytes may still be inflated."""

    def __init__(self, file: File, fingerprints: Fingerprints) -> None:
        self.fingerprints = fingerprints
        self.limits: Limits = file.limits
        self.left: int = file.limits.archive_inflated_bytes
        self.packages: list[Package] = []
        self.gaps: list[Gap] = []

    def inflate(self, directory: Directory, member: Member, limit: int) -> bytes:
        """A member, charged to the whole file's budget."""
        data = inflate(directory, member, min(limit, self.left))
        self.left -= len(data)
        return data

    def gap(self, kind: GapKind, path: str, reason: str) -> None:
        """Note what could not be read."""
        self.gaps.append(Gap(kind=kind, path=path, layer=None, reason=reason, by="java"))


def catalogue(file: File, fingerprints: Fingerprints | None = None) -> Fragment:
    """One archive and those inside it; without `fingerprints` those that come with Assay.

    Raises:
        MalformedError: the archive itself is damaged or forged (one inside it becomes a gap).
        UnsupportedError: it has too many entries.
    """
    view = ChunkView(file.chunks, where=file.path)
    if file.path.lower().endswith(_ADAPTER) and view.read(0, min(len(_ZIP), view.size)) != _ZIP:
        return Fragment()
    walk = _Walk(file, fingerprints or builtin())
    _archive(walk, view, file.path, file.chunks, parent=None, depth=1)
    packages = [
        msgspec.structs.replace(package, path="") if package.path == file.path else package for package in walk.packages
    ]
    return Fragment(packages=tuple(packages), gaps=tuple(walk.gaps))


def _archive(
    walk: _Walk, view: ChunkView, path: str, chunks: Sequence[bytes], *, parent: int | None, depth: int
) -> None:
    directory = read_directory(view, walk.limits)
    # Of an archive's members nearly all are classes, which only the fingerprints look at.
    plain = [member for member in directory.members if not member.name.endswith(CLASS)]
    poms, manifest, nested = _read(walk, directory, plain, path)
    own, others = own_pom(poms, path, manifest)
    identity = identify(own, path, manifest)
    matches = _recognise(walk, directory, path, chunks, [*others, own] if own else others, identity)
    identity, copies = refine(identity, matches, told_versions(path, manifest), named=bool(own and identity))
    others = [pom for pom in others if pom.version or not _among(pom, copies)]
    if identity is None:
        if not others and not copies and not nested and len(plain) < len(directory.members):
            walk.gap("unknown-program", path, "a Java archive that names neither artifact nor version")
    else:
        package = _package(identity, own, manifest, path, chunks, parent)
        walk.packages.append(_concluded(walk, directory, plain, package, path))
        parent = len(walk.packages) - 1
    for pom in others:
        walk.packages.append(_shaded(pom, path, parent))
    walk.packages.extend(copy_of(match, path, parent) for match in copies)
    for member in nested:
        _nested(walk, directory, member, path, parent, depth)


def _recognise(
    walk: _Walk,
    directory: Directory,
    path: str,
    chunks: Sequence[bytes],
    poms: Sequence[Pom],
    identity: Identity | None,
) -> list[Match]:
    """The libraries whose classes are in the archive and whose version it does not declare."""
    declared = {(pom.group, pom.artifact) for pom in poms if pom.version}
    named = fold(identity.artifact) if identity is not None and identity.confidence != "weak" else ""
    matches, left = walk.fingerprints.recognise(
        directory.members,
        lambda: bytes.fromhex(_sha1(chunks)),
        lambda group, artifact: (group, artifact) in declared or fold(artifact) == named,
        walk.limits,
        named=identity is not None,
    )
    if left:
        why = f"limit {walk.limits.archive_libraries_count} (archive_libraries_count)"
        walk.gap("limit", path, f"{left} more places may hold a known library: {why}")
    return matches


def _among(pom: Pom, copies: Sequence[Match]) -> bool:
    return any((match.group, match.artifact) == (pom.group, pom.artifact) for match in copies)


def _nested(walk: _Walk, directory: Directory, member: Member, path: str, parent: int | None, depth: int) -> None:
    """An archive inside an archive; whatever is wrong with it is a gap and harms no other."""
    inner = f"{path}!/{member.name}"
    if depth >= walk.limits.archive_depth_count:
        walk.gap("limit", inner, f"nested deeper than {walk.limits.archive_depth_count} (archive_depth_count)")
        return
    try:
        data = walk.inflate(directory, member, walk.limits.archive_bytes)
        _archive(walk, ChunkView((data,), where=inner), inner, (data,), parent=parent, depth=depth + 1)
    except MalformedError as error:
        walk.gap("unreadable", inner, f"{error.what}: {error.why}")
    except UnsupportedError as error:
        kind: GapKind = "limit" if "limit" in error.why else "unsupported"
        walk.gap(kind, inner, f"{error.what}: {error.why}" if error.why else error.what)


def _read(
    walk: _Walk, directory: Directory, plain: Sequence[Member], path: str
) -> tuple[list[Pom], dict[str, str], list[Member]]:
    """The few members that matter: Maven folders, the manifest, nested archives. Nothing else is inflated."""
    properties: dict[str, Member] = {}
    models: dict[str, Member] = {}
    nested: list[Member] = []
    manifest: dict[str, str] = {}
    for member in plain:
        name = member.name
        if name.endswith(_SUFFIXES):
            nested.append(member)
        elif name.startswith("META-INF/"):
            if name == "META-INF/MANIFEST.MF":
                manifest = read_manifest(_small(walk, directory, member, path))
            elif name.startswith(_POM_DIRECTORY):
                if name.endswith("/pom.properties"):
                    properties[name.rpartition("/")[0]] = member
                elif name.endswith("/pom.xml"):
                    models[name.rpartition("/")[0]] = member
    folders = sorted(properties.keys() | models.keys())
    poms = [_pom(walk, directory, folder, properties.get(folder), models.get(folder), path) for folder in folders]
    return [pom for pom in poms if pom.group and pom.artifact], manifest, nested


def _small(walk: _Walk, directory: Directory, member: Member | None, path: str) -> bytes:
    """A metadata member; one that cannot be read is a gap, and counts as empty."""
    if member is None:
        return b""
    try:
        return walk.inflate(directory, member, walk.limits.metadata_bytes)
    except (MalformedError, UnsupportedError) as error:
        walk.gap("unreadable", f"{path}!/{member.name}", f"{error.what}: {error.why}" if error.why else error.what)
        return b""


def _pom(
    walk: _Walk, directory: Directory, folder: str, properties: Member | None, model: Member | None, path: str
) -> Pom:
    """Coordinates from `pom.properties`, else from the folder's name `META-INF/maven/GROUP/ARTIFACT`."""
    values = read_pom_properties(_small(walk, directory, properties, path))
    parts = folder.removeprefix(_POM_DIRECTORY).split("/")
    if len(parts) == 2 and all(coordinate(part) for part in parts):
        values = {"groupId": parts[0], "artifactId": parts[1], **values}
    texts = pom_licences(_small(walk, directory, model, path))
    return Pom(
        group=values.get("groupId", ""),
        artifact=values.get("artifactId", ""),
        version=values.get("version", ""),
        licence=_choice(texts, "pom.xml") if model is not None else licence([], "the archive"),
    )


def _choice(texts: Sequence[str], what: str) -> Licence:
    """Maven POM reference, "Licenses": where several stand, one may select any."""
    known = [_by_url(text) for text in texts]
    if len(known) > 1:
        single = [licence([text], what).expression for text in known]
        if all(single):
            either = licence(
                [" OR ".join(f"({text})" if " " in text else text for text in dict.fromkeys(single))], what
            )
            return msgspec.structs.replace(either, declared=tuple(sorted(set(texts))))
    return licence(known, what)


_LICENCE_FILES = frozenset(
    folder + name + ending
    for folder in ("meta-inf/", "")
    for name in ("license", "licence")
    for ending in ("", ".txt", ".md")
)


def _by_url(text: str) -> str:
    lower = text.lower()
    return next((name for url, name in _LICENCE_URLS.items() if url in lower), text)


def _package(
    identity: Identity,
    own: Pom | None,
    manifest: dict[str, str],
    path: str,
    chunks: Sequence[bytes],
    parent: int | None,
) -> Package:
    found = own.licence if own is not None and own.licence.declared else None
    if found is None:
        texts = [part.partition(";")[0].strip() for part in manifest.get("bundle-license", "").split(",")]
        found = _choice([text for text in texts if text], "the manifest")
    return Package(
        ecosystem="maven",
        name=f"{identity.group}:{identity.artifact}",
        version=identity.version,
        namespace=identity.group,
        purl_name=identity.artifact,
        licence=found,
        maintainer=manifest.get("implementation-vendor", "")[:500],
        hashes=(f"sha1:{_sha1(chunks)}",),
        properties=identity.properties,
        kind="archive",
        confidence=identity.confidence,
        path=path,
        parent=parent,
    )


def _concluded(walk: _Walk, directory: Directory, plain: Sequence[Member], package: Package, path: str) -> Package:
    """With what the archive's own licence file lets one conclude, where nothing else names a licence."""
    if package.licence.expression:
        return package
    member = next((member for member in plain if member.name.lower() in _LICENCE_FILES), None)
    if member is None or member.size > walk.limits.licence_text_bytes:
        return package
    text = _small(walk, directory, member, path)
    found = with_conclusion(package.licence, text, f"{path}!/{member.name}")
    return msgspec.structs.replace(package, licence=found)


def _shaded(pom: Pom, path: str, parent: int | None) -> Package:
    return Package(
        ecosystem="maven",
        name=f"{pom.group}:{pom.artifact}",
        version=pom.version,
        namespace=pom.group,
        purl_name=pom.artifact,
        licence=pom.licence,
        properties=(("java:shaded", "true"),),
        kind="archive",
        confidence="strong" if pom.version else "weak",
        path=path,
        parent=parent,
    )


def _sha1(chunks: Sequence[bytes]) -> str:
    """SHA-1 names jars in Maven's world; it secures nothing here."""
    digest = hashlib.sha1(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


CATALOGUER = Cataloguer(
    name="java",
    version=10,
    ecosystem="maven",
    wants=Wanted(suffixes=frozenset(_SUFFIXES), limit="archive_bytes"),
    catalogue=catalogue,
)


def row_with(fingerprints: Fingerprints, digest: str) -> Cataloguer:
    """The row with other fingerprints than the usual ones; `digest` stands for them in the layer cache's key."""
    return msgspec.structs.replace(
        CATALOGUER, catalogue=partial(catalogue, fingerprints=fingerprints), configuration=digest
    )
