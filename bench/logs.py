"""A transparency log on this machine's disk: durable appends, proofs, and the tiles of a million leaves.

python bench/logs.py          prints these rows alone
"""

import hashlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.adapters.tilestore import TileStore
from assay.flows.log import Log
from assay.trust import append, merkle
from assay.trust.append import Edge
from assay.trust.tiles import TileTree

LEAVES = 1_000_000
PROOFS = 2_000
BODY_BYTES = 1_500
"""A hashedrekord entry with a certificate."""
Row = tuple[str, float, float]


class Key:
    """A log's key, in memory."""

    def __init__(self) -> None:
        self._key = ed25519.Ed25519PrivateKey.generate()

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """Pure Ed25519."""
        return self._key.sign(data)


def body(number: int) -> bytes:
    """An entry nobody has logged."""
    return hashlib.sha256(b"%d" % number).digest() * (BODY_BYTES // 32)


def appended(batch: int, rounds: int, folder: Path) -> float:
    """Median seconds of a durable batch: entries, tiles, intent, memory, signature, checkpoint, all synced."""
    log = Log("log.example/bench", Key(), TileStore(folder / f"log-{batch}"), TileStore(folder / f"key-{batch}"))
    log.create()
    times = []
    for turn in range(rounds):
        bodies = [body(turn * batch + i) for i in range(batch)]
        start = time.perf_counter()
        log.append(bodies)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def proven(files: dict[str, bytes], size: int) -> tuple[float, float]:
    """CPU seconds of an inclusion and of a consistency proof in a tree, made and checked."""
    tree = TileTree(size, lambda tile: files[tile.path])
    top = tree.root()
    start = time.process_time()
    for turn in range(PROOFS):
        index = turn * 7919 % size
        proof = tree.inclusion(index)
        if not merkle.verify_inclusion(index, size, tree.leaf(index), proof, top):
            raise SystemExit("a proof that does not hold")
    middle = time.process_time()
    for turn in range(PROOFS):
        old = 1 + turn * 7919 % size
        proof = tree.consistency(old)
        if not merkle.verify_consistency(old, tree.root(old), size, top, proof):
            raise SystemExit("a proof that does not hold")
    return (middle - start) / PROOFS, (time.process_time() - middle) / PROOFS


def logs() -> list[Row]:
    """What, measured, bar. The folder is beside the caches: temporary folders may lie in memory and sync nothing."""
    cache = Path(__file__).parent / ".cache"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as place:
        one, hundred = appended(1, 60, Path(place)), appended(100, 40, Path(place))
    bodies = [b"%032d" % number for number in range(LEAVES)]
    start = time.process_time()
    grown = append.grow(Edge(), bodies)
    tiles = time.process_time() - start
    inclusion, consistency = proven(dict(grown.files), LEAVES)
    return [
        ("log: durable batch of 1, ms p50", one * 1000, 20),
        ("log: durable batch of 100, ms an entry p50", hundred * 10, 1),
        (f"log: all tiles of {LEAVES:,} leaves, CPU s", tiles, 5),
        (f"log: inclusion proof among {LEAVES:,}, made and checked, CPU ms", inclusion * 1000, 1),
        (f"log: consistency proof to {LEAVES:,}, made and checked, CPU ms", consistency * 1000, 1),
    ]


if __name__ == "__main__":
    for what, measured, bar in logs():
        sys.stdout.write(f"{what}: {measured:.3f} (bar {bar:g})\n")
