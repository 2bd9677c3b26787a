"""No one-field mutant of a good bundle, and no random bytes, get past the verifier or out of it as another exception."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import base64text, canonicaljson, intoto
from assay.formats import dsse as envelopes
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.model.statement import ResourceDescriptor
from assay.trust import dsse
from assay.trust.verify import verify
from signing import NOW, P256, TARGET, claim, trusting

GOOD = dsse.sign(claim(), P256)
KEYS = trusting(P256)

VALUES = st.sampled_from([None, "", "x", "AAAA", 0, -1, [], {}, True, [1], {"a": 1}, "\x00"])


def paths(value: Any, prefix: tuple = ()) -> list[tuple]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [prefix] * bool(prefix) + [p for key, child in children for p in paths(child, (*prefix, key))]


PATHS = paths(json.loads(GOOD))


@given(st.sampled_from(PATHS), VALUES)
def test_one_field_mutants_are_refused(path, value):
    document = json.loads(GOOD)
    place = document
    for step in path[:-1]:
        place = place[step]
    if place[path[-1]] == value:
        return
    place[path[-1]] = value
    try:
        verify(json.dumps(document).encode(), TARGET, None, KEYS, NOW, name="m")
    except UntrustedError:
        return
    raise AssertionError((path, value))


@given(st.binary(max_size=200))
def test_random_bytes_give_one_error(data):
    with pytest.raises(UntrustedError):
        verify(data, TARGET, None, KEYS, NOW, name="m")


@settings(max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_one_changed_byte_never_changes_what_is_believed(index, byte):
    data = GOOD[:index] + bytes([byte]) + GOOD[index + 1 :]
    try:
        evidence = verify(data, TARGET, None, KEYS, NOW, name="m")
    except AssayError:
        return
    assert evidence.statement == claim()


@given(st.text(max_size=12), st.binary(max_size=60))
def test_pae_is_injective_by_its_lengths(kind, payload):
    if not kind.isprintable():
        return
    encoded = envelopes.pae(kind, payload)
    assert encoded.endswith(payload)
    assert f"DSSEv1 {len(kind.encode())} ".encode() in encoded


@given(st.binary(max_size=60))
def test_base64_round_trip(data):
    assert base64text.decode(base64text.encode(data), where="x") == data


@given(st.text(alphabet="AB+/=_- \n", max_size=12))
def test_base64_has_one_spelling(text):
    try:
        data = base64text.decode(text, where="x")
    except MalformedError:
        return
    assert base64.b64encode(data).decode() == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=4))
def test_statements_come_back_equal(predicate):
    subject = ResourceDescriptor(name="n", digest={"sha256": "ab"})
    made = intoto.statement([subject], "https://example.com/x", predicate)
    assert intoto.read(made.payload, where="x") == made
    assert canonicaljson.dumps(json.loads(made.payload)) == made.payload
