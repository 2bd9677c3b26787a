"""PHP's serialised values."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.phpserialize import loads
from assay.model.errors import MalformedError


def written(value: object) -> bytes:
    """As PHP's `serialize()` writes it."""
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, str):
        data = value.encode()
        return b's:%d:"%s";' % (len(data), data)
    assert isinstance(value, dict)
    return b"a:%d:{%s}" % (len(value), b"".join(written(key) + written(one) for key, one in value.items()))


VALUES = st.recursive(
    st.none() | st.integers(-(10**18), 10**18) | st.text(max_size=20),
    lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read(value: object) -> None:
    assert loads(written(value), where="x") == value


def test_numbers_are_keys_too_and_fractions_stay_text() -> None:
    assert loads(b'a:2:{i:0;s:2:"\xc3\xa9";i:1;d:0.5;}\n', where="x") == {"0": "é", "1": "0.5"}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"i:;", b's:5:"abc";', b's:3:"abc"', b"a:1:{}", b"a:0:{i:1;i:2;}", b"i:1;i:2;", b'O:1:"A":0:{}', b"R:1;",
        b"a:999999999:{", b"a:1:{i:0;" * 1_000, b's:-1:"";', b"i:" + b"9" * 5_000 + b";",
    ],
)  # fmt: skip
def test_hostile_values_are_malformed_soon(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(MalformedError) as caught:
        loads(data, where="var/x.reg")
    assert caught.value.where == "var/x.reg"
    assert time.process_time() - start < 1
