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

from typing import Any
from urllib.parse import urlsplit

import msgspec

from assay.model.errors import UsageError
from assay.trust.vex_policy import STATUSES, Scope, Trusted
from assay.trust.vex_rows import ScopedRow, Table

_TABLE = Table("repository", "not a list of VEX repositories", "correct the settings", 100)


class VexRepository(msgspec.Struct, frozen=True, kw_only=True):
    """One repository; `url` or `folder` is set."""

    name: str
    url: str = ""
    folder: str = ""
    vouched: Trusted | None = None
    """For what its unsigned documents are believed; None = for nothing."""


class _Row(ScopedRow):
    url: str = ""
    folder: str = ""
    accept_unsigned: bool = False


def read(data: bytes, *, where: str) -> tuple[VexRepository, ...]:
    """The rows of a TOML file, in its order; tables of other names are left to their readers.

    Raises:
        MalformedError: not TOML, no rows, an unknown field, no address, belief without a scope.
    """
    _, rows = _TABLE.read(data, where)
    found = tuple(_repository(row, f"{where}: vex.repository[{n}]") for n, row in enumerate(rows))
    _TABLE.once("name", [one.name for one in found], where)
    _TABLE.once("url", [one.url for one in found], where)
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
    row = _TABLE.row(value, _Row, where)
    if bool(row.url) == bool(row.folder):
        raise _TABLE.bad(where, "needs exactly one of url and folder")
    if row.url and not is_address(row.url):
        raise _TABLE.bad(where, f"not an https address: {row.url[:200]!r}")
    if row.images:
        raise _TABLE.bad(where, "images are for the rows of [[vex.trust]]: a repository speaks of packages")
    if row.accept_unsigned and not row.products:
        raise _TABLE.bad(where, "accept_unsigned without products: it has no scope")
    if not row.accept_unsigned and (row.patterns or row.statuses):
        raise _TABLE.bad(where, "a scope is for accept_unsigned; that of signed documents is their signer's row")
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
