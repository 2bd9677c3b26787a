"""A document checked without its values is refused exactly where it is refused with them."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.formats import intoto, strictcheck, strictjson
from assay.model.errors import MalformedError
from assay.model.statement import ResourceDescriptor

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)
ABOUT = ResourceDescriptor(name="x", digest={"sha256": "0" * 64}, annotations={"big": 10**30})


def refusal(read, data: bytes, depth: int = 8) -> str:
    try:
        read(data, where="x", limit=10_000, depth=depth)
    except MalformedError as error:
        return error.line()
    return ""


def same(data: bytes) -> None:
    assert refusal(strictcheck.check, data) == refusal(strictjson.loads, data)


@given(VALUES)
def test_documents(value):
    same(json.dumps(value).encode())
    same(json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=40) | st.text('[]{}"\\\\,:du8c0eE1.-+ \n', max_size=30).map(str.encode))
@example(b'{"a":1,"\\u0061":2}')
@example(b'["\\ud800"]')
@example(b'["\\ud83d\\ude00"]')
@example(b"[" * 9 + b"]" * 9)
@example(b"[" * 8 + b"]" * 8)
@example(b'{"a":[NaN]}')
@example(b"[1e999]")
@example(b"[-1e999]")
@example(b"[" + b"9" * 5000 + b"]")
@example(b"\xef\xbb\xbf[]")
@example(b'["\xff"]')
@example(b" " * 10_001)
@example(b"[1] x")
def test_any_bytes(data):
    same(data)


@given(st.none() | st.dictionaries(st.text(max_size=3), VALUES, max_size=3))
def test_a_statement_in_brief_says_the_same_of_its_subjects(predicate):
    try:
        payload = intoto.statement([ABOUT], "urn:x:1", predicate).payload
    except MalformedError:
        return
    for data in (payload, json.dumps(json.loads(payload), indent=1).encode()):
        brief = intoto.read(data, where="x", whole=False)
        assert (brief.subject, brief.predicate_type) == ((ABOUT,), "urn:x:1")
        assert (brief.predicate, brief.payload) == ({}, data)


@pytest.mark.parametrize("predicate", [b"[]", b"1", b'"{"', b"true", b'{"a":1,"a":1}', b"{", b"nul"])
def test_a_predicate_that_is_no_object_is_refused_unread(predicate):
    data = intoto.statement([ABOUT], "urn:x:1", {}).payload.replace(b'"predicate":{}', b'"predicate":' + predicate)
    for whole in (True, False):
        with pytest.raises(MalformedError):
            intoto.read(data, where="x", whole=whole)
