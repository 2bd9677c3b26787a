"""Requests to an authority come from anybody: each ends in a value or in an error of ours, and none is read two ways."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import authority_requests as requests
from assay.model.errors import AssayError
from assay.trust import admit

READERS = [requests.entry, requests.timestamp, requests.email, lambda data: requests.certificate(data, "Bearer a.b.c")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["hashedRekordRequestV002", "dsseRequestV002", "digest", "signature", "content", "verifier", "keyDetails", "publicKey",
         "rawBytes", "x509Certificate", "envelope", "verifiers", "certificateSigningRequest", "publicKeyRequest",
         "artifactHash", "hashAlgorithm", "nonce", "credentials", "oidcIdentityToken", "email"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@given(data=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=60, deadline=None)
def test_any_request_is_a_value_or_an_error_of_ours(reader, data):
    try:
        read = reader(data)
        if isinstance(read, requests.EntryRequest):
            admit.admit(read)
    except AssayError:
        pass


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "data", [b"[" * 70_000, b'{"a":' * 70_000, b'{"a":1,"a":1}', b"\xef\xbb\xbf{}", b"{}" + b" " * 20_000_000]
)
def test_bombs_are_cut_off(reader, data):
    with pytest.raises(AssayError):
        reader(data)


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer a b", "bearer\ta", "Token a", "Bearer a\r\nX: y", "Bearer \u2028", "Bearer " + "a" * 2_000_000],
)
def test_a_header_that_is_no_bearer_s_is_no_token(header):
    body = json.dumps({"certificateSigningRequest": base64.b64encode(b"x").decode()}).encode()
    with pytest.raises(AssayError) as caught:
        requests.certificate(body, header)
    assert "aaaa" not in str(caught.value)


def test_both_a_request_and_a_key_are_two_wishes():
    key = {"publicKey": {"content": "AA=="}, "proofOfPossession": "AA=="}
    body = json.dumps({"certificateSigningRequest": "AA==", "publicKeyRequest": key}).encode()
    with pytest.raises(AssayError):
        requests.certificate(body, "Bearer a.b.c")
