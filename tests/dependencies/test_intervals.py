"""What is kept of an affected package: keys where there are keys, text elsewhere, nothing twice."""

import pytest

from assay.dependencies.intervals import bounds, stored_ranges
from assay.dependencies.merging import merge
from assay.dependencies.names import canonical_name
from assay.dependencies.versions import scheme_for
from assay.model.advisory import Advisory, Affected, Score, VersionRange

KEY = scheme_for("PyPI").key


def _stored(**more: object):
    return list(stored_ranges(Affected(ecosystem="PyPI", name="A.B", **more), advisory="T-1", feed="f", key=KEY))


def test_a_range_becomes_an_interval_of_keys():
    (row,) = _stored(ranges=(VersionRange(introduced="1.0", fixed="2.0"),))
    assert (row.name, row.lo, row.hi, row.introduced, row.fixed) == ("a-b", KEY("1.0"), KEY("2.0"), "1.0", "2.0")


def test_an_inclusive_bound_holds_its_version_and_nothing_above():
    low, high = bounds(VersionRange(last_affected="2.0"), KEY)
    assert low == b""
    assert KEY("2.0") < high <= KEY("2.0.post1")
    assert KEY("2.0.0") < high


def test_the_lowest_upper_bound_counts():
    assert bounds(VersionRange(fixed="3.0", limit="2.0"), KEY) == (b"", KEY("2.0"))


def test_a_range_that_ends_before_it_begins_is_no_interval():
    for item in (VersionRange(introduced="2.0", fixed="1.0"), VersionRange(introduced="2.0", last_affected="1.9")):
        assert bounds(item, KEY) is None
    assert bounds(VersionRange(introduced="2.0", last_affected="2.0"), KEY) is not None
    assert bounds(VersionRange(introduced="2.0", limit="1.0"), KEY) is not None, "a limit cuts, it contradicts nothing"


@pytest.mark.parametrize(
    "item", [VersionRange(introduced="> 1"), VersionRange(fixed="?"), VersionRange(last_affected="<= 4")]
)
def test_a_bound_without_a_key_is_compared_as_text(item):
    assert bounds(item, KEY) is None
    (row,) = _stored(ranges=(item,))
    assert (row.lo, row.hi) == (None, None)


def test_listed_versions_that_the_ranges_hold_are_not_kept_again():
    rows = _stored(ranges=(VersionRange(fixed="2.0"),), versions=("1.0", "2.0", "not a version"))
    assert [row.versions for row in rows] == [(), ("2.0",), ("not a version",)]
    assert (rows[1].lo, rows[1].hi) == (KEY("2.0"), KEY("2.0") + b"\0")
    assert rows[2].lo is None


def test_a_package_without_versions_stays_as_unspecified():
    (row,) = _stored(state="unspecified")
    assert (row.lo, row.versions, row.state) == (None, (), "unspecified")


def test_names():
    assert canonical_name("PyPI", "Foo__Bar.baz") == "foo-bar-baz"
    assert canonical_name("Packagist", "Vendor/Package") == "vendor/package"
    assert canonical_name("Go", "github.com/BurntSushi/toml") == "github.com/burntsushi/toml"
    assert canonical_name("Debian:12", "libX11") == "libX11"


def test_merging_loses_nothing():
    first = Advisory(
        id="A",
        feed="one",
        aliases=("x",),
        summary="",
        withdrawn="2025",
        severity="low",
        category="informational",
        published="2024",
        modified="2024",
        references=("u",),
    )
    second = Advisory(
        id="A",
        feed="two",
        aliases=("y",),
        summary="s",
        severity="high",
        published="2023",
        modified="2025",
        references=("u", "v"),
        scores=(Score("3.1", 9.8, "critical", "", "two"),),
    )
    joined = merge(first, second)
    assert joined == Advisory(
        id="A", feed="one", aliases=("x", "y"), summary="s", withdrawn="", severity="high", category="vulnerability",
        published="2023", modified="2025", references=("u", "v"), scores=second.scores,
    )  # fmt: skip
    assert merge(first, first) == first
