"""The table of harnesses: every parser of the house, each with the law its answers keep. Grow by rows."""

from . import (
    archives,
    authority,
    builds,
    catalogers,
    claims,
    databases,
    documents,
    feeds,
    identities,
    logs,
    orders,
    programs,
    proofs,
    texts,
    vexes,
)
from .shape import Harness, answers

TABLE: tuple[Harness, ...] = tuple(
    sorted(
        (
            *archives.HARNESSES,
            *authority.HARNESSES,
            *builds.HARNESSES,
            *catalogers.HARNESSES,
            *claims.HARNESSES,
            *databases.HARNESSES,
            *documents.HARNESSES,
            *feeds.HARNESSES,
            *identities.HARNESSES,
            *logs.HARNESSES,
            *orders.HARNESSES,
            *programs.HARNESSES,
            *proofs.HARNESSES,
            *texts.HARNESSES,
            *vexes.HARNESSES,
        ),
        key=lambda row: row.name,
    )
)
"""Every harness, sorted by name."""

__all__ = ["TABLE", "Harness", "answers"]
