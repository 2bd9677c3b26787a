"""Certificates that signed something and that no issuance log holds: somebody issues in secret."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from assay.flows.tail import Tail
from assay.formats import tiles
from assay.formats.note import Checkpoint
from assay.formats.tiles import Tile
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import MalformedError, UntrustedError
from assay.trust import merkle, watch
from assay.trust.tiles import TileTree
from assay.trust.watch import Alert


class Promised(msgspec.Struct, frozen=True):
    """A certificate that signed an entry, and where it should stand in issuance logs."""

    index: int
    """Of the entry."""
    leaves: dict[bytes, tuple[bytes, ...]] = {}
    """Leaf hashes by log id; a certificate without a timestamp of a log promises nothing there."""
    wrong: str = ""
    """Why it cannot be looked for."""


def promised(index: int, data: bytes, issuers: Sequence[bytes]) -> Promised:
    """What to look for; small, where a certificate is not."""
    try:
        return Promised(index, watch.leaves(data, issuers, where=f"entry {index}"))
    except (MalformedError, UntrustedError) as error:
        return Promised(index, wrong=error.why or error.what)


def unlogged(
    certificates: Iterable[Promised],
    fresh: Collection[bytes],
    issuance: Tail,
    said: Checkpoint,
    roots: TrustedRoot,
    log: str,
) -> list[Alert]:
    """Look for each certificate in an issuance log.

    Args:
        certificates: what to look for; `watch.entry` judges whether each has the timestamps it needs.
        fresh: leaf hashes that were just read of the issuance log.
        issuance: the issuance log.
        said: its checkpoint, believed.
        roots: which of the listed logs it is.
        log: origin of the log that holds the entries.

    Raises:
        UnavailableError: the issuance log does not answer.
    """
    log_ids = [one.log_id for one in watch.listed(roots.ctlogs, said.origin)]
    search = _Search(TileTree(said.size, issuance.read), said.root)
    found: list[Alert] = []
    for one in certificates:
        hashes = [leaf for log_id in log_ids for leaf in one.leaves.get(log_id, ())]
        if one.wrong:
            why = f"its certificate cannot be looked for: {one.wrong}"
        elif not hashes or any(leaf in fresh or search.holds(leaf) for leaf in hashes):
            continue
        else:
            why = f"its certificate is not in {said.origin}, which has {said.size} leaves"
        found.append(Alert(kind="unlogged-certificate", log=log, why=why, index=one.index))
    return found


class _Search:
    """Looks for leaves of a tree by their hash, newest tile first; what is found is proven to be in the tree."""

    def __init__(self, tree: TileTree, top: bytes) -> None:
        self._tree, self._root = tree, top
        self._places: dict[bytes, int] = {}
        self._next = (tree.size - 1) // tiles.WIDTH

    def holds(self, leaf: bytes) -> bool:
        while leaf not in self._places and self._next >= 0:
            width = tiles.width_at(self._tree.size, 0, self._next)
            row = self._tree.tile(Tile(0, self._next, width))
            for place in range(width):
                found = row[place * tiles.HASH_BYTES : (place + 1) * tiles.HASH_BYTES]
                self._places.setdefault(found, self._next * tiles.WIDTH + place)
            self._next -= 1
        index = self._places.get(leaf)
        if index is None:
            return False
        return merkle.verify_inclusion(index, self._tree.size, leaf, self._tree.inclusion(index), self._root)
