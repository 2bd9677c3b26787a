"""When a product's releases end (endoflife.date), and what that means for what is in an image."""

from typing import Literal

import msgspec

LifeState = Literal["ended", "supported", "unknown"]
Maintainer = Literal["upstream", "distribution"]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One release cycle. Dates are `YYYY-MM-DD`; `yes` and `no` where the source gives no date; empty = not said."""

    cycle: str
    codename: str = ""
    released: str = ""
    active_until: str = ""
    """End of active support."""
    ends: str = ""
    """End of life: no more security fixes for everyone. `no` = not ended, no date set; `yes` = ended, date unknown."""
    extended_until: str = ""
    """End of extended (often paid) support."""
    latest: str = ""
    latest_date: str = ""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its releases, newest first as the source lists them."""

    name: str
    title: str = ""
    category: str = ""
    identifiers: tuple[str, ...] = ()
    """Package URLs, CPEs and `repology:` names, sorted."""
    releases: tuple[Release, ...] = ()


class Horizon(msgspec.Struct, frozen=True, kw_only=True):
    """How far an end of life is looked for, and whose support counts."""

    days: int = 90
    """An end within so many days is told beforehand (`--eol-within`)."""
    extended: bool = False
    """Whether extended support counts: paid for, or a volunteers' LTS (`--extended-support`)."""


class Lifetime(msgspec.Struct, frozen=True, kw_only=True):
    """A release of a product that is in the image: whether it still gets security fixes."""

    product: str
    """endoflife.date's name."""
    title: str = ""
    cycle: str = ""
    """The release cycle; empty where the data knows none for this version."""
    state: LifeState
    soon: bool = False
    """Supported, but it ends within the horizon."""
    date: str = ""
    """The day it ends or ended, `YYYY-MM-DD`; empty where nobody says."""
    days: int | None = None
    """From the day of the report to that date; negative = since."""
    maintained_by: Maintainer = "upstream"
    """`distribution`: an OS package; its fixes come from the distribution, whose end of life is then the answer."""
    latest: str = ""
    """Newest version of the cycle, by the data."""
    versions: tuple[str, ...] = ()
    """Versions found, sorted."""
    components: tuple[str, ...] = ()
    """Keys of the components, sorted."""
    reason: str = ""
