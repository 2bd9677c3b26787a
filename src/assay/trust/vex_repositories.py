"""The VEX repositories of the settings: where each lies, and whether it is believed without a signature, and for what.

    [[vex.repository]]
    name = "hub"                                  # appears in reports
    url = "https://vex.example"                   # or folder = "vexhub", a folder beside this file
    accept_unsigned = true                        # believe what it says of these packages, for it came from there
    products = ["pkg:npm/*"]
    vulnerabilities = ["CVE-*"]
    statuses = ["not_affected"]

Without `accept_unsigned` its documents count as all others do: by the signatures beside them, under `[[vex.trust]]`.
With it, `products` must be there: nobody is believed for everything by an omission. A document that is signed is judged
by its signature alone, here too.
"""

from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from assay.formats import toml
from assay.model.errors import MalformedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from assay.trust.vex_policy import STATUSES, Scope, Trusted

_REPOSITORIES_COUNT = 100
_PATTERNS_COUNT = 10_000


class VexRepository(msgspec.Struct, frozen=True, kw_only=True):
    """One repository; `url` or `folder` is set."""

    name: str
    url: str = ""
    folder: str = ""
    vouched: Trusted | None = None
    """For what its unsigned documents are believed; None = for nothing."""


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    url: str = ""
    folder: str = ""
    accept_unsigned: bool = False
    products: list[str] = []
    vulnerabilities: list[str] = []
    statuses: list[Literal["not_affected", "affected", "fixed", "under_investigation"]] = []


def read(data: bytes, *, where: str) -> tuple[VexRepository, ...]:
    """The rows of a TOML file, in its order; tables of other names are left to their readers.

    Raises:
        MalformedError: not TOML, no rows, an unknown field, no address, belief without a scope.
    """
    document = toml.loads(data, where=where, limit=DEFAULT_LIMITS.vex_trust_bytes)
    inner = document.get("vex", {})
    rows = inner.get("repository") if isinstance(inner, dict) else None
    if not isinstance(rows, list) or not rows:
        raise _bad(where, "no [[vex.repository]] rows")
    if len(rows) > _REPOSITORIES_COUNT:
        raise _bad(where, f"{len(rows)} rows, limit {_REPOSITORIES_COUNT}")
    found = tuple(_repository(row, f"{where}: vex.repository[{n}]") for n, row in enumerate(rows))
    for field in ("name", "url"):
        values = [value for one in found if (value := getattr(one, field))]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise _bad(where, f"two rows have the {field} {twice[0][:100]!r}")
    return found


def named(text: str, rows: tuple[VexRepository, ...] = ()) -> VexRepository:
    """The repository somebody named by its address or folder: the row of that address, else one nobody believes.

    Raises:
        UsageError: an address without a host.
    """
    for row in rows:
        if row.url and row.url == text:
            return row
    if "://" not in text:
        return VexRepository(name=text.rstrip("/").rpartition("/")[2] or text, folder=text)
    if not is_address(text):
        raise UsageError(
            "not the address of a VEX repository", where=text[:200], remedy="give https://HOST or https://HOST/PATH"
        )
    return VexRepository(name=urlsplit(text).netloc + urlsplit(text).path.rstrip("/"), url=text)


def is_address(text: str) -> bool:
    """Whether it may be asked for: https, or http (which only loopback is spoken to with), with a host and no user."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    plain = all(32 < ord(character) < 127 for character in text)
    return plain and parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc


def _repository(value: Any, where: str) -> VexRepository:
    try:
        row = msgspec.convert(value, _Row)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    if not row.name.strip():
        raise _bad(where, "it has no name")
    if bool(row.url) == bool(row.folder):
        raise _bad(where, "needs exactly one of url and folder")
    if row.url and not is_address(row.url):
        raise _bad(where, f"not an https address: {row.url[:200]!r}")
    scope = (*row.products, *row.vulnerabilities)
    if len(scope) > _PATTERNS_COUNT or "" in scope:
        raise _bad(where, f"an empty pattern, or more than {_PATTERNS_COUNT}")
    if row.accept_unsigned and not row.products:
        raise _bad(where, "accept_unsigned without products: it has no scope")
    if not row.accept_unsigned and (scope or row.statuses):
        raise _bad(where, "a scope is for accept_unsigned; that of signed documents is their signer's row")
    return VexRepository(name=row.name, url=row.url, folder=row.folder, vouched=_vouched(row))


def _vouched(row: _Row) -> Trusted | None:
    if not row.accept_unsigned:
        return None
    scope = Scope(
        products=tuple(row.products),
        vulnerabilities=tuple(row.vulnerabilities),
        statuses=tuple(row.statuses) or STATUSES,
    )
    return Trusted(name=f"{row.name} (unsigned, by its place)", key=None, scope=scope)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a list of VEX repositories", where=where, why=why, remedy="correct the settings")
