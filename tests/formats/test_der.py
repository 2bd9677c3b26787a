"""DER: what is written is read again, one value has one spelling, and any bytes get an answer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import der
from assay.model.errors import MalformedError

OIDS = st.builds(
    lambda top, second, rest: ".".join(map(str, (top, second if top == 2 else second % 40, *rest))),
    st.integers(0, 2),
    st.integers(0, 1 << 30),
    st.lists(st.integers(0, 1 << 40), max_size=5) | st.lists(st.integers(0, 1), max_size=60),
)
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda value: value.replace(tzinfo=UTC))


@given(st.integers(-(1 << 2000), 1 << 2000))
def test_integers_round_trip(value):
    assert der.read_integer(der.one(der.integer(value), where="x"), where="x") == value


@given(OIDS)
def test_object_identifiers_round_trip(text):
    assert der.read_oid(der.one(der.oid(text), where="x"), where="x") == text


def test_everything_that_is_read_can_be_written():
    for value in (b"\x2a" + b"\x01" * 63, b"\x2a" + b"\xff" * 62 + b"\x7f", b"\xff" * 63 + b"\x7f"):
        data = der.tlv(der.OID, value)
        assert der.oid(der.read_oid(der.one(data, where="x"), where="x")) == data


@given(TIMES)
def test_times_round_trip(value):
    assert der.read_time(der.one(der.time(value), where="x"), where="x") == value


@given(st.binary(max_size=300), st.sampled_from([der.OCTET_STRING, der.SEQUENCE, 0xA3, 0x80]))
def test_values_round_trip(data, tag):
    written = der.tlv(tag, data)
    found = der.one(written, tag, where="x")
    assert (found.tag, found.value, found.raw) == (tag, data, written)


@given(st.binary(max_size=64))
def test_any_bytes_are_the_only_spelling_of_what_they_say_or_refused(data):
    try:
        element = der.one(data, where="x")
    except MalformedError:
        return
    assert der.tlv(element.tag, element.value) == data
    for read, write in (
        (der.read_integer, der.integer),
        (der.read_oid, der.oid),
        (der.read_boolean, der.boolean),
        (der.read_utf8, der.utf8),
        (der.read_bits, der.bits),
    ):
        try:
            value = read(element, where="x")
        except MalformedError:
            continue
        assert write(value) == data


@given(st.lists(st.binary(min_size=1, max_size=8).map(der.octets), max_size=6))
def test_a_set_does_not_depend_on_its_order(parts):
    assert der.set_of(parts) == der.set_of(reversed(parts))


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 65_535, 65_536, 1 << 24])
def test_every_length_form(size):
    assert len(der.one(der.octets(bytes(size)), where="x").value) == size


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends before"),
        (b"\x30", "ends before"),
        (b"\x30\x80\x00\x00", "length of 0 octets"),
        (b"\x30\x81\x7f" + bytes(127), "overlong"),
        (b"\x30\x82\x00\x80" + bytes(128), "overlong"),
        (b"\x30\x85\x00\x00\x00\x00\x01\x00", "length of 5 octets"),
        (b"\x30\x82\x01", "length of 2 octets"),
        (b"\x30\x05\x00", "1 are left"),
        (b"\x1f\x81\x01\x00", "several octets"),
        (b"\x05\x00\x00", "after the last"),
    ],
)
def test_headers_that_are_no_der(data, why):
    with pytest.raises(MalformedError, match=why):
        der.one(data, where="x")


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"\x02\x00", der.read_integer),
        (b"\x02\x02\x00\x01", der.read_integer),
        (b"\x02\x02\xff\x80", der.read_integer),
        (der.tlv(der.INTEGER, b"\x01" * 514), der.read_integer),
        (b"\x01\x01\x01", der.read_boolean),
        (b"\x01\x02\x00\x00", der.read_boolean),
        (b"\x06\x00", der.read_oid),
        (b"\x06\x02\x2a\x80", der.read_oid),
        (b"\x06\x03\x2a\x80\x01", der.read_oid),
        (der.tlv(der.OID, b"\x2a" + b"\x81" * 80 + b"\x01"), der.read_oid),
        (b"\x0c\x01\xff", der.read_utf8),
        (b"\x03\x00", der.read_bits),
        (b"\x03\x02\x01\x00", der.read_bits),
        (b"\x05\x00", der.read_integer),
        (der.tlv(der.GENERALIZED_TIME, b"20260102030405"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, b"20260102030405.0Z"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, b"20260102030405.10Z"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, b"20260102030405+0000"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, b"20261302030405Z"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, b"20260102030460Z"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, b"00000102030405Z"), der.read_time),
        (der.tlv(der.GENERALIZED_TIME, "٢٠٢٦0102030405Z".encode()), der.read_time),
    ],
)
def test_values_that_are_no_der(data, read):
    with pytest.raises(MalformedError):
        read(der.one(data, where="x"), where="x")


def test_what_is_finer_than_a_microsecond_is_cut_off():
    found = der.read_time(der.one(der.tlv(der.GENERALIZED_TIME, b"20260102030405.123456789Z"), where="x"), where="x")
    assert found == datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)


def test_children_are_bounded():
    with pytest.raises(MalformedError, match="more than 2"):
        der.children(der.one(der.sequence(*[der.null()] * 3), where="x"), where="x", limit=2)


@pytest.mark.parametrize("text", ["", "1", "3.1", "1.40", "1.2.", "1.02", "a.b", "1.2.-3"])
def test_constants_that_are_no_identifiers(text):
    with pytest.raises(ValueError):
        der.oid(text)


def test_a_deep_value_costs_nothing():
    data = b""
    for _ in range(20_000):
        data = der.sequence(data)[:200]  # every header lies, none is opened
    assert der.Reader(der.tlv(0x30, data), where="x").take().value == data


def test_times_of_other_zones_are_written_in_utc():
    from datetime import timezone

    value = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert der.time(value).endswith(b"20260102010405Z")
