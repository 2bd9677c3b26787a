"""How old the advisory data is: each feed's age, the database's, and what follows from it.

A database is as old as its newest feed: feeds that seldom change are no sign of neglect. A date that lies in the
future is nobody's: it is passed over, so that one record dated 2099 does not keep a database young for ever.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from assay.model.advisory import Feed
from assay.model.errors import UnavailableError

WARNED_DAYS = 7
"""An older database is warned of on standard error."""
UPDATE = "run `assay db update`, or bring a newer one with `assay db pull REF` or `assay db import FILE`"
_SLACK = timedelta(days=1)
"""Clocks differ, and a bare date has no zone."""


def moment(text: str) -> datetime | None:
    """A date (its first second, UTC) or an RFC 3339 time; None for anything else.

    >>> moment("2026-01-02")
    datetime.datetime(2026, 1, 2, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def age_hours(date: str, now: str) -> int | None:
    """Whole hours from a date to now; None where the date is none, or lies in the future."""
    then, today = moment(date), moment(now)
    if then is None or today is None or then > today + _SLACK:
        return None
    return max(0, int((today - then).total_seconds()) // 3600)


def newest_hours(feeds: Iterable[Feed], now: str) -> int | None:
    """Age of the newest feed; None where no feed has a date that can be believed."""
    return min((age for feed in feeds if (age := age_hours(feed.date, now)) is not None), default=None)


def newest_date(feeds: Iterable[Feed], now: str) -> str:
    """Date of the newest feed, as it writes it; empty where no feed has one that can be believed."""
    known = [(age, feed.date) for feed in feeds if (age := age_hours(feed.date, now)) is not None]
    return min(known, key=lambda one: one[0])[1] if known else ""


def aged(feeds: Sequence[Feed], now: str) -> tuple[Feed, ...]:
    """The feeds with their ages in whole days."""
    hours = [(feed, age_hours(feed.date, now)) for feed in feeds]
    return tuple(msgspec.structs.replace(feed, age_days=None if age is None else age // 24) for feed, age in hours)


def warning(feeds: Sequence[Feed], now: str) -> str:
    """One line for a person where the newest feed is older than `WARNED_DAYS`, or nobody knows; else empty."""
    age = newest_hours(feeds, now)
    if age is None:
        return f"no feed of the advisory database has a date that can be believed; {UPDATE}"
    if age // 24 <= WARNED_DAYS:
        return ""
    return f"the advisory database is {age // 24} days old (warned of past {WARNED_DAYS} days); {UPDATE}"


def demand(feeds: Sequence[Feed], now: str, hours: int) -> None:
    """Refuse a database whose newest feed is older than `hours`; 0 demands nothing.

    Raises:
        UnavailableError: it is older, or nobody knows how old it is.
    """
    if not hours:
        return
    age = newest_hours(feeds, now)
    if age is None or age > hours:
        found = "nobody knows its age" if age is None else f"its newest feed is {spoken(age)} old"
        raise UnavailableError(
            "the advisory database is too old", why=f"{found}, at most {spoken(hours)} is allowed", remedy=UPDATE
        )


def spoken(hours: int) -> str:
    """A duration in the largest unit that says it whole.

    >>> spoken(48), spoken(30)
    ('2 days', '30 hours')
    """
    if hours % 24:
        return f"{hours} hours"
    return f"{hours // 24} day{'s' * (hours != 24)}"
