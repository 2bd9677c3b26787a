"""Debian packages of a spec, pinned: InRelease → Packages → .deb, each link checked before the next is looked at."""

import difflib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.debian import index, release
from assay.build.platforms import ARCHITECTURES
from assay.build.spec_read import PlacedSpec
from assay.formats.unpack import unpack
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import Limits
from assay.ports.inputs import Fetcher, LocalInputs
from assay.ports.packages import PackageSources, Resolver, SignedTextVerifier
from assay.ports.stores import ContentStore

_FORMS = (".xz", ".gz", "")
"""Compressions of an index, the smallest first."""
_IN_RELEASE_BYTES = 8 << 20
_PACKAGES_BYTES = 512 << 20
_KEYRING_BYTES = 8 << 20
IMAGE = "image"


class DebianTools(msgspec.Struct, frozen=True, kw_only=True):
    """Who checks, who resolves, and where the machine's own configuration points."""

    verifier: SignedTextVerifier
    resolver: Resolver
    sources: PackageSources
    inputs: LocalInputs
    fetcher: Fetcher
    store: ContentStore
    limits: Limits
    now: datetime
    """UTC."""


class _Suite(msgspec.Struct, frozen=True, kw_only=True):
    """One suite, verified, for one architecture."""

    locked: locks.DebianIndex
    packages: Mapping[tuple[str, str], index.Stanza]
    texts: tuple[bytes, ...]


def lock_debian(
    placed: PlacedSpec, tools: DebianTools, previous: locks.Lock | None
) -> tuple[tuple[locks.DebianIndex, ...], tuple[locks.DebianPackage, ...]]:
    """Every index and package the spec needs; all of their bytes are in the store afterwards.

    Args:
        placed: the spec.
        tools: see there.
        previous: the last lock: no suite may be older than there.

    Raises:
        UntrustedError: a signature, digest, origin or date is not what it must be. UsageError: no such package, or
            nobody says where a suite lies. UnavailableError: something does not answer.
    """
    wishes = list(_wishes(placed))
    dates = {one.name: _date(one) for one in previous.indexes} if previous else {}
    suites: dict[tuple[str, str], list[_Suite]] = {}
    indexes: dict[str, locks.DebianIndex] = {}
    packages: dict[tuple[str, str, str], locks.DebianPackage] = {}
    for archive, architecture, role, wanted, essential, path in wishes:
        key = (archive, architecture)
        if key not in suites:
            suites[key] = _suites(placed, tools, archive, architecture, dates)
            for suite in suites[key]:
                known = indexes.get(suite.locked.name)
                files = tuple(sorted({*suite.locked.files, *(known.files if known else ())}, key=lambda f: f.path))
                indexes[suite.locked.name] = msgspec.structs.replace(suite.locked, files=files)
        _named(placed, suites[key], wanted, path)
        for package in _pinned(tools, suites[key], architecture, role, wanted, essential):
            place = (package.name, package.architecture, package.index)
            known_package = packages.get(place)
            roles = {*package.roles, *(known_package.roles if known_package else ())}
            packages[place] = msgspec.structs.replace(package, roles=tuple(sorted(roles)))
    for package in packages.values():
        _fetched(tools, indexes[package.index], package)
    return tuple(indexes.values()), tuple(packages.values())


def _date(one: locks.DebianIndex) -> datetime:
    try:
        return datetime.fromisoformat(one.date).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedError(
            "not a lock", where=f"index {one.name}", why=f"{one.date[:60]!r} is no date", remedy="lock anew"
        ) from error


def _wishes(placed: PlacedSpec) -> Iterator[tuple[str, str, str, tuple[str, ...], bool, str]]:
    """(archive, architecture, role, names, with Essential, document path) of the image and each toolchain."""
    spec = placed.spec
    architectures = []
    for platform in spec.platforms:
        if platform not in ARCHITECTURES:
            raise UnsupportedError(
                "Debian has no such architecture", where=placed.places.where("platforms"), why=platform,
                remedy=f"choose among {', '.join(sorted(ARCHITECTURES))}",
            )  # fmt: skip
        architectures.append(ARCHITECTURES[platform])
    if spec.image.debian is not None:
        for architecture in architectures:
            yield spec.image.debian, architecture, IMAGE, spec.image.packages, False, "image.packages"
    for name, toolchain in sorted(spec.toolchains.items()):
        path = f"toolchains.{name}.packages"
        yield toolchain.debian, architectures[0], f"toolchain:{name}", toolchain.packages, toolchain.essential, path


def _named(placed: PlacedSpec, suites: Sequence[_Suite], wanted: Sequence[str], path: str) -> None:
    """Whether each name is a package's own; the resolver would also take what several provide, and choose.

    Raises:
        UsageError: one is not, with its place.
    """
    known = {name for suite in suites for name, _ in suite.packages}
    for number, name in enumerate(wanted):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            raise UsageError(
                "no such package", where=placed.places.where(f"{path}[{number}]"),
                why=f"{name} is not in {', '.join(suite.locked.suite for suite in suites)}",
                remedy=(f"did you mean {' or '.join(near)}? " if near else "")
                + "A name that others only provide is given by the one to take",
            )  # fmt: skip


def _suites(
    placed: PlacedSpec, tools: DebianTools, archive: str, architecture: str, dates: Mapping[str, datetime]
) -> list[_Suite]:
    asked = placed.spec.debian[archive]
    keyring = _keyring(tools, asked.keys, placed.places.where(f"debian.{archive}.keys"))
    return [_suite(placed, tools, archive, asked, suite, architecture, keyring, dates) for suite in asked.suites]


