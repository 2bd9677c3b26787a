"""Whether a distribution's release still gets security fixes (endoflife.date), at a time that is handed in."""

import datetime
import re
from typing import NamedTuple

from assay.dependencies.distributions import DEBIAN_RELEASES
from assay.model.inventory import Distro
from assay.model.lifecycle import Horizon, LifeState, Product, Release
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
_STATES: dict[str, LifeState] = {"yes": "ended", "no": "supported"}


class Standing(NamedTuple):
    """Where a release stands on a day."""

    state: LifeState
    soon: bool = False
    date: str = ""
    days: int | None = None
    extended: bool = False
    """Whether the date is that of extended support."""


def judge(distro: Distro | None, lifecycles: Lifecycles, now: str, horizon: Horizon | None = None) -> EndOfLife | None:
    """Supported, ended or unknown.

    Args:
        distro: the release; None (no distribution at all) has no lifecycle.
        lifecycles: asked for the product.
        now: RFC 3339 time, or a date, the answer is for.
        horizon: how near an end is told beforehand, and whether extended support counts; None = the usual one.

    Returns:
        None only without a distribution. On the day a release ends it is still supported.
    """
    if distro is None or not distro.id:
        return None
    name = _PRODUCTS.get(distro.id, distro.id)
    product = lifecycles.lifecycle([name]).get(name)
    release = _release(product, distro) if product is not None else None
    if release is None:
        return EndOfLife(product=name, cycle=distro.version_id or distro.codename, state="unknown")
    found = standing(release, now, horizon or Horizon())
    return EndOfLife(
        product=name,
        cycle=release.cycle,
        state=found.state,
        date=found.date,
        soon=found.soon,
        extended=found.extended,
        extended_until=_day_or_empty(release.extended_until),
    )


def standing(release: Release, now: str, horizon: Horizon) -> Standing:
    """Whether a release gets fixes on a day.

    Extended support counts only where the horizon says so and the data gives its date; a bare `yes` or `no` there does
    not tell whether there is any.
    """
    ends, extended = release.ends, _day_or_empty(release.extended_until)
    prolonged = horizon.extended and bool(extended) and ends != "no" and not (_is_day(ends) and ends > extended)
    if prolonged:
        ends = extended
    if ends in _STATES:
        return Standing(_STATES[ends])
    if not _is_day(ends):
        return Standing("unknown")
    if not _is_day(now[:10]):
        return Standing("unknown", date=ends)
    days = (datetime.date.fromisoformat(ends) - datetime.date.fromisoformat(now[:10])).days
    if days < 0:
        return Standing("ended", date=ends, days=days, extended=prolonged)
    return Standing("supported", days <= horizon.days, ends, days, prolonged)


def cycle_of(product: Product, version: str) -> Release | None:
    """The release with the longest cycle that a version lies in: `3.17.2` in `3.17` rather than `3`."""
    found = [r for r in product.releases if version and (version == r.cycle or version.startswith(f"{r.cycle}."))]
    return max(found, key=lambda release: len(release.cycle), default=None)


def named(product: Product, codename: str) -> Release | None:
    """The release of a code name (`bookworm`); of one with more words, as Ubuntu's, the first is enough (`jammy`)."""
    wanted = codename.casefold()
    names = ((release, release.codename.casefold()) for release in product.releases)
    return next((release for release, name in names if wanted and wanted in (name, name.partition(" ")[0])), None)


def numbers_of(version: str) -> str:
    """The leading numbers of a version (`8u392` → `8`), or empty."""
    match = _NUMBERS.match(version)
    return match[0] if match else ""


def _release(product: Product, distro: Distro) -> Release | None:
    """By version, else by code name."""
    version = numbers_of(distro.version_id)
    if not version and distro.id == "debian":
        version = DEBIAN_RELEASES.get(distro.codename, "")
    found = cycle_of(product, version)
    if found is not None:
        return found
    return named(product, distro.codename)


def _day_or_empty(text: str) -> str:
    return text if _is_day(text) else ""


def _is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, `YYYY-MM-DD`."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
