"""A log in ordinary life: what it answers, what it refuses, and what stops it."""

import shutil
import threading

import pytest

from assay.adapters.tilestore import TileStore
from assay.flows.log import Log, Placed
from assay.formats import note, tiles
from assay.formats.note import Note
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.trust import append, merkle, notes
from logkeys import LOG, ORIGIN, WITNESSES
from signing import MemorySigner


def open_log(folder, name="log", **more) -> Log:
    return Log(ORIGIN, more.pop("signer", LOG), TileStore(folder / name), TileStore(folder / "key"), **more)


def made(folder, count=5) -> Log:
    log = open_log(folder)
    log.create()
    if count:
        log.append([b"%d" % i for i in range(count)])
    return log


def stopped(log: Log, code: str) -> None:
    """It neither recovers nor signs."""
    before = log.published() if code != "CHECKPOINT_SIGNATURE" else None
    for action in (log.recover, lambda: log.append([b"more"])):
        with pytest.raises(UntrustedError) as caught:
            action()
        assert caught.value.code == code
    assert before is None or log.published() == before


def test_the_first_entry_is_the_genesis_leaf(tmp_path):
    log = open_log(tmp_path)
    value = log.create()
    assert note.checkpoint(value.text, where="x").size == 1
    assert log.serve("tile/entries/000.p/1") == tiles.bundle([append.genesis(ORIGIN)])
    assert log.append([b"first"]).placed == (Placed(1),)
    with pytest.raises(UsageError):
        log.create()


def test_what_is_appended_can_be_proved_and_read(tmp_path):
    log = made(tmp_path, 0)
    bodies = [b"entry %d" % i for i in range(600)]
    done = log.append(bodies)
    assert [p.index for p in done.placed] == list(range(1, 601))
    for index, body in enumerate(bodies, 1):
        proof = done.tree.inclusion(index)
        assert merkle.verify_inclusion(index, done.head.size, merkle.leaf_hash(body), proof, done.head.root)
    assert log.published() == done.checkpoint
    assert note.parse(log.serve("checkpoint"), where="x") == done.checkpoint
    assert notes.verify(log.key, done.checkpoint.text, done.checkpoint.signatures[0], where="x") == 0
    assert len(log.serve("tile/0/001")) == 8192
    assert log.serve("tile/0/002.p/89")
    assert log.serve("tile/0/002.p/90") is None
    assert log.serve("intent") is None
    assert log.serve("../key") is None


def test_partial_tiles_end_with_the_full_one(tmp_path):
    log = made(tmp_path, 0)
    for size in (100, 100, 100):
        log.append([b"%d" % i for i in range(size)])
    assert sorted(p.name for p in (tmp_path / "log/tile/0").iterdir()) == ["000", "001.p"]
    assert len(log.serve("tile/0/000.p/101")) == 101 * 32
    again = open_log(tmp_path)
    again.append([b"x"])
    assert again.tree().size == 302


def test_unique_entries_keep_their_place(tmp_path):
    log = open_log(tmp_path, unique=True)
    log.create()
    first = log.append([b"a", b"b", b"a"])
    assert first.placed == (Placed(1), Placed(2), Placed(1, fresh=False))
    again = open_log(tmp_path, unique=True)
    done = again.append([b"b"])
    assert (done.placed, done.head.size) == ((Placed(2, fresh=False),), 3)
    open_log(tmp_path).append([b"c"])
    assert again.append([b"c", b"d"]).placed == (Placed(3, fresh=False), Placed(4))
    assert again.append([append.genesis(ORIGIN)]).placed == (Placed(0, fresh=False),)


def test_an_entry_too_long_logs_nothing(tmp_path):
    log = made(tmp_path)
    before = log.published()
    with pytest.raises(MalformedError):
        log.append([b"good", b"x" * 65_536])
    assert log.published() == before
    assert log.append([b"good"]).placed == (Placed(6),)


def test_nothing_to_append_signs_nothing(tmp_path):
    log = made(tmp_path)
    assert log.append([]).checkpoint == log.published()


def test_a_frozen_log_is_read_and_never_grows(tmp_path):
    log = made(tmp_path)
    last = log.freeze()
    for one in (log, open_log(tmp_path)):
        assert one.frozen
        assert one.published() == last
        with pytest.raises(UnsupportedError, match="frozen"):
            one.append([b"more"])
    assert (tmp_path / "log/frozen").read_text() == "6\n"
    log.freeze()
    (tmp_path / "log/frozen").unlink()
    with pytest.raises(UnsupportedError):
        open_log(tmp_path).append([b"more"])


def test_a_restored_backup_stops_the_log(tmp_path):
    log = made(tmp_path)
    shutil.copytree(tmp_path / "log", tmp_path / "backup")
    log.append([b"after the backup"])
    stopped(open_log(tmp_path, "backup"), "LOG_ROLLBACK")


def test_a_lost_log_is_not_begun_again(tmp_path):
    made(tmp_path)
    shutil.rmtree(tmp_path / "log")
    with pytest.raises(UntrustedError) as caught:
        open_log(tmp_path).create()
    assert caught.value.code == "LOG_ROLLBACK"
    with pytest.raises(UnavailableError):
        open_log(tmp_path).append([b"x"])


def test_a_lost_or_older_memory_stops_the_log(tmp_path):
    log = made(tmp_path)
    shutil.copytree(tmp_path / "key", tmp_path / "old")
    log.append([b"x"])
    shutil.rmtree(tmp_path / "key")
    stopped(open_log(tmp_path), "LOG_ROLLBACK")
    shutil.copytree(tmp_path / "old", tmp_path / "key", dirs_exist_ok=True)
    stopped(open_log(tmp_path), "LOG_ROLLBACK")


