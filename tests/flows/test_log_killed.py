"""The real thing: a process that appends is killed again and again, and what it acknowledged is there."""

import os
import random
import signal
import time

from assay.adapters.tilestore import TileStore
from assay.flows.log import Log
from assay.formats import note, tiles
from assay.formats.tiles import Tile
from assay.trust import merkle
from logkeys import LOG, ORIGIN

ROUNDS = 12


def open_log(folder) -> Log:
    return Log(ORIGIN, LOG, TileStore(folder / "log"), TileStore(folder / "key"))


def append_until_killed(folder, number: int, pipe: int) -> None:
    """The child: an acknowledgement is written to the pipe once `append` has returned."""
    try:
        log, chance, count = open_log(folder), random.Random(number), 0
        while True:
            bodies = [b"%d.%d" % (number, count + i) for i in range(chance.choice((1, 1, 3, 40)))]
            count += len(bodies)
            done = log.append(bodies)
            text = "".join(f"{p.index} {b.decode()}\n" for p, b in zip(done.placed, bodies, strict=True))
            os.write(pipe, text.encode())
    finally:
        os._exit(1)


def test_sigkill_at_any_moment(tmp_path):
    open_log(tmp_path).create()
    acknowledged: dict[int, bytes] = {}
    published = []
    chance = random.Random(1)
    for number in range(ROUNDS):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            append_until_killed(tmp_path, number, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            said = lines.readline()  # it is at work
            time.sleep(chance.uniform(0, 0.03))
            os.kill(child, signal.SIGKILL)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
            said += lines.read()
        for line in said.decode().splitlines():
            index, body = line.split()
            assert acknowledged.setdefault(int(index), body.encode()) == body.encode(), "an index used twice"
        data = (tmp_path / "log" / "checkpoint").read_bytes()
        published.append(note.checkpoint(note.parse(data, where="x").text, where="x"))
    log = open_log(tmp_path)
    log.recover()
    tree = log.tree()
    for one in published:
        assert merkle.verify_consistency(one.size, one.root, tree.size, tree.root(), tree.consistency(one.size))
    bodies: list[bytes] = []
    for number in range(-(-tree.size // 256)):
        width = tiles.width_at(tree.size, tiles.ENTRIES, number)
        bodies += tiles.entries(log.serve(Tile(tiles.ENTRIES, number, width).path), width, where="x")
    assert len(acknowledged) >= ROUNDS
    assert all(bodies[index] == body for index, body in acknowledged.items())
    assert [tree.leaf(i) for i in range(tree.size)] == [merkle.leaf_hash(body) for body in bodies]
