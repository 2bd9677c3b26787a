"""What differs between two advisory databases: row by row for a machine, advisory by advisory for a person."""

from typing import TypeAlias

import msgspec

Row: TypeAlias = tuple[int | str | bytes, ...]
Name: TypeAlias = tuple[str, str]
"""Ecosystem and package."""


class Change(msgspec.Struct, frozen=True):
    """Rows of one table that come, or that go; names stand where the database has numbers."""

    table: str
    come: bool
    rows: tuple[Row, ...]


class DeltaHead(msgspec.Struct, frozen=True, kw_only=True):
    """Which database a delta begins with and which it leads to."""

    schema: int
    base: str
    """Content digest it applies to."""
    content: str
    """Content digest it leads to."""
    build: int
    bundle: bytes = b""
    """Signature of the database it leads to; empty where it has none."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two databases."""

    content: str
    build: int = 0
    built: str = ""


class AdvisoryChange(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What changed about one advisory."""

    id: str
    kinds: tuple[str, ...]
    """Sorted: `added`, `removed`, `withdrawn`, `reinstated`, `ranges`, `fixes`, `states`, `scores`, `aliases`, `text`,
    `functions`."""
    names: tuple[Name, ...] = ()
    """The packages it speaks of, before or now."""


class CveChange(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What changed about one CVE beside the advisories: `kev`, `scores`, `record`; sorted."""

    id: str
    kinds: tuple[str, ...]


class DatabaseDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two databases; everything sorted."""

    old: Release
    new: Release
    advisories: tuple[AdvisoryChange, ...] = ()
    cves: tuple[CveChange, ...] = ()
    epss: tuple[str, ...] = ()
    """CVEs whose EPSS score changed."""
    epss_of_another_day: bool = False
    """Whether the date or the model of the EPSS scores changed: then each is another, though its value be the same."""
    names: tuple[Name, ...] = ()
    """Packages about which a question may be answered otherwise now."""
    ecosystems: tuple[str, ...] = ()
    """Ecosystems about all of whose packages it may be: a source of the whole of it came or went."""
    lifecycles: bool = False
    """Whether any product's lifecycle changed."""
    others: tuple[str, ...] = ()
    """Tables that differ and whose meaning is not looked into: any answer may change."""
