"""SLSA build levels (v1.2, tracks, build): what a signer may vouch for stands in rows, never in a predicate's text.

A row binds a signer (issuer and identity of a certificate, or a key) to a builder's id and build types, and says the
highest level this pair can reach. A provenance that no row binds is level 0. `*` in a row stands for any text without a
`/`, `**` for any text; `{builder}` in an identity stands for the provenance's own builder id.

    [[builder]]
    name = "our release workflow"
    issuer = "https://token.actions.githubusercontent.com"
    identity = "https://github.com/team/builders/.github/workflows/image.yml@refs/tags/*"
    builder_id = "{identity}"
    build_types = ["https://actions.github.io/buildtypes/workflow/v1"]
    level = 3
    operator = "github.com"
    runner = "github-hosted"
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from assay.formats import toml
from assay.model.errors import MalformedError
from assay.model.evidence import Signer
from assay.model.limits import DEFAULT_LIMITS
from assay.model.provenance import Provenance
from assay.trust.extensions import extension

_DATA = "builders.toml"
_ROWS_COUNT = 1_000
_TEXT_CHARACTERS = 4_096
"""No identity or builder is called by more; a longer text fits no pattern."""
_HOSTED_LEVEL = 2
"""From this level on a builder must be hosted (v1.2, Build L2), so a row needs more than a key of anybody's."""


class BuilderRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one kind of signer may say of one kind of builder. Empty patterns ask for nothing."""

    name: str
    level: Literal[1, 2, 3]
    """Highest Build level."""
    operator: str = ""
    """Who runs the platform: two rows of one operator are not independent of each other."""
    issuer: str = ""
    """Of a certificate's identity, exact."""
    identity: str = ""
    """Pattern of a certificate's identity, or `{builder}`."""
    key: str = ""
    """Id or name of a trusted key, or `*` for any key the caller trusts."""
    builder_id: str
    """Pattern of the builder's id, or `{identity}`: the certificate's own."""
    build_types: tuple[str, ...] = ()
    runner: str = ""
    """What the certificate must say of the runner (extension 11), exact."""
    note: str = ""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """The level a signed provenance reaches, and which row says so."""

    build: int
    row: str = ""
    operator: str = ""
    why: str = ""


def read(data: bytes, *, where: str) -> tuple[BuilderRow, ...]:
    """Rows out of TOML.

    Raises:
        MalformedError: not TOML, an unknown field, two rows of one name, a row that names no signer or two, or one that
            vouches for more than level 1 without saying whose signature or who runs it.
    """
    document = toml.loads(data, where=where, limit=DEFAULT_LIMITS.settings_bytes)
    if more := sorted(set(document) - {"builder"}):
        raise _bad(where, f"unknown name {more[0][:100]!r}")
    return from_objects(document.get("builder"), where=where)


def from_objects(value: object, *, where: str) -> tuple[BuilderRow, ...]:
    """Rows out of a parsed list of objects (a policy's data, a trust profile).

    Raises:
        MalformedError: as `read`.
    """
    try:
        rows = tuple(msgspec.convert(value, list[BuilderRow]))
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    if len(rows) > _ROWS_COUNT:
        raise _bad(where, f"{len(rows)} rows, limit {_ROWS_COUNT}")
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _bad(where, f"two rows are called {twice[0][:100]!r}")
    for row in rows:
        if why := _flaw(row):
            raise _bad(f"{where}: {row.name[:100]}", why)
    return rows


@lru_cache(maxsize=1)
def shipped() -> tuple[BuilderRow, ...]:
    """The rows that come with the program."""
    path = Path(__file__).with_name(_DATA)  # importlib.resources would load zipfile and tempfile
    return read(path.read_bytes(), where=_DATA)


