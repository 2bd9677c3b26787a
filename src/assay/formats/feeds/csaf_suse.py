"""What SUSE's documents mean where their lines contradict each other, as they do in nearly every document with a fix.

SUSE leaves a package among the affected ones, without a version, after its fix is out: what is fixed in a release then
is affected below the fix, and not for ever. A release has channels (its server, its modules, `…-LTSS`, `…-ESPOS`) that
carry the same builds; once general support ends, fixes are told for long-term support alone, and the release's own
images ship those very builds. A binary package may be left out of the list of fixed ones though the source it was
built from is fixed there; the same document tells its version of that build for another release.
"""

import re
from collections import defaultdict

from assay.model.purl import Purl

_RELEASE = re.compile(r"SUSE:Linux Enterprise (?!Micro).{0,80}?([1-9][0-9](?:\.[0-9])?(?: SP[1-9])?)(?:-[A-Z]{2,10})?")
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


def release_of(ecosystem: str) -> str:
    """What all channels of one release have in common; other products of SUSE's stand alone; empty for other vendors'.

    >>> [release_of(f"SUSE:Linux Enterprise {name}") for name in ("Server 12 SP4-LTSS", "Module for Legacy 12 SP4")]
    ['12 SP4', '12 SP4']
    """
    match = _RELEASE.fullmatch(ecosystem)
    return match[1] if match else ecosystem if is_suse(ecosystem) else ""


def settle(
    fixed: dict[Place, set[str]], unfixed: dict[tuple[str, str, str], set[str]], builds: dict[Place, dict[str, str]]
) -> None:
    """Bound what is affected without a version where the same document knows the version that is not; in place.

    Args:
        fixed: versions that fix, by channel and name.
        unfixed: versions affected (empty = every one), by channel, name and the publisher's word.
        builds: of what is fixed, the source of each version.
    """
    known = _Known(fixed, builds)
    for ecosystem, name, state in sorted(unfixed):
        release = release_of(ecosystem)
        if not release or "" not in unfixed[(ecosystem, name, state)]:
            continue
        found = known.fixes(ecosystem, release, name) or (known.siblings(release, name) if state == "open" else set())
        if found:
            del unfixed[(ecosystem, name, state)]
            fixed[(ecosystem, name)] |= found


class _Known:
    """What a document says of fixes, before anything is concluded from it."""

    def __init__(self, fixed: dict[Place, set[str]], builds: dict[Place, dict[str, str]]) -> None:
        self._own = {place: set(versions) for place, versions in fixed.items()}
        self._released: dict[Place, set[str]] = defaultdict(set)
        self._versions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._sources: dict[str, set[str]] = defaultdict(set)
        for (ecosystem, name), versions in fixed.items():
            self._released[(release_of(ecosystem), name)] |= versions
        for (ecosystem, name), sources in builds.items():
            for version, source in sources.items():
                self._versions[name][source].add(version)
                self._sources[release_of(ecosystem)].add(source)

    def fixes(self, ecosystem: str, release: str, name: str) -> set[str]:
        """The channel's own fixes, else those of the release's other channels."""
        return self._own.get((ecosystem, name)) or self._released.get((release, name), set())

    def siblings(self, release: str, name: str) -> set[str]:
        """This package's versions of the builds that fixed others of their source in this release."""
        here = self._sources.get(release, set())
        return {
            version for source, found in self._versions.get(name, {}).items() if source in here for version in found
        }
