"""The proof of an entry that a tiled log knew already: it says where, the rest is made from its tiles.

A log answers 409 to an entry sent twice, as after an answer that got lost (sigstore/rekor-tiles, CLIENTS.md). What is
made here is judged like any answer of a log: by the verifier.
"""

from urllib.parse import urlsplit

from assay.formats import note, tiles
from assay.formats.bundle import InclusionProof, LogEntry
from assay.formats.rekor import HASHEDREKORD_V2
from assay.formats.tiles import Tile
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import UnavailableError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.sigstore import TransparencyLog
from assay.trust import merkle
from assay.trust.tiles import TileTree


def proven(
    log: TransparencyLog, index: int, body: bytes, roots: TrustedRoot, *, where: str, limits: Limits = DEFAULT_LIMITS
) -> LogEntry:
    """The entry as the log would have answered it.

    Args:
        log: whose files are read.
        index: where the log says the entry lies.
        body: its canonical body, as we know it.
        roots: the trusted logs; one of them is the log's.
        where: the log's base URL.
        limits: bounds on the note.

    Raises:
        UntrustedError: `LOG_UNKNOWN`: no trusted log has this address; `INCLUSION_PROOF`: another entry lies there.
        UnavailableError: the log lacks a file, or its checkpoint does not cover the entry yet.
        MalformedError: a file that is no checkpoint or no tile.
    """
    text = log.read("checkpoint")
    head = note.checkpoint(note.parse(text, where=where, limits=limits).text, where=where)
    if index >= head.size:
        raise UnavailableError(
            "the log does not prove the entry yet",
            where=where,
            why=f"entry {index}, checkpoint of {head.size}",
            remedy="sign again in a moment",
        )
    tree = TileTree(head.size, lambda tile: _tile(log, tile))
    if tree.leaf(index) != merkle.leaf_hash(body):
        raise UntrustedError(
            "another entry lies where the log says ours is",
            where=where,
            why=f"entry {index}",
            remedy="do not sign there; tell its operator",
            code="INCLUSION_PROOF",
            step="log",
        )
    kind, version = HASHEDREKORD_V2
    proof = InclusionProof(
        log_index=index,
        root_hash=head.root,
        tree_size=head.size,
        hashes=tree.inclusion(index),
        checkpoint=text.decode("utf-8"),
    )
    return LogEntry(
        log_index=index, log_id=_log_id(roots, head.origin, where), kind=kind, version=version, body=body, proof=proof
    )


def _tile(log: TransparencyLog, tile: Tile) -> bytes:
    """A tile of the width asked for; a log that has grown may keep only the full one (tlog-tiles, "Partial tiles")."""
    try:
        return log.read(tile.path)
    except UnavailableError:
        full = log.read(Tile(tile.level, tile.index).path)
        return full[: tile.width * tiles.HASH_BYTES]


def _log_id(roots: TrustedRoot, origin: str, url: str) -> bytes:
    """The id of the trusted log that is written to at this address, or that calls itself so in its checkpoint."""
    for place in (_place(url), origin):
        for known in roots.tlogs:
            if _place(known.base_url) == place:
                return known.log_id
    raise UntrustedError(
        "the trusted root does not list this log",
        where=url,
        why="no log has this address",
        remedy="check signing config and trusted root",
        code="LOG_UNKNOWN",
        step="log",
    )


def _place(url: str) -> str:
    """An address without its scheme and last slash: the origin of a tiled log."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}".rstrip("/")
