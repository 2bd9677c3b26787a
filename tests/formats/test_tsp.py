"""Timestamp requests and responses: ours against rfc3161-client's and OpenSSL's reading, and any bytes."""

import contextlib
import hashlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response
from rfc3161_client.base import HashAlgorithm
from rfc3161_client.tsp import PKIStatus

from assay.formats import cms, der, tsp
from assay.formats.tsp import Information, Request
from assay.model.errors import MalformedError
from assay.trust import stamp
from authorities import NOW, OPENSSL, needs_openssl, number, world

WORLD = world()
SIGNATURE = b"a signature"
REQUESTS = st.builds(
    lambda name, nonce, wants, policy: Request(
        hash_algorithm=name,
        imprint=hashlib.new(name, SIGNATURE).digest(),
        nonce=nonce,
        wants_certificate=wants,
        policy=policy,
    ),
    st.sampled_from(sorted(cms.HASH_BYTES)),
    st.none() | st.integers(0, (1 << 160) - 1),
    st.booleans(),
    st.sampled_from(["", stamp.POLICY]),
)
INFORMATION = st.builds(
    Information,
    policy=st.just(stamp.POLICY),
    hash_algorithm=st.just("sha256"),
    imprint=st.binary(min_size=32, max_size=32),
    serial=st.integers(1, 1 << 159),
    time=st.just(NOW),
    nonce=st.none() | st.integers(0, 1 << 64),
    accuracy_ms=st.none() | st.integers(1, 100_000),
)


@given(REQUESTS)
def test_requests_round_trip(request):
    assert tsp.read_request(tsp.write_request(request), where="x") == request


@given(INFORMATION)
def test_information_round_trips(information):
    assert tsp.read_information(tsp.write_information(information), where="x") == information


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(data):
    for read in (tsp.read_request, tsp.read_response, tsp.read_information):
        with contextlib.suppress(MalformedError):
            read(data, where="x")


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
@pytest.mark.parametrize("nonce", [True, False])
def test_requests_of_the_python_client_are_read(algorithm, nonce):
    asked = TimestampRequestBuilder().data(SIGNATURE).hash_algorithm(algorithm).nonce(nonce=nonce).build()
    found = tsp.read_request(asked.as_bytes(), where="x")
    assert found.imprint == asked.message_imprint.message
    assert (found.nonce, found.wants_certificate) == (asked.nonce, asked.cert_req)


@needs_openssl
@pytest.mark.parametrize("arguments", [["-sha256"], ["-sha384", "-cert"], ["-sha512", "-no_nonce"], ["-sha1"]])
def test_requests_of_openssl_are_read(arguments, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(SIGNATURE)
    asked = subprocess.run([OPENSSL, "ts", "-query", "-data", path, *arguments], capture_output=True, check=True).stdout
    found = tsp.read_request(asked, where="x")
    name = arguments[0].removeprefix("-")
    assert found.imprint == hashlib.new(name, SIGNATURE).digest()
    assert found.wants_certificate == ("-cert" in arguments)
    assert (found.nonce is None) == ("-no_nonce" in arguments)


def granted(**changes) -> bytes:
    request = Request(hash_algorithm="sha256", imprint=hashlib.sha256(SIGNATURE).digest(), **changes)
    answer = stamp.respond(tsp.write_request(request), WORLD.authority(), now=NOW, last=None, serial=number(5))
    assert not answer.refusal
    return answer.response


def test_the_python_client_reads_what_we_write():
    theirs = decode_timestamp_response(granted(nonce=77, wants_certificate=True))
    mine = tsp.read_response(granted(nonce=77, wants_certificate=True), where="x").token
    assert theirs.status == PKIStatus.GRANTED
    assert theirs.tst_info.gen_time == mine.information.time
    assert theirs.tst_info.serial_number == mine.information.serial == number(5)
    assert theirs.tst_info.nonce == mine.information.nonce == 77
    assert theirs.tst_info.accuracy.seconds == 1
    assert theirs.tst_info.policy.dotted_string == mine.information.policy
    assert theirs.signed_data.certificates == {WORLD.tsa} == set(mine.certificates)


@pytest.mark.parametrize("reason", sorted(tsp.REASONS))
def test_rejections_are_read_by_both(reason):
    data = tsp.write_rejection(reason, "no, because")
    assert tsp.read_response(data, where="x").status == tsp.REJECTION
    theirs = decode_timestamp_response(data)
    assert PKIStatus(theirs.status) == PKIStatus.REJECTION
    assert theirs.status_string == ["no, because"]


def swap(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


TOKEN = granted(nonce=77)
DAMAGED = {
    "cut": TOKEN[:-1],
    "more": TOKEN + b"\0",
    "a token beside a rejection": swap(TOKEN, TOKEN[4:9], b"\x30\x03\x02\x01\x02"),
    "granted without a token": der.sequence(der.sequence(der.integer(0))),
    "not signed data": swap(TOKEN, der.oid(cms.ID_SIGNED_DATA), der.oid("1.2.840.113549.1.7.3")),
    "no TSTInfo": swap(TOKEN, der.oid(cms.SIGNING_TIME), der.oid("1.2.840.113549.1.9.4")),
    "too long": bytes(300_000),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_responses_are_refused(name):
    with pytest.raises(MalformedError):
        tsp.read_response(DAMAGED[name], where="x")


def test_a_negative_length_of_an_imprint():
    data = der.sequence(der.integer(1), der.sequence(cms.algorithm("sha256"), der.octets(bytes(31))))
    with pytest.raises(MalformedError, match="31 bytes"):
        tsp.read_request(data, where="x")


def test_extensions_of_a_token_are_seen():
    plain = tsp.write_information(
        Information(policy="1.2", hash_algorithm="sha256", imprint=bytes(32), serial=1, time=NOW)
    )
    for critical in (True, False):
        extension = der.sequence(der.oid("1.2.3"), der.boolean(True) if critical else b"", der.octets(b""))
        data = der.sequence(der.one(plain, where="x").value, der.context(1, extension))
        assert tsp.read_information(data, where="x").has_critical_extension is critical
