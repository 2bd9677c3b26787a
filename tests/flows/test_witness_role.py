"""A witness over its protocol (c2sp.org/tlog-witness), and a log that gathers cosignatures from several."""

import random

import msgspec
import pytest

from assay.adapters.tilestore import TileStore
from assay.flows.cosign import Witnesses
from assay.flows.log import Log
from assay.flows.witness import Seen, WitnessRole
from assay.formats import addcheckpoint, logpolicy, note, vkey
from assay.formats.note import Checkpoint, Note
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.trust import merkle, notes, witness
from fakes.faultydisk import FaultyDisk, PowerCut
from logkeys import LOG, ORIGIN, P256_LOG, QUANTUM, WITNESSES, log_key, signed, witness_key

TREE = merkle.nodes([merkle.leaf_hash(b"%d" % i) for i in range(100)])
LOGS = logpolicy.parse(f"log {vkey.write(log_key())}\nquorum none", where="x")
NOW = 1_700_000_000


def checkpoint(size: int, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, merkle.root(size, TREE))


def request(old: int, size: int, value: Note | None = None) -> bytes:
    proof = merkle.consistency(old, size, TREE) if old <= size else ()
    return addcheckpoint.write(old, proof, value or signed(checkpoint(size)))


def role(folder, index=0, **more) -> WitnessRole:
    signers = more.pop("signers", [WITNESSES[index]])
    store = more.pop("store", None) or TileStore(folder / f"witness-{index}")
    return WitnessRole(f"witness.example/{index}", signers, LOGS, store, lambda: NOW, **more)


def test_a_witness_follows_a_log(tmp_path):
    one = role(tmp_path)
    for old, size in ((0, 1), (1, 7), (7, 7), (7, 64), (64, 100)):
        status, body, media_type = one.add_checkpoint(request(old, size))
        assert (status, media_type) == (200, "text/plain; charset=utf-8")
        (line,) = note.signature_lines(body.decode(), where="x")
        assert notes.verify(witness_key(0), signed(checkpoint(size)).text, line, where="x") == NOW
        one = role(tmp_path)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (request(0, 5, signed(checkpoint(5, "log.example/unknown"))), (404, b"unknown origin\n")),
        (request(0, 5, signed(checkpoint(5), log=P256_LOG)), (403, b"no signature by a key of this log\n")),
        (request(9, 8), (400, b"the old size is above the checkpoint's\n")),
        (request(0, 8), (409, b"7\n")),
        (request(6, 8), (409, b"7\n")),
        (request(0, 3), (409, b"7\n")),
        (request(7, 7, signed(Checkpoint(ORIGIN, 7, bytes(32)))), (409, b"7\n")),
        (request(7, 8, signed(checkpoint(9))), (422, b"the consistency proof does not hold\n")),
        (request(7, 9, signed(Checkpoint(ORIGIN, 9, bytes(32)))), (422, b"the consistency proof does not hold\n")),
    ],
)  # fmt: skip
def test_refusals_after_size_seven(tmp_path, data, answer):
    one = role(tmp_path)
    assert one.add_checkpoint(request(0, 7))[0] == 200
    status, body, media_type = one.add_checkpoint(data)
    assert (status, body) == answer
    assert media_type == ("text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8")
    assert one.add_checkpoint(request(7, 8))[0] == 200


def test_an_altered_line_in_the_logs_name_is_refused(tmp_path):
    value = signed(checkpoint(7))
    line = value.signatures[0]
    broken = msgspec.structs.replace(line, signature=bytes(64))
    assert role(tmp_path).add_checkpoint(request(0, 7, Note(value.text, (line, broken))))[0] == 403


def test_an_empty_tree_has_one_root(tmp_path):
    assert role(tmp_path).add_checkpoint(request(0, 0, signed(Checkpoint(ORIGIN, 0, bytes(32)))))[0] == 422
    assert role(tmp_path).add_checkpoint(request(0, 0, signed(Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT))))[0] == 200


