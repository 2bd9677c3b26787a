"""`assay verify-bundle`: the protocol of conformance clients, and no network at all."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trustworld as w
from assay.formats import trustroot
from command import assay
from insidecommand import assay as in_process
from support import shared

HERE = Path(__file__)


@pytest.fixture
def place(tmp_path):
    """A folder with the root, an artifact, its bundles, and a key."""
    (tmp_path / "root.json").write_bytes(trustroot.write(w.roots()))
    (tmp_path / "artifact").write_bytes(w.ARTIFACT)
    (tmp_path / "good.json").write_bytes(w.make().data())
    (tmp_path / "message.json").write_bytes(w.make(content="artifact").data())
    (tmp_path / "key.json").write_bytes(w.make(by="key").data())
    (tmp_path / "unlogged.json").write_bytes(w.make(by="key", log=None).data())
    (tmp_path / "key.pub").write_text(w.pem(w.MANAGED.public_key(), "PUBLIC KEY"))
    return tmp_path


BY = ["--certificate-identity", w.IDENTITY.identity, "--certificate-oidc-issuer", w.IDENTITY.issuer]
ROOT = ["--trusted-root", "root.json"]
KEY = ["--key", "key.pub"]


def run(place: Path, *words: str):
    return assay("verify-bundle", *words, home=place, cwd=place)


@pytest.mark.parametrize("artifact", ["artifact", str(w.TARGET)])
@pytest.mark.parametrize(("bundle", "by"), [("good.json", BY), ("message.json", BY), ("key.json", KEY)])
def test_accepts(place, bundle, by, artifact):
    done = run(place, "--bundle", bundle, *by, *ROOT, artifact)
    assert done.code == 0, done.err
    assert done.out.startswith(b"verified: signed by ")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--bundle", "good.json", *BY, *ROOT, "sha256:" + "00" * 32], 3, "SUBJECT_MISMATCH"),
        (["--bundle", "message.json", *BY, *ROOT, "root.json"], 3, "DIGEST_MISMATCH"),
        (["--bundle", "good.json", *BY[:2], "--certificate-oidc-issuer", "x", *ROOT, "artifact"], 3, "ISSUER"),
        (["--bundle", "good.json", "--certificate-identity", "x", *BY[2:], *ROOT, "artifact"], 3, "IDENTITY"),
        (["--bundle", "good.json", *KEY, *ROOT, "artifact"], 3, "KEY_UNEXPECTED"),
        (["--bundle", "key.json", *BY, *ROOT, "artifact"], 3, "KEY_REQUIRED"),
        (["--bundle", "good.json", *BY, "artifact"], 3, "LOG_UNKNOWN"),
        (["--staging", "--bundle", "good.json", *BY, "artifact"], 3, "LOG_UNKNOWN"),
        (["--bundle", "artifact", *BY, *ROOT, "artifact"], 65, "PARSE_FORM"),
        (["--bundle", "root.json", *BY, *ROOT, "artifact"], 69, "BUNDLE_VERSION"),
        (["--bundle", "good.json", *BY, "--trusted-root", "good.json", "artifact"], 65, "not a trusted root"),
        (["--bundle", "good.json", *BY, *ROOT, "nowhere"], 2, "no such file"),
        (["--bundle", "good.json", *BY, *ROOT, str(w.TARGET).upper()], 2, "no such file"),
        (["--bundle", "nowhere", *BY, *ROOT, "artifact"], 2, "no such file"),
        (["--bundle", "good.json", *BY[:2], *ROOT, "artifact"], 2, "whose signature"),
        (["--bundle", "good.json", *ROOT, "artifact"], 2, "whose signature"),
        (["--bundle", "good.json", *BY, *KEY, *ROOT, "artifact"], 2, "give a key, or"),
        (["--bundle", "key.json", "--key", "artifact", *ROOT, "artifact"], 65, "not a public key"),
        (["--bundle", "unlogged.json", *KEY, *ROOT, "--log", "required", "artifact"], 3, "LOG_UNKNOWN"),
        ([*BY, *ROOT, "artifact"], 2, "--bundle"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_refuses(place, words, code, says):
    done = run(place, *words)
    assert done.code == code
    assert says in done.err
    assert done.out == b""


def test_an_unlogged_signature_by_a_managed_key_counts_unless_a_log_is_required(place):
    assert run(place, "--bundle", "unlogged.json", *KEY, "artifact").code == 0
    assert run(place, "--bundle", "unlogged.json", *KEY, *ROOT, "artifact").code == 0


def test_a_path_that_is_named_like_a_digest_is_a_path(place):
    name = str(w.TARGET)
    (place / name).write_bytes(b"something else")
    assert run(place, "--bundle", "good.json", *BY, *ROOT, name).code == 3
    (place / name).write_bytes(w.ARTIFACT)
    other = "sha256:" + "00" * 32
    (place / other).write_bytes(w.ARTIFACT)
    assert run(place, "--bundle", "good.json", *BY, *ROOT, other).code == 0


def test_the_row_for_programs(place):
    done = run(place, "--bundle", "good.json", *BY, *ROOT, "-o", "json", "artifact")
    row = json.loads(done.out)
    assert (row["outcome"], row["signer"], row["issuer"]) == ("verified", w.IDENTITY.identity, w.IDENTITY.issuer)
    assert {check["step"]: check["outcome"] for check in row["checks"]}["inclusion"] == "pass"
    done = run(place, "--bundle", "good.json", *BY, *ROOT, "-o", "json", "root.json")
    row = json.loads(done.out)
    assert (row["outcome"], row["code"], done.code) == ("not-trusted", "SUBJECT_MISMATCH", 3)


def test_every_check_is_shown_when_asked_for(place):
    done = run(place, "--bundle", "good.json", *BY, *ROOT, "-v", "artifact")
    assert b"pass inclusion: in the tree of 9" in done.out


def test_it_works_where_there_is_no_network(place):
    """In a network namespace without interfaces, not even loopback up."""
    words = [sys.executable, "-m", "assay", "verify-bundle", "--bundle", "good.json", *BY, *ROOT, "artifact"]
    jails = ([["unshare", "-rn"]] if shutil.which("unshare") else []) + (
        [["bwrap", "--unshare-net", "--dev-bind", "/", "/"]] if shutil.which("bwrap") else []
    )
    for jail in jails:
        if subprocess.run([*jail, "true"], capture_output=True, check=False).returncode == 0:
            env = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}
            done = subprocess.run([*jail, *words], cwd=place, env=env, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            return
    pytest.skip("neither unshare nor bwrap may make a network namespace here")


BLOCKED = """
import socket, sys
def blocked(*arguments, **options):
    raise AssertionError("the network was touched")
