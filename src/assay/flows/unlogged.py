"""Certificates that signed something and that no issuance log holds: somebody issues in secret."""

from collections.abc import Collection, Iterable

from assay.flows.tail import Tail
from assay.formats import tiles
from assay.formats.note import Checkpoint
from assay.formats.tiles import Tile
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import MalformedError, UntrustedError
from assay.trust import merkle, watch
from assay.trust.tiles import TileTree
from assay.trust.watch import Alert


def unlogged(
    certificates: Iterable[tuple[int, bytes]],
    fresh: Collection[bytes],
    issuance: Tail,
    said: Checkpoint,
    roots: TrustedRoot,
    log: str,
) -> list[Alert]:
    """Look for each certificate in an issuance log.

    Args:
        certificates: index of the entry, and DER of its certificate.
        fresh: leaf hashes that were just read of the issuance log.
        issuance: the issuance log.
        said: its checkpoint, believed.
        roots: which authorities may have issued; which of the listed logs it is.
        log: origin of the log that holds the entries.

    Raises:
        UnavailableError: the issuance log does not answer.
    """
    log_ids = [one.log_id for one in watch.listed(roots.ctlogs, said.origin)]
    search = _Search(TileTree(said.size, issuance.read), said.root)
    found: list[Alert] = []
    for index, data in certificates:
        try:
            hashes = [leaf for log_id in log_ids for leaf in watch.leaves(data, roots, log_id, where=f"entry {index}")]
        except (MalformedError, UntrustedError) as error:
            why = f"its certificate cannot be looked for: {error.why or error.what}"
        else:
            # One without a timestamp of this log promises nothing here; `watch.entry` judges whether it has any.
            if not hashes or any(leaf in fresh or search.holds(leaf) for leaf in hashes):
                continue
            why = f"its certificate is not in {said.origin}, which has {said.size} leaves"
        found.append(Alert(kind="unlogged-certificate", log=log, why=why, index=index))
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