def test_both_notes_of_a_fork_are_kept(tmp_path):
    one = role(tmp_path)
    one.add_checkpoint(request(0, 7))
    other = signed(Checkpoint(ORIGIN, 7, bytes(32)))
    one.add_checkpoint(request(7, 7, other))
    kept = [note.parse(p.read_bytes(), where="x") for p in sorted((tmp_path / "witness-0").rglob("fork-*"))]
    assert sorted(kept, key=lambda n: n.text) == sorted([signed(checkpoint(7)), other], key=lambda n: n.text)


GOOD = request(7, 9)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"old 7", GOOD[4:], GOOD.replace(b"old 7", b"old 07"), GOOD.replace(b"old 7", b"old -7"),
        GOOD.replace(b"old 7\n", b"old 7\nAAAA\n"), GOOD.replace(b"old 7\n", b"old 7\n\xff\n"),
        GOOD.replace(b"old 7\n", b"old 7\n" + b"A" * 43 + b"=\n" * 64), GOOD[:-1], GOOD.replace(b"\n\n", b"\n"),
        GOOD.replace(b"\n9\n", b"\n09\n"), GOOD + b"x", b"old 7\n\n",
    ],
)  # fmt: skip
def test_bad_requests(tmp_path, data):
    assert role(tmp_path).add_checkpoint(data)[0] == 400


def test_requests_are_read_as_written():
    found = addcheckpoint.read(GOOD, where="x")
    assert addcheckpoint.write(found.old, found.proof, found.note) == GOOD
    assert found.checkpoint == checkpoint(9)


def test_two_kinds_of_keys_give_two_lines(tmp_path):
    one = role(tmp_path, signers=[WITNESSES[0], QUANTUM])
    body = one.add_checkpoint(request(0, 7))[1].decode()
    lines = note.signature_lines(body, where="x")
    quantum = notes.key_of("witness.example/0", QUANTUM.public_key(), cosigner=True, where="x")
    assert [notes.verify(k, signed(checkpoint(7)).text, line, where="x")
            for k, line in zip((witness_key(0), quantum), lines, strict=True)] == [NOW, NOW]  # fmt: skip
    with pytest.raises(UnsupportedError):
        role(tmp_path, signers=[P256_LOG])


def test_no_cosignature_leaves_before_it_is_remembered(tmp_path):
    """Power cuts at every step: whoever got a cosignature can rely on the witness knowing that tree for ever."""
    for cut in range(1, 40):
        folder = tmp_path / str(cut)
        (folder / "witness-0").mkdir(parents=True)
        disk = FaultyDisk(folder)
        promised = 0
        disk.cut_at = cut
        try:
            one = role(folder, store=TileStore(folder / "witness-0", disk=disk))
            for old, size in ((0, 3), (3, 9), (9, 27)):
                assert one.add_checkpoint(request(old, size))[0] == 200
                promised = size
        except PowerCut:
            pass
        disk.lose(random.Random(cut), "nothing")
        one = role(folder, store=TileStore(folder / "witness-0", disk=disk))
        status, body, _ = one.add_checkpoint(request(50, 51))
        assert status == 409
        assert int(body) >= promised


class Door:
    """A witness in this process, as the log reaches it; counts requests."""

    def __init__(self, one: WitnessRole) -> None:
        self.role, self.asked, self.down = one, 0, False

    def add_checkpoint(self, data):
        self.asked += 1
        if self.down:
            raise UnavailableError("no answer", why="down")
        return self.role.add_checkpoint(data)[:2]


