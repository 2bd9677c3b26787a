"""What a mandatory test of CSAF has to say."""

from collections.abc import Callable, Iterator

import msgspec

from assay.formats.csaf_schema import Document


class Problem(msgspec.Struct, frozen=True, order=True):
    """One test that a document fails."""

    test: str
    """The clause, e.g. `6.1.6`."""
    place: str
    """A JSON path."""
    says: str


Found = Iterator[tuple[str, str]]
"""(place, what is wrong there) of one test."""
Rule = Callable[[Document], Found]


def twice(items: list[tuple[str, str]], what: str) -> Found:
    """(place, key) pairs whose key stood before."""
    seen: set[str] = set()
    for place, key in items:
        if key in seen:
            yield place, f"{what} {key[:120]!a} stands twice"
        seen.add(key)
