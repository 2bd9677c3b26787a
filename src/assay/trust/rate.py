"""How often somebody may ask: a token bucket as a pure decision."""

from datetime import datetime, timedelta

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """So many requests at once, and so many a minute after that."""

    burst_count: int = 60
    minute_count: int = 60


class Bucket(msgspec.Struct, frozen=True):
    """What is left for one asker, and since when that was so."""

    left: float
    at: datetime


class Turn(msgspec.Struct, frozen=True):
    """The decision, what to remember, and when to come again if it is no."""

    is_allowed: bool
    bucket: Bucket
    wait: timedelta = timedelta(0)


def take(bucket: Bucket | None, rate: Rate, now: datetime) -> Turn:
    """Let one request through, or not.

    Args:
        bucket: of the last decision about this asker; None for a new one.
        rate: what is allowed.
        now: aware; a clock that goes backwards gives nothing back.
    """
    if bucket is None:
        bucket = Bucket(float(rate.burst_count), now)
    passed = max((now - bucket.at).total_seconds(), 0.0)
    left = min(float(rate.burst_count), bucket.left + passed * rate.minute_count / 60)
    at = max(now, bucket.at)
    if left >= 1:
        return Turn(True, Bucket(left - 1, at))
    if rate.minute_count <= 0:
        return Turn(False, Bucket(left, at), timedelta(days=1))
    return Turn(False, Bucket(left, at), timedelta(seconds=(1 - left) * 60 / rate.minute_count))
