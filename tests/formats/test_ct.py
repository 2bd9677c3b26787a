"""Certificate timestamps: the list, what a log signs, and the certificate around them, against cryptography's reading."""

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import ct, der
from assay.formats.ct import CertificateTimestamp
from assay.model.errors import MalformedError
from authorities import NOW, number, world

WORLD = world()
LEAF = WORLD.leaf()
TIMESTAMPS = st.builds(
    CertificateTimestamp,
    log_id=st.binary(min_size=32, max_size=32),
    timestamp_ms=st.integers(0, (1 << 64) - 1),
    extensions=st.binary(max_size=20),
    hash_algorithm=st.integers(0, 255),
    signature_algorithm=st.integers(0, 255),
    signature=st.binary(max_size=80),
)


@given(st.lists(TIMESTAMPS, min_size=1, max_size=4).map(tuple))
def test_lists_round_trip(timestamps):
    assert ct.read_list(ct.write_list(timestamps), where="x") == timestamps


@given(st.binary(max_size=120))
def test_any_list_is_the_only_spelling_or_refused(data):
    try:
        found = ct.read_list(data, where="x")
    except MalformedError:
        return
    assert ct.write_list(found) == data


GOOD = ct.write_list((CertificateTimestamp(log_id=bytes(32), timestamp_ms=1, signature=b"s"),))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD[:-1],
        GOOD + b"\0",
        der.octets(b"\x00\x00"),
        der.octets(b"\x00\x02\x00\x00"),
        der.octets(b"\x00\x01\x00"),
        der.octets(der.one(GOOD, where="x").value + b"\0"),
        GOOD[:6] + b"\x01" + GOOD[7:],
        ct.write_list((CertificateTimestamp(log_id=bytes(32), timestamp_ms=1, signature=b"s"),) * 17),
        der.octets(bytes(20_000)),
    ],
)
def test_damaged_lists_are_refused(data):
    with pytest.raises(MalformedError):
        ct.read_list(data, where="x")


def test_cryptography_reads_the_same_timestamps_and_the_same_certificate_without_them():
    parsed = x509.load_der_x509_certificate(LEAF)
    tbs, value = ct.without_list(LEAF, where="x")
    assert tbs == parsed.tbs_precertificate_bytes
    (mine,) = ct.read_list(value, where="x")
    (theirs,) = parsed.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    assert (mine.log_id, mine.signature, mine.extensions) == (theirs.log_id, theirs.signature, theirs.extension_bytes)
    assert mine.timestamp_ms == (NOW.timestamp() * 1000) // 1
    assert ct.with_list(tbs, (mine,), where="x") == parsed.tbs_certificate_bytes


def test_a_certificate_without_a_list_is_unchanged():
    parsed = x509.load_der_x509_certificate(WORLD.ca)
    assert ct.without_list(WORLD.ca, where="x") == (parsed.tbs_certificate_bytes, None)


def test_two_lists_are_refused():
    timestamp = CertificateTimestamp(log_id=bytes(32), timestamp_ms=1, signature=b"s")
    tbs, _ = ct.without_list(LEAF, where="x")
    twice = ct.with_list(ct.with_list(tbs, (timestamp,), where="x"), (timestamp,), where="x")
    with pytest.raises(MalformedError, match="2 lists"):
        ct.without_list(der.sequence(twice, der.null(), der.bits(b"")), where="x")


@pytest.mark.parametrize("cut", range(0, len(LEAF) - 1, 19))
def test_a_cut_certificate_is_refused(cut):
    with pytest.raises(MalformedError):
        ct.without_list(LEAF[:cut], where="x")


def test_the_bytes_a_log_signs():
    # RFC 6962 §3.2, field by field.
    found = ct.signed_bytes(b"key", b"TBS", timestamp_ms=0x0102, extensions=b"\xaa")
    assert found[:2] == b"\x00\x00"
    assert found[2:10] == (0x0102).to_bytes(8, "big")
    assert found[10:12] == b"\x00\x01"
    assert found[12:44] == ct.log_id(b"key")
    assert found[44:] == b"\x00\x00\x03TBS" + b"\x00\x01\xaa"


def test_serials_have_160_bits_and_are_positive():
    for seed in (0, 1, (1 << 160) - 1):
        assert number(seed).bit_length() == 159
