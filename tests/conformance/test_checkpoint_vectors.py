"""Checkpoints of real logs, out of the shared Sigstore bundles: read, one spelling, and signed by the listed logs."""

import base64
import json

from assay.formats import note, trustroot
from assay.trust import merkle, notes, watch
from support import needs_shared, shared

pytestmark = needs_shared


def checkpoints():
    """(case, checkpoint text, tree size, root) of every bundle that has one."""
    found = []
    for path in sorted(shared("vectors", "sigstore").rglob("*")):
        if not path.is_file() or path.suffix not in (".json", ".sigstore", ""):
            continue
        try:
            document = json.loads(path.read_bytes())
        except (ValueError, UnicodeDecodeError):
            continue
        material = document.get("verificationMaterial", {}) if isinstance(document, dict) else {}
        for entry in material.get("tlogEntries", []):
            proof = entry.get("inclusionProof") or {}
            if envelope := (proof.get("checkpoint") or {}).get("envelope"):
                found.append((path, envelope, proof))
    return found


def test_every_checkpoint_has_one_spelling():
    seen = 0
    for path, envelope, proof in checkpoints():
        value = note.parse(envelope.encode(), where=path.name)
        assert note.write(value).decode() == envelope
        said = note.checkpoint(value.text, where=path.name)
        assert note.checkpoint_text(said) == value.text
        seen += str(said.size) == proof["treeSize"]
    assert seen >= 5


def test_version_2_logs_are_known_by_the_name_of_their_key():
    """Whoever holds the trusted root finds the key of a checkpoint by its origin, as the monitor does."""
    held = set()
    for path, envelope, _ in checkpoints():
        listed = path.with_name("trusted_root.json")
        value = note.parse(envelope.encode(), where=path.name)
        said = note.checkpoint(value.text, where=path.name)
        if not listed.is_file() or " - " in said.origin:
            continue
        key = watch.key_of(trustroot.read(listed.read_bytes(), where="root").tlogs, said.origin)
        assert key is not None
        lines = notes.lines_of(key, value)
        assert lines
        assert all(notes.verify(key, value.text, line, where="x") is not None for line in lines)
        held.add(path.parent.name)
    assert "rekor2-checkpoint-cosigned" in held


def test_proofs_of_real_logs_hold():
    """At least one inclusion proof of the vectors, by our checker, from the canonical body."""
    held = 0
    for path, _, proof in checkpoints():
        document = json.loads(path.read_bytes())
        for entry in document["verificationMaterial"]["tlogEntries"]:
            if "_fail" in str(path):
                continue
            hashes = [base64.b64decode(one) for one in proof.get("hashes", [])]
            leaf = merkle.leaf_hash(base64.b64decode(entry["canonicalizedBody"]))
            size, root = int(proof["treeSize"]), base64.b64decode(proof["rootHash"])
            assert merkle.verify_inclusion(int(proof.get("logIndex", 0)), size, leaf, hashes, root)
            held += 1
    assert held >= 3
