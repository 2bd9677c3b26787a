"""Which OSV ecosystem a distribution's release is, and which suite a Debian package's version speaks of."""

import re
from collections.abc import Callable

import msgspec

from assay.model.inventory import Distro

DEBIAN_RELEASES = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}

PRO = "Ubuntu:Pro:"
"""Begins the ecosystems of which Ubuntu Pro alone has the fixes."""

_MAJOR = re.compile(r"[0-9]{1,9}(?![0-9])")
_MINOR = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}(?![0-9])")


def _major(prefix: str) -> Callable[[Distro], tuple[str, ...]]:
    def ecosystems(distro: Distro) -> tuple[str, ...]:
        match = _MAJOR.match(distro.version_id)
        return (f"{prefix}:{match[0]}",) if match else ()

    return ecosystems


def _minor(prefix: str) -> Callable[[Distro], tuple[str, ...]]:
    def ecosystems(distro: Distro) -> tuple[str, ...]:
        match = _MINOR.match(distro.version_id)
        return (f"{prefix}:{match[0]}",) if match else ()

    return ecosystems


def _debian(distro: Distro) -> tuple[str, ...]:
    match = _MAJOR.match(distro.version_id)
    number = match[0] if match else DEBIAN_RELEASES.get(distro.codename, "")
    return (f"Debian:{number}",) if number else ()


def _ubuntu(distro: Distro) -> tuple[str, ...]:
    """Releases with long-term support carry a mark in OSV; both spellings are asked for.

    What only subscribers of Ubuntu Pro get a fix for stands apart (`Ubuntu:Pro:…`): it is a flaw of this image too.
    """
    match = _MINOR.match(distro.version_id)
    if not match:
        return ()
    year, month = match[0].split(".")
    plain = f"Ubuntu:{match[0]}"
    if month != "04" or int(year) % 2:
        return (plain,)
    return plain, f"{plain}:LTS", f"{PRO}{match[0]}:LTS"


def _alpine(distro: Distro) -> tuple[str, ...]:
    """A pre-release (`3.20_alpha20240329`) is the development branch."""
    match = _MINOR.match(distro.version_id)
    if "edge" in distro.version_id or "_alpha" in distro.version_id:
        return ("Alpine:edge",)
    return (f"Alpine:v{match[0]}",) if match else ()


_RED_HAT_CHANNELS = (
    "", "::appstream", "::baseos", "::crb", "::highavailability", "::nfv", "::realtime", "::resilientstorage",
    "::sap", "::sap_hana", "::supplementary",
)  # fmt: skip
_RED_HAT_SEVEN = ("", "::server", "::client", "::workstation", "::computenode")


def _red_hat(distro: Distro) -> tuple[str, ...]:
    """The main stream's channels, by CPE; streams of longer support (`rhel_eus:9.2`) are other products."""
    match = _MAJOR.match(distro.version_id)
    if not match:
        return ()
    major = match[0]
    channels = _RED_HAT_SEVEN if int(major) < 8 else _RED_HAT_CHANNELS
    names = [f"Red Hat:enterprise_linux:{major}{channel}" for channel in channels]
    minor = _MINOR.match(distro.version_id)
    if int(major) >= 10 and minor:
        names += [f"Red Hat:enterprise_linux:{minor[0]}{channel}" for channel in channels]
    return (*names, f"Red Hat:{major}")


_SUSE_MODULES = (
    "Linux Enterprise Server {}", "Linux Enterprise Module for Basesystem {}",
    "Linux Enterprise Module for Server Applications {}", "Linux Enterprise Module for Development Tools {}",
    "Linux Enterprise Module for Web and Scripting {}", "Linux Enterprise Module for Python 3 {}",
    "Linux Enterprise Module for Containers {}", "Linux Enterprise Module for Legacy {}",
    "Linux Enterprise Module for Public Cloud {}", "Linux Enterprise Server {}-LTSS",
)  # fmt: skip


def _suse(distro: Distro) -> tuple[str, ...]:
    """Server and its modules; `15.5` is called `15 SP5`."""
    match = _MAJOR.match(distro.version_id)
    if not match:
        return ()
    _, dot, pack = distro.version_id.partition(".")
    if dot and not (pack.isascii() and pack.isdigit()):
        return ()
    release = f"{match[0]} SP{pack}" if dot and pack != "0" else match[0]
    if int(match[0]) >= 16:
        release = distro.version_id
    return tuple(f"SUSE:{name.format(release)}" for name in _SUSE_MODULES)


