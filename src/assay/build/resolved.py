"""Inputs and by-products of a build as resource descriptors (in-toto attestation framework, SLSA provenance v1)."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from assay.build import lock as locks
from assay.build.debian.scripts import Script
from assay.build.run import Context
from assay.model.statement import ResourceDescriptor

_OWNERS = {"sources": "source", "dependencies": "dependency", "steps": "step"}
"""Kind of an input, and of the owner of its entries."""


def digest_set(text: str) -> dict[str, str]:
    """`sha256:…` as a digest set."""
    algorithm, _, value = text.partition(":")
    return {algorithm: value}


def document(name: str, digest: str) -> ResourceDescriptor:
    """A document that the build made, by its digest."""
    return ResourceDescriptor(name=name, digest=digest_set(digest))


def scripts(skipped: Iterable[Script]) -> Iterator[ResourceDescriptor]:
    """Maintainer scripts that were not run."""
    for one in skipped:
        yield ResourceDescriptor(
            name=f"skipped-script {one.package} {one.name}",
            digest=digest_set(one.sha256),
            annotations={"effect": one.effect},
        )


def indexes(lock: locks.Lock) -> Iterator[ResourceDescriptor]:
    """Indexes of package archives."""
    for index in lock.indexes:
        yield ResourceDescriptor(
            name=f"InRelease {index.suite}",
            uri=f"{index.url}/dists/{index.suite}/InRelease",
            digest=digest_set(index.in_release),
            annotations={"role": "index", "date": index.date, "signers": ",".join(index.fingerprints)},
        )


def packages(lock: locks.Lock, role: str, used: Collection[str] | None = None) -> Iterator[ResourceDescriptor]:
    """Packages of a role; those of a toolchain with whether a file of theirs was opened (None: nobody knows)."""
    places = {index.name: index.url for index in lock.indexes}
    kind = "runtime" if role == "image" else "toolchain"
    for one in lock.packages:
        if role in one.roles:
            yield ResourceDescriptor(
                name=f"{one.name} {one.version} {one.architecture}",
                uri=f"{places[one.index]}/{one.path}",
                digest=digest_set(one.sha256),
                annotations={"role": kind, "used": "true" if kind == "runtime" else _used(f"package {one.name}", used)},
            )


def sources(lock: locks.Lock) -> Iterator[ResourceDescriptor]:
    """Sources, as locked."""
    for name, source in sorted(lock.sources.items()):
        yield _source(name, source, {})


def _source(name: str, source: locks.SourceLock, more: Mapping[str, str]) -> ResourceDescriptor:
    if isinstance(source, locks.GitLock):
        return ResourceDescriptor(
            name=name,
            uri=f"git+{source.url}@{source.tag or source.commit}",
            digest={"gitCommit": source.commit, "gitTree": source.tree, **digest_set(source.content)},
            annotations={"role": "source", **more},
        )
    digest = source.content if isinstance(source, locks.DirectoryLock) else source.sha256
    url = "" if isinstance(source, locks.DirectoryLock) else source.url
    return ResourceDescriptor(name=name, uri=url, digest=digest_set(digest), annotations={"role": "source", **more})


def languages(lock: locks.Lock) -> Iterator[ResourceDescriptor]:
    """Language dependencies."""
    for wheel in lock.python:
        yield ResourceDescriptor(
            name=wheel.file, uri=f"pkg:pypi/{wheel.name}@{wheel.version}", digest=digest_set(wheel.sha256),
            annotations={"role": "language", "used": "true"},
        )  # fmt: skip
    for tarball in lock.npm:
        digest = {**digest_set(tarball.sha256), **digest_set(tarball.integrity)}
        yield ResourceDescriptor(
            name=f"{tarball.path}", uri=tarball.url, digest=digest, annotations={"role": "language", "used": "true"}
        )
    for module in lock.go:
        yield ResourceDescriptor(
            name=f"{module.module} {module.version}", digest=digest_set(module.sha256),
            annotations={"role": "language", "used": "not-traced", "hash": module.hash},
        )  # fmt: skip


def _used(owner: str, used: Collection[str] | None) -> str:
    return "not-traced" if used is None else "true" if owner in used else "false"


def input_of(at: Context, name: str, digest: str, used: Collection[str] | None) -> ResourceDescriptor:
    """What a step saw under a name: a source as locked, or what was made of it."""
    kind, _, rest = name.partition(".")
    word = _used(f"{_OWNERS.get(kind, kind)} {rest}", used)
    annotations: dict[str, object] = {
        "role": "step-output" if kind == "steps" else kind.removesuffix("s"),
        "seen": digest,
        "used": word,
    }
    if kind == "sources":
        return _source(rest, at.lock.sources[rest], {"seen": digest, "used": word})
    return ResourceDescriptor(
        name=rest if kind == "steps" else name, digest=digest_set(digest), annotations=annotations
    )
