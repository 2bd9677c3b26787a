"""A suspicion: something about a package that a person should look at, and that proves nothing by itself."""

from typing import Literal

import msgspec

SuspicionKind = Literal["typosquat", "dependency-confusion", "install-script", "withdrawn", "origin"]
SuspicionLevel = Literal["high", "medium", "low"]


class Clue(msgspec.Struct, frozen=True, order=True):
    """One reason for a suspicion."""

    kind: SuspicionKind
    """`typosquat`: the name looks like a well-known one; `dependency-confusion`: an internal name, or its like, from
    elsewhere; `install-script`: code that ran when it was installed; `withdrawn`: its publisher took it back or
    advises against it; `origin`: it was fetched in a way that anyone on the path could have changed."""
    points: int
    """How much it weighs, 1 to 100."""
    says: str


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """Every clue about one component. It sorts and explains; it is no finding, and blocks nothing by itself."""

    component: str
    """Key of the component."""
    purl: str
    name: str
    version: str
    level: SuspicionLevel
    """`high` from 70 points, `medium` from 40, else `low`."""
    points: int
    """Sum of the clues' points, at most 100."""
    clues: tuple[Clue, ...]
    """Weightiest first."""
    layer: int | None = None
    """The layer that brought it."""


class Internal(msgspec.Struct, frozen=True, kw_only=True):
    """What the user calls internal: without it no package can be told to be mistaken for an internal one."""

    names: tuple[str, ...] = ()
    """Patterns of package names, `*` for any text: `@acme/*`, `acme-*`, `com.acme:*`."""
    sources: tuple[str, ...] = ()
    """Authorities internal packages may come from, `*` for any text: `packages.acme.example`."""
