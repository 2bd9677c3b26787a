"""Bring what a lock pins into the store of another machine: by digest alone, deciding nothing, changing no lock."""

import posixpath
from collections.abc import Iterator

import msgspec

from assay.build import lock as locks
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnavailableError, UntrustedError
from assay.model.limits import Limits
from assay.ports.inputs import Fetcher, LocalInputs
from assay.ports.stores import ContentStore


class Missing(msgspec.Struct, frozen=True, order=True):
    """An input that did not come."""

    digest: Digest
    why: str


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What came, what was there, what did not come."""

    brought_count: int
    brought_bytes: int
    present_count: int
    missing: tuple[Missing, ...]


class Place(msgspec.Struct, frozen=True, order=True):
    """Where an input may be had: at an address, or beside the lock."""

    digest: Digest
    url: str = ""
    path: str = ""


def fetch(lock: locks.Lock, store: ContentStore, fetcher: Fetcher, inputs: LocalInputs, limits: Limits) -> Fetched:
    """Bring every input that is not there yet, or is there and rotten; one that fails is listed and the others go on.

    An archive keeps its index files only until it changes, and a folder's content is made by `assay lock`: what is
    missing then comes with `assay store import`.
    """
    places: dict[Digest, list[Place]] = {digest: [] for digest in locks.blobs(lock)}
    for place in _places(lock):
        places[place.digest].append(place)
    brought = size = present = 0
    missing = []
    for digest, choices in places.items():
        rotten = store.size(digest) is not None
        if rotten and _is_well(store, digest):
            present += 1
            continue
        why = ("what the store has of it is of no use, and " if rotten else "") + "the lock names no place for it"
        for place in choices:
            try:
                size += _bring(place, store, fetcher, inputs, limits)
                brought += 1
                break
            except AssayError as error:
                why = f"{place.url or place.path}: {error.what}" + (f": {error.why}" if error.why else "")
        else:
            missing.append(Missing(digest, why))
    return Fetched(brought_count=brought, brought_bytes=size, present_count=present, missing=tuple(sorted(missing)))


def _is_well(store: ContentStore, digest: Digest) -> bool:
    """Whether what the store has under a digest can be read and has it: all of it, for nothing less would find rot."""
    try:
        with store.open(digest) as pieces:
            for _ in pieces:
                pass
    except (UntrustedError, UnavailableError):
        return False
    return True


def _bring(place: Place, store: ContentStore, fetcher: Fetcher, inputs: LocalInputs, limits: Limits) -> int:
    limit = limits.build_input_bytes
    content = fetcher.fetch(place.url, limit) if place.url else inputs.file(place.path)
    with content as pieces:
        return store.put(pieces, limit=limit, expected=place.digest).size


def _places(lock: locks.Lock) -> Iterator[Place]:
    """Every place the lock knows, the surest first."""
    for source in lock.sources.values():
        if isinstance(source, locks.ArchiveLock | locks.FileLock):
            yield Place(Digest.parse(source.sha256), source.url, source.path)
    for path, text in lock.keys.items():
        yield Place(Digest.parse(text), path=path)
    urls = {}
    for index in lock.indexes:
        urls[index.name] = index.url
        base = f"{index.url}/dists/{index.suite}"
        yield Place(Digest.parse(index.in_release), f"{base}/InRelease")
        for file in index.files:
            digest = Digest.parse(file.sha256)
            yield Place(digest, f"{base}/{posixpath.dirname(file.path)}/by-hash/SHA256/{digest.hex}")
            yield Place(digest, f"{base}/{file.path}")
    for package in lock.packages:
        yield Place(Digest.parse(package.sha256), f"{urls.get(package.index, '')}/{package.path}")
    for group in (lock.python, lock.npm, lock.go):
        for item in group:
            if item.url:
                yield Place(Digest.parse(item.sha256), item.url)
