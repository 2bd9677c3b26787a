"""Merkle trees of RFC 6962 section 2.1 with SHA-256: hashes, roots, proofs made and proofs checked.

Makers read the tree through a function `node(level, index)`: the hash of the complete subtree over the leaves
`[index * 2**level, (index + 1) * 2**level)`. `trust.tiles` gives such a function over tiles, `nodes` one over a list.
"""

import hashlib
from collections.abc import Callable, Sequence

Node = Callable[[int, int], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""
_BYTES = 32


def leaf_hash(body: bytes) -> bytes:
    """SHA-256(0x00 ‖ body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(index: int, size: int, leaf: bytes, hashes: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf (its hash) stands at `index` in the tree of `size` leaves with this root.

    RFC 9162 section 2.1.3.2; the proof must have exactly the length that index and size demand.
    """
    if not 0 <= index < size or not _are_hashes((leaf, root, *hashes)):
        return False
    number, last, value = index, size - 1, leaf
    for sibling in hashes:
        if last == 0:
            return False  # longer than the path
        if number & 1 or number == last:
            value = node_hash(sibling, value)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and value == root


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, hashes: Sequence[bytes]) -> bool:
    """Whether the old tree is a beginning of the new one: RFC 9162 section 2.1.4.2, proof of exact length.

    Everything begins with the empty tree, whose root is `EMPTY_ROOT` and whose proof is empty.
    """
    if not 0 <= old_size <= new_size or not _are_hashes((old_root, new_root, *hashes)):
        return False
    if old_size == new_size:
        return old_root == new_root and not hashes and (old_size > 0 or old_root == EMPTY_ROOT)
    if old_size == 0:
        return old_root == EMPTY_ROOT and not hashes
    path = list(hashes)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    number, last = old_size - 1, new_size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def root(size: int, node: Node) -> bytes:
    """Root of the tree of the first `size` leaves: MTH(D[0:size])."""
    return _range(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """PATH(index, D[0:size]), from the leaf upward (section 2.1.1).

    Raises:
        ValueError: the index lies outside the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"index {index} in a tree of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(middle, high, node))
            high = middle
        else:
            path.append(_range(low, middle, node))
            low = middle
    return tuple(reversed(path))


def consistency(old_size: int, new_size: int, node: Node) -> tuple[bytes, ...]:
    """PROOF(old_size, D[0:new_size]) (section 2.1.2); empty where the trees are one or the old one is empty.

    Raises:
        ValueError: the old tree is larger than the new one.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"from {old_size} to {new_size}")
    if old_size in (0, new_size):
        return ()
    path: list[bytes] = []
    low, high = 0, new_size
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            path.append(_range(middle, high, node))
            high = middle
        else:
            path.append(_range(low, middle, node))
            low = middle
    if low:
        path.append(_range(low, high, node))
    return tuple(reversed(path))


def nodes(leaves: Sequence[bytes]) -> Node:
    """The tree over a list of leaf hashes held in memory."""
    rows = [list(leaves)]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return lambda level, index: rows[level][index]


def _range(low: int, high: int, node: Node) -> bytes:
    """MTH(D[low:high]) for a range as the recursions cut them: a power of two, or one followed by a smaller range."""
    width = high - low
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, low >> level)
    middle = low + _split(width)
    return node_hash(_range(low, middle, node), _range(middle, high, node))


def _split(width: int) -> int:
    """The largest power of two smaller than `width` (> 1)."""
    return 1 << ((width - 1).bit_length() - 1)


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == _BYTES for value in values)
