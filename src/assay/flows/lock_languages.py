"""Language dependencies of a spec, pinned by the files their own ecosystems lock with; no code of a package runs."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from assay.build import gomodules, npmtree, requirements
from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.dockerfile.bases import PYTHONS
from assay.build.platforms import ARCHITECTURES
from assay.build.spec_read import PlacedSpec
from assay.flows.peek import file_of
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UntrustedError, UsageError
from assay.model.limits import Limits
from assay.ports.inputs import Fetcher
from assay.ports.packages import LanguageClients, Wheel
from assay.ports.stores import ContentStore

GLIBCS = {"buster": "2.28", "bullseye": "2.31", "bookworm": "2.36", "trixie": "2.41"}
"""glibc of each Debian release: the newest wheel that fits."""


class Languages(msgspec.Struct, frozen=True, kw_only=True):
    """What language dependencies are locked with."""

    clients: LanguageClients
    fetcher: Fetcher
    store: ContentStore
    limits: Limits


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """Everything language dependencies add to a lock."""

    python: tuple[locks.PythonFile, ...] = ()
    npm: tuple[locks.NpmTarball, ...] = ()
    go: tuple[locks.GoModule, ...] = ()


def lock_languages(placed: PlacedSpec, at: Languages, sources: Mapping[str, locks.SourceLock]) -> Pinned:
    """Pin every set of dependencies; all of their bytes are in the store afterwards.

    Args:
        placed: the spec.
        at: see there.
        sources: the locked sources: the ecosystems' own lock files lie in them.

    Raises:
        MalformedError: a lock file that does not pin. UntrustedError: content of another digest.
        UsageError: a file or wheel that is not there.
    """
    python: list[locks.PythonFile] = []
    npm: list[locks.NpmTarball] = []
    go: list[locks.GoModule] = []
    for name, wanted in sorted(placed.spec.dependencies.items()):
        source, locked = placed.spec.sources[wanted.source], sources[wanted.source]
        data = file_of(source, locked, wanted.file, at.store, at.limits)
        where = f"{wanted.source}/{wanted.file}"
        if isinstance(wanted, specs.PipDependencies):
            python += _joined(_pip(placed, at, name, wanted, data, where), placed.spec.platforms)
        elif isinstance(wanted, specs.NpmDependencies):
            npm += _joined(_npm(placed, at, name, wanted, data, where), placed.spec.platforms)
        else:
            go += _go(at, name, data, where)
    return Pinned(python=tuple(python), npm=tuple(npm), go=tuple(go))


def _architecture(placed: PlacedSpec, platform: str) -> str:
    if platform not in ARCHITECTURES:
        raise UnsupportedError(
            "no packages are known for this platform", where=placed.places.where("platforms"), why=platform,
            remedy=f"choose among {', '.join(sorted(ARCHITECTURES))}",
        )  # fmt: skip
    return ARCHITECTURES[platform]


_File = TypeVar("_File", locks.PythonFile, locks.NpmTarball)


def _joined(found: Iterable[tuple[str, _File]], platforms: Sequence[str]) -> Iterator[_File]:
    """Each file once, with the platforms that take it; without them where all do.

    Raises:
        UntrustedError: two platforms mean different content by one name.
    """
    taken: dict[str, list[str]] = {}
    files: dict[str, _File] = {}
    for platform, one in found:
        name = one.file if isinstance(one, locks.PythonFile) else one.path
        if files.setdefault(name, one) != one:
            raise UntrustedError("one name, two contents", where=name, why=f"another one for {platform}")
        taken.setdefault(name, []).append(platform)
    for name, one in files.items():
        own = tuple(sorted(taken[name]))
        yield one if set(own) == set(platforms) else msgspec.structs.replace(one, platforms=own)


def _python_of(placed: PlacedSpec) -> tuple[str, str]:
    """Version of Python and glibc of the image's Debian."""
    image = placed.spec.image
    codenames = [suite for suite in placed.spec.debian[image.debian].suites if suite in PYTHONS] if image.debian else []
    if not codenames:
        raise UsageError(
            "which Python are the packages for?", where=placed.places.where("dependencies"),
            why="the image has no Debian release whose Python is known", remedy="name the suite under `debian`",
        )  # fmt: skip
    return PYTHONS[codenames[0]], GLIBCS[codenames[0]]