def _keyring(tools: DebianTools, path: str, where: str) -> bytes:
    data = b""
    with tools.inputs.file(path) as pieces:
        for piece in pieces:
            data += piece
            if len(data) > _KEYRING_BYTES:
                raise UnsupportedError("keyring over its limits", where=where, why=f"limit {_KEYRING_BYTES} bytes")
    return data


def _suite(
    placed: PlacedSpec,
    tools: DebianTools,
    archive: str,
    asked: specs.Debian,
    suite: str,
    architecture: str,
    keyring: bytes,
    dates: Mapping[str, datetime],
) -> _Suite:
    mirror = asked.mirrors.get(suite) or asked.mirror or tools.sources.mirror(suite, asked.origin)
    if mirror is None:
        raise UsageError(
            "nobody says where this suite lies", where=f"{placed.places.where(f'debian.{archive}')} {suite}",
            why="neither the spec's `mirror` nor the machine's own apt names it", remedy="add `mirror:` to the spec",
        )  # fmt: skip
    base = f"{mirror.rstrip('/')}/dists/{suite}"
    name, where = f"{archive}/{suite}", f"InRelease of {suite}"
    with tools.fetcher.fetch(f"{base}/InRelease", _IN_RELEASE_BYTES) as pieces:
        data = b"".join(pieces)
    signed = tools.verifier.verify(data, keyring, where=where)
    found = release.read(signed.text.decode("utf-8", "replace"), where)
    release.check(
        found, suite=suite, origin=asked.origin, now=tools.now, previous=dates.get(name), where=where
    )  # fmt: skip
    blob = tools.store.put([data], limit=_IN_RELEASE_BYTES)
    files, texts, packages = [], [], {}
    for component in asked.components:
        path, listed = _index_of(found, component, architecture, where)
        text = _index_text(tools, base, path, listed, found.by_hash)
        files.append(locks.IndexFile(path=path, size=listed.size, sha256=f"sha256:{listed.sha256}"))
        texts.append(text)
        packages.update(index.read([text.decode("utf-8", "replace")], f"{suite} {path}"))
    locked = locks.DebianIndex(
        name=name,
        url=mirror.rstrip("/"),
        suite=suite,
        codename=found.codename,
        origin=found.origin,
        date=_text(found.date),
        valid_until=_text(found.valid_until) if found.valid_until else "",
        in_release=str(blob.digest),
        fingerprints=signed.fingerprints,
        files=tuple(files),
    )
    return _Suite(locked=locked, packages=packages, texts=tuple(texts))


def _index_of(found: release.Release, component: str, architecture: str, where: str) -> tuple[str, release.Listed]:
    stem = f"{component}/binary-{architecture}/Packages"
    for form in _FORMS:
        if stem + form in found.files:
            return stem + form, found.files[stem + form]
    raise UsageError("the suite has no such part", where=where, why=stem, remedy="check components and platforms")


def _index_text(tools: DebianTools, base: str, path: str, listed: release.Listed, by_hash: bool) -> bytes:
    """The text of an index, from the store or the mirror; by its digest where the mirror offers that."""
    digest = Digest("sha256", listed.sha256)
    if tools.store.size(digest) is None:
        folder = posixpath.dirname(path)
        url = f"{base}/{folder}/by-hash/SHA256/{listed.sha256}" if by_hash else f"{base}/{path}"
        with tools.fetcher.fetch(url, listed.size) as pieces:
            tools.store.put(pieces, limit=listed.size, expected=digest)
    with tools.store.open(digest) as pieces:
        text = b"".join(unpack(pieces, tools.limits, where=path, limit=_PACKAGES_BYTES))
        for _ in pieces:
            pass
        return text


def _pinned(
    tools: DebianTools,
    suites: Sequence[_Suite],
    architecture: str,
    role: str,
    wanted: tuple[str, ...],
    essential: bool,
) -> Iterator[locks.DebianPackage]:
    """What the resolver answers, looked up in the verified indexes: its own word counts for nothing."""
    names = set(wanted)
    if essential:
        names |= {one.name for suite in suites for one in suite.packages.values() if one.essential}
    texts = [text for suite in suites for text in suite.texts]
    for one in tools.resolver.resolve(texts, sorted(names), architecture):
        place = next((suite for suite in suites if (one.name, one.version) in suite.packages), None)
        if place is None:
            raise UntrustedError(
                "the resolver names a package no index lists", where=one.name, why=one.version,
                remedy="run `assay lock` again",
            )  # fmt: skip
        stanza = place.packages[one.name, one.version]
        yield locks.DebianPackage(
            name=stanza.name,
            version=stanza.version,
            architecture=stanza.architecture,
            source=stanza.source,
            source_version=stanza.source_version,
            path=quote(stanza.path, safe="/"),
            size=stanza.size,
            sha256=f"sha256:{stanza.sha256}",
            index=place.locked.name,
            roles=(role,),
        )


def _fetched(tools: DebianTools, place: locks.DebianIndex, package: locks.DebianPackage) -> None:
    digest = Digest.parse(package.sha256)
    if tools.store.size(digest) is None:
        with tools.fetcher.fetch(f"{place.url}/{package.path}", package.size) as pieces:
            tools.store.put(pieces, limit=package.size, expected=digest)


def _text(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
