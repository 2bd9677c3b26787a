"""Options about where VEX is looked for and who is believed, defined once."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import click

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = (
    click.option(
        "--vex-trust",
        metavar="FILE",
        default="",
        help="Whose VEX counts, and for which products: TOML with [[vex.trust]] rows (else ASSAY_VEX_TRUST).",
    ),
    click.option(
        "--vex-repository",
        "vex_repositories",
        multiple=True,
        metavar="DIR|URL",
        help="VEX repository to look packages up in, a folder or an https address; repeatable.",
    ),
    click.option("--vex-offline", is_flag=True, help="Ask no VEX repository for news; use the copies, however old."),
    click.option(
        "--vex-require-signature",
        is_flag=True,
        help="Let --vex files count only if --vex-trust names who signed them.",
    ),
    click.option("--no-vex-discovery", is_flag=True, help="Do not look for VEX beside the image or in .vex/."),
)


def vex_options(function: F) -> F:
    """Where to look for VEX; the command, which must have a `target`, gets `search`."""

    @wraps(function)
    def gather(
        *args: object,
        target: str,
        vex_trust: str,
        vex_repositories: tuple[str, ...],
        vex_require_signature: bool,
        no_vex_discovery: bool,
        vex_offline: bool,
        **rest: object,
    ) -> object:
        from assay.bootstrap import VexSearch

        search = VexSearch(
            target=target,
            discover=not no_vex_discovery,
            repositories=vex_repositories,
            trust=vex_trust,
            require_signature=vex_require_signature,
            offline=vex_offline,
        )
        return function(*args, target=target, search=search, **rest)

    for flag in reversed(_FLAGS):
        gather = flag(gather)
    return cast(F, gather)
