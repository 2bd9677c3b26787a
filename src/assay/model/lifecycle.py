"""When a product's releases end (endoflife.date)."""

import msgspec


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
