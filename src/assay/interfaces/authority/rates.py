"""How often one address may ask: a bucket for each, refilled steadily; always on."""

from collections import OrderedDict
from collections.abc import Callable

_CLIENTS = 10_000
"""Addresses remembered; who has not asked for the longest time is forgotten first, with a full bucket."""


class Rates:
    """Buckets of requests by address. Not for several threads: the event loop alone asks."""

    def __init__(self, per_second: float, burst: int, now: Callable[[], float]) -> None:
        """Buckets of `burst` requests, refilled at `per_second`; `now` gives seconds that never go back."""
        self._per_second, self._burst, self._now = per_second, burst, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Take one request out of a client's bucket: 0, or the seconds until there is one."""
        now = self._now()
        left, since = self._buckets.pop(client, (float(self._burst), now))
        left = min(float(self._burst), left + (now - since) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._buckets[client] = (left if wait else left - 1, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return wait
