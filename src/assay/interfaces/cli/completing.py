"""What a shell is offered behind an option or as a target; imported light, run only when a shell asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

SCHEMES = ("oci-dir:", "oci-archive:", "docker-archive:", "registry:", "dir:", "rootfs:", "sbom:")


def formats(
    allowed: tuple[str, ...], versions: Mapping[str, tuple[str, ...]]
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Names of `-o`; behind `@` the versions of that format, behind `=` files."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        if "=" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        name, at, _version = incomplete.partition("@")
        offered = [f"{name}@{version}" for version in versions.get(name, ())] if at else list(allowed)
        return [CompletionItem(text) for text in offered if text.startswith(incomplete)]

    return complete


def targets(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Schemes, then files (an archive, an SBOM, a layout)."""
    from click.shell_completion import CompletionItem

    found = [CompletionItem(scheme) for scheme in SCHEMES if incomplete and scheme.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def conditions(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The last word of an expression: severities alone, then fields and operators."""
    from click.shell_completion import CompletionItem

    from assay.dependencies.conditions import FIELDS, SEVERITIES

    before, blank, last = incomplete.rpartition(" ")
    words = [*SEVERITIES[1:], *FIELDS] if not blank else [*FIELDS, "and", "or", "not"]
    return [CompletionItem(f"{before}{blank}{word}") for word in words if word.startswith(last)]