def of(provenance: Provenance, signer: Signer, rows: Sequence[BuilderRow] | None = None) -> Level:
    """The Build level of a provenance by its signer: the highest of the rows that bind the two.

    Args:
        provenance: as signed; its subject was matched and its form read, which is what L1 asks.
        signer: who was verified to have signed it.
        rows: None takes the shipped ones.
    """
    bound = [row for row in (shipped() if rows is None else rows) if binds(row, provenance, signer)]
    if not bound:
        return Level(build=0, why=f"no row lets {_named(signer)} speak for the builder {provenance.builder_id[:200]}")
    best = max(bound, key=lambda row: row.level)
    return Level(build=best.level, row=best.name, operator=best.operator, why=best.note)


def binds(row: BuilderRow, provenance: Provenance, signer: Signer) -> bool:
    """Whether a row is about this signer, this builder and this build type."""
    if row.build_types and not any(glob(p, provenance.build_type) for p in row.build_types):
        return False
    if row.key:
        if signer.kind != "key" or row.key not in {"*", signer.key_id, signer.name}:
            return False
        return glob(row.builder_id, provenance.builder_id)
    if signer.kind != "certificate" or signer.issuer != row.issuer:
        return False
    if row.runner and extension(signer, "runnerEnvironment") != row.runner:
        return False
    identity_fits = (
        signer.identity == provenance.builder_id if row.identity == "{builder}" else glob(row.identity, signer.identity)
    )
    if row.builder_id == "{identity}":
        return identity_fits and provenance.builder_id == signer.identity
    return identity_fits and glob(row.builder_id, provenance.builder_id)


def independent(levels: Iterable[Level]) -> int:
    """How many operators stand behind provenances of hosted builders: `SLSA_BUILD_REPRODUCED` needs two (v1.2)."""
    return len({level.operator for level in levels if level.operator and level.build >= _HOSTED_LEVEL})


def glob(pattern: str, text: str) -> bool:
    """Whether a whole text fits a pattern: `*` any text without `/`, `**` any text. Linear for each star, no regex.

    >>> glob("https://a/*/b@refs/tags/*", "https://a/x/b@refs/tags/v1"), glob("https://a/*", "https://a/x/y")
    (True, False)
    """
    if len(text) > _TEXT_CHARACTERS:
        return False
    reach = {0}
    for piece, crosses in _pieces(pattern):
        reach = _after(piece, text, reach, crosses=crosses)
        if not reach:
            return False
    return len(text) in reach


def _pieces(pattern: str) -> list[tuple[str, bool | None]]:
    """Literal pieces, and stars as ("", crosses a slash or not)."""
    pieces: list[tuple[str, bool | None]] = []
    for index, outer in enumerate(pattern.split("**")):
        if index:
            pieces.append(("", True))
        for inner, literal in enumerate(outer.split("*")):
            if inner:
                pieces.append(("", False))
            if literal:
                pieces.append((literal, None))
    return pieces


def _after(piece: str, text: str, reach: set[int], *, crosses: bool | None) -> set[int]:
    """Where in the text one may stand after a piece, having stood at any of `reach`."""
    if crosses is None:
        return {at + len(piece) for at in reach if text.startswith(piece, at)}
    if crosses:
        return set(range(min(reach), len(text) + 1))
    ends: set[int] = set()
    for at in sorted(reach):
        if at in ends:
            continue  # an earlier one has run over this place already
        slash = text.find("/", at)
        ends.update(range(at, (len(text) if slash < 0 else slash) + 1))
    return ends


def _flaw(row: BuilderRow) -> str:
    if bool(row.issuer) != bool(row.identity):
        return "issuer and identity belong together"
    if bool(row.key) == bool(row.issuer):
        return "needs either a key or an issuer and an identity"
    if not row.builder_id:
        return "it names no builder_id"
    if row.level >= _HOSTED_LEVEL and row.key == "*":
        return "any key at all cannot vouch for a hosted builder (Build L2)"
    if row.level >= _HOSTED_LEVEL and not row.operator:
        return "it does not say who operates the platform (Build L2)"
    return ""


def _named(signer: Signer) -> str:
    return (signer.identity or signer.name or signer.key_id or signer.kind)[:200]


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a table of builders", where=where, why=why, remedy="correct the row")
