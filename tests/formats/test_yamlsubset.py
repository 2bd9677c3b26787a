"""The YAML of lock files: what is read equals what a whole YAML reader reads; everything else is refused."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import yamlsubset
from assay.formats.yamlsubset import Node
from assay.model.errors import MalformedError


def read(text: str) -> tuple[Node, ...]:
    return yamlsubset.loads(text.encode(), where="x.yaml", limit=1 << 20)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1.10\nb: no\n", {"a": "1.10", "b": "no"}),
        ("a:\n- x\n- y\nb: z\n", {"a": ["x", "y"], "b": "z"}),
        ("a:\n  -\n  - y\n", {"a": ["", "y"]}),
        ("- a: 1\n  b: 2\n- - c\n  - d\n", [{"a": "1", "b": "2"}, ["c", "d"]]),
        ("a: {b: [c, 'd e'], f: '>=6.9.0', g: }\n", {"a": {"b": ["c", "d e"], "f": ">=6.9.0", "g": ""}}),
        ("'a''b': \"c\\n\\u00e9\" # note\n", {"a'b": "c\né"}),
        ("? a\n: b: c\n  d: e\n", {"a": {"b": "c", "d": "e"}}),
        ('? "a, b"\n:\n  version: 1\n', {"a, b": {"version": "1"}}),
        ("a: |-\n  x\n  y\nb: >-\n  x\n  y\n", {"a": "x\ny", "b": "x y"}),
        ("/a@1.0.0(b@2.0.0):\n  c: https://x.example/#d\n", {"/a@1.0.0(b@2.0.0)": {"c": "https://x.example/#d"}}),
        ("# only\n\na: ~\n", {"a": ""}),
    ],
)
def test_what_lock_files_hold_is_read(text: str, value: Node) -> None:
    assert read(text) == (value,)


def test_documents_follow_one_another() -> None:
    assert read("---\na: 1\n---\nb: 2\n") == ({"a": "1"}, {"b": "2"})
    assert read("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\n", "a: *x\n", "a: !!str 1\n", "%YAML 1.2\n", "a: 1\na: 2\n", "a: {b: 1, b: 2}\n", "a: [b\n", "a: 'b\n",
        "\ta: 1\n", "a:\n\tb: 1\n", "a: 1\n  b: 2\n", "a: 1\nb\n", "a: \"\\x41\"\n", "a: {b: 1} c\n", "a: |2\n  x\n",
        "- a\nb: 1\n", "a: @b\n", "a: `b`\n", "a: [b]]\n", "? [a]\n: b\n", "{[a]: b}\n", "a: '\ud800'\n",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        yamlsubset.loads(text.encode("utf-8", "surrogatepass"), where="x.yaml", limit=1 << 20)


def test_the_error_names_the_line() -> None:
    with pytest.raises(MalformedError) as caught:
        read("a: 1\nb: 2\nc: *x\n")
    assert "line" in caught.value.where


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "- " * 100_000, "a: {b: " * 100_000])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(MalformedError):
        read(text)


WORDS = st.text(alphabet="ab1.@/(-_~^", min_size=1, max_size=8).filter(lambda text: text not in ("~", "null"))
TREES = st.recursive(
    WORDS, lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=4) | st.lists(inner, min_size=1, max_size=3)
)


@given(st.dictionaries(WORDS, TREES, min_size=1, max_size=5), st.booleans())
def test_what_a_writer_of_yaml_writes_is_read_back(value: dict[str, Node], flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=None if flow else False, width=100_000, allow_unicode=True)
    assert read(text) == (yaml.load(text, Loader=yaml.BaseLoader),)


@given(st.text(alphabet="ab:-?{}[],'\"#|> \n\\&*", max_size=40))
def test_any_text_is_read_as_yaml_reads_it_or_refused(text: str) -> None:
    with suppress(MalformedError):
        read(text)
