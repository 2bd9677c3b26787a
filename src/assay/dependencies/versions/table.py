"""Which ecosystem orders its versions how. Grow by rows."""

from functools import lru_cache

from assay.dependencies.versions.apk import APK
from assay.dependencies.versions.composer import COMPOSER
from assay.dependencies.versions.conan import CONAN
from assay.dependencies.versions.deb import DEB
from assay.dependencies.versions.gem import GEM
from assay.dependencies.versions.gentoo import GENTOO
from assay.dependencies.versions.maven import MAVEN
from assay.dependencies.versions.moments import DATETIME, LEXICOGRAPHIC
from assay.dependencies.versions.nuget import NUGET
from assay.dependencies.versions.numbers import CRAN, HACKAGE
from assay.dependencies.versions.pep440 import PEP440
from assay.dependencies.versions.rpm import RPM
from assay.dependencies.versions.scheme import Scheme
from assay.dependencies.versions.semver import PUB, SEMVER


def _no_key(version: str) -> bytes | None:
    return None


def _same_text(a: str, b: str) -> int | None:
    return 0 if a == b else None


GENERIC = Scheme("generic", 1, _no_key, _same_text)
"""Order unknown: two versions are the same text, or cannot be compared."""

SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        APK, COMPOSER, CONAN, CRAN, DATETIME, DEB, GEM, GENERIC, GENTOO, HACKAGE, LEXICOGRAPHIC, MAVEN, NUGET, PEP440,
        PUB, RPM, SEMVER,
    )
}  # fmt: skip
"""Every scheme by name."""

_ECOSYSTEMS: dict[str, Scheme] = {
    "AlmaLinux": RPM,
    "Alpaquita": APK,
    "Alpine": APK,
    "Azure Linux": RPM,
    "BellSoft Hardened Containers": APK,
    "Bitnami": SEMVER,
    "ConanCenter": CONAN,
    "CRAN": CRAN,
    "Chainguard": APK,
    "crates.io": SEMVER,
    "Debian": DEB,
    "Echo": DEB,
    "GHC": HACKAGE,
    "GitHub Actions": SEMVER,
    "Go": SEMVER,
    "Hackage": HACKAGE,
    "Hex": SEMVER,
    "MinimOS": APK,
    "Mageia": RPM,
    "Maven": MAVEN,
    "npm": SEMVER,
    "NuGet": NUGET,
    "openEuler": RPM,
    "openSUSE": RPM,
    "Packagist": COMPOSER,
    "Photon OS": RPM,
    "Pub": PUB,
    "PyPI": PEP440,
    "Red Hat": RPM,
    "Rocky Linux": RPM,
    "RubyGems": GEM,
    "SUSE": RPM,
    "SwiftURL": SEMVER,
    "Ubuntu": DEB,
    "Wolfi": APK,
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
    return _ECOSYSTEMS.get(osv_ecosystem.partition(":")[0])


_PURL_TYPES: dict[str, Scheme] = {
    "apk": APK,
    "bitnami": SEMVER,
    "cargo": SEMVER,
    "composer": COMPOSER,
    "conan": CONAN,
    "cran": CRAN,
    "datetime": DATETIME,
    "deb": DEB,
    "ebuild": GENTOO,
    "gem": GEM,
    "gentoo": GENTOO,
    "github": SEMVER,
    "golang": SEMVER,
    "hackage": HACKAGE,
    "hex": SEMVER,
    "lexicographic": LEXICOGRAPHIC,
    "maven": MAVEN,
    "npm": SEMVER,
    "nuget": NUGET,
    "pub": PUB,
    "pypi": PEP440,
    "rpm": RPM,
    "swift": SEMVER,
}


def scheme_of_type(purl_type: str) -> Scheme:
    """The order of versions of a purl type, or of a scheme of vers-spec; `GENERIC` when nobody here knows it.

    >>> scheme_of_type("deb").name, scheme_of_type("fortran").name
    ('deb', 'generic')
    """
    return _PURL_TYPES.get(purl_type, GENERIC)
