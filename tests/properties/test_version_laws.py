"""Laws of every version scheme: a total order, equal versions equal keys, the keys' order is the order, no text hurts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.dependencies.versions import SCHEMES, VERSION_CHARACTERS

NAMES = sorted(SCHEMES)
KEYED = [name for name in NAMES if name not in ("conan", "generic", "maven")]  # whose orders have cycles, or are none
WORDS = [
    "0", "1", "2", "9", "10", "00", "01", "007", ".", "-", "_", "~", "^", "+", ":", "!", "a", "b", "rc", "alpha", "beta",
    "dev", "post", "pre", "p", "git", "snapshot", "final", "v", "A", "RC", "-r1", "+deb12u1", "~bpo12+1", "el7", "#", " ",
]  # fmt: skip
version_like = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map("".join),
    st.builds("{}.{}{}".format, st.integers(0, 12), st.integers(0, 3), st.sampled_from(["", ".0", "-rc1", "a", ".1"])),
)
any_text = st.one_of(version_like, st.text(max_size=40))


@pytest.mark.parametrize("name", KEYED)
@given(a=version_like, b=version_like, c=version_like)
@settings(max_examples=150, deadline=None)
def test_total_order(name: str, a: str, b: str, c: str) -> None:
    compare = SCHEMES[name].compare
    ab, bc, ac = compare(a, b), compare(b, c), compare(a, c)
    assert compare(a, a) in (0, None)
    assert compare(b, a) == (None if ab is None else -ab)
    if ab is not None and bc is not None:
        assert ac is not None
        if ab <= 0 and bc <= 0:
            assert ac <= 0
            assert (ac == 0) == (ab == 0 and bc == 0)


@pytest.mark.parametrize("name", NAMES)
@given(a=version_like, b=version_like)
@settings(max_examples=200, deadline=None)
def test_order_of_keys_is_the_order(name: str, a: str, b: str) -> None:
    scheme = SCHEMES[name]
    one, other = scheme.key(a), scheme.key(b)
    if one is None or other is None:
        return
    order = scheme.compare(a, b)
    assert order == (one > other) - (one < other)
    assert (one == other) == (order == 0)
    # an inclusive upper bound is stored as key + 00: nothing may lie between
    assert (one < other + b"\0") == (order <= 0)


@pytest.mark.parametrize("name", NAMES)
@given(a=any_text, b=any_text)
@settings(max_examples=100, deadline=None)
def test_no_text_raises(name: str, a: str, b: str) -> None:
    scheme = SCHEMES[name]
    assert scheme.compare(a, b) in (-1, 0, 1, None)
    key = scheme.key(a)
    assert key is None or isinstance(key, bytes)
    assert key is None or scheme.compare(a, a) == 0


@given(a=version_like, b=version_like)
@settings(max_examples=300, deadline=None)
def test_maven_compares_both_ways_alike(a: str, b: str) -> None:
    order = SCHEMES["maven"].compare(a, b)
    assert SCHEMES["maven"].compare(b, a) == (None if order is None else -order)


HOSTILE = [
    "1" * VERSION_CHARACTERS, "1." * (VERSION_CHARACTERS // 2), "1-" * (VERSION_CHARACTERS // 2), "1a" * 500, "a1" * 500,
    "~" * 1_000, "." * 1_000, "-" * 1_000, "1_p" * 333, "1.0-" + "a" * 990, "0" * 1_000, "1+" + "a." * 499, "1" * 10**6,
    "1.0" + "." * 996, "\udcff", "١", "1\x00", "", " ", "1\n", "9" * 700, "1!" * 500, "1:" * 500, "1~" * 500,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_hostile_text_ends_fast(name: str) -> None:
    scheme = SCHEMES[name]
    start = time.process_time()
    for text in [*HOSTILE, *(text[:990] + end for text in HOSTILE for end in "#.-_~!")]:
        scheme.key(text)
        scheme.compare(text, text + "1")
        scheme.compare("1.0", text)
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_too_long_is_not_compared(name: str) -> None:
    text = "1." * VERSION_CHARACTERS + "0"
    assert SCHEMES[name].key(text) is None
    if name != "generic":
        assert SCHEMES[name].compare(text, "1.0") is None


@pytest.mark.parametrize("name", NAMES)
def test_a_scheme_bears_the_name_it_is_found_by(name: str) -> None:
    assert SCHEMES[name].name == name
    assert SCHEMES[name] is SCHEMES[name]
