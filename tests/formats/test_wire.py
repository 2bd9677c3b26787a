"""Encoding, escapes, times and identifiers every document shares."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import strictjson, wire
from assay.model.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("caf\xe9", "caf\xe9"),
        ("\udcff", "\\udcff"),
        ("\\udcff", "\\\\udcff"),
        ("\\\udcff", "\\\\\\udcff"),
        ("\\u0041\\n\\", "\\u0041\\n\\"),
        ("udcff", "udcff"),
    ],
)
def test_escape(text: str, escaped: str) -> None:
    assert wire.escape(text) == escaped
    assert wire.unescape(escaped) == text


@given(st.text("\\ud89cf\udcff\ud800a", max_size=30))
def test_unescape_undoes_escape(text: str) -> None:
    assert wire.unescape(wire.escape(text)) == text


def test_a_megabyte_of_backslashes_is_no_trap() -> None:
    text = "\\" * 1_000_000 + "x"
    assert wire.escape(text) == text
    assert wire.unescape(text) == text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02t03:04:05.999999999z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T00:04:05+01:00", "2026-01-01T23:04:05Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("", "1970-01-01T00:00:00Z"),
    ],
)
def test_instant(text: str, instant: str) -> None:
    assert wire.instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02",
        "2026-13-02T03:04:05Z",
        "2026-01-02T03:04:05",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "now",
        "٢٠٢٦-01-02T03:04:05Z",
    ],
)
def test_no_instant(text: str) -> None:
    assert not wire.is_instant(text)
    with pytest.raises(MalformedError):
        wire.instant(text)


@given(st.binary(max_size=50))
def test_uuid5_is_one(data: bytes) -> None:
    value = uuid.UUID(wire.uuid5(data))
    assert value.version == 5
    assert value.variant == uuid.RFC_4122
    assert wire.uuid5(data) == wire.uuid5(data)


@given(st.recursive(st.text('\\"[]{}a\n', max_size=6), lambda inner: st.lists(inner, max_size=3), max_leaves=20))
def test_depth_is_counted_outside_strings(value: object) -> None:
    def depth(item: object) -> int:
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    data = strictjson.canonical(value)
    deepest = depth(value)
    strictjson.check_depth(data, where="x", depth=deepest)
    if deepest:
        with pytest.raises(MalformedError):
            strictjson.check_depth(data, where="x", depth=deepest - 1)


@pytest.mark.parametrize("sign", ["\x7f", "\x80", "\x9f", "\u2028", "\u202e", "\u2066", "\u2069"])
@pytest.mark.parametrize("honest", [0, 3, 30_000])
def test_a_sign_that_drives_a_terminal_is_escaped_however_many_honest_ones_there_are(sign: str, honest: int) -> None:
    value = {"b": "\u2027\u00a0\u2026\u2065" * honest + sign, "a": 1}
    data = wire.encode(value)
    assert sign not in data.decode()
    assert json.loads(data) == value
    assert list(json.loads(wire.encode(value, order="sorted"))) == ["a", "b"]
