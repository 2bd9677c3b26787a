"""An authority that dies: nothing that was acknowledged is lost, no log forks, and a rotation can be begun again."""

import base64
import hashlib
import http.client
import json
import os
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from assay import bootstrap
from assay.bootstrap import authority as desk
from assay.formats import note, tiles
from assay.model.errors import UsageError
from assay.trust import merkle
from running_authority import made, serving
from signing import P256

ROLES = ("ca", "ct", "log", "tsa")


def entry(text):
    data = text.encode()
    verifier = {
        "publicKey": {"rawBytes": base64.b64encode(P256.public_key()).decode()}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"
    }  # fmt: skip
    signature = {"content": base64.b64encode(P256.sign(data)).decode(), "verifier": verifier}
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return json.dumps({"hashedRekordRequestV002": {"digest": digest, "signature": signature}}).encode()


def ask(url, method, path, body=None):
    with closing(http.client.HTTPConnection(url.partition("://")[2], timeout=20)) as connection:
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def log(at, number, text):
    return ask(at.url, "POST", f"/log/acme-{number}/api/v2/log/entries", entry(text))


class DiedError(Exception):
    pass


def dies(*_, **__):
    raise DiedError


def test_a_rotation_that_died_before_it_was_published_changes_nothing_and_can_be_begun_again(tmp_path, monkeypatch):
    folder = tmp_path / "a"
    made(folder)
    with monkeypatch.context() as patch:
        patch.setattr(desk, "publish", dies)
        with pytest.raises(DiedError):
            bootstrap.rotate_authority(str(folder), ROLES, b"", {})
    with serving(folder) as at:
        assert log(at, 1, "still the first")[0] == 201
    leftover = (folder / "keys/log-2.key").read_bytes()
    assert len(bootstrap.rotate_authority(str(folder), ROLES, b"", {}).logs) == 2
    assert (folder / "keys/log-2.key").read_bytes() == leftover
    with serving(folder) as at:
        assert log(at, 1, "no more")[0] == 405
        assert log(at, 2, "now the second")[0] == 201


def test_a_rotation_that_died_before_it_froze_the_old_log_freezes_it_when_it_is_served(tmp_path, monkeypatch):
    folder = tmp_path / "a"
    made(folder)
    with monkeypatch.context() as patch:
        patch.setattr(desk, "freeze", dies)
        with pytest.raises(DiedError):
            bootstrap.rotate_authority(str(folder), ROLES, b"", {})
    assert not (folder / "log/acme-1/frozen").exists()
    with serving(folder) as at:
        assert (folder / "log/acme-1/frozen").exists()
        assert log(at, 1, "no more")[0] == 405
        assert log(at, 2, "now the second")[0] == 201


def test_keys_of_frozen_logs_may_be_destroyed(tmp_path):
    folder = tmp_path / "a"
    made(folder)
    bootstrap.rotate_authority(str(folder), ROLES, b"", {})
    for role in ("log-1", "ct-1", "ca-1", "tsa-1", "ca-root-1", "ca-root-2", "tsa-root-1", "tsa-root-2"):
        (folder / "keys" / f"{role}.key").unlink()
    with serving(folder) as at:
        assert ask(at.url, "GET", "/log/acme-1/checkpoint")[0] == 200
        assert log(at, 2, "an entry")[0] == 201


def test_another_key_under_a_key_s_name_is_noticed(tmp_path):
    folder = tmp_path / "a"
    made(folder)
    (folder / "keys/tsa-1.key").write_bytes((folder / "keys/ct-1.key").read_bytes())
    with pytest.raises(UsageError, match="another key"), serving(folder):
        pass


def start(folder, port):
    command = [
        sys.executable,
        "-m",
        "assay",
        "authority",
        "serve",
        str(folder),
        "--port",
        str(port),
        "--burst",
        "100000",
        "-q",
    ]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    for _ in range(500):
        assert process.poll() is None, "it ended"
        with suppress(OSError):
            if ask(f"http://127.0.0.1:{port}", "GET", "/healthz")[0] == 200:
                return process
        threading.Event().wait(0.02)
    raise AssertionError("it does not answer")


def test_killed_under_load_it_keeps_every_acknowledged_entry_and_every_published_tree(tmp_path):
    folder = tmp_path / "a"
    url = made(folder)
    port = int(url.rpartition(":")[2])
    acknowledged, heads = {}, {}

    def send(name):
        for number in range(1_000):
            try:
                status, data = ask(url, "POST", "/log/acme-1/api/v2/log/entries", entry(f"{name} {number}"))
            except (OSError, http.client.HTTPException):
                return
            assert status == 201, data
            if status == 201:
                found = json.loads(data)
                acknowledged[int(found["logIndex"])] = base64.b64decode(found["canonicalizedBody"])
                proof = found["inclusionProof"]
                size, root = int(proof["treeSize"]), base64.b64decode(proof["rootHash"])
                assert heads.setdefault(size, root) == root

    for life in range(2):
        process = start(folder, port)
        threads = [threading.Thread(target=send, args=(f"{life} {n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        enough = len(acknowledged) + 12
        while len(acknowledged) < enough and any(thread.is_alive() for thread in threads):
            threading.Event().wait(0.005)
        assert len(acknowledged) >= enough
        process.kill()
        process.wait()
        for thread in threads:
            thread.join()
    with serving(folder) as at:
        head = note.checkpoint(note.parse(ask(at.url, "GET", "/log/acme-1/checkpoint")[1], where="c").text, where="c")
        bodies = []
        for index in range(-(-head.size // 256)):
            width = min(256, head.size - 256 * index)
            part = "" if width == 256 else f".p/{width}"
            data = ask(at.url, "GET", f"/log/acme-1/tile/entries/{index:03}{part}")[1]
            bodies += tiles.entries(data, width, where="e")
    assert {index: bodies[index] for index in acknowledged} == acknowledged
    node = merkle.nodes([merkle.leaf_hash(body) for body in bodies])
    assert merkle.root(head.size, node) == head.root
    assert all(merkle.root(size, node) == root for size, root in heads.items())


def test_who_comes_late_takes_nothing_of_another_away(tmp_path, monkeypatch):
    def empty(folder):  # until somebody else makes an authority there
        monkeypatch.undo()
        made(folder, name="first")
        return iter(())

    (tmp_path / "a").mkdir()
    monkeypatch.setattr(Path, "iterdir", empty)
    with pytest.raises(UsageError, match="in use"):
        made(tmp_path / "a", name="second")
    assert bootstrap.read_authority(str(tmp_path / "a")).name == "first"
    assert list((tmp_path / "a").rglob("*.key"))
