"""tlog-policy files: what counts, what may be counted, and once only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import logpolicy, vkey
from assay.formats.logpolicy import Group
from assay.model.errors import MalformedError, UnsupportedError
from assay.trust import notes
from logkeys import P256_LOG, QUANTUM, log_key, witness_key

LOG = vkey.write(log_key())
W = [vkey.write(witness_key(i)) for i in range(4)]
PQ = vkey.write(notes.key_of("w.example/pq", QUANTUM.public_key(), cosigner=True, where="x"))


def parse(*lines: str):
    return logpolicy.parse("".join(f"{line}\n" for line in lines), where="policy")


def test_the_standards_example():
    found = parse(
        f"log {LOG}", "", f"witness X1 {W[0]}", f"witness X2 {W[1]}  https://w.example/x2/", "\t# a comment",
        f"witness X3 {W[2]}", "group X-witnesses 2 X1 X2 X3", f" witness\tY1 {W[3]} ", f"witness Y2 {PQ}",
        "group Y-witnesses any Y1 Y2", "group X-and-Y all X-witnesses Y-witnesses", "quorum X-and-Y",
    )  # fmt: skip
    assert [log.key for log in found.logs] == [log_key()]
    assert [w.name for w in found.witnesses] == ["X1", "X2", "X3", "Y1", "Y2"]
    assert found.witnesses[1].url == "https://w.example/x2/"
    assert found.groups == (
        Group("X-witnesses", 2, ("X1", "X2", "X3")),
        Group("Y-witnesses", 1, ("Y1", "Y2")),
        Group("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
    )
    assert found.quorum == "X-and-Y"


def test_no_witnesses_at_all():
    assert parse("quorum none") == logpolicy.LogPolicy()


def test_names_are_opaque_octets():
    text = f"witness \udce2\udc84 {W[0]}\nquorum \udce2\udc84"
    assert logpolicy.parse(text, where="x").quorum == "\udce2\udc84"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "no quorum"),
        (["quorum none", "quorum none"], "second quorum"),
        (["quorum a"], "not defined before"),
        (["group g any a", "quorum g"], "not defined before"),
        ([f"witness a {W[0]}", "group g any none", "quorum g"], "not defined before"),
        ([f"witness a {W[0]}", f"witness a {W[1]}", "quorum a"], "defined twice"),
        ([f"witness none {W[0]}", "quorum none"], "defined twice"),
        ([f"witness a {W[0]}", "group a any a", "quorum a"], "defined twice"),
        ([f"witness a {W[0]}", f"witness b {W[0]}", "quorum a"], "second witness with the same key"),
        ([f"log {LOG}", f"log {LOG}", "quorum none"], "second log with the same key"),
        ([f"witness a {W[0]}", "group g 2 a a", "quorum g"], "member twice"),
        ([f"witness a {W[0]}", "group g any a", "group h any a", "quorum g"], "member twice"),
        ([f"witness a {W[0]}", "group g 2 a", "quorum g"], "can never be"),
        ([f"witness a {W[0]}", "group g 0 a", "quorum g"], "neither a number"),
        ([f"witness a {W[0]}", "group g 01 a", "quorum g"], "neither a number"),
        ([f"witness a {W[0]}", "group g any", "quorum g"], "no such line"),
        (["quorum"], "no such line"),
        (["quorum none extra"], "no such line"),
        (["Quorum none"], "no such line"),
        ([f"witness a {W[0]} url more", "quorum a"], "no such line"),
        (["quorum none\r"], "control character"),
        (["quorum\x7f none"], "control character"),
        ([f"witness a {W[0][:-4]}", "quorum a"], "expected 32|base64"),
        ([f"witness a {W[0].replace('example', 'Example')}", "quorum a"], "key's id is"),
        (["quorum\u00a0none"], "no such line"),
    ],
)  # fmt: skip
def test_refused(lines, why):
    with pytest.raises(MalformedError, match=why):
        parse(*lines)


def test_a_kind_of_key_outside_its_role_is_refused():
    """A log's key cannot cosign: Ed25519 cosignatures have another type and another message."""
    with pytest.raises(UnsupportedError, match="witness does not sign"):
        parse(f"witness a {LOG}", "quorum a")
    with pytest.raises(UnsupportedError, match="log does not sign"):
        parse(f"log {W[0]}", "quorum none")
    with pytest.raises(UnsupportedError, match="0x05"):
        parse("log a+00000000+BQAA", "quorum none")


def test_bounds():
    with pytest.raises(MalformedError, match="limit"):
        parse("#" * 300_000, "quorum none")
    with pytest.raises(MalformedError, match="no such line"):
        parse(f"witness a {W[0]}", "group g any " + "a " * 1001, "quorum g")


KEYS = [LOG, PQ, *W, vkey.write(log_key(P256_LOG, "rekor.example"))]


@pytest.mark.parametrize("line", KEYS, ids=range(len(KEYS)))
def test_keys_are_read_as_written(line):
    assert vkey.write(vkey.read(line, where="x")) == line


def test_a_published_key():
    line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert vkey.write(vkey.read(line, where="x")) == line


@given(st.text(max_size=40))
def test_any_text_is_a_policy_or_refused(text):
    for candidate in (text, f"witness a {W[0]}\n{text}", f"log {text}\nquorum none\n"):
        try:
            logpolicy.parse(candidate, where="x")
        except (MalformedError, UnsupportedError):
            continue
