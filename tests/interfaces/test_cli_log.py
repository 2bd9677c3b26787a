"""`assay log` as a person types it."""

import json
import shutil

import pytest

from assay import bootstrap
from assay.formats import logpolicy, note, trustroot, vkey
from assay.formats.note import Note
from assay.interfaces.cli.log import command
from assay.interfaces.cli.render import logs as render
from assay.model.errors import AssayError
from assay.settings import Settings
from assay.trust import merkle, notes
from authorities import ISSUER
from command import Done
from logkeys import ORIGIN, WITNESSES, witness_key
from watchedlogs import CT_ORIGIN, Town


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    town = Town(tmp_path_factory.mktemp("town"))
    for _ in range(2):
        town.sign()
    (town.folder / "root.json").write_bytes(trustroot.write(town.roots()))
    return town


@pytest.fixture
def run(town, monkeypatch, capsysbinary):
    """The command in this process: its exit code, what it printed, and its error as `main` would print it."""

    def run(*words: str) -> Done:
        monkeypatch.chdir(town.folder)
        err = ""
        try:
            code = command.main(list(words), "assay log", standalone_mode=False) or 0
        except AssayError as error:
            code, err = error.exit_code, error.line()
        return Done(code, capsysbinary.readouterr().out, err)

    return run


def test_show(town, run):
    done = run("show", "log", "--trusted-root", "root.json")
    assert (done.code, done.err) == (0, "")
    assert done.out.decode().splitlines() == [
        f"origin  {ORIGIN}",
        "size    3",
        f"root    {town.log.tree().root().hex()}",
        f"signed  {ORIGIN} {town.log.key.key_id.hex()}  log: holds",
    ]
    found = json.loads(run("show", "issuance", "-o", "json").out)
    assert (found["origin"], found["trusted"], found["lines"][0]["outcome"]) == (CT_ORIGIN, False, "not checked")
    assert found["note"] == (town.folder / "issuance/checkpoint").read_text()


def test_show_refuses_a_checkpoint_of_a_stranger(town, run, tmp_path):
    (tmp_path / "other").mkdir()
    value = town.log.published()
    line = notes.sign(value.text, ORIGIN, WITNESSES[0])
    (tmp_path / "other/checkpoint").write_bytes(note.write(Note(value.text, (line,))))
    assert run("show", str(tmp_path / "other")).code == 0
    done = run("show", str(tmp_path / "other"), "--trusted-root", "root.json")
    assert (done.code, done.out) == (3, b"")


def test_get_and_prove(town, run, tmp_path):
    text = run("get", "log", "0", "--trusted-root", "root.json").out.decode()
    assert text.splitlines()[1] == f'{{"apiVersion":"0.0.1","kind":"genesis","spec":{{"origin":"{ORIGIN}"}}}}'
    assert text.splitlines()[0].endswith("proven; the checkpoint is the log's")
    kept = tmp_path / "kept"
    kept.write_bytes(note.write(town.log.published()))
    town.sign()
    done = run("prove", "log", str(kept), "-o", "json")
    found = json.loads(done.out)
    assert (found["oldSize"], found["checkpoint"]["size"]) == (3, town.log.tree().size)
    fork = Note(note.checkpoint_text(note.Checkpoint(ORIGIN, 3, bytes(32))), town.log.published().signatures)
    kept.write_bytes(note.write(fork))
    done = run("prove", "log", str(kept))
    assert done.code == 3
    assert "does not continue" in done.err


def test_monitor_remembers_and_tells(town, run, tmp_path):
    words = ("monitor", "log", "--issuance", "issuance", "--state", str(tmp_path / "state"), "--trusted-root",
             "root.json", "--certificate-identity", "*@example.org", "--certificate-oidc-issuer", ISSUER)  # fmt: skip
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out.decode().splitlines()[-1] == "nothing unexpected"
    index = town.sign("mallory@example.com")
    done = run(*words, "-o", "json")
    assert done.code == 1
    (line,) = done.out.splitlines()
    found = json.loads(line)
    first = found["alerts"][0]
    assert (first["kind"], first["log"], first["index"]) == ("unexpected-identity", ORIGIN, index)
    shutil.move(town.folder / "issuance", town.folder / "away")
    (town.folder / "issuance").mkdir()
    try:
        done = run(*words)
        assert done.code == 75
        assert "could not be looked at" in done.out.decode()
    finally:
        (town.folder / "issuance").rmdir()
        shutil.move(town.folder / "away", town.folder / "issuance")


@pytest.mark.parametrize(
    ("words", "code"),
    [(("show", "nowhere"), 2), (("get", "log", "99"), 2), (("show", "ftp://x"), 2), (("prove", "log", "7000"), 2)],
)
def test_what_is_not_there(run, words, code):
    done = run(*words)
    assert (done.code, done.out) == (code, b"")


def test_names_in_a_checkpoint_cannot_move_the_cursor():
    """A checkpoint may hold C1 controls; a terminal must not see them."""
    from assay.flows.logread import Line, Shown

    said = note.Checkpoint("evil\x9b2J", 1, bytes(32), ("\u202eabc",))
    shown = Shown(
        checkpoint=said,
        note=Note(note.checkpoint_text(said)),
        lines=(Line("a\x85", "00000000", "unknown", "not checked"),),
    )
    text = render.shown_text(shown)
    assert not set(text) & {"\x9b", "\x85", "\u202e"}


def test_a_reader_looks_at_every_line(town):
    """Log and witnesses by name and key id; a line that fails is shown as that."""
    from assay.adapters.logsource import FolderLog
    from assay.flows.logread import LogReader

    class Kept:
        def read(self, name, limit):
            return self.data if name == "checkpoint" else FolderLog(town.folder / "log").read(name, limit)

    value = town.log.published()
    policy = logpolicy.parse(f"witness w {vkey.write(witness_key(0))}\nquorum none", where="x")
    mine = notes.sign(value.text, "witness.example/0", WITNESSES[0], time=5)
    false = note.NoteSignature(mine.name, mine.key_id, bytes(72))
    source = Kept()
    source.data = note.write(Note(value.text, (*value.signatures, mine, false)))
    reader = LogReader(source, lambda origin: town.log.key, policy)
    found = reader.show()
    assert [(one.holder, one.outcome, one.time) for one in found.lines] == [
        ("log", "holds", 0), ("witness", "holds", 5), ("witness", "fails", 0),
    ]  # fmt: skip
    assert found.trusted
    proof = reader.inclusion(1)
    assert merkle.verify_inclusion(1, found.checkpoint.size, proof.leaf, proof.hashes, found.checkpoint.root)


def test_a_monitor_that_goes_on_tells_each_look(town, tmp_path):
    """Nothing is remembered of a look whose telling failed: the reader of its output is gone."""
    told = []

    def tell(report):
        told.append([one.count for one in report.logs])
        if len(told) in (2, 4):
            raise BrokenPipeError

    watched = bootstrap.Watched(
        log=str(town.folder / "log"),
        state=str(tmp_path / "state"),
        trusted=bootstrap.Trusted(trusted_root=str(town.folder / "root.json")),
    )
    size = town.log.tree().size
    with pytest.raises(BrokenPipeError):
        bootstrap.monitor_logs(watched, Settings(database="", cache=""), tell, 0.001)
    town.sign()
    with pytest.raises(BrokenPipeError):
        bootstrap.monitor_logs(watched, Settings(database="", cache=""), tell, 0.001)
    assert told == [[size], [0], [1], [0]]
