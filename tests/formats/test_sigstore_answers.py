"""Answers of certificate authorities and logs, and what a token says of itself: one reading, or none."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import fulcio, idtoken, rekor_api
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import Limits

CERTIFICATE = b"not looked at: any DER" * 10
SMALL = Limits(service_answer_bytes=4_000, token_bytes=2_000)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def chain(*texts: str) -> bytes:
    return json.dumps({"signedCertificateEmbeddedSct": {"chain": {"certificates": texts}}}).encode()


def test_the_chain_comes_out_leaf_first():
    texts = [rekor_api.pem(CERTIFICATE).decode(), rekor_api.pem(b"other").decode()]
    assert fulcio.chain(chain(*texts), where="a") == (CERTIFICATE, b"other")
    assert fulcio.chain(chain(*(text.replace("\n", "\r\n") for text in texts)), where="a") == (CERTIFICATE, b"other")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"{}", b"[]", chain(), chain("x"), chain(rekor_api.pem(b"a").decode() * 2),
        chain(*[rekor_api.pem(b"a").decode()] * 11), chain(rekor_api.pem(b"a").decode().replace("YQ==", "YR==")),
        b'{"signedCertificateEmbeddedSct":{"chain":{"certificates":[7]}}}',
    ],
)  # fmt: skip
def test_another_form_is_refused(answer):
    with pytest.raises(MalformedError):
        fulcio.chain(answer, where="a")


def test_a_detached_timestamp_is_no_embedded_one():
    with pytest.raises(UntrustedError) as caught:
        fulcio.chain(b'{"signedCertificateDetachedSct":{"chain":{}}}', where="a")
    assert caught.value.code == "SCT"


def entry1(**changes) -> bytes:
    proof = {"checkpoint": "note", "hashes": ["ab" * 32], "logIndex": 5, "rootHash": "cd" * 32, "treeSize": 9}
    value = {
        "body": b64(b'{"apiVersion":"0.0.1","kind":"dsse","spec":{}}'),
        "integratedTime": 1_700_000_000,
        "logID": "ef" * 32,
        "logIndex": 105,
        "verification": {"inclusionProof": proof, "signedEntryTimestamp": b64(b"promise")},
        "attestation": {"data": "ignored"},
    }
    return json.dumps({"uuid": {**value, **changes}}).encode()


def test_version_1_becomes_what_a_bundle_carries():
    entry = rekor_api.answer(1, entry1(), where="log")
    assert (entry.log_index, entry.log_id, entry.integrated_time) == (105, b"\xef" * 32, 1_700_000_000)
    assert (entry.kind, entry.version, entry.promise) == ("dsse", "0.0.1", b"promise")
    assert entry.proof is not None
    assert (entry.proof.log_index, entry.proof.root_hash, entry.proof.tree_size) == (5, b"\xcd" * 32, 9)
    assert entry.proof.hashes == (b"\xab" * 32,)


@pytest.mark.parametrize(
    "answer",
    [
        b"{}", b"[]", b'{"a":{},"b":{}}', entry1(logID="XY"), entry1(logID="AB" * 32), entry1(logID="abc"),
        entry1(logIndex=-1), entry1(logIndex=1 << 63), entry1(body="e30"), entry1(body=b64(b"[]")),
        entry1(body=b64(b"{}")), entry1(verification={}), entry1(integratedTime="1"), entry1(body=b64(b"\xff")),
    ],
)  # fmt: skip
def test_version_1_of_another_form_is_refused(answer):
    with pytest.raises(MalformedError):
        rekor_api.answer(1, answer, where="log")


def entry2(**changes) -> bytes:
    proof = {"rootHash": b64(b"r" * 32), "treeSize": "1", "checkpoint": {"envelope": "note"}}
    value = {
        "logId": {"keyId": b64(b"k" * 32)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "inclusionProof": proof,
        "canonicalizedBody": b64(b"body"),
    }
    return json.dumps({**value, **changes}).encode()


def test_version_2_leaves_out_what_is_zero_or_empty():
    entry = rekor_api.answer(2, entry2(integratedTime="0"), where="log")
    assert (entry.log_index, entry.integrated_time, entry.promise) == (0, None, None)
    assert entry.proof is not None
    assert (entry.proof.log_index, entry.proof.hashes, entry.proof.tree_size) == (0, (), 1)
    assert rekor_api.answer(2, entry2(logIndex="17"), where="log").log_index == 17


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"{}", entry2(logIndex="01"), entry2(logIndex="-1"), entry2(logIndex=str(1 << 63)), entry2(logIndex=" 1"),
        entry2(logIndex=1.5), entry2(canonicalizedBody="e30"), entry2(logId={"keyId": "ab"}), entry2(kindVersion=None),
        entry2(logIndex="9" * 5_000),
    ],
)  # fmt: skip
def test_version_2_of_another_form_is_refused(answer):
    with pytest.raises(MalformedError):
        rekor_api.answer(2, answer, where="log", limits=Limits(service_answer_bytes=10_000))


@given(st.binary(max_size=300), st.sampled_from([1, 2]))
def test_any_bytes_end_in_one_of_the_five_errors(data, version):
    for read in (
        lambda: rekor_api.answer(version, data, where="log"),
        lambda: fulcio.chain(data, where="ca"),
        lambda: idtoken.read(data.decode("latin-1")),
    ):
        with contextlib.suppress(MalformedError, UnsupportedError, UntrustedError):
            read()


def jwt(claims: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", claims, b"sig"))


def test_what_a_token_says_of_itself():
    told = idtoken.read(jwt(b'{"iss":"https://i.example","exp":1700000000,"email":"a@b"}'))
    assert (told.issuer, told.expires) == ("https://i.example", 1_700_000_000)
    assert idtoken.read(jwt(b'{"iss":"i","exp":1.5}')).expires == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "a.b", "a.b.c.d", jwt(b"{}") + "\n", jwt(b"{}"), jwt(b"[]"), jwt(b'{"iss":"i"}'), jwt(b"\xff"),
        jwt(b'{"iss":7,"exp":1}'), jwt(b'{"iss":"i","exp":1e999}'), jwt(b'{"iss":"i","exp":1,"exp":2}'),
        jwt(b'{"iss":"secret-claim","exp":"soon"}'), jwt(b'{"iss":"i","exp":1}').rpartition(".")[0] + ".",
        "a" * 5_000 + ".b.c",
    ],
)  # fmt: skip
def test_what_is_no_token_is_refused_without_being_quoted(text):
    with pytest.raises(MalformedError) as caught:
        idtoken.read(text, limits=SMALL)
    assert "secret-claim" not in caught.value.line()
    assert len(text) < 10 or text[:30] not in caught.value.line()
    assert caught.value.__cause__ is None or "secret-claim" not in str(caught.value.__cause__)