for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname", "socketpair"):
    setattr(socket, name, blocked)
sys.addaudithook(lambda event, _: blocked() if event.startswith("socket.") else None)
sys.path.insert(0, sys.argv[1])
import trustworld as w
from assay.trust.examine import judge
for make in (w.make, lambda: w.make(log=w.V1), lambda: w.make(content="artifact")):
    row = judge(make().data(), (w.TARGET,), w.roots(), w.BY_IDENTITY, w.LATER, name="b")
    assert row.outcome == "verified", row
row = judge(w.make(by="key").data(), (w.TARGET,), w.roots(), w.BY_KEY, w.LATER, name="b")
assert row.outcome == "verified", row
unknown = w.roots(tlogs=(), certificate_authorities=(), timestamp_authorities=())
assert judge(w.make().data(), (w.TARGET,), unknown, w.BY_IDENTITY, w.LATER, name="b").outcome != "verified"
assert not {"urllib3", "requests", "http.client", "asyncio", "sqlite3", "sigstore", "tuf"} & set(sys.modules)
"""


def test_the_library_touches_neither_sockets_nor_names():
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(HERE.parents[1])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_command_imports_little(place):
    """What a cold process pays for: no network, no archives, no documents."""
    code = (
        "import sys, assay.__main__ as m; sys.argv[1:] = sys.argv[1:]; import atexit; "
        "atexit.register(lambda: print(sorted(sys.modules), file=sys.stderr)); m.run()"
    )
    words = ["verify-bundle", "--bundle", "good.json", *BY, *ROOT, "artifact"]
    env = {"PATH": os.environ["PATH"], "HOME": str(place), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=place, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.replace("'", "").strip("[]\n").split(", "))
    heavy = {"urllib3", "requests", "http.client", "asyncio", "sqlite3", "tarfile", "jinja2", "regorus", "litestar"}
    assert not loaded & heavy


def test_a_log_that_says_something_else_later_is_refused_and_both_notes_are_kept(place):
    (place / "other.json").write_bytes(w.make().data())
    seen = ["--seen-logs", "seen"]
    asked = [run(place, "--bundle", name, *BY, *ROOT, *seen, "artifact") for name in ("good.json", "other.json")]
    assert [done.code for done in asked] == [0, 3]
    assert "LOG_FORK" in asked[1].err
    assert len(list((place / "seen").rglob("fork-*"))) == 2
    assert run(place, "--bundle", "other.json", *BY, *ROOT, "artifact").code == 0
    assert run(place, "--bundle", "good.json", *BY, *ROOT, "--seen-logs", "artifact", "artifact").code == 75


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--source-tag", "v1.2.3"], 3, "REF_INVALID"),
        (["--source-branch", "main"], 0, "provenance as expected"),
        (["--source", "github.com/slsa-framework/other"], 3, "SOURCE_MISMATCH"),
        (["--builder", "https://builder.example/x"], 3, "BUILDER_MISMATCH"),
        (["--build-level", "3"], 3, "LEVEL_TOO_LOW"),
    ],
)
def test_provenance_of_a_file_is_measured(place, words, code, says):
    """A case of slsa-verifier through the command, as one would ask about a downloaded file."""
    cases = json.loads(shared("vectors", "slsa", "cases.json").read_text())
    case = next(one for one in cases if one["expect"] == "accept" and "delegator" in one["bundle"])
    (place / "rows.toml").write_text(
        f"""
