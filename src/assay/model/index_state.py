"""What package indexes were asked, and could say."""

import msgspec


class IndexState(msgspec.Struct, frozen=True, kw_only=True):
    """One index that was asked which versions were taken back. What it did not answer is unknown, not "no"."""

    ecosystem: str
    index: str = ""
    """Its address; empty where nobody could tell where it lies."""
    asked: str = ""
    """RFC 3339 time of the oldest answer used; empty where there is none."""
    packages_count: int = 0
    """Versions it was asked about."""
    withdrawn_count: int = 0
    unknown_count: int = 0
    kept_count: int = 0
    """Answered by what it had said within the last day."""
    reasons: tuple[str, ...] = ()
    """Why some are unknown, each reason once, the first ones."""
