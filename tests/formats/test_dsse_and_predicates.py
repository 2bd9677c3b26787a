"""Envelopes on their own, the examples in docstrings, and the table of predicate types."""

import base64
import binascii
import contextlib
import doctest
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.flows import statements
from assay.formats import base64text, bundle, dsse, intoto, predicates, strictjson
from assay.model.errors import MalformedError
from assay.model.statement import Envelope, ResourceDescriptor, Signature


@pytest.mark.parametrize("module", [dsse, statements], ids=lambda m: m.__name__)
def test_docstring_examples_hold(module):
    failed, ran = doctest.testmod(module)
    assert (failed, ran > 0) == (0, True)


def test_pae_counts_bytes_not_characters():
    assert dsse.pae("ü", b"\xff") == "DSSEv1 2 ü 1 ".encode() + b"\xff"


def test_an_envelope_comes_back_equal():
    envelope = Envelope(payload_type="t", payload=b"\x00p", signatures=(Signature(b"s", "k"), Signature(b"", "")))
    data = dsse.write(envelope)
    assert dsse.read(data, where="x", limit=1000) == envelope
    assert dsse.write(dsse.read(data, where="x", limit=1000)) == data


@pytest.mark.parametrize(
    "data", [b"{}", b"[]", b'{"payload":"","payloadType":"t","signatures":[],"x":1}', b'{"payload":1}']
)
def test_other_shapes_are_malformed(data):
    with pytest.raises(MalformedError):
        dsse.read(data, where="x", limit=1000)


def test_older_names_mean_the_same():
    assert predicates.canonical_type("https://cyclonedx.org/bom/v1.6") == predicates.CYCLONEDX
    assert predicates.canonical_type("https://spdx.dev/Document/v2.3") == predicates.SPDX
    assert predicates.canonical_type("https://openvex.dev/ns/v0.2.0") == predicates.OPENVEX
    assert predicates.canonical_type("urn:mine") == "urn:mine"
    assert predicates.short_name("https://spdx.dev/Document/v2.3") == "spdx"
    assert predicates.short_name("urn:mine") == "urn:mine"


@pytest.mark.parametrize(
    ("subject", "kind", "predicate"),
    [
        ([], "urn:x", {}),
        ([ResourceDescriptor(name="a")], "urn:x", {}),
        ([ResourceDescriptor(digest={"sha256": ""})], "urn:x", {}),
        ([ResourceDescriptor(digest={"sha256": "ab"})], "no uri", {}),
        ([ResourceDescriptor(digest={"sha256": "ab"})], "", {}),
        ([ResourceDescriptor(digest={"sha256": "ab"})], "urn:x", {"a": "\ud800"}),
        ([ResourceDescriptor(digest={"sha256": "ab"})], "urn:x", {"a": float("inf")}),
    ],
)
def test_a_statement_nobody_could_read_is_not_made(subject, kind, predicate):
    with pytest.raises(MalformedError):
        intoto.statement(subject, kind, predicate)


@given(st.text(alphabet="ABZaz09+/=_ -\n\u00e9", max_size=12) | st.binary(max_size=40).map(base64text.encode))
def test_base64_has_one_spelling(text: str) -> None:
    """Only a text that its own bytes are written as is read; compared with writing all of it again."""
    try:
        data = base64text.decode(text, where="x")
    except MalformedError:
        with contextlib.suppress(binascii.Error, UnicodeEncodeError):
            assert base64.b64encode(base64.b64decode(text.encode("ascii"), validate=True)).decode() != text
        return
    assert base64.b64encode(data).decode() == text


@pytest.mark.parametrize("payload", [b"", b"x", b'{"payload":""}' * 9])
def test_a_bundle_is_written_as_the_canonical_form_of_its_whole(payload: bytes) -> None:
    envelope = Envelope(payload_type="a/b", payload=payload, signatures=(Signature(b"s"),))
    written = bundle.write(envelope, "hint")
    assert written == strictjson.canonical(json.loads(written))
    assert bundle.read(written, where="x").envelope == envelope