[[builder]]
name = "example"
issuer = "{case["certificate_oidc_issuer"]}"
identity = "{case["certificate_identity"]}"
builder_id = "https://github.com/slsa-framework/example-trw/.github/workflows/builder_*_slsa3.yml@refs/tags/v*"
level = 1
"""
    )
    by = ["--certificate-identity", case["certificate_identity"]]
    by += ["--certificate-oidc-issuer", case["certificate_oidc_issuer"]]
    bundle = str(shared("vectors", "slsa", case["bundle"]))
    source = [] if "--source" in words else ["--source", case["source_uri"]]
    subject = "sha256:" + case["subject_sha256"]
    asked = ["--bundle", bundle, *by, "--builders-file", "rows.toml", *source, *words]
    done = in_process("verify-bundle", *asked, subject, home=place, cwd=place)
    assert (done.code, says in done.out.decode() + done.err) == (code, True), done
    assert len(done.err.splitlines()) == (2 if code else 0)
    told = json.loads(in_process("verify-bundle", *asked, "-o", "json", subject, home=place, cwd=place).out)
    assert (told["outcome"], [one["as_expected"] for one in told["provenance"]]) == ("verified", [code == 0])


def test_a_bundle_without_provenance_is_not_as_expected(place):
    done = run(place, "--bundle", "good.json", *BY, *ROOT, "--source", "git.example/a/b", "artifact")
    assert (done.code, "holds no provenance" in done.err) == (3, True)