def test_two_copies_of_a_log_cannot_both_grow(tmp_path):
    """The second is longer, so its size alone would pass: it is not the continuation of what was signed."""
    log = made(tmp_path)
    shutil.copytree(tmp_path / "log", tmp_path / "copy")
    memory = (tmp_path / "key").joinpath(next(p.name for p in (tmp_path / "key").iterdir()))
    before = memory.read_bytes()
    done = log.append([b"one history"])
    now = memory.read_bytes()
    memory.write_bytes(before)
    open_log(tmp_path, "copy").append([b"another", b"history"])
    memory.write_bytes(now)
    stopped(open_log(tmp_path, "copy"), "LOG_FORK")
    assert log.published() == done.checkpoint


def test_changed_files_stop_the_log(tmp_path):
    made(tmp_path)
    tile = tmp_path / "log/tile/0/000.p/6"
    data = tile.read_bytes()
    tile.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    stopped(open_log(tmp_path), "LOG_FORK")
    tile.write_bytes(data[:-1])
    with pytest.raises(MalformedError):
        open_log(tmp_path).recover()
    tile.unlink()
    with pytest.raises(UnavailableError, match="missing"):
        open_log(tmp_path).recover()
    tile.write_bytes(data)
    open_log(tmp_path).recover()


def test_a_checkpoint_by_another_key_stops_the_log(tmp_path):
    made(tmp_path)
    stopped(open_log(tmp_path, signer=WITNESSES[0]), "CHECKPOINT_SIGNATURE")
    path = tmp_path / "log/checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n6\n", b"\n7\n"))
    stopped(open_log(tmp_path), "CHECKPOINT_SIGNATURE")


@pytest.mark.parametrize("size", [2, 6, 9])
def test_an_intent_of_another_tree_stops_the_log(tmp_path, size):
    made(tmp_path)
    text = note.checkpoint_text(note.Checkpoint(ORIGIN, size, bytes(32)))
    (tmp_path / "log/intent").write_text(text)
    with pytest.raises((UntrustedError, UnavailableError)):
        open_log(tmp_path).append([b"x"])
    (tmp_path / "log/intent").write_text("junk\n\n\n")
    with pytest.raises(MalformedError):
        open_log(tmp_path).append([b"x"])
    (tmp_path / "log/intent").write_bytes(b"\xff")
    with pytest.raises(UntrustedError):
        open_log(tmp_path).append([b"x"])


def test_without_its_witnesses_a_log_publishes_nothing(tmp_path):
    """And afterwards it publishes first what it had promised to itself, then the new batch."""
    answers = [False]
    asked = []

    def cosign(value, old, tree):
        asked.append((old, tree.size))
        if not answers[0]:
            raise UnavailableError("no quorum")
        return value

    made(tmp_path)
    log = open_log(tmp_path, cosign=cosign)
    before = log.published()
    for _ in range(2):
        with pytest.raises(UnavailableError):
            log.append([b"waiting"])
        assert log.published() == before
    assert asked == [(6, 7), (6, 7)]
    answers[0] = True
    assert log.append([b"next"]).placed == (Placed(7),)
    assert asked[2:] == [(6, 7), (7, 8)]


class FailingKey(MemorySigner):
    def sign(self, data):
        return bytes(64)


def test_a_key_that_signs_wrongly_publishes_nothing(tmp_path):
    made(tmp_path)
    before = open_log(tmp_path).published()
    with pytest.raises(UnavailableError, match="do not hold"):
        open_log(tmp_path, signer=FailingKey(LOG.key)).append([b"x"])
    assert open_log(tmp_path).published() == before
    assert open_log(tmp_path).append([b"y"]).placed == (Placed(7),)


def test_threads_with_a_log_each_take_turns(tmp_path):
    made(tmp_path, 0)
    places, lock = [], threading.Lock()

    def work(number):
        log = open_log(tmp_path)
        for i in range(5):
            done = log.append([b"%d.%d" % (number, i)])
            with lock:
                places.append(done.placed[0].index)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(1, 21))


def test_a_held_log_is_waited_for_and_not_for_ever(tmp_path):
    store = TileStore(tmp_path / "a", seconds=0.01)
    with TileStore(tmp_path / "a").exclusive(), pytest.raises(UnavailableError, match="another program"):
        store.exclusive().__enter__()
    with store.exclusive():
        pass


@pytest.mark.parametrize("name", ["", "..", "../x", "/x", "a/../b", "a//b", "a/", ".pending-a", "a/.pending-b", "a\n"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with pytest.raises(ValueError):
        TileStore(tmp_path).read(name, 10)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for store in (TileStore(tmp_path / "file"), TileStore(tmp_path / "none" / "deeper")):
        with pytest.raises(UnavailableError):
            store.exclusive().__enter__()
        with pytest.raises(UnavailableError):
            store.write({"a": b""})
    assert TileStore(tmp_path / "none").read("a", 1) is None
    with pytest.raises(MalformedError):
        TileStore(tmp_path).write({"a": b"four"}) or TileStore(tmp_path).read("a", 3)


def test_the_memory_of_a_note_is_of_one_origin(tmp_path):
    log = made(tmp_path)
    record = next((tmp_path / "key").iterdir())
    record.write_text(record.read_text().replace(ORIGIN, "log.example/other"))
    stopped(log, "LOG_FORK")
    assert isinstance(log.published(), Note)
