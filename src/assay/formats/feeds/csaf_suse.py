"""What SUSE's documents mean where their lines contradict each other, as they do in nearly every document with a fix.

SUSE leaves a package among the affected ones, without a version, after its fix is out: what is fixed in a release then
is affected below the fix, and not for ever. Once general support ends, fixes are told for `…-LTSS` alone, and the
release's own images ship those very builds. A binary package may be left out of the list of fixed ones though the
source it was built from is fixed there; the same document tells its version of that build for another release.
"""

import re
from collections import defaultdict

from assay.model.purl import Purl

_LTSS = "-LTSS"
_BUILD = re.compile(r"(.{1,200})-([^-]{1,100}-[^-]{1,100})\.src\.rpm")
Place = tuple[str, str]
"""Ecosystem and name."""


def is_suse(ecosystem: str) -> bool:
    """Whether a release is one of SUSE's."""
    return ecosystem.startswith(("SUSE:", "openSUSE:"))


def is_mangled(parsed: Purl) -> bool:
    """Whether a package URL without a build has cut the name: `libpcre2-8-0` becomes `libpcre2@8-0` in its data."""
    built = _BUILD.fullmatch(dict(parsed.qualifiers).get("upstream", ""))
    return built is None and "." not in (parsed.version or "")


def source_of(parsed: Purl) -> str:
    """Name, version and release of the source package a binary was built from, `openldap2-2.4.46-9.19.2`; or empty."""
    built = _BUILD.fullmatch(dict(parsed.qualifiers).get("upstream", ""))
    return f"{built[1]}-{built[2]}" if built else ""


def settle(
    fixed: dict[Place, set[str]], unfixed: dict[tuple[str, str, str], set[str]], builds: dict[Place, dict[str, str]]
) -> None:
    """Take away what is affected without a version where the same document knows the version that is not; in place.

    Args:
        fixed: versions that fix, by release and name.
        unfixed: versions affected (empty = every one), by release, name and the publisher's word.
        builds: of what is fixed, the source of each version.
    """
    versions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    sources: dict[str, set[str]] = defaultdict(set)
    for (ecosystem, name), known in builds.items():
        for version, source in known.items():
            versions[name][source].add(version)
            sources[ecosystem].add(source)
    for ecosystem, name, state in sorted(unfixed):
        if not is_suse(ecosystem) or "" not in unfixed[(ecosystem, name, state)]:
            continue
        if fixed.get((ecosystem, name)) or fixed.get((ecosystem + _LTSS, name)):
            del unfixed[(ecosystem, name, state)]
        elif state == "open" and (same := _siblings(ecosystem, versions.get(name, {}), sources)):
            del unfixed[(ecosystem, name, state)]
            fixed[(ecosystem, name)] |= same
    # Long-term support goes on from the release's own builds, and one image is asked about in both.
    for ecosystem, name, state in sorted(unfixed):
        if ecosystem.endswith(_LTSS) and fixed.get((ecosystem.removesuffix(_LTSS), name)):
            del unfixed[(ecosystem, name, state)]


def _siblings(ecosystem: str, known: dict[str, set[str]], sources: dict[str, set[str]]) -> set[str]:
    """This package's versions of the builds that fixed others of its source in this release."""
    here = sources.get(ecosystem, set()) or sources.get(ecosystem + _LTSS, set())
    return {version for source, found in known.items() if source in here for version in found}
