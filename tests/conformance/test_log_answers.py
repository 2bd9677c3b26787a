"""Entries of real logs: what the bundles of the vectors carry is what their logs answered, so our reading must agree."""

import base64
import json

import pytest

from assay.formats import bundle, rekor_api
from assay.formats.bundle import LogEntry
from assay.model.errors import MalformedError
from support import SHARED, needs_shared

pytestmark = needs_shared
FILES = sorted((SHARED / "vectors" / "sigstore").glob("*/bundle.sigstore.json")) if SHARED else []


def entries(version: int) -> list[tuple[str, LogEntry, dict]]:
    found = []
    for path in FILES:
        try:
            read = bundle.read(path.read_bytes(), where=path.parent.name).entries
        except MalformedError:
            continue  # a vector of broken form
        wires = json.loads(path.read_bytes())["verificationMaterial"].get("tlogEntries") or []
        for entry, wire in zip(read, wires, strict=False):  # none are read of an unknown version
            is_2 = entry.version == "0.0.2" and entry.kind == "hashedrekord"
            if entry.proof is not None and entry.proof.checkpoint and is_2 == (version == 2):
                found.append((path.parent.name, entry, wire))
    return found


def test_version_2_answers_are_entries_as_bundles_carry_them():
    cases = entries(2)
    for name, entry, wire in cases:
        if entry.promise is None and entry.integrated_time is None:
            assert rekor_api.answer(2, json.dumps(wire).encode(), where=name) == entry, name
    assert len(cases) >= 5


def test_version_1_answers_become_the_entries_that_bundles_carry():
    """The API's form, as sigstore/rekor's openapi.yaml has it, made of each entry: hexadecimal where bundles have base64."""
    cases = [case for case in entries(1) if case[1].promise is not None and case[1].integrated_time is not None]
    for name, entry, wire in cases:
        proof = entry.proof
        assert proof is not None
        body = json.loads(entry.body)
        answer = {
            "body": wire["canonicalizedBody"],
            "integratedTime": int(wire["integratedTime"]),
            "logID": base64.b64decode(wire["logId"]["keyId"]).hex(),
            "logIndex": int(wire["logIndex"]),
            "verification": {
                "inclusionProof": {
                    "checkpoint": wire["inclusionProof"]["checkpoint"]["envelope"],
                    "hashes": [value.hex() for value in proof.hashes],
                    "logIndex": int(wire["inclusionProof"].get("logIndex", 0)),
                    "rootHash": proof.root_hash.hex(),
                    "treeSize": proof.tree_size,
                },
                "signedEntryTimestamp": wire["inclusionPromise"]["signedEntryTimestamp"],
            },
        }
        read = rekor_api.answer(1, json.dumps({"24296fb24b8ad77a": answer}).encode(), where=name)
        if (body["kind"], body["apiVersion"]) == (entry.kind, entry.version):
            assert read == entry, name
        else:
            assert "fail" in name, name
    assert len(cases) >= 14


def test_one_versions_answer_is_not_the_others():
    for name, _, wire in entries(2):
        with pytest.raises(MalformedError):
            rekor_api.answer(1, json.dumps(wire).encode(), where=name)
