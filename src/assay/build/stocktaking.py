"""The SBOM of an image from the builder's own knowledge: what the lock names and which entries each part owns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from assay.build import lock as locks
from assay.build import spec as specs
from assay.formats import purl as purls
from assay.model.inventory import Component, Licence, Occurrence, Relation, SourcePackage
from assay.model.purl import Purl
from assay.model.tree import OwnedEntry

_BY = "build"
_RELEASES = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}
_UNREAD = Licence(reason="not read by the builder")


def stock(
    spec: specs.Spec, lock: locks.Lock, tree: Iterable[OwnedEntry]
) -> tuple[tuple[Component, ...], tuple[Relation, ...]]:
    """Components with the files they own, and what was made from what, both sorted.

    Args:
        spec: of the image.
        lock: of the spec.
        tree: every entry with its owner.
    """
    owned: dict[str, list[str]] = defaultdict(list)
    for item in tree:
        if item.entry.kind == "file":
            owned[str(item.owner)].append(item.entry.path.decode("utf-8", "backslashreplace"))
    found = {one.key: one for one in _components(spec, lock, owned)}
    relations = set(_relations(spec, lock, found))
    return tuple(found[key] for key in sorted(found)), tuple(sorted(relations))


def _components(spec: specs.Spec, lock: locks.Lock, owned: dict[str, list[str]]) -> Iterator[Component]:
    for package in lock.packages:
        if "image" in package.roles:
            yield _debian(package, owned)
    for wheel in lock.python:
        purl = purls.to_string(Purl("pypi", "", wheel.name, wheel.version))
        yield _component(purl, "pypi", wheel.name, wheel.version, _info(owned, wheel), (wheel.sha256,))
    for tarball in lock.npm:
        space, _, name = tarball.name.rpartition("/")
        purl = purls.to_string(Purl("npm", space, name, tarball.version))
        prefix = f"{tarball.path}/package.json"
        paths = [path for path in owned[f"dependency {tarball.dependencies}"] if path.endswith(prefix)]
        yield _component(purl, "npm", tarball.name, tarball.version, paths, (tarball.sha256, tarball.integrity))
    for step in spec.steps:
        for output in step.outputs:
            paths = owned[f"step {step.name}.{output}"]
            if paths:
                name = f"{spec.metadata.name.rsplit('/', 1)[-1]}-{step.name}-{output}"
                purl = purls.to_string(Purl("generic", "", name, spec.metadata.version))
                yield _component(purl, "generic", name, spec.metadata.version, paths, ())
    for name, source in lock.sources.items():
        yield _source(name, source, spec, owned)


def _debian(package: locks.DebianPackage, owned: dict[str, list[str]]) -> Component:
    codename = package.index.rpartition("/")[2].partition("-")[0]
    release = _RELEASES.get(codename, "")
    qualifiers = (("arch", package.architecture), *((("distro", f"debian-{release}"),) if release else ()))
    purl = purls.to_string(Purl("deb", "debian", package.name, package.version, qualifiers))
    record = f"var/lib/dpkg/status.d/{package.name}"
    paths = [record] if record in owned[f"package {package.name}"] else owned[f"package {package.name}"]
    made = _component(purl, "deb", package.name, package.version, paths, (package.sha256,))
    return Component(
        key=made.key,
        purl=made.purl,
        ecosystem="deb",
        name=package.name,
        version=package.version,
        source=SourcePackage(package.source, package.source_version),
        architecture=package.architecture,
        licence=_UNREAD,
        cataloguer=_BY,
        occurrences=made.occurrences,
        hashes=made.hashes,
        properties=(("build:index", package.index), ("build:path", package.path)),
    )


def _info(owned: dict[str, list[str]], wheel: locks.PythonFile) -> list[str]:
    stem = wheel.file.split("-")[0].lower()
    return [
        path
        for path in owned[f"dependency {wheel.dependencies}"]
        if path.endswith(".dist-info/METADATA") and path.rsplit("/", 2)[-2].lower().startswith(f"{stem}-")
    ]


def _source(name: str, source: locks.SourceLock, spec: specs.Spec, owned: dict[str, list[str]]) -> Component:
    qualifiers: tuple[tuple[str, str], ...]
    if isinstance(source, locks.GitLock):
        version, qualifiers = source.commit, (("vcs_url", f"git+{source.url}@{source.commit}"),)
        digest = source.content
    elif isinstance(source, locks.DirectoryLock):
        version, qualifiers, digest = spec.metadata.version, (), source.content
    else:
        version, qualifiers, digest = "", (("checksum", source.sha256),), source.sha256
        if source.url:
            qualifiers = (*qualifiers, ("download_url", source.url))
    purl = purls.to_string(Purl("generic", "", f"source-{name}", version, tuple(sorted(qualifiers))))
    return _component(purl, "generic", f"source-{name}", version, owned[f"source {name}"], (digest,))


def _component(
    purl: str, ecosystem: str, name: str, version: str, paths: Iterable[str], hashes: Iterable[str]
) -> Component:
    return Component(
        key=purl,
        purl=purl,
        ecosystem=ecosystem,
        name=name,
        version=version,
        licence=_UNREAD,
        cataloguer=_BY,
        occurrences=tuple(Occurrence(path, None, "package-metadata") for path in sorted(paths)[:64]),
        hashes=tuple(sorted(hashes)),
    )


def _relations(spec: specs.Spec, lock: locks.Lock, found: dict[str, Component]) -> Iterator[Relation]:
    """A step's output depends, for its making, on the sources it was made from."""
    names = {one.name: one.key for one in found.values()}
    for step in spec.steps:
        for output in step.outputs:
            made = names.get(f"{spec.metadata.name.rsplit('/', 1)[-1]}-{step.name}-{output}")
            for wanted in step.inputs:
                kind, _, rest = wanted.partition(".")
                source = names.get(f"source-{rest}") if kind == "sources" else None
                if made and source:
                    yield Relation(made, "depends_on", source, "build")
