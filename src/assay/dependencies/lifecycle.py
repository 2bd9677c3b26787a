"""Whether a distribution's release still gets security fixes (endoflife.date), at a time that is handed in."""

import re

from assay.dependencies.distributions import DEBIAN_RELEASES
from assay.model.inventory import Distro
from assay.model.lifecycle import Product, Release
from assay.model.report import EndOfLife
from assay.ports.stores import Lifecycles

_PRODUCTS = {
    "almalinux": "almalinux",
    "alpine": "alpine-linux",
    "amzn": "amazon-linux",
    "centos": "centos",
    "debian": "debian",
    "fedora": "fedora",
    "mageia": "mageia",
    "ol": "oracle-linux",
    "opensuse-leap": "opensuse",
    "photon": "vmware-photon",
    "redhat": "rhel",
    "rhel": "rhel",
    "rocky": "rocky-linux",
    "sles": "sles",
    "ubuntu": "ubuntu",
}
"""os-release `ID` to the product's name."""

_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def judge(distro: Distro | None, lifecycles: Lifecycles, now: str) -> EndOfLife | None:
    """Supported, ended or unknown.

    Args:
        distro: the release; None (no distribution at all) has no lifecycle.
        lifecycles: asked for the product.
        now: RFC 3339 time, or a date, the answer is for.

    Returns:
        None only without a distribution. On the day a release ends it is still supported. Extended support, which is
        mostly paid for, does not count; its date is the source's matter.
    """
    if distro is None or not distro.id:
        return None
    name = _PRODUCTS.get(distro.id, distro.id)
    product = lifecycles.lifecycle([name]).get(name)
    release = _release(product, distro) if product is not None else None
    if release is None:
        return EndOfLife(product=name, cycle=distro.version_id or distro.codename, state="unknown")
    return EndOfLife(
        product=name,
        cycle=release.cycle,
        state=_state(release.ends, now),
        date=release.ends if _DATE.fullmatch(release.ends) else "",
    )


def _release(product: Product, distro: Distro) -> Release | None:
    """The release with the longest cycle that the version lies in (`3.17.2` in `3.17`), else by code name."""
    match = _NUMBERS.match(distro.version_id)
    version = match[0] if match else DEBIAN_RELEASES.get(distro.codename, "") if distro.id == "debian" else ""
    found = [r for r in product.releases if version and (version == r.cycle or version.startswith(f"{r.cycle}."))]
    if found:
        return max(found, key=lambda release: len(release.cycle))
    wanted = distro.codename.casefold()
    return next((r for r in product.releases if wanted and r.codename.casefold() == wanted), None)


def _state(ends: str, now: str) -> str:
    if ends in ("yes", "no"):
        return {"yes": "ended", "no": "supported"}[ends]
    if not _DATE.fullmatch(ends) or not _DATE.match(now):
        return "unknown"
    return "ended" if now[:10] > ends else "supported"
