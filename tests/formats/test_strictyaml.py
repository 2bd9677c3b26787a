"""Strict YAML: texts stay as written, one reading only, every refusal with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import strictyaml
from assay.formats.strictyaml import Entry, Mapping, Mark, Scalar, Sequence
from assay.model.errors import MalformedError


def plain(node):
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {entry.key.text: plain(entry.value) for entry in node.entries}


@pytest.mark.parametrize("text", ["3.10", "no", "0644", "22:22", "~", "null", "1e3", "0x10", "2026-01-02", "=", "<<"])
def test_scalars_stay_as_written(text):
    assert plain(strictyaml.load(f"a: {text}\n".encode(), where="f")) == {"a": text}


def test_each_part_knows_its_place():
    node = strictyaml.load(b"a: 1\nb:\n  - x\n  - {c: 'd'}\n", where="f")
    assert isinstance(node, Mapping)
    assert node.entries[0] == Entry(Scalar("a", Mark(1, 1)), Scalar("1", Mark(1, 4)))
    inner = node.entries[1].value
    assert isinstance(inner, Sequence)
    assert inner.items[1] == Mapping((Entry(Scalar("c", Mark(4, 6)), Scalar("d", Mark(4, 9), "'")),), Mark(4, 5))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"# nothing\n", "empty"),
        (b"a: 1\nb: 2\na: 3\n", r"f:3:1\).*'a' stands in line 1"),
        (b"x: &a 1\n", r"f:1:4\).*anchor &a"),
        (b"x: &a [1]\n", r"f:1:4\).*anchor &a"),
        (b"x: &a {b: 1}\n", r"f:1:4\).*anchor &a"),
        (b"x: *a\n", r"f:1:4\).*alias"),
        (b"x: !!int 1\n", r"f:1:4\).*tag"),
        (b"x: !!python/object:os.system [1]\n", r"f:1:4\).*tag"),
        (b"x: !mine {}\n", r"f:1:4\).*tag"),
        (b"a: 1\n---\nb: 2\n", r"f:2:1\).*second document"),
        (b"%YAML 1.2\n---\na: 1\n", "directive"),
        (b"? [a]\n: 1\n", r"f:1:3\).*no text"),
        (b"? {a: b}\n: 1\n", r"f:1:3\).*no text"),
        (b"a: [1\nb: 2\n", r"f:2:"),
        (b"a:\n\t- 1\n", r"f:2:1\)"),
        (b"a: b: c\n", r"f:1:5\)"),
        (b'a: "x\\0y"\n', r"f:1:4\).*NUL"),
        (b"a: 1\nb: \x01\n", r"f:2:4\)"),
        (b"a: \xff\n", "not UTF-8 at byte 3"),
        (b"a: " + b"[" * 33 + b"]" * 33, "deeper than 32"),
        (b"[" * 100_000, "deeper than 32"),
        (b"{a: " * 100_000, "deeper than 32"),
        (b"- " * 100_000, "deeper than 32"),
        (b"x: " + b"y" * (1 << 20), "limit 1048576"),
        (b"a: 'x\n", r"f:"),
        (b"a: |9x\n", r"f:1:"),
        (b"@a: 1\n", r"f:1:1\)"),
    ],
)
def test_what_has_two_readings_is_refused_with_its_place(data, says):
    with pytest.raises(MalformedError, match=says) as caught:
        strictyaml.load(data, where="f")
    assert caught.value.where
    assert caught.value.remedy


def test_32_levels_are_read():
    assert strictyaml.load(b"[" * 32 + b"]" * 32, where="f")


def test_a_byte_order_mark_is_no_content():
    assert plain(strictyaml.load(b"\xef\xbb\xbfa: 1\n", where="f")) == {"a": "1"}


def nodes(data):
    """Whether it was read; refused with anything but one error of ours fails the test."""
    try:
        strictyaml.load(data, where="f")
    except MalformedError:
        return False
    return True


@given(st.binary(max_size=200))
def test_any_bytes_give_a_node_or_one_error(data):
    assert nodes(data) in (True, False)


@given(st.text(alphabet="ab:- \n[]{}'\"|>&*!#?,%@\t0", max_size=60))
def test_any_yaml_like_text_gives_a_node_or_one_error(text):
    assert nodes(text.encode()) in (True, False)
