"""TOML within bounds: one error for whatever is wrong, and no key that takes the library quadratic time."""

import time

import pytest

from assay.formats import toml
from assay.model.errors import MalformedError


def test_a_document_is_read_and_an_empty_one_is_an_empty_table() -> None:
    assert toml.loads(b'[[package]]\nname = "a.b.c"\n', where="x", limit=100) == {"package": [{"name": "a.b.c"}]}
    assert toml.loads(b"", where="x", limit=100) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff", b"a", b"a = ", b"a = 1\na = 2\n", b"a = " + b"[" * 50_000, b"a = " + b"{a = " * 20_000,
        b"a." * 50_000 + b"a = 1", b"[" + b"a . " * 50_000 + b"a]", b'"a"' + b'."\\"x"' * 50_000 + b" = 1",
        b"x = {" + b"'a b'." * 50_000 + b"a = 1}",
    ],
)  # fmt: skip
def test_anything_else_is_malformed_soon(data: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(MalformedError) as caught:
        toml.loads(data, where="app/uv.lock", limit=1 << 20)
    assert caught.value.where == "app/uv.lock"
    assert time.process_time() - begun < 2


def test_a_document_over_the_limit_is_not_read() -> None:
    with pytest.raises(MalformedError):
        toml.loads(b"a = 1", where="x", limit=4)
