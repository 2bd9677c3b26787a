"""Ignore rules: what a user does not want counted for a while. They shape reports and `--fail-on`, never a policy."""

import msgspec


class IgnoreRule(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One entry of an ignore file. What it names of `id`, `purl`, `path` must all fit; at least one is named."""

    id: str = ""
    """An advisory's id or alias."""
    purl: str = ""
    """A package URL; version, qualifiers and subpath may be left out."""
    path: str = ""
    """Where the package lies in the image; `*` and `?` stand for any characters, `/` included."""
    until: str
    """Last day it counts, `YYYY-MM-DD`, UTC."""
    reason: str
    by: str = ""
    """Who decided so."""
    where: str = ""
    """File and entry, for messages."""


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """Why a finding is not counted. It stays in every machine-readable report; policy and VEX never see this."""

    reason: str
    until: str
    by: str = ""
    where: str = ""


class Ignores(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the ignore rules of a run."""

    files: tuple[str, ...] = ()
    rules_count: int = 0
    ignored_count: int = 0
    """Findings not counted because of them."""
    expired: tuple[IgnoreRule, ...] = ()
    """Rules past their day: they stopped, whatever they fitted counts again."""
    unused: tuple[IgnoreRule, ...] = ()
    """Rules in force that fit nothing here."""
