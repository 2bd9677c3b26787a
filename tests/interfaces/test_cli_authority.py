"""`assay authority` as an operator types it: made, served, stopped, rotated; its keys taken offline."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager

import pytest

import command
from insidecommand import assay
from running_authority import free_port


@pytest.fixture
def made(tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "secret").write_text("correct horse\n")
    (tmp_path / "secret").chmod(0o600)
    done = assay("authority", "init", "a", "--name", "acme", "--url", url, "--test-issuer",
                 "--issuer", "https://login.acme.example", "email", "--passphrase-file", "secret",
                 home=tmp_path, cwd=tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    return tmp_path, url


@contextmanager
def served(place, url):
    """A process of its own; killed at the end if it does not stop by itself."""
    env = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}
    words = [sys.executable, "-m", "assay", "authority", "serve", "a", "--port", url.rpartition(":")[2],
               "--passphrase-file", "secret", "-v"]  # fmt: skip
    process = subprocess.Popen(words, cwd=place, env=env, stderr=subprocess.PIPE, text=True)
    killer = threading.Timer(60, process.kill)
    killer.start()
    try:
        for line in process.stderr:
            if "startup complete" in line or "Uvicorn running" in line or "serving" in line:
                break
        yield process
    finally:
        killer.cancel()
        if process.poll() is None:
            process.kill()
        process.communicate()


def reached(url):
    """The health, as soon as it answers."""
    for _ in range(400):
        try:
            return json.load(urllib.request.urlopen(f"{url}/healthz", timeout=5))
        except OSError:
            threading.Event().wait(0.02)
    raise AssertionError("it does not answer")


def test_an_authority_s_life(made):
    place, url = made

    def run(*words):
        return assay("authority", *words, home=place, cwd=place)

    for key in (place / "a" / "keys").glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert b"ENCRYPTED" in key.read_bytes()
    assert run("init", "a", "--name", "x", "--url", url, "--test-issuer", "--no-passphrase").code == 2
    taken = run("export", "a", "--root-key", "ca", "--out", "offline.key", "--remove")
    assert taken.code == 0, taken.err
    assert not (place / "a/keys/ca-root-1.key").exists()
    assert b"ENCRYPTED" in (place / "offline.key").read_bytes()
    with served(place, url) as process:
        assert reached(url)["status"] == "ok"
        busy = run("rotate", "a", "--passphrase-file", "secret")
        assert busy.code == 75
        assert "in use" in busy.err
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    rotated = run("rotate", "a", "--passphrase-file", "secret", "--only", "log")
    assert rotated.code == 0, rotated.err
    assert b"log 2, certificate authority 1" in rotated.out
    exported = run("export", "a")
    config = json.loads(exported.out)
    assert [one["baseUrl"] for one in config["trustedRoot"]["tlogs"]] == [f"{url}/log/acme-1", f"{url}/log/acme-2"]
    assert (place / "a/public/client_trust_config.json").read_bytes() == exported.out
    assert b"log 127.0.0.1" in run("export", "a", "--what", "log-policy").out
    assert run("configure", "a", "--drop-issuer", "https://login.acme.example").code == 0
    assert b"login.acme.example" not in run("export", "a").out


def test_keys_that_others_can_read_are_refused(made):
    place, url = made
    (place / "a/keys/log-1.key").chmod(0o644)
    done = assay("authority", "serve", "a", "--port", url.rpartition(":")[2], "--passphrase-file", "secret",
                 home=place, cwd=place)  # fmt: skip
    assert done.code == 3
    assert "others can read" in done.err


def test_the_built_in_issuer_keeps_it_on_loopback(made):
    place, _ = made
    done = assay("authority", "serve", "a", "--host", "0.0.0.0", "--passphrase-file", "secret", home=place, cwd=place)
    assert done.code == 2
    assert "loopback" in done.err


def test_a_wrong_passphrase_is_said(made):
    place, _ = made
    (place / "secret").write_text("wrong")
    done = assay("authority", "serve", "a", "--passphrase-file", "secret", home=place, cwd=place)
    assert done.code == 3
    assert "passphrase is wrong" in done.err


def test_without_its_libraries_it_says_what_to_install(made):
    place, _ = made
    (place / "litestar.py").write_text("raise ImportError('no litestar here')")
    done = command.assay("authority", "serve", "a", "--passphrase-file", "secret", home=place, cwd=place,
                         env={"PYTHONPATH": str(place)})  # fmt: skip
    assert done.code == 75
    assert "pip install 'assay[authority]'" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--name", "a/b", "--url", "http://127.0.0.1:1"), ("--name", "a", "--url", "http://127.0.0.1:1/path"),
        ("--name", "a", "--url", "ftp://x"), ("--name", "a b", "--url", "https://x"), ("--name", "", "--url", "https://x"),
        ("--name", "a", "--url", "https://x", "--issuer", "http://login.example", "email"),
        ("--name", "a", "--url", "https://x", "--issuer", "https://login.example", "magic"),
        ("--name", "a", "--url", "https://x", "--issuer", "https://login.example", "username"),
        ("--name", "a", "--url", "https://x", "--kms", "ca-1"),
    ],
)  # fmt: skip
def test_what_makes_no_authority_is_refused_before_anything_is_made(tmp_path, words):
    more = () if "--issuer" in words else ("--test-issuer",)
    done = assay("authority", "init", "a", *words, *more, "--no-passphrase", home=tmp_path, cwd=tmp_path)
    assert done.code == 2, done.err
    assert not list(tmp_path.rglob("*.key"))
    right = ("--name", "a", "--url", "https://x", "--issuer", "https://login.example", "email")
    again = assay("authority", "init", "a", *right, "--no-passphrase", home=tmp_path, cwd=tmp_path)
    assert again.code == 0, again.err


def test_what_is_said_of_an_issuer_nobody_knows_is_refused(made):
    place, _ = made
    before = (place / "a" / "authority.json").read_bytes()
    for words in (
        ("--drop-issuer", "https://login.acme.exmaple"),
        ("--single-use", "https://login.acme.example"),
        ("--issuer-domain", "https://login.acme.example", "acme.example"),
        ("--issuer", "https://b.example", "email", "--single-use", "https://c.example"),
    ):
        done = assay("authority", "configure", "a", *words, home=place, cwd=place)
        assert (done.code, "no such issuer" in done.err) == (2, True), words
    assert (place / "a" / "authority.json").read_bytes() == before


def test_nobody_could_get_a_certificate_without_an_issuer(tmp_path):
    done = assay(
        "authority", "init", "a", "--name", "a", "--url", "https://x", "--no-passphrase", home=tmp_path, cwd=tmp_path
    )
    assert done.code == 2
    assert "--issuer" in done.err
