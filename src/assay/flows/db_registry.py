"""The advisory database to and from a registry or an OCI layout; only what is missing is fetched.

A manifest names the whole database and the deltas that lead to it. Where a way of deltas begins with the content that
lies here and costs fewer bytes than the whole, it is taken; what it leads to is verified as the whole would be, and the
whole is fetched when it does not lead there. Nothing of the manifest is believed: it only saves a way.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeVar

import msgspec

from assay.artifact import advisories
from assay.artifact.integrity import check, checked
from assay.flows.db import Wish
from assay.flows.db_numbers import newest, refuse_number
from assay.formats import advisory_delta, gzipstream
from assay.model.advisory_change import Change, DeltaHead
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ArtifactStore, ImageSource, ReferrerStore
from assay.ports.databases import Approval, Seen
from assay.ports.feeds import KeptDatabase
from assay.ports.stores import DatabaseStatus
from assay.ports.world import Progress

T = TypeVar("T")
_DAMAGED = frozenset({"DIGEST_MISMATCH", "SIZE_MISMATCH"})


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A delta to publish: the content it begins with, and its bytes."""

    base: str
    data: bytes


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What was published."""

    manifest: Digest
    whole_bytes: int
    """Of the whole database, as it is fetched."""
    steps: tuple[advisories.Step, ...] = ()
    """The deltas beside it, those published before included."""
    left_count: int = 0
    """Deltas that were made and left out: they save too little."""


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """What lies here now, and what it took to bring it."""

    status: DatabaseStatus
    how: Literal["whole", "delta", "unchanged", "file"]
    fetched_bytes: int = 0
    """Everything that was received: manifest, signature, and database or deltas."""
    whole_bytes: int = 0
    """What the whole database would have taken."""
    deltas_count: int = 0
    note: str = ""
    """Why the deltas did not do, where there were some; else empty."""


def push(
    chunks: Iterable[bytes],
    bundle: bytes,
    status: DatabaseStatus,
    store: ArtifactStore,
    *,
    deltas: Sequence[Delta] = (),
    kept: Sequence[advisories.Step] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Pushed:
    """Push a verified database, its signature and deltas to the store's tag.

    The blobs go before the manifest that names them; the same database and deltas give the same manifest.

    Args:
        chunks: the database.
        bundle: its signature; empty for none.
        status: what it holds.
        store: where to.
        deltas: those that lead to it; one that saves too little is left out.
        kept: deltas the store holds already (`published`).
        limits: how many deltas.

    Raises:
        UnavailableError: the store did not take it.
    """
    packed = b"".join(gzipstream.deflated(chunks))
    content = status.content_digest
    fresh = [(advisories.step(delta.data, base=delta.base, content=content), delta.data) for delta in deltas]
    steps = advisories.worth_keeping([one for one, _ in fresh], kept, content, len(packed), limits)
    made = advisories.wrap(packed, bundle, build=status.build, content=content, steps=steps)
    for blob in (*made.blobs, *(data for one, data in fresh if one in steps)):
        store.push_blob(blob)
    manifest = store.push_tagged(made.manifest, made.media_type)
    left_count = sum(one not in steps for one, _ in fresh)
    return Pushed(manifest=manifest, whole_bytes=len(packed), steps=steps, left_count=left_count)


def published(store: ReferrerStore, limits: Limits = DEFAULT_LIMITS) -> tuple[advisories.Step, ...]:
    """The deltas of the database that the store's tag means now; none where it means none."""
    try:
        at = store.describe()
        if at.digest is None:
            return ()
        data = check(store.fetch(at.digest, limits.manifest_bytes, manifest=True), at)
        return advisories.unwrap(data, at.media_type, where=str(at.digest), limits=limits).steps
    except AssayError:  # nothing there yet, or another artifact: it is replaced, and a store in trouble says so then
        return ()


