"""Regular expressions that most runs never ask: compiled when first used, not when their module is loaded.

To compile one takes about 0.1 ms; the readers of all ecosystems have some two hundred, of which an image needs a few.
Those that nearly every run needs stay `re.compile`: processes that read side by side then compile none twice.
"""

import re
from typing import Any, AnyStr, cast

_FILLED = (
    "match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn", "pattern", "flags", "groups",
    "groupindex",
)  # fmt: skip


class Lazy:
    """Stands for a `re.Pattern`: has its methods once the first is asked for, at the price the pattern's own have."""

    __slots__ = (*_FILLED, "_given")

    def __init__(self, pattern: Any, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Asked of a slot that is empty: fill all.

        Raises:
            re.error: the pattern is none (tests compile all there are). AttributeError: a pattern has none of the name.
        """
        if name not in _FILLED:
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        for slot in _FILLED:
            setattr(self, slot, getattr(compiled, slot))
        return getattr(compiled, name)


def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """A pattern that is compiled by its first use.

    Ask it by its methods: the functions of `re` (`re.sub(PATTERN, …)`) take a `re.Pattern` alone, and `match.re` is the
    compiled one.

    Args:
        pattern: text or bytes, as for `re.compile`.
        flags: the same.
    """
    return cast("re.Pattern[AnyStr]", Lazy(pattern, flags))
