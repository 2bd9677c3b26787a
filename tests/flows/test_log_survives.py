"""A log whose machine stops at any moment: it never forks, loses nothing acknowledged, and uses no index twice."""

import random

import pytest

from assay.adapters.tilestore import TileStore
from assay.flows.log import Log
from assay.formats import note, tiles
from assay.formats.tiles import Tile
from assay.model.errors import AssayError
from assay.trust import merkle
from fakes.faultydisk import FaultyDisk, PowerCut
from logkeys import LOG, ORIGIN
from signing import MemorySigner

BATCHES = (1, 250, 2, 3)
"""A tile fills in the middle of the last batch."""
MODES = ("nothing", "all", "anything")


class Watch(MemorySigner):
    """The log's key, and a note of all it has ever signed."""

    def __init__(self, disk: FaultyDisk) -> None:
        super().__init__(LOG.key)
        self.disk, self.careless = disk, False
        self.signed: dict[int, bytes] = {}

    def sign(self, data: bytes) -> bytes:
        durable = [node.kept for path, node in self.disk.kept.items() if path.name.startswith("signed-")]
        assert self.careless or durable == [data], "signed before it is remembered for good"
        found = note.checkpoint(data.decode(), where="signed")
        assert self.signed.setdefault(found.size, found.root) == found.root, "one size, two roots"
        assert found.size == max(self.signed), "a smaller tree after a larger one"
        return super().sign(data)


class World:
    """A machine, its readers, and its clients' memory of what was acknowledged."""

    def __init__(self, folder) -> None:
        (folder / "log").mkdir()
        (folder / "key").mkdir()
        self.folder, self.disk = folder, FaultyDisk(folder)
        self.key = Watch(self.disk)
        self.disk.after = self.look
        self.acknowledged: dict[int, bytes] = {}
        self.published: dict[int, bytes] = {}
        self.sent = 0

    def log(self) -> Log:
        """The program, started anew."""
        store, memory = (TileStore(self.folder / name, disk=self.disk) for name in ("log", "key"))
        return Log(ORIGIN, self.key, store, memory)

    def look(self, path) -> None:
        """A reader sees a checkpoint the moment it has its name, durable or not."""
        if path.name == "checkpoint":
            data = self.disk.read(path, 10_000)
            found = note.checkpoint(note.parse(data, where="x").text, where="x")
            assert self.published.setdefault(found.size, found.root) == found.root
            assert found.size == max(self.published)

    def append(self, log: Log, count: int) -> None:
        bodies = [b"entry %d" % (self.sent + i) for i in range(count)]
        self.sent += count
        done = log.append(bodies)
        for placed, body in zip(done.placed, bodies, strict=True):
            assert placed.fresh
            assert placed.index not in self.acknowledged, "an index used twice"
            self.acknowledged[placed.index] = body
            leaf = merkle.leaf_hash(body)
            proof = done.tree.inclusion(placed.index) if placed.index % 50 == 0 else None
            assert proof is None or merkle.verify_inclusion(placed.index, done.head.size, leaf, proof, done.head.root)

    def start(self) -> Log:
        log = self.log()
        if self.disk.read(self.folder / "log" / "checkpoint", 10) is None:
            log.create()
        else:
            log.recover()
        return log

    def live(self, *, and_judge: bool = False) -> None:
        """The whole life of a log."""
        log = self.start()
        for count in BATCHES:
            self.append(log, count)
        if and_judge:
            self.judge()

    def judge(self) -> None:
        """At the end everything ever said is true of one tree."""
        log = self.start()
        self.append(log, 7)
        tree = log.tree()
        for said in (self.key.signed, self.published):
            for size, root in said.items():
                assert tree.root(size) == root
                proof = tree.consistency(size)
                assert merkle.verify_consistency(size, root, tree.size, tree.root(), proof)
        bodies: list[bytes] = []
        for number in range(-(-tree.size // 256)):
            width = tiles.width_at(tree.size, tiles.ENTRIES, number)
            bodies += tiles.entries(log.serve(Tile(tiles.ENTRIES, number, width).path), width, where="x")
        for index, body in self.acknowledged.items():
            assert bodies[index] == body
        assert [tree.leaf(i) for i in range(tree.size)] == [merkle.leaf_hash(body) for body in bodies]


def steps_of_a_life(tmp_path) -> int:
    folder = tmp_path / "whole"
    folder.mkdir()
    world = World(folder)
    world.live()
    world.judge()
    return world.disk.steps


@pytest.mark.parametrize("mode", MODES)
def test_power_cut_at_every_step(tmp_path, mode):
    total = steps_of_a_life(tmp_path)
    assert total > 100, total
    # Every step for what loses most; the two milder ways take turns.
    for cut in {"nothing": range(1, total), "all": range(1, total, 2), "anything": range(2, total, 2)}[mode]:
        folder = tmp_path / str(cut)
        folder.mkdir()
        world = World(folder)
        world.disk.cut_at = cut
        with pytest.raises(PowerCut):
            world.live(and_judge=True)
        world.disk.lose(random.Random(cut), mode)
        world.judge()


@pytest.mark.parametrize("seed", range(80))
def test_power_cuts_while_recovering_and_killed_programs(tmp_path, seed):
    """Cut after cut, at any step, of any kind; `kill -9` among them: then the machine forgets nothing yet."""
    chance = random.Random(seed)
    world = World(tmp_path)
    for _ in range(6):
        world.disk.cut_at = world.disk.steps + chance.randint(1, 60)
        try:
            log = world.start()
            for _ in range(3):
                world.append(log, chance.choice((1, 2, 5, 260)))
        except PowerCut:
            if chance.random() < 0.5:
                world.disk.lose(chance, chance.choice(MODES))
        world.disk.cut_at = -1
    world.judge()


def test_a_killed_program_and_then_a_power_cut(tmp_path):
    """What a killed program had named, but not synced, is seen by the next one, and may be gone after all."""
    first = World(tmp_path)
    first.append(first.start(), 1)
    begin = first.disk.steps
    first.append(first.log(), 1)
    end = first.disk.steps
    for kill in range(begin + 1, end):
        cut = 0
        while True:
            folder = tmp_path / f"{kill}-{cut}"
            folder.mkdir()
            world = World(folder)
            world.append(world.start(), 1)
            world.disk.cut_at = kill
            with pytest.raises(PowerCut):
                world.append(world.log(), 1)
            cut += 1
            world.disk.cut_at = world.disk.steps + cut
            try:
                world.start()
                break
            except PowerCut:
                world.disk.lose(random.Random(cut), "nothing")
            world.judge()


def test_the_fake_forgets_what_was_not_synced(tmp_path):
    """The test of the test: without the syncs this log does fork or loses what it acknowledged."""
    failures = 0
    for cut in range(1, 120, 2):
        folder = tmp_path / str(cut)
        folder.mkdir()
        world = World(folder)
        world.key.careless = True
        world.disk.sync_folder = lambda path, disk=world.disk: disk.step()
        world.disk.cut_at = cut
        with pytest.raises(PowerCut):
            world.live()
        world.disk.lose(random.Random(cut), "nothing")
        try:
            world.judge()
        except (AssertionError, AssayError):
            failures += 1
    assert failures
