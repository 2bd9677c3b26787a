"""Which ecosystem orders its versions how. Grow by rows."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module

from assay.dependencies.versions.scheme import Scheme


def _no_key(version: str) -> bytes | None:
    return None


def _same_text(a: str, b: str) -> int | None:
    return 0 if a == b else None


GENERIC = Scheme("generic", 1, _no_key, _same_text)
"""Order unknown: two versions are the same text, or cannot be compared."""

_PLACES = {
    "apk": "apk.APK",
    "composer": "composer.COMPOSER",
    "conan": "conan.CONAN",
    "cran": "numbers.CRAN",
    "datetime": "moments.DATETIME",
    "deb": "deb.DEB",
    "gem": "gem.GEM",
    "generic": "table.GENERIC",
    "gentoo": "gentoo.GENTOO",
    "hackage": "numbers.HACKAGE",
    "lexicographic": "moments.LEXICOGRAPHIC",
    "maven": "maven.MAVEN",
    "nuget": "nuget.NUGET",
    "pep440": "pep440.PEP440",
    "pub": "semver.PUB",
    "rpm": "rpm.RPM",
    "semver": "semver.SEMVER",
}


class _Schemes(Mapping[str, Scheme]):
    """Loads a scheme's module when it is first asked for: all of them take 8 ms, an image needs two or three."""

    def __init__(self) -> None:
        self._loaded: dict[str, Scheme] = {}

    def __getitem__(self, name: str) -> Scheme:
        found = self._loaded.get(name)
        if found is None:
            module, _, constant = _PLACES[name].partition(".")
            found = self._loaded[name] = getattr(import_module(f"assay.dependencies.versions.{module}"), constant)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


SCHEMES: Mapping[str, Scheme] = _Schemes()
"""Every scheme by name."""

_ECOSYSTEMS = {
    "AlmaLinux": "rpm",
    "Alpaquita": "apk",
    "Alpine": "apk",
    "Azure Linux": "rpm",
    "BellSoft Hardened Containers": "apk",
    "Bitnami": "semver",
    "ConanCenter": "conan",
    "CRAN": "cran",
    "Chainguard": "apk",
    "crates.io": "semver",
    "Debian": "deb",
    "Echo": "deb",
    "GHC": "hackage",
    "GitHub Actions": "semver",
    "Go": "semver",
    "Hackage": "hackage",
    "Hex": "semver",
    "MinimOS": "apk",
    "Mageia": "rpm",
    "Maven": "maven",
    "npm": "semver",
    "NuGet": "nuget",
    "openEuler": "rpm",
    "openSUSE": "rpm",
    "Packagist": "composer",
    "Photon OS": "rpm",
    "Pub": "pub",
    "PyPI": "pep440",
    "Red Hat": "rpm",
    "Rocky Linux": "rpm",
    "RubyGems": "gem",
    "SUSE": "rpm",
    "SwiftURL": "semver",
    "Ubuntu": "deb",
    "Wolfi": "apk",
}
"""OSV schema, "Defined ecosystems"; a name missing here cannot be compared."""


def encoder_versions() -> dict[str, int]:
    """Version of every key encoder, by scheme."""
    return {name: scheme.encoder_version for name, scheme in sorted(SCHEMES.items())}


@lru_cache(maxsize=1_024)
def scheme_for(osv_ecosystem: str) -> Scheme | None:
    """The order of an ecosystem as OSV writes it (`Debian:12`, `PyPI`, …); None when nobody here knows it.

    >>> scheme_for("Debian:12").name, scheme_for("Alpine:v3.17").name, scheme_for("Fortran")
    ('deb', 'apk', None)
    """
    name = _ECOSYSTEMS.get(osv_ecosystem.partition(":")[0])
    return SCHEMES[name] if name is not None else None


_PURL_TYPES = {
    "apk": "apk",
    "bitnami": "semver",
    "cargo": "semver",
    "composer": "composer",
    "conan": "conan",
    "cran": "cran",
    "datetime": "datetime",
    "deb": "deb",
    "ebuild": "gentoo",
    "gem": "gem",
    "gentoo": "gentoo",
    "github": "semver",
    "golang": "semver",
    "hackage": "hackage",
    "hex": "semver",
    "lexicographic": "lexicographic",
    "maven": "maven",
    "npm": "semver",
    "nuget": "nuget",
    "pub": "pub",
    "pypi": "pep440",
    "rpm": "rpm",
    "swift": "semver",
}


@lru_cache(maxsize=1_024)
def scheme_of_type(purl_type: str) -> Scheme:
    """The order of versions of a purl type, or of a scheme of vers-spec; `GENERIC` when nobody here knows it.

    >>> scheme_of_type("deb").name, scheme_of_type("fortran").name
    ('deb', 'generic')
    """
    return SCHEMES[_PURL_TYPES.get(purl_type, "generic")]
