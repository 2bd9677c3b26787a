"""Options of every command that verifies: what a provenance must be, and where it is remembered what logs said."""

import functools
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]

_FLAGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("--builder", "builders", {"multiple": True, "metavar": "ID", "help": "Builder it may have; repeatable."}),
    ("--build-type", "build_types", {"multiple": True, "metavar": "URI", "help": "Build type; repeatable."}),
    ("--source", "source", {"default": "", "metavar": "REPOSITORY", "help": "Repository it must be built from."}),
    ("--source-ref", "ref", {"default": "", "metavar": "REF", "help": "Full reference, e.g. refs/heads/main."}),
    ("--source-branch", "branch", {"default": "", "metavar": "NAME", "help": "Branch."}),
    ("--source-tag", "tag", {"default": "", "metavar": "NAME", "help": "Tag, exact."}),
    ("--source-versioned-tag", "versioned_tag", {"default": "", "metavar": "vX[.Y[.Z]]", "help": "Tags of a version."}),
    ("--source-commit", "commit", {"default": "", "metavar": "HEX", "help": "Commit."}),
    ("--parameter", "parameters", {"multiple": True, "metavar": "PATH=TEXT", "help": "Parameter; repeatable."}),
    ("--material", "materials", {"multiple": True, "metavar": "PATTERN", "help": "Material allowed; repeatable."}),
    ("--pinned", "pinned", {"is_flag": True, "help": "Every material must have a digest."}),
    ("--build-level", "level", {"type": click.IntRange(1, 3), "help": "Least SLSA Build level."}),
    ("--builders-file", "rows", {"default": "", "metavar": "FILE", "help": "Rows of further builders to trust."}),
)  # fmt: skip
"""Flag, field of `bootstrap.provenance.ProvenanceWords`, and what click is told."""


seen_option = click.option(
    "--seen-logs", metavar="DIR",
    help="Remember there what logs said, and refuse a log that says something else later.",
)  # fmt: skip


def provenance_options(function: Command) -> Command:
    """What the provenance must be, as one value `expecting`; None where nothing is asked."""

    @functools.wraps(function)
    def gather(*args: Any, **rest: Any) -> Any:
        given = {field: rest.pop(field) for _, field, _ in _FLAGS}
        asked = {field: value for field, value in given.items() if value}
        if not asked:
            return function(*args, expecting=None, **rest)
        from assay.bootstrap.provenance import ProvenanceWords

        return function(*args, expecting=ProvenanceWords(**asked), **rest)

    command: Command = gather
    for flag, field, told in reversed(_FLAGS):
        command = click.option(flag, field, **told)(command)
    return command