@pytest.fixture
def town(tmp_path):
    """A log whose policy wants two of three witnesses."""
    lines = [f"witness w{i} {vkey.write(witness_key(i))}" for i in range(3)]
    policy = logpolicy.parse("\n".join([*lines, "group g 2 w0 w1 w2", "quorum g"]), where="x")
    doors = [Door(role(tmp_path, i)) for i in range(3)]
    named = {f"w{i}": door for i, door in enumerate(doors)}
    log = Log(ORIGIN, LOG, TileStore(tmp_path / "log"), TileStore(tmp_path / "key"), cosign=Witnesses(policy, named))
    return log, policy, doors


def test_every_published_checkpoint_has_its_quorum(town):
    log, policy, doors = town
    log.create()
    for i in range(4):
        done = log.append([b"%d" % i])
        assert len(witness.quorum(done.checkpoint, policy).witnesses) == 3
    assert [door.asked for door in doors] == [5, 5, 5]


def test_one_witness_may_be_away_and_catches_up(town):
    log, policy, doors = town
    log.create()
    doors[1].down = True
    for i in range(3):
        assert len(witness.quorum(log.append([b"%d" % i]).checkpoint, policy).witnesses) == 2
    assert doors[1].asked < 4, "who does not answer is asked less often"
    doors[1].down = False
    counts = [len(witness.quorum(log.append([b"%d" % i]).checkpoint, policy).witnesses) for i in range(14)]
    assert counts[-1] == 3


def test_without_a_quorum_nothing_is_published(town):
    log, policy, doors = town
    log.create()
    before = log.published()
    doors[0].down = doors[1].down = True
    with pytest.raises(UnavailableError, match="w0: down; w1: down"):
        log.append([b"a"])
    assert log.published() == before
    doors[0].down = False
    assert log.append([b"b"]).placed[0].index == 2
    assert witness.quorum(log.published(), policy)


def test_a_log_that_lost_its_memory_of_the_witnesses_asks_again(town, tmp_path):
    log, policy, doors = town
    log.create()
    log.append([b"a"])
    fresh = Witnesses(policy, {"w0": doors[0], "w1": doors[1]})
    again = Log(ORIGIN, LOG, TileStore(tmp_path / "log"), TileStore(tmp_path / "key"), cosign=fresh)
    assert witness.quorum(again.append([b"b"]).checkpoint, policy)


class Liar:
    def __init__(self, status, body):
        self.answer = status, body

    def add_checkpoint(self, data):
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [(409, b"999\n"), (409, b"0\n"), (409, b"junk"), (409, b"\xff"), (200, b""), (200, b"\xff\n"), (500, b""),
     (200, note.lines(signed(checkpoint(1), 3).signatures).encode())],
)  # fmt: skip
def test_what_a_witness_may_answer(tmp_path, answer):
    policy = logpolicy.parse(f"witness w {vkey.write(witness_key(0))}\nquorum w", where="x")
    gather = Witnesses(policy, {"w": Liar(*answer)})
    log = Log(ORIGIN, LOG, TileStore(tmp_path / "log"), TileStore(tmp_path / "key"), cosign=gather)
    with pytest.raises(UnavailableError, match="do not cosign"):
        log.create()


def test_a_verifier_remembers_what_it_saw(tmp_path):
    seen = Seen(TileStore(tmp_path / "seen"))
    for size in (7, 9, 3, 9):
        seen.check(signed(checkpoint(size)))
    assert seen.last(ORIGIN) == signed(checkpoint(9))
    assert seen.last("other") is None
    for size in (3, 7, 9):
        other = signed(Checkpoint(ORIGIN, size, bytes(32)))
        with pytest.raises(UntrustedError) as caught:
            Seen(TileStore(tmp_path / "seen")).check(other)
        assert caught.value.code == "LOG_FORK"
        kept = {p.read_bytes() for p in (tmp_path / "seen").rglob("fork-*")}
        assert {note.write(other), note.write(signed(checkpoint(size)))} <= kept
    assert seen.last(ORIGIN) == signed(checkpoint(9))
    with pytest.raises(MalformedError):
        seen.check(Note("no checkpoint\n", signed(checkpoint(1)).signatures))