def _leap(distro: Distro) -> tuple[str, ...]:
    match = _MINOR.match(distro.version_id)
    return (f"openSUSE:Leap {match[0]}",) if match else ()


_OPENEULER = re.compile(r"\((LTS(?:-SP[0-9]+)?)\)")


def _openeuler(distro: Distro) -> tuple[str, ...]:
    """`24.03 (LTS-SP1)` is called `24.03-LTS-SP1`: the service pack stands in os-release's names alone."""
    match = _MINOR.match(distro.version_id)
    if not match:
        return ()
    marked = _OPENEULER.search(distro.name) or _OPENEULER.search(distro.codename)
    return (f"openEuler:{match[0]}-{marked[1]}",) if marked else (f"openEuler:{match[0]}-LTS", f"openEuler:{match[0]}")


def _rolling(name: str) -> Callable[[Distro], tuple[str, ...]]:
    def ecosystems(distro: Distro) -> tuple[str, ...]:
        return (name,)

    return ecosystems


_ROWS: dict[str, tuple[str, Callable[[Distro], tuple[str, ...]]]] = {
    "almalinux": ("rpm", _major("AlmaLinux")),
    "alpine": ("apk", _alpine),
    "azurelinux": ("rpm", _major("Azure Linux")),
    "chainguard": ("apk", _rolling("Chainguard")),
    "debian": ("deb", _debian),
    "mageia": ("rpm", _major("Mageia")),
    "minimos": ("apk", _rolling("MinimOS")),
    "photon": ("rpm", _minor("Photon OS")),
    "openeuler": ("rpm", _openeuler),
    "opensuse": ("rpm", _leap),
    "opensuse-leap": ("rpm", _leap),
    "opensuse-tumbleweed": ("rpm", _rolling("openSUSE:Tumbleweed")),
    "redhat": ("rpm", _red_hat),
    "rhel": ("rpm", _red_hat),
    "rocky": ("rpm", _major("Rocky Linux")),
    "sled": ("rpm", _suse),
    "sles": ("rpm", _suse),
    "sles_sap": ("rpm", _suse),
    "suse": ("rpm", _suse),
    "ubuntu": ("deb", _ubuntu),
    "wolfi": ("apk", _rolling("Wolfi")),
}
"""os-release `ID` to package type and OSV ecosystems. A derivative is not its parent: its packages differ."""


def ecosystems_of(distro: Distro, kind: str) -> tuple[str, ...] | str:
    """OSV ecosystems that speak for packages of this purl type in this release, or the reason why there are none."""
    row = _ROWS.get(distro.id.lower())
    label = f"{distro.id} {distro.version_id or distro.codename}".strip()
    if row is None:
        return f"no advisory ecosystem for the distribution {label}"
    if row[0] != kind:
        return f"{kind} packages are not those of {label}"
    return row[1](distro) or f"the release of {label} is not known"


class Suite(msgspec.Struct, frozen=True):
    """Another suite than the image's own; `ecosystem` is empty where nobody tracks it."""

    name: str
    ecosystem: str


_BACKPORT = re.compile(r"~bpo([0-9]+)")
_STABLE = re.compile(r"[+~]deb([0-9]+)u[0-9]")


def suite_of(version: str, distro: Distro) -> Suite | None:
    """The suite a Debian version names (`~bpo12+1`, `+deb11u3`) when it is not the image's own; else None.

    (Developer's reference 5.8.5.4 and 5.14: versions of stable updates and backports.)
    """
    if distro.id != "debian" or not ("~" in version or "+deb" in version):
        return None
    match = _BACKPORT.search(version)
    if match:
        return Suite(f"the backports of Debian {match[1]}", "")
    found = _STABLE.findall(version)
    own = _debian(distro)
    if found and own and own != (f"Debian:{found[-1]}",):
        return Suite(f"Debian {found[-1]}", f"Debian:{found[-1]}")
    return None


_REBUILD = re.compile(r"(.+)~(?:deb[0-9]+u[0-9]+|bpo[0-9]+\+[0-9]+)")


def rebuilt_from(version: str) -> str:
    """The version that a Debian package is a rebuild of for an older release, or empty.

    `2.14.1-2~deb12u1` and `2.14.1-2~bpo12+1` sort before `2.14.1-2` so that an upgrade replaces them, and hold
    everything it holds (Developer's reference 5.8.5.4 and 5.14).
    """
    match = _REBUILD.fullmatch(version)
    return match[1] if match else ""
