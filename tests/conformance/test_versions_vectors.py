"""Every line of the shared version vectors, both directions; then every file sorted: the order must be transitive."""

from functools import cmp_to_key
from itertools import pairwise

import pytest

from assay.dependencies.versions import SCHEMES
from support import SHARED, needs_shared

FILES = {
    "apk-alpine": "apk",
    "cran-r": "cran",
    "dpkg-debian": "deb",
    "hackage-haskell": "hackage",
    "maven": "maven",
    "nuget": "nuget",
    "packagist-composer": "composer",
    "pub-dart": "pub",
    "pypi-pep440": "pep440",
    "rpm-redhat": "rpm",
    "rubygems": "gem",
    "semver-npm-go-crates": "semver",
}
SIGNS = {"<": -1, "=": 0, ">": 1}

NOT_APK = "not an apk version (the file calls it invalid; releases of apk differ on it): it cannot be compared"
UNKNOWN_SUFFIX = "an unknown suffix is no apk version: apk 3 refuses it"
NOT_COMPOSER = "'#' is no part of a version: Composer refuses it, so it cannot be compared"
BRANCH = "a branch has no place in the order of releases: Composer never matches one against a range"
NOT_PEP440 = "older than PEP 440, which refuses it: it cannot be compared"
EXCEPTIONS: dict[tuple[str, str], tuple[int | None, str]] = {
    **{
        ("apk-alpine", line): (None, NOT_APK)
        for line in (
            "1-r-0 < 1-r0", "1-r-1 < 1-r0", "0.r1 < 0r2", "0..1..0 < 0..1..1", "0...1...0 < 0...1...1",
            "0...1...0.r1 < 0...1...0.r2", "0...1...0r1 < 0...1...0r2", "0..8 = 0..8", "0..8 > 0...8",
            "0.8.21.r2 > 0.8.21.r1", "10.2.24.r0 > 10.2.22.r0", "0.8.21.r2 < 0.8.21r2", "1.2.0A < 1.2.0d",
            "1.2.0D < 1.2.0d", "1-r2 > 1-r-1", "1 > 1-ruff", "1-r0-1 = 1-r-2", "1-r0-1 = 1-r0-2",
            "1-ruff2 = 1-ruff1", "1-ruff2 = 1--ruff1", "1-r0-ruff2 = 1-r0-ruff1", ".1 < 1", "1 > .1", ".2 > .1",
            "a < b", "c > b", "c = c",
        )
    },
    **{
        ("apk-alpine", line): (None, UNKNOWN_SUFFIX)
        for line in ("1.2 > 1.2_blah", "1.2_svn1 > 1.2_csv2", "1.2_cvs1 > 1.2_blah")
    },
    ("maven", "1-1 = 1-ga-1"): (1, "Maven 3.8 itself calls the left one greater"),
    ("packagist-composer", "1.0.0 > 1.0"): (0, "PHP's own rule; Composer pads both to 1.0.0.0 before it compares"),
    ("packagist-composer", "dev-foo < 1.26.0"): (None, BRANCH),
    ("packagist-composer", "1.26.0 > dev-foo"): (None, BRANCH),
    **{
        ("packagist-composer", line): (None, NOT_COMPOSER)
        for line in (
            "1.2.3.# = 1.2.3", "1.2.3.# = 1.2.3.#", "1.2.3.# = 1.2.3.1", "1.2.3.#.1 > 1.2.3", "1.2.3.#.p3 > 1.2.3",
            "1.2.3.#.beta < 1.2.3",
        )
    },
    **{
        ("pypi-pep440", f"-class.-jw.util.version.version-{word} < 1.0"): (None, NOT_PEP440)
        for word in ("pre", "preview", "dev")
    },
}  # fmt: skip
"""(file, line) to what we answer, and why that is right."""


def lines_of(name: str) -> list[str]:
    if SHARED is None:
        return []
    text = SHARED.joinpath("vectors", "versions", f"{name}.txt").read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("#", "//"))]


CASES = [
    pytest.param(name, line, id=f"{name}:{number}:{line}")
    for name in FILES
    for number, line in enumerate(lines_of(name), 1)
]


@needs_shared
@pytest.mark.parametrize(("name", "line"), CASES)
def test_line_holds_in_both_directions(name: str, line: str) -> None:
    left, sign, right = line.split(" ")
    expected, _ = EXCEPTIONS.get((name, line), (SIGNS[sign], ""))
    scheme = SCHEMES[FILES[name]]
    assert scheme.compare(left, right) == expected
    assert scheme.compare(right, left) == (None if expected is None else -expected)
    one, other = scheme.key(left), scheme.key(right)
    if one is not None and other is not None:
        assert (one > other) - (one < other) == expected, "the keys' order is the order"


@needs_shared
def test_every_exception_is_a_line_of_its_file() -> None:
    assert {key for key in EXCEPTIONS if key[1] not in lines_of(key[0])} == set()


@needs_shared
@pytest.mark.parametrize("name", [n for n in FILES if n != "maven"])
def test_order_of_a_whole_file_is_transitive(name: str) -> None:
    scheme = SCHEMES[FILES[name]]
    found = {word for line in lines_of(name) for word in line.split(" ")[::2]}
    versions = sorted(version for version in found if scheme.key(version) is not None)
    versions.sort(key=cmp_to_key(lambda a, b: scheme.compare(a, b) or 0))
    assert len(versions) > 5
    for place, version in enumerate(versions):
        for later in versions[place + 1 :]:
            order = scheme.compare(version, later)
            assert order is not None
            assert order <= 0


@needs_shared
def test_maven_order_is_the_order_of_keys_for_plain_versions() -> None:
    """Maven's order itself is not transitive; that of plain versions is."""
    scheme = SCHEMES["maven"]
    found = {word for line in lines_of("maven") for word in line.split(" ")[::2]}
    keyed = sorted((key, version) for version in found if (key := scheme.key(version)) is not None)
    assert len(keyed) > 10
    for (low, left), (high, right) in pairwise(keyed):
        assert scheme.compare(left, right) == (-1 if low < high else 0)