def pull(
    source: ImageSource,
    place: KeptDatabase,
    wish: Wish,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Pulled:
    """Fetch a database, whole or by deltas, verify it, put it in place; the old one stays until then.

    Raises:
        UnavailableError: no such artifact, or no answer.
        UntrustedError: digests that differ; signature missing, wrong or by another key, where one is demanded; older
            than the newest seen here.
        MalformedError, UnsupportedError: not a whole database, or not one for this program.
    """
    from assay.flows.db_trust import Demand, placing, using

    seen = newest(place)
    demand = Demand(keys=wish.keys, now=wish.now, seen=seen, allow_rollback=wish.allow_rollback, limits=limits)
    fetch = _Fetch(source, limits)
    named = fetch.named()
    _not_older(named, seen, wish)
    here = _here(place)
    if here is not None and _same(named, here):
        try:
            status = place.examine(using(demand))
            return Pulled(
                status=status, how="unchanged", fetched_bytes=fetch.received_bytes, whole_bytes=named.whole_bytes
            )
        except AssayError:  # it is not signed as demanded, or damaged: what is published may be better
            here = None
    signatures = fetch.signatures(named)
    steps = advisories.way(named.steps, here.content_digest, named.content) if here is not None else ()
    note = ""
    if here is not None and steps and sum(one.size for one in steps) < named.whole_bytes:
        try:
            status = _stepped(fetch, named, steps, here, place, signatures, placing(demand))
            return _brought(status, "delta", fetch, named, deltas_count=len(steps))
        except AssayError as error:
            if isinstance(error, UntrustedError) and error.code not in _DAMAGED:
                raise
            note = error.line()
            if progress is not None:
                progress.stage(f"the delta does not do, fetching the whole database: {note}")
    chunks = fetch.whole(named)
    return _brought(place.install(chunks, signatures, placing(demand)), "whole", fetch, named, note=note)


def _brought(
    status: DatabaseStatus,
    how: Literal["whole", "delta"],
    fetch: "_Fetch",
    named: advisories.Named,
    *,
    deltas_count: int = 0,
    note: str = "",
) -> Pulled:
    return Pulled(
        status=status, how=how, fetched_bytes=fetch.received_bytes, whole_bytes=named.whole_bytes,
        deltas_count=deltas_count, note=note,
    )  # fmt: skip


def _not_older(named: advisories.Named, seen: Seen, wish: Wish) -> None:
    """Refuse early what calls itself older; what it really is, is asked of the database itself."""
    if named.build and named.content:
        refuse_number(named.build, named.content, seen, allowed=wish.allow_rollback)


def _here(place: KeptDatabase) -> DatabaseStatus | None:
    """What lies here; None where there is nothing that a delta could begin with."""
    try:
        return place.status()
    except AssayError:
        return None


def _same(named: advisories.Named, here: DatabaseStatus) -> bool:
    return (named.content, named.build) == (here.content_digest, here.build)


def _stepped(
    fetch: "_Fetch",
    named: advisories.Named,
    steps: Sequence[advisories.Step],
    here: DatabaseStatus,
    place: KeptDatabase,
    signatures: tuple[bytes, ...],
    approval: Approval,
) -> DatabaseStatus:
    """All steps in one go: what lies between is never built. Where they lead is the manifest's word, and is checked."""
    head = DeltaHead(schema=here.schema, base=here.content_digest, content=named.content, build=named.build)
    return place.patch(head, _changes(fetch, steps, here.schema), signatures, approval)


def _changes(fetch: "_Fetch", steps: Sequence[advisories.Step], schema: int) -> Iterator[Change]:
    for one in steps:
        head, changes = fetch.delta(one)
        if (head.schema, head.base, head.content) != (schema, one.base, one.content):
            raise MalformedError(
                "a delta is not the one the manifest speaks of", where=fetch.name,
                why=f"schema {head.schema}, from {head.base[:80]} to {head.content[:80]}", remedy="push it again",
            )  # fmt: skip
        yield from changes


class _Fetch:
    """What is asked of the source: everything checked against its descriptor, and counted."""

    def __init__(self, source: ImageSource, limits: Limits) -> None:
        self._source, self._limits = source, limits
        self.name = ""
        self.received_bytes = 0

    def named(self) -> advisories.Named:
        root = self._source.root()
        self.name, self.received_bytes = root.name, len(root.data)
        check(root.data, root.descriptor, where=root.name)
        return advisories.unwrap(root.data, root.descriptor.media_type, where=root.name, limits=self._limits)

    def signatures(self, named: advisories.Named) -> tuple[bytes, ...]:
        if named.bundle is None:
            return ()
        data = self._source.fetch(named.bundle, self._limits.bundle_bytes)
        self.received_bytes += len(data)
        return (check(data, named.bundle, where=f"{self.name} signature"),)

    def whole(self, named: advisories.Named) -> Iterator[bytes]:
        def wrong(why: str) -> MalformedError:
            return MalformedError("not a whole advisory database", where=self.name, why=why, remedy="push it again")

        received = self._received(named.database, "database")
        yield from gzipstream.inflated(received, self._limits.database_bytes, wrong)
        for _ in received:
            raise wrong("something follows its end")

    def delta(self, one: advisories.Step) -> tuple[DeltaHead, Iterator[Change]]:
        received = self._received(one.descriptor, "delta")
        return advisory_delta.read(received, where=f"{self.name} delta", limits=self._limits)

    def _received(self, descriptor: Descriptor, what: str) -> Iterator[bytes]:
        with self._source.stream(descriptor) as stream:
            yield from checked(self._counted(stream), descriptor, where=f"{self.name} {what}")

    def _counted(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in stream:
            self.received_bytes += len(chunk)
            yield chunk


def first_of(locations: Sequence[str], fetch: Callable[[str], T], progress: Progress | None = None) -> tuple[str, T]:
    """What the first location that answers gives, and which that was.

    Only silence leads to the next: a location that lies, or holds something else, ends the search.

    Raises:
        UnavailableError: none answers; names each reason.
    """
    silent = []
    for location in locations:
        try:
            return location, fetch(location)
        except UnavailableError as error:
            silent.append(f"{location}: {error.what}")
            if progress is not None:
                progress.stage(f"{location} does not answer: {error.what}")
    raise UnavailableError(
        "no location gives an advisory database; the one in place is as it was", why="; ".join(silent),
        remedy="check the names and the network, or bring a database with `assay db import FILE`",
    )  # fmt: skip
