"""Results of steps kept from one build to the next: what a step left, its log, its trace, and when and how it ran.

A key covers the step's text, root, inputs, environment, isolation level and filter (`build.provenance.cache_key`), so
what ran in a weaker sandbox is never taken for what ran in a stronger one. What is kept lies in the content store as a
canonical tar, and is hashed again when it is read. Whatever is wrong with it, the step runs.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from assay.build import canaries, compose
from assay.build.canaries import Isolation
from assay.build.run import When
from assay.formats import strictjson, tarread, tarwrite
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnsupportedError
from assay.model.limits import Limits
from assay.model.tracing import Scope, Trace
from assay.model.tree import OwnedEntry, Owner
from assay.ports.stores import ContentStore, Spool, StepResults


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down of a result."""

    form: Literal[1] = 1
    key: str
    tree: str
    """Digest of the canonical tar of all that was left."""
    log: str
    """Digest."""
    scope: Scope
    isolation: Isolation
    trace: Trace | None
    started: str
    finished: str
    when: When


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What a step left, now or then."""

    found: tuple[OwnedEntry, ...]
    """All of `$OUT`."""
    log: bytes
    isolation: Isolation
    trace: Trace | None
    started: str
    finished: str
    when: When | None = None
    """The build it was taken from; None where the step ran."""


def find(
    results: StepResults, key: str, scope: Scope, step: str, *, store: ContentStore, spool: Spool, limits: Limits
) -> Left | None:
    """What is kept under a key; None where nothing is, or nothing that is whole.

    Args:
        results: see there.
        key: `sha256:…`.
        scope: what is to be traced; a result without that trace is none.
        step: its name, for owners.
        store: holds what was left.
        spool: gets the bytes.
        limits: `build_lock_bytes`, `build_input_bytes`, those of archives.
    """
    data = results.get(Digest.parse(key), limits.build_lock_bytes)
    if data is None:
        return None
    try:
        kept = msgspec.convert(strictjson.loads(data, where=key, limit=len(data)), Kept)
        if kept.key != key or kept.scope != scope or not _was_tried_as_today(kept.isolation):
            return None
        return Left(
            found=_tree(store, Digest.parse(kept.tree), step, spool, limits),
            log=_whole(store, Digest.parse(kept.log), limits),
            isolation=kept.isolation, trace=kept.trace, started=kept.started, finished=kept.finished, when=kept.when,
        )  # fmt: skip
    except (AssayError, msgspec.ValidationError):
        return None


def _was_tried_as_today(isolation: Isolation) -> bool:
    """Whether every way out that is tried today was tried then: of one that was not, nothing would ever vouch."""
    return {one.name for one in canaries.CANARIES} <= {one.name for one in isolation.seen}


def keep(
    results: StepResults,
    key: str,
    left: Left | None,
    when: When,
    *,
    epoch: int,
    store: ContentStore,
    spool: Spool,
    limits: Limits,
) -> None:
    """Keep what a step left; not what was taken from here, and not what should have been traced and was not.

    Raises:
        UnavailableError: there is no room, or no right to write.
    """
    if left is None or left.when is not None or (left.trace is not None and left.trace.state != "complete"):
        return
    items = compose.compose(left.found, epoch=epoch)
    pieces = tarwrite.write((item.entry, spool.read(item.span) if item.span else ()) for item in items)
    kept = Kept(
        key=key, tree=str(store.put(pieces, limit=limits.build_input_bytes).digest),
        log=str(store.put([left.log], limit=limits.build_input_bytes).digest),
        scope=left.trace.scope if left.trace is not None else "none", isolation=left.isolation, trace=left.trace,
        started=left.started, finished=left.finished, when=when,
    )  # fmt: skip
    results.put(Digest.parse(key), strictjson.canonical(msgspec.to_builtins(kept)))


def _tree(store: ContentStore, digest: Digest, step: str, spool: Spool, limits: Limits) -> tuple[OwnedEntry, ...]:
    owner = Owner("step", step)
    with store.open(digest) as pieces:
        found = tuple(
            OwnedEntry(entry, owner, spool.add(content) if entry.kind == "file" else None)
            for entry, content in tarread.read(pieces, limits, where=str(digest))
        )
        _drain(pieces)
    return found


def _whole(store: ContentStore, digest: Digest, limits: Limits) -> bytes:
    size = store.size(digest) or 0
    if size > limits.build_lock_bytes:
        raise UnsupportedError("a log that is too large", where=str(digest), why=f"{size} bytes")
    with store.open(digest) as pieces:
        return b"".join(pieces)


def _drain(pieces: Iterable[bytes]) -> None:
    for _ in pieces:  # to the end, where the store's own check stands
        pass