def _pip(
    placed: PlacedSpec, at: Languages, name: str, wanted: specs.PipDependencies, data: bytes, where: str
) -> Iterator[tuple[str, locks.PythonFile]]:
    """The wheels of every platform: markers and tags are judged for each."""
    python, glibc = _python_of(placed)
    text = data.decode("utf-8", "replace")
    pure = wanted.native == "build"
    asked: dict[tuple[tuple[str, ...], str], tuple[locks.PythonFile, ...]] = {}
    for platform in placed.spec.platforms:
        architecture = _architecture(placed, platform)
        found = requirements.read(text, requirements.environment(python, architecture), where=where)
        lines = tuple(map(_line, found))
        machine = requirements.MACHINES.get(architecture, architecture)
        key = (lines, "" if pure else machine)
        if key not in asked:
            brought = at.clients.wheels(lines, python=python, machine=machine, glibc=glibc, pure=pure)
            asked[key] = tuple(_kept(at, name, found, brought))
        yield from ((platform, one) for one in asked[key])


def _line(one: requirements.Requirement) -> str:
    return f"{one.name}=={one.version} " + " ".join(f"--hash=sha256:{digest}" for digest in one.hashes)


def _kept(
    at: Languages, name: str, found: Iterable[requirements.Requirement], brought: Iterable[Wheel]
) -> Iterator[locks.PythonFile]:
    """Wheels by the hashes of requirements, in the store."""
    allowed = {digest: one for one in found for digest in one.hashes}
    for wheel in brought:
        digest = hashlib.sha256(wheel.data).hexdigest()
        one = allowed.get(digest)
        if one is None:
            raise UntrustedError("a wheel no requirement asks for", where=wheel.file, why=f"sha256:{digest}")
        at.store.put([wheel.data], limit=len(wheel.data), expected=Digest("sha256", digest))
        yield locks.PythonFile(
            name=one.name, version=one.version, file=wheel.file, size=len(wheel.data), sha256=f"sha256:{digest}",
            dependencies=name,
        )  # fmt: skip


def _npm(
    placed: PlacedSpec, at: Languages, name: str, wanted: specs.NpmDependencies, data: bytes, where: str
) -> Iterator[tuple[str, locks.NpmTarball]]:
    """The tarballs of every platform: `os`, `cpu` and `libc` are judged for each; each is fetched once."""
    registry = ""
    brought: dict[npmtree.Wanted, locks.NpmTarball] = {}
    for platform in placed.spec.platforms:
        architecture = _architecture(placed, platform)
        for one in npmtree.read(data, architecture=architecture, dev=wanted.dev, where=where, limits=at.limits):
            registry = registry or at.clients.registry()
            if one not in brought:
                brought[one] = _tarball(at, name, one, registry)
            yield platform, brought[one]


def _tarball(at: Languages, name: str, one: npmtree.Wanted, registry: str) -> locks.NpmTarball:
    with at.fetcher.fetch(npmtree.address(one, registry), at.limits.archive_bytes) as pieces:
        blob = at.store.put(pieces, limit=at.limits.archive_bytes, expected=Digest("sha512", one.sha512))
    return locks.NpmTarball(
        name=one.name, version=one.version, path=one.place, url=one.url, integrity=f"sha512:{one.sha512}",
        sha256=str(blob.digest), size=blob.size, dependencies=name, dev=one.is_dev, install_script=one.has_scripts,
    )  # fmt: skip


def _go(at: Languages, name: str, data: bytes, where: str) -> Iterator[locks.GoModule]:
    modules = gomodules.read(data.decode("utf-8", "replace"), where=where)
    proxy = at.clients.proxy() if modules else ""
    for module in modules:
        brought = {kind: _fetch(at, f"{proxy}/{place}") for kind, place in gomodules.places(module)}
        if module.mod_hash:
            gomodules.check_mod(brought["mod"], module)
        if module.hash:
            gomodules.check_zip(brought["zip"], module, at.limits)
        kept = {kind: at.store.put([text], limit=len(text)) for kind, text in brought.items()}
        main = kept.get("zip", kept["mod"])
        yield locks.GoModule(
            module=module.path, version=module.version, hash=module.hash or module.mod_hash,
            sha256=str(main.digest), size=main.size, mod_sha256=str(kept["mod"].digest),
            info_sha256=str(kept["info"].digest) if "info" in kept else None, dependencies=name,
        )  # fmt: skip


def _fetch(at: Languages, url: str) -> bytes:
    with at.fetcher.fetch(url, at.limits.archive_bytes) as pieces:
        return b"".join(pieces)


def names(found: Iterable[locks.PythonFile]) -> tuple[str, ...]:
    """Projects that were pinned, sorted."""
    return tuple(sorted({one.name for one in found}))
