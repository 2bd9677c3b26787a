"""Dockerfiles divided into instructions, against BuildKit's parser as PyPI's `dockerfile` carries it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import dockerfile
from assay.formats.dockerfile import INSTRUCTIONS
from assay.model.errors import AssayError, MalformedError, UnsupportedError

oracle = pytest.importorskip("dockerfile", reason="PyPI's dockerfile has no wheel here")

PIECES = [
    "a", "b=c", '"', "'", "\\", "`", " ", "  ", "\t", "<<EOF", "<<-E", "[", '"a"', ",", "]", "--x", "--y=z", "#",
    "\n", "\\\n", "=", "$A", "EOF", "\nEOF\n", "# c\n", "1", "{", "}",
]  # fmt: skip
LINES = st.builds(
    lambda name, rest: f"{name} {''.join(rest)}\n",
    st.sampled_from(sorted(INSTRUCTIONS - {"ONBUILD"})),
    st.lists(st.sampled_from(PIECES), max_size=8),
)
TEXTS = st.builds(
    lambda head, lines: head + "".join(lines),
    st.sampled_from(["", "# escape=`\n", "# syntax=docker/dockerfile:1\n"]),
    st.lists(LINES, min_size=1, max_size=4),
)


def ours(text: str) -> list[tuple[object, ...]] | None:
    try:
        read = dockerfile.read(text.encode(), where="Dockerfile")
    except AssayError:
        return None
    return [
        (i.name, i.is_json, i.flags, i.arguments, i.start, i.end, tuple((h.name, h.content) for h in i.heredocs))
        for i in read.instructions
    ]


def theirs(text: str) -> list[tuple[object, ...]] | None:
    try:
        parsed = oracle.parse_string(text)
    except (oracle.GoParseError, AttributeError):  # it may stumble over a continued line without an instruction
        return None
    if any(c.cmd is None or c.cmd.upper() not in INSTRUCTIONS for c in parsed):
        return None  # the parser lets it pass; the builder refuses it
    return [
        (
            c.cmd.upper(),
            c.json,
            c.flags,
            c.value,
            c.start_line,
            c.end_line,
            tuple((h.name, h.content) for h in c.heredocs),
        )
        for c in parsed
    ]


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_agrees_with_the_reference_parser(text: str) -> None:
    assert ours(text) == theirs(text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN a \\\n\n b\n", "FROM a\nRUN a \\\n# c\n b\n", "FROM a\nRUN a \\ \n b", "FROM a\nRUN a \\\\\nCMD b",
        "# escape=`\nFROM a\nRUN b `\n c", "# syntax=a\n\n# escape=`\nFROM a\nRUN a `\nRUN c",
        "# foo=bar\n# escape=`\nFROM a\nRUN a `\nCMD b", 'FROM a\nCMD ["a"] foo', "FROM a\nCMD ['a']",
        "FROM a\nENV a b c", "FROM a\nLABEL a=b 'c d'=e \"f\"=g", "FROM a\nRUN <<EOF\na\nEOF",
        "FROM a\nRUN <<-EOF\n\ta\n\tEOF\nCMD b", "FROM a\nRUN <<'EOF' b <<X\na\nEOF\nc\nX\n",
        "FROM a\nRUN cat <<EOF >/x && \\\n y\na\nEOF\n", "FROM a\nRUN 3<<EOF x\nEOF\n",
        'FROM a\nRUN --mount=type=x,y="z w" -- --foo', "FROM a\nRUN --a\\ b c", "  FROM a\n\tRUN b",
        "# escape=\nFROM a", "# syntax = \n# escape=`\nFROM a `\n b",
        "FROM a\r\nRUN b \\\r\n c\r\n", "\ufeffFROM a", "FROM a\nHEALTHCHECK --timeout=3s CMD [\"x\"]",
    ],
)  # fmt: skip
def test_agrees_on_what_people_write(text: str) -> None:
    assert ours(text) is not None
    assert ours(text) == theirs(text)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("# escape = \nFROM a", 1, "escape character"),
        ("", 1, "no instruction"),
        ("# only a comment\n", 1, "no instruction"),
        ("FROM a\nFOO b\n", 2, "unknown instruction 'FOO'"),
        ("FROM a\nENV a\n", 2, "must have two arguments"),
        ("FROM a\nENV a=b c\n", 2, "name=value"),
        ("FROM a\nCMD [1]\n", 2, "other than strings"),
        ("FROM a\nRUN <<EOF\nno end\n", 2, "has no end"),
        ("# escape=x\nFROM a\n", 1, "escape character"),
        ("# escape=\\\n# escape=`\nFROM a\n", 2, "stands twice"),
        ("FROM a\nONBUILD\n", 2, "ONBUILD without"),
        ("FROM a\nRUN \0\n", 2, "NUL"),
    ],
)
def test_a_refusal_names_the_line(text: str, line: int, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        dockerfile.read(text.encode(), where="Dockerfile")
    assert caught.value.where == f"Dockerfile line {line}"
    assert why in caught.value.why


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MalformedError, match="not UTF-8"):
        dockerfile.read(b"FROM a\nRUN \xff\n", where="Dockerfile")


def test_too_many_instructions_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="more than 10000"):
        dockerfile.read(b"FROM a\n" * 100_000, where="Dockerfile")


def test_what_onbuild_postpones_may_carry_a_document() -> None:
    (_, postponed) = dockerfile.read(b"FROM a\nONBUILD RUN <<EOF\nx\nEOF\n", where="Dockerfile").instructions
    assert postponed.inner is not None
    assert postponed.inner.name == "RUN"
    assert postponed.heredocs[0].content == "x\n"


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_lenient_reading_gives_the_same_where_the_strict_one_does(text: str) -> None:
    found = dockerfile.read_leniently(text.encode(), where="x")
    try:
        assert found == dockerfile.read(text.encode(), where="x").instructions
    except MalformedError:
        assert all(one.name in INSTRUCTIONS for one in found)


@given(st.binary(max_size=200))
def test_lenient_reading_reads_anything(data: bytes) -> None:
    dockerfile.read_leniently(data, where="x")


def test_lenient_reading_passes_over_what_is_no_instruction() -> None:
    text = b"# escape=?\nNONSENSE x\nFROM a\nENV\nRUN <<E\nFROM b\nE\nLABEL a\nCOPY [1]\nUSER \xff\n"
    assert [one.name for one in dockerfile.read_leniently(text, where="x")] == ["FROM", "ENV", "RUN", "USER"]
    with pytest.raises(UnsupportedError):
        dockerfile.read_leniently(b"RUN a\n" * 10_001, where="x")
