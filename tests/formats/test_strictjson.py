"""Strict JSON: what is refused, exactly at its bound."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import strictjson
from assay.model.errors import MalformedError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def loads(data: bytes | str, depth: int = 64) -> object:
    raw = data.encode() if isinstance(data, str) else data
    return strictjson.loads(raw, where="x", limit=1 << 20, depth=depth)


@pytest.mark.parametrize("text", ["1e999", "-1E+400", "[0.5, 9e99999999]", "9" * 400 + ".0", '{"a": {"b": 1e309}}'])
def test_a_number_no_double_holds_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="too large"):
        loads(text)


def test_numbers_a_double_holds_are_read() -> None:
    assert loads("[1e308, -1.5e-400, 0.1, 1e0]") == [1e308, -0.0, 0.1, 1.0]


@pytest.mark.parametrize("pair", ["[]", ("{", "}")])
@pytest.mark.parametrize("depth", [1, 2, 64])
def test_the_bound_on_depth_is_exact(pair: object, depth: int) -> None:
    opening, closing = ("[", "]") if pair == "[]" else ('{"a":', "}")
    fits = opening * (depth - 1) + ("[]" if pair == "[]" else "{}") + closing * (depth - 1)
    assert loads(fits, depth) is not None
    with pytest.raises(MalformedError, match=f"deeper than {depth}"):
        loads(opening + fits + closing, depth)


@pytest.mark.parametrize("depth", [65, 900, 5_000, 200_000])
def test_any_depth_is_refused_in_the_same_words(depth: int) -> None:
    with pytest.raises(MalformedError, match="deeper than 64"):
        loads(b"[" * depth + b"]" * depth)


def test_brackets_in_texts_are_no_depth() -> None:
    assert loads(json.dumps({"[" * 100: '"[{' * 100}), 1) == {"[" * 100: '"[{' * 100}


@given(VALUES)
def test_what_python_writes_is_read_and_has_one_canonical_form(value: object) -> None:
    read = loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    written = strictjson.canonical(read)
    assert strictjson.canonical(loads(written)) == written


PIECES = st.sampled_from(
    [
        '{"a":1}',
        '{"a":1,"a":2}',
        '{"a":"x","a":1e2}',
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        " ",
        "\n",
        '"',
        '"a"',
        '"\\u0061"',
        '"\\ud800"',
        '"\\/"',
        '"é😀"',
        "-0",
        "-0.0",
        "1.0",
        "1.50",
        "1e5",
        "01",
        "1" * 30,
        "9" * 5000,
        "NaN",
        "true",
        "nul",
        "\x00",
        "\ufeff",
        "1e400",
        "0.1",
    ]
)
WHOLE = st.recursive(
    PIECES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]")
        | st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0061"]), inner), max_size=3).map(
            lambda pairs: "{{{}}}".format(", ".join(f'"{name}" :{value}' for name, value in pairs))
        )
    ),
    max_leaves=10,
)


@given(WHOLE | st.lists(PIECES, max_size=6).map("".join))
def test_what_is_read_at_once_is_what_is_read_with_care(text: str) -> None:
    data = text.encode()
    at_once, _ = strictjson._at_once(data)
    if at_once is not strictjson._IN_DOUBT:
        assert repr(at_once) == repr(strictjson._with_care(data, "x", 64))


@given(VALUES, st.sampled_from([None, 2]))
def test_a_usual_document_is_read_at_once(value: object, indent: int | None) -> None:
    written = msgspec.json.format(msgspec.json.encode(value), indent=indent or 0)
    assert repr(strictjson._at_once(written)[0]) == repr(value)


@pytest.mark.parametrize("inner", ["{}", "[]", '{"a": 1}', "[1]", '"deep"'])
@pytest.mark.parametrize("space", ["", "\n", " \n\t"])
def test_depth_is_told_by_indentation_as_by_brackets(inner: str, space: str) -> None:
    value = json.loads(inner)
    for depth in range(1, 9):
        value = [value] if depth % 2 else {"n": value}
        written = msgspec.json.format(msgspec.json.encode(value), indent=2) + space.encode()
        assert strictjson._at_once(written)[1]
        for limit in range(1, 11):
            outcomes = []
            for data in (written, msgspec.json.encode(value)):
                try:
                    outcomes.append(strictjson.loads(data, where="x", limit=9_999, depth=limit))
                except MalformedError as error:
                    outcomes.append(str(error))
            assert outcomes[0] == outcomes[1]
