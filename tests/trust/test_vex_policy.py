"""The table of who may say what: strict to read, narrow to apply."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.errors import AssayError, MalformedError
from assay.model.vex import VexProduct, VexStatement
from assay.trust.expect import matches
from assay.trust.vex_policy import Scope, read, within
from signing import OTHER, P256
from vexplaces import pem, trust_row


def parse(text: str) -> object:
    return read(text.encode(), where="trust.toml", read_key=lambda name: pem(P256).encode() if name == "k.pub" else b"")


def test_a_key_from_a_file_or_in_the_row() -> None:
    policy = parse('[[vex.trust]]\nname = "a"\nkey = "k.pub"\nproducts = ["*"]\n' + trust_row("b", OTHER))
    assert [row.name for row in policy.rows] == ["a", "b"]  # type: ignore[attr-defined]
    assert len({key.key_id for key in policy.keyring().keys}) == 2  # type: ignore[attr-defined]


def test_an_identity_may_be_named_and_brings_no_key() -> None:
    policy = parse('[[vex.trust]]\nname = "a"\nidentity = "a@example.org"\nissuer = "https://i"\nproducts = ["*"]\n')
    assert policy.keyring().keys == ()  # type: ignore[attr-defined]


def test_tables_of_others_are_left_to_them() -> None:
    assert parse("[scan]\nx = 1\n" + trust_row("b", OTHER))


ROW = '[[vex.trust]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no [[vex.trust]] rows"),
        ("[vex]\ntrust = 3\n", "no [[vex.trust]] rows"),
        ("vex = 3\n", "no [[vex.trust]] rows"),
        ("[[vex.trust]", "not TOML"),
        (ROW + 'key = "k.pub"\n', "no scope"),
        (ROW + 'products = ["*"]\n', "exactly one of"),
        (ROW + 'key = "k.pub"\nidentity = "x"\nissuer = "y"\nproducts = ["*"]\n', "exactly one of"),
        (ROW + 'identity = "x"\nproducts = ["*"]\n', "belong together"),
        (ROW + 'key = "k.pub"\nproducts = [""]\n', "an empty pattern"),
        (ROW + 'key = "k.pub"\nproducts = ["*"]\nstatuses = ["fine"]\n', "Invalid enum value"),
        (ROW + 'key = "k.pub"\nproduct = ["*"]\n', "unknown field"),
        (ROW + 'key = "k.pub"\nproducts = "*"\n', "Expected `array`"),
        (ROW + 'key = "other.pub"\nproducts = ["*"]\n', ""),
        (ROW + 'key = "k.pub"\nproducts = ["*"]\nnot_after = "soon"\n', ""),
        ('[[vex.trust]]\nname = " "\nkey = "k.pub"\nproducts = ["*"]\n', "no name"),
        (2 * (ROW + 'key = "k.pub"\nproducts = ["*"]\n'), "two rows have the name 'a'"),
    ],
)
def test_a_policy_with_two_readings_is_refused(text: str, why: str) -> None:
    with pytest.raises(AssayError) as caught:
        parse(text)
    assert why in caught.value.why


def test_a_table_of_too_many_rows_is_refused() -> None:
    with pytest.raises(MalformedError, match="rows"):
        parse("".join(f'[[vex.trust]]\nname = "{n}"\n' for n in range(1001)))


patterns = st.text("ab*", max_size=8)


@given(patterns, st.text("ab", max_size=8))
def test_patterns_are_those_of_a_shell(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


def test_a_pattern_of_stars_ends_fast() -> None:
    assert not matches("*a" * 2_000 + "b", "a" * 20_000)


names = st.sampled_from(["CVE-1", "CVE-2", "GHSA-1"])
identifiers = st.sampled_from(["pkg:pypi/a@1", "pkg:pypi/b", "pkg:npm/a", "sha256:" + "ab" * 32, "x"])
products = st.builds(VexProduct, st.tuples(identifiers), st.lists(identifiers, max_size=2).map(tuple))
said = st.builds(
    lambda names, products, status: VexStatement(
        vulnerability=names[0], aliases=tuple(names[1:]), products=tuple(products), status=status
    ),
    st.lists(names, min_size=1, max_size=3, unique=True),
    st.lists(products, max_size=3),
    st.sampled_from(["not_affected", "fixed", "affected", "under_investigation"]),
)
scopes = st.builds(
    lambda products, vulnerabilities, images: Scope(
        products=tuple(products), vulnerabilities=tuple(vulnerabilities), images=tuple(images)
    ),
    st.lists(st.sampled_from(["*", "pkg:pypi/*", "pkg:pypi/a", "pkg:npm/*", "sha256:*"]), max_size=2),
    st.lists(st.sampled_from(["CVE-*", "cve-1", "GHSA-*"]), max_size=2),
    st.lists(st.sampled_from(["team/*", "other"]), max_size=1),
)


@given(said, scopes, st.sampled_from(["team/app", "other", ""]))
def test_a_scope_only_takes_away(statement: VexStatement, scope: Scope, image: str) -> None:
    kept, why = within(statement, scope, image)
    assert (kept is None) == bool(why)
    if kept is not None:
        assert {kept.vulnerability, *kept.aliases} <= {statement.vulnerability, *statement.aliases}
        assert set(kept.products) <= set(statement.products)
        assert bool(kept.products) == bool(statement.products)
        assert (kept.status, kept.justification) == (statement.status, statement.justification)
        assert within(kept, scope, image) == (kept, "")
