"""What the tables `[[vex.trust]]` and `[[vex.repository]]` have in common: rows with a name and a scope of patterns."""

from typing import Any, Literal, TypeVar

import msgspec

from assay.formats import toml
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS

_PATTERNS_COUNT = 10_000


class ScopedRow(msgspec.Struct, forbid_unknown_fields=True):
    """One row as it is written; tables add their own fields."""

    name: str
    products: list[str] = []
    images: list[str] = []
    vulnerabilities: list[str] = []
    statuses: list[Literal["not_affected", "affected", "fixed", "under_investigation"]] = []

    @property
    def patterns(self) -> tuple[str, ...]:
        """Of what it may speak, all kinds together."""
        return (*self.products, *self.images, *self.vulnerabilities)


R = TypeVar("R", bound=ScopedRow)


class Table(msgspec.Struct, frozen=True):
    """A table's name below `vex`, and in which words it is refused."""

    name: str
    what: str
    remedy: str
    rows_count: int

    def read(self, data: bytes, where: str) -> tuple[dict[str, Any], list[Any]]:
        """The whole `[vex]` of a TOML file and the rows of this table; other tables are left to their readers.

        Raises:
            MalformedError: not TOML, no rows or too many.
        """
        inner = toml.loads(data, where=where, limit=DEFAULT_LIMITS.vex_trust_bytes).get("vex", {})
        rows = inner.get(self.name) if isinstance(inner, dict) else None
        if not isinstance(rows, list) or not rows:
            raise self.bad(where, f"no [[vex.{self.name}]] rows")
        if len(rows) > self.rows_count:
            raise self.bad(where, f"{len(rows)} rows, limit {self.rows_count}")
        return inner, rows

    def row(self, value: Any, kind: type[R], where: str) -> R:
        """One row's fields.

        Raises:
            MalformedError: an unknown field or one of another type, no name, an empty pattern, too many patterns.
        """
        try:
            row = msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self.bad(where, str(error)) from error
        if not row.name.strip():
            raise self.bad(where, "it has no name")
        if len(row.patterns) > _PATTERNS_COUNT:
            raise self.bad(where, f"more than {_PATTERNS_COUNT} patterns")
        if "" in row.patterns:
            raise self.bad(where, "an empty pattern")
        return row

    def once(self, field: str, values: list[str], where: str) -> None:
        """Refuse two rows that say the same in a field."""
        if twice := sorted({value for value in values if value and values.count(value) > 1}):
            raise self.bad(where, f"two rows have the {field} {twice[0][:100]!r}")

    def bad(self, where: str, why: str) -> MalformedError:
        """Why the table is refused."""
        return MalformedError(self.what, where=where, why=why, remedy=self.remedy)
