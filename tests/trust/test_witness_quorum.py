"""Quorum of witnesses: enough different keys, each once, each line holding."""

import itertools

import msgspec
import pytest

from assay.formats import logpolicy, note, vkey
from assay.formats.note import Checkpoint, Note
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.trust import notes, witness
from logkeys import LOG, ORIGIN, P256_LOG, QUANTUM, WITNESSES, log_key, signed, witness_key
from signing import SIGNERS

CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(32))
LINES = [f"witness w{i} {vkey.write(witness_key(i))}" for i in range(4)]


def policy(*lines: str) -> logpolicy.LogPolicy:
    return logpolicy.parse("\n".join([f"log {vkey.write(log_key())}", *LINES, *lines]), where="x")


TWO_OF_THREE = policy("group g 2 w0 w1 w2", "quorum g")


@pytest.mark.parametrize("present", [set(c) for n in range(4) for c in itertools.combinations(range(3), n)])
def test_two_of_three(present):
    value = signed(CHECKPOINT, *sorted(present), 3)
    if len(present) >= 2:
        found = witness.quorum(value, TWO_OF_THREE)
        assert found.rule == "g"
        assert [(w.name, w.time) for w in found.witnesses] == [(f"w{i}", 1_700_000_000) for i in [*sorted(present), 3]]
    else:
        with pytest.raises(UntrustedError) as caught:
            witness.quorum(value, TWO_OF_THREE)
        assert (caught.value.code, caught.value.step) == ("WITNESS_QUORUM", "witnesses")


def test_one_witness_signing_twice_counts_once():
    value = signed(CHECKPOINT, 0)
    again = signed(CHECKPOINT, 0, time=1_700_000_009).signatures[1:]
    doubled = Note(value.text, value.signatures + again)
    with pytest.raises(UntrustedError, match="not reached"):
        witness.quorum(doubled, TWO_OF_THREE)
    assert witness.quorum(doubled, policy("quorum w0")).witnesses[0].time == 1_700_000_009


def test_groups_of_groups():
    nested = policy("group a all w0 w1", "group b any w2 w3", "group c 2 a b", "quorum c")
    assert witness.quorum(signed(CHECKPOINT, 0, 1, 3), nested)
    for too_few in ((0, 1), (0, 2, 3), (1, 2)):
        with pytest.raises(UntrustedError):
            witness.quorum(signed(CHECKPOINT, *too_few), nested)


def test_lines_in_any_order_and_of_strangers_are_no_matter():
    value = signed(CHECKPOINT, 0, 1)
    stranger = notes.sign(value.text, "stranger.example", WITNESSES[3], time=5)
    quantum = notes.sign(value.text, "pq.example", QUANTUM, time=5)
    mixed = Note(value.text, (stranger, *reversed(value.signatures), quantum))
    assert witness.quorum(mixed, TWO_OF_THREE) == witness.quorum(value, TWO_OF_THREE)


def test_an_altered_line_of_a_known_witness_refuses_the_note():
    value = signed(CHECKPOINT, 0, 1, 2)
    last = value.signatures[-1]
    broken = msgspec.structs.replace(last, signature=last.signature[:-1] + bytes([last.signature[-1] ^ 1]))
    with pytest.raises(UntrustedError, match=r"witness.example/2 does not hold"):
        witness.quorum(Note(value.text, (*value.signatures[:-1], broken)), TWO_OF_THREE)
    short = msgspec.structs.replace(last, signature=last.signature[:-1])
    with pytest.raises(UntrustedError, match="does not hold"):
        witness.quorum(Note(value.text, (*value.signatures[:-1], short)), TWO_OF_THREE)


def test_cosignatures_of_another_checkpoint_or_time_do_not_count():
    value, other = signed(CHECKPOINT, 0, 1), signed(Checkpoint(ORIGIN, 8, bytes(32)), 0, 1)
    with pytest.raises(UntrustedError):
        witness.quorum(Note(value.text, other.signatures), TWO_OF_THREE)
    line = value.signatures[1]
    later = msgspec.structs.replace(line, signature=bytes(8) + line.signature[8:])
    with pytest.raises(UntrustedError):
        witness.quorum(Note(value.text, (value.signatures[0], later, value.signatures[2])), TWO_OF_THREE)
    beyond = msgspec.structs.replace(line, signature=b"\xff" + line.signature[1:])
    with pytest.raises(UntrustedError):
        witness.quorum(Note(value.text, (value.signatures[0], beyond, value.signatures[2])), TWO_OF_THREE)


def test_the_log_must_be_one_of_the_policy():
    other = signed(CHECKPOINT, 0, 1, log=P256_LOG)
    with pytest.raises(UntrustedError, match="not signed by a log"):
        witness.quorum(other, TWO_OF_THREE)
    wrong_origin = signed(Checkpoint("log.example/2027", 7, bytes(32)), 0, 1)
    with pytest.raises(UntrustedError, match="not signed by a log"):
        witness.quorum(wrong_origin, TWO_OF_THREE)
    unlisted = logpolicy.parse("\n".join([*LINES, "quorum w0"]), where="x")
    assert witness.quorum(other, unlisted)


def test_a_note_that_is_no_checkpoint_is_malformed():
    with pytest.raises(MalformedError):
        witness.quorum(Note("hello\n", signed(CHECKPOINT).signatures), TWO_OF_THREE)


def test_ml_dsa_cosignatures_commit_to_name_origin_size_and_root_only():
    """tlog-cosignature: extension lines are not under an ML-DSA-44 signature; the name is."""
    key = notes.key_of("w.example/pq", QUANTUM.public_key(), cosigner=True, where="x")
    rule = logpolicy.parse(f"witness pq {vkey.write(key)}\nquorum pq", where="x")
    text = note.checkpoint_text(CHECKPOINT)
    line = notes.sign(text, "w.example/pq", QUANTUM, time=99)
    assert len(line.signature) == 8 + 2420
    assert witness.quorum(Note(text, (line,)), rule).witnesses == (witness.Cosigned("pq", 99),)
    assert witness.quorum(Note(text + "extension\n", (line,)), rule)
    for changed in (text.replace("7", "8"), text.replace("2026", "2025")):
        with pytest.raises(UntrustedError):
            witness.quorum(Note(changed, (line,)), rule)


def test_who_may_sign_notes():
    for name in ("p384", "rsa2048"):
        with pytest.raises(UnsupportedError):
            notes.key_of("a", SIGNERS[name].public_key(), cosigner=False, where="x")
    with pytest.raises(UnsupportedError):
        notes.key_of("a", P256_LOG.public_key(), cosigner=True, where="x")
    with pytest.raises(MalformedError):
        notes.key_of("a b", LOG.public_key(), cosigner=False, where="x")
    text = note.checkpoint_text(CHECKPOINT)
    line = notes.sign(text, ORIGIN, P256_LOG)
    assert notes.verify(log_key(P256_LOG), text, line, where="x") == 0
    assert notes.verify(log_key(P256_LOG), text + "x\n", line, where="x") is None
    assert notes.verify(log_key(P256_LOG), text, msgspec.structs.replace(line, signature=b"no"), where="x") is None
