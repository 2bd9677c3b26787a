"""RFC 8785: the numbers of its appendix, its order of names, and the fast way where both agree."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import canonicaljson, intoto, strictjson
from assay.model.errors import MalformedError
from assay.model.statement import ResourceDescriptor

NUMBERS = {
    0.0: "0",
    5e-324: "5e-324",
    -5e-324: "-5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    9007199254740992.0: "9007199254740992",
    -9007199254740992.0: "-9007199254740992",
    295147905179352830000.0: "295147905179352830000",
    9.999999999999997e22: "9.999999999999997e+22",
    1e23: "1e+23",
    1.0000000000000001e23: "1.0000000000000001e+23",
    999999999999999700000.0: "999999999999999700000",
    999999999999999900000.0: "999999999999999900000",
    1e21: "1e+21",
    9.999999999999997e-7: "9.999999999999997e-7",
    0.000001: "0.000001",
    333333333.3333332: "333333333.3333332",
    333333333.33333325: "333333333.33333325",
    -0.0000033333333333333333: "-0.0000033333333333333333",
    1424953923781206.2: "1424953923781206.2",
    9.8: "9.8",
    10.0: "10",
    1e-5: "0.00001",
}


@pytest.mark.parametrize(("value", "text"), NUMBERS.items(), ids=str)
def test_numbers_of_appendix_b(value, text):
    assert canonicaljson.number(value) == text
    assert canonicaljson.dumps([value]) == f"[{text}]".encode()


def test_minus_zero_is_zero():
    assert canonicaljson.number(-0.0) == "0"


def test_names_in_utf16_order():
    """The example of §3.2.3: the emoji comes before U+FB33, as its first code unit is smaller."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
    text = canonicaljson.dumps(dict.fromkeys(names, 0)).decode()
    assert list(json.loads(text)) == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES)
def test_the_value_is_kept_and_its_bytes_are_settled(value):
    data = canonicaljson.dumps(value)
    read = strictjson.loads(data, where="t", limit=1 << 20)
    assert read == value
    assert canonicaljson.dumps(read) == data


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_comes_back(value):
    assert float(canonicaljson.number(value)) == value


def _plainly(value) -> str:
    """The whole of RFC 8785 without any short way."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{json.dumps(n, ensure_ascii=False)}:{_plainly(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plainly, value)) + "]"
    return canonicaljson.number(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


@given(st.dictionaries(_TEXT | st.sampled_from(["\U0001f600", "\ufb33", ",1.0]", ":1e-7"]), _VALUES, max_size=4))
def test_the_short_way_changes_nothing(value):
    assert canonicaljson.dumps(value).decode() == _plainly(value)


def test_equal_predicates_have_equal_statements():
    subject = [ResourceDescriptor(digest={"sha256": "ab"})]
    one, two = (intoto.statement(subject, "urn:x", {"score": score}) for score in (9, 9.0))
    assert one.payload == two.payload
    assert one.digest == two.digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\ud800": 1}])
def test_what_is_no_json_is_refused(value):
    with pytest.raises(ValueError):
        canonicaljson.dumps([value, 1.0])


@given(
    st.dictionaries(_TEXT | st.sampled_from(["\U0001f600", "\ufb33", ",1.0]", ":1e-7"]), _VALUES, max_size=4), st.data()
)
def test_part_by_part_is_the_same(value, data):
    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 2])), ensure_ascii=data.draw(st.booleans()))
    with pytest.MonkeyPatch.context() as small:
        small.setattr(canonicaljson, "_SMALL_BYTES", data.draw(st.integers(0, 20)))
        made = canonicaljson.document(f" {text}\n".encode(), where="x", limit=1 << 20)
    assert made == canonicaljson.dumps(value)
    subject = (ResourceDescriptor(name='"predicate":{}', digest={"sha256": "1" * 64}),)
    whole = intoto.statement(subject, "urn:x:1", value)
    assert intoto.about(subject, "urn:x:1", text.encode(), limit=1 << 20).payload == whole.payload


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":2}', b"[", b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 70 + b"]" * 70, b"{}" * 2]
)
def test_a_document_is_held_to_strict_json(data):
    with pytest.raises(MalformedError) as parts:
        canonicaljson.document(data, where="x", limit=1_000)
    with pytest.raises(MalformedError) as whole:
        strictjson.loads(data, where="x", limit=1_000)
    assert str(parts.value) == str(whole.value)


@pytest.mark.parametrize("empty", ["{}", "[]"])
def test_what_is_large_by_its_spaces_alone_is_empty(empty, monkeypatch):
    monkeypatch.setattr(canonicaljson, "_SMALL_BYTES", 4)
    data = f"{empty[0]}{' ' * 9}{empty[1]}".encode()
    assert canonicaljson.document(data, where="x", limit=99) == empty.encode()
