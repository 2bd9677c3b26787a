"""Notes, cosignatures and Merkle proofs against the libraries of Go's checksum database and the public witnesses.

Both ways: what we make they accept, with each key; what they make we accept. And what they refuse, so do we.
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.formats import logpolicy, note, vkey
from assay.formats.note import Checkpoint, Note
from assay.trust import merkle, notes, witness
from logkeys import ORIGIN, P256_LOG, QUANTUM, log_key, signed, witness_key

pytestmark = pytest.mark.interop

LEAVES = [merkle.leaf_hash(b"%d" % i) for i in range(300)]
TREE = merkle.nodes(LEAVES)
HERE = Path(__file__).parent / "logs"


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """The program, built from our source with the locked modules; a function from request to answer."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go on this machine")
    place = tmp_path_factory.mktemp("oracle") / "oracle"
    done = subprocess.run(
        [go, "build", "-buildvcs=false", "-o", str(place), "."], cwd=HERE, capture_output=True, text=True, timeout=600,
        env={**os.environ, "GOFLAGS": "-mod=readonly"},
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"the oracle cannot be built here: {(done.stderr.strip().splitlines() or ['?'])[-1]}")

    def ask(**request):
        said = subprocess.run([str(place)], input=json.dumps(request), capture_output=True, text=True, timeout=60)
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    return ask


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def proof(first: int, known: bytes, hashes) -> dict[str, object]:
    return {"first": first, "hash": text(known), "hashes": [text(one) for one in hashes]}


def test_they_accept_what_we_sign(oracle):
    value = signed(Checkpoint(ORIGIN, 300, merkle.root(300, TREE)), 0, 1)
    quantum = notes.key_of("witness.example/pq", QUANTUM.public_key(), cosigner=True, where="x")
    line = notes.sign(value.text, "witness.example/pq", QUANTUM, time=1_700_000_000)
    ecdsa = notes.sign(value.text, "rekor.example", P256_LOG)
    whole = note.write(Note(value.text, (*value.signatures, line, ecdsa))).decode()
    keys = [log_key(), witness_key(0), witness_key(1), quantum, log_key(P256_LOG, "rekor.example")]
    answer = oracle(note=whole, vkeys=[vkey.write(key) for key in keys])
    assert not answer["errors"]
    assert sorted(answer["held"]) == sorted(key.name for key in keys)


def test_we_accept_what_they_sign(oracle):
    answer = oracle(sign=f"log.example/go\n7\n{text(bytes(32))}\n")
    value = note.parse(answer["note"].encode(), where="x")
    assert note.write(value).decode() == answer["note"]
    log, ed25519, ml_dsa = answer["vkeys"]
    policy = "\n".join([f"log {log}", f"witness a {ed25519}", f"witness b {ml_dsa}", "group g all a b", "quorum g"])
    found = witness.quorum(value, logpolicy.parse(policy, where="x"))
    assert [one.name for one in found.witnesses] == ["a", "b"]
    assert all(one.time > 1_700_000_000 for one in found.witnesses)
    assert [vkey.write(vkey.read(one, where="x")) for one in answer["vkeys"]] == answer["vkeys"]


def test_they_accept_our_proofs_and_refuse_what_we_refuse(oracle):
    for size in (1, 2, 7, 64, 65, 255, 256, 257, 300):
        root = merkle.root(size, TREE)
        inclusion = [proof(i, LEAVES[i], merkle.inclusion(i, size, TREE)) for i in range(size)]
        consistency = [
            proof(old, merkle.root(old, TREE), merkle.consistency(old, size, TREE)) for old in range(1, size + 1)
        ]
        answer = oracle(size=size, root=text(root), inclusion=inclusion, consistency=consistency)
        assert not answer["errors"]
        if size > 2:
            wrong = [{**one, "first": (one["first"] + 1) % size} for one in inclusion]
            shorter = [{**one, "hashes": one["hashes"][:-1]} for one in consistency[:-1]]
            answer = oracle(size=size, root=text(root), inclusion=wrong, consistency=shorter)
            assert len(answer["errors"]) == len(wrong) + len(shorter)
