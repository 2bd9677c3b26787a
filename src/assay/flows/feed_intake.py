"""What the records of all feeds have in common while a database is built: merging, keys, aliases."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from assay.dependencies.intervals import stored_ranges
from assay.dependencies.merging import merge
from assay.dependencies.names import canonical_name
from assay.dependencies.versions import GENERIC, Scheme
from assay.model.advisory import Advisory
from assay.ports.feeds import AdvisoryWriter, StoredRange

_BATCH_COUNT = 5_000
_KEYS_COUNT = 200_000


class Intake:
    """Takes records one by one and hands their heads and intervals to the writer.

    `encoders` grows to the version of every key encoder used.
    """

    def __init__(self, writer: AdvisoryWriter, scheme_for: Callable[[str], Scheme | None]) -> None:
        self._writer, self._scheme_for = writer, scheme_for
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._schemes: dict[str, Scheme] = {}
        self._keys: dict[tuple[str, str], bytes | None] = {}
        self._batch: list[StoredRange] = []
        self.encoders: dict[str, int] = {}

    def scheme(self, ecosystem: str) -> Scheme:
        """The ecosystem's order; `generic` (no keys) where nobody knows it."""
        found = self._schemes.get(ecosystem)
        if found is None:
            found = self._schemes[ecosystem] = self._scheme_for(ecosystem) or GENERIC
            self.encoders[found.name] = found.encoder_version
        return found

    def key(self, ecosystem: str, version: str) -> bytes | None:
        """The version's key in its ecosystem's order; remembered, as feeds repeat versions a lot."""
        scheme = self.scheme(ecosystem)
        place = (scheme.name, version)
        if place in self._keys:
            return self._keys[place]
        if len(self._keys) >= _KEYS_COUNT:
            self._keys.clear()
        value = self._keys[place] = scheme.key(version)
        return value

    def take(self, record: Advisory) -> Iterable[tuple[str, str]]:
        """Keep a record; returns the (ecosystem, name) pairs it speaks about.

        A withdrawn record keeps its head and loses its intervals and aliases: it can be explained, never matched.
        """
        head = msgspec.structs.replace(record, affected=())
        known = self._writer.known(record.id) if record.id in self._aliases else None
        self._writer.advisory(merge(known, head) if known is not None else head)
        before = self._aliases.get(record.id, ())
        self._aliases[record.id] = before if record.withdrawn else (*before, *record.aliases)
        named = {(item.ecosystem, canonical_name(item.ecosystem, item.name)) for item in record.affected}
        if not record.withdrawn:
            for affected in record.affected:
                self._batch.extend(
                    stored_ranges(affected, advisory=record.id, feed=record.feed, key=self._keyed(affected.ecosystem))
                )
            if len(self._batch) >= _BATCH_COUNT:
                self.flush()
        return named

    def flush(self) -> None:
        """Hand over the intervals that wait."""
        self._writer.ranges(self._batch)
        self._batch.clear()

    def pairs(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(id, aliases) of every record, sorted by id."""
        return ((identifier, self._aliases[identifier]) for identifier in sorted(self._aliases))

    def _keyed(self, ecosystem: str) -> Callable[[str], bytes | None]:
        return lambda version: self.key(ecosystem, version)
