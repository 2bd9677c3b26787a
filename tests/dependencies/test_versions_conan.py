"""Conan's order, on cases whose answers Conan 2 itself gave; the order of text and numbers mixed has cycles."""

import pytest

from assay.dependencies.asking import ask
from assay.dependencies.versions import SCHEMES
from assay.model.inventory import Component

CONAN = SCHEMES["conan"]


@pytest.mark.parametrize(
    ("left", "order", "right"),
    [
        ("1.2.13", 1, "1.2.9"), ("1.0", 0, "1.0.0"), ("1.0.0.1", 1, "1"), ("1.1.1t", 1, "1.1.1s"), ("01", 0, "1"),
        ("1.2-alpha", -1, "1.2"), ("1.2-alpha", -1, "1.2-alpha.1"), ("1.2-rc.2", -1, "1.2-rc.10"), ("1+1", 1, "1"),
        ("1+1", -1, "1+2"), ("cci.20200101", 1, "9.9"), ("10", -1, "1a"), ("1a", -1, "2"), ("2", -1, "10"),
        ("9" * 400, 1, "8" * 400), ("1.2.3", None, "not a version"), ("", None, "1"),
    ],
)  # fmt: skip
def test_order(left: str, order: int | None, right: str) -> None:
    assert CONAN.compare(left, right) == order
    assert CONAN.compare(right, left) == (None if order is None else -order)
    one, other = CONAN.key(left), CONAN.key(right)
    if one is not None and other is not None:
        assert (one > other) - (one < other) == order


def test_only_plain_numbers_have_keys() -> None:
    assert [CONAN.key(text) is None for text in ("1.2", "1.2t", "1-a", "1+b", "cci.1")] == [
        False,
        True,
        True,
        True,
        True,
    ]


def test_a_conan_package_is_compared_in_this_order() -> None:
    item = Component(key="k", purl="pkg:conan/zlib@1.2.11", ecosystem="conan", name="zlib", version="1.2.11")
    question = ask(item, None)
    assert not isinstance(question, str)
    assert (question.ecosystems, question.scheme) == (("ConanCenter",), CONAN)
