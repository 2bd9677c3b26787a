"""The options that say whom to believe and where to look for evidence, for every command that reads it."""

import functools
from collections.abc import Callable
from typing import Any

import click

from assay.interfaces.cli.options import parse_platform, store_option
from assay.model.errors import UsageError

Command = Callable[..., Any]


def _stack(*decorators: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def apply(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


def trusted_options(function: Command) -> Command:
    """Whom to believe, as one value `trusted`."""

    @functools.wraps(function)
    def gather(
        *args: Any,
        keys: tuple[str, ...],
        identities: tuple[str, ...],
        issuers: tuple[str, ...],
        trusted_root: str | None,
        trust: str | None,
        staging: bool,
        legacy: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        from assay.bootstrap import Trusted

        told = Trusted(
            keys=keys,
            identities=identities,
            issuers=issuers,
            trusted_root=trusted_root,
            profile=trust,
            staging=staging,
            cosign_v2="cosign-v2" in legacy,
        )
        return function(*args, trusted=told, **rest)

    return _trusted_flags(gather)


_trusted_flags = _stack(
    click.option("--key", "keys", multiple=True, metavar="FILE", help="Public key that may sign; repeatable."),
    click.option(
        "--certificate-identity", "identities", multiple=True, metavar="ID",
        help="Identity that may sign, `*` for any text; repeatable.",
    ),
    click.option(
        "--certificate-oidc-issuer", "issuers", multiple=True, metavar="URL",
        help="Issuer that vouches for it; one for all identities, or one each.",
    ),
    click.option("--trust", metavar="PROFILE", help="Trust profile that says all this."),
    click.option("--trusted-root", metavar="FILE", help="Trusted root. Default: the public instance's."),
    click.option("--staging", is_flag=True, help="The staging instance of the public Sigstore."),
    click.option(
        "--legacy", multiple=True, type=click.Choice(["cosign-v2"]),
        help="Believe cosign's older .sig and .att tags too: they prove less.",
    ),
)  # fmt: skip


def search_options(function: Command) -> Command:
    """Where to look for evidence and for what, as one value `search`."""

    @functools.wraps(function)
    def gather(
        *args: Any,
        platform: str | None,
        all_platforms: bool,
        store: str | None,
        types: tuple[str, ...],
        offline: bool,
        **rest: Any,
    ) -> Any:
        from assay.bootstrap import Search

        told = Search(
            store=store, platform=parse_platform(platform), everything=all_platforms, types=types, offline=offline
        )
        return function(*args, search=told, **rest)

    return _search_flags(gather)


compat_option = click.option(
    "--compat", type=click.Choice(["cosign-v2"]), help="Write cosign's older form too, at .sig and .att tags."
)


def refuse_keyless(compat: str | None, words: object, key: str | None) -> None:
    """Refuse the older form of a signature that services vouch for, before anything is signed.

    Raises:
        UsageError: both were asked for.
    """
    if compat is not None and words is not None and key is not None:
        raise UsageError(
            "no older form of a signature that is logged",
            why="the proofs of a log and of its time have no room in it",
            remedy="sign twice: once with the services, once with --key and --compat alone",
        )
    if compat is not None and words is not None:
        raise UsageError(
            "no older form without a managed key",
            why="the proofs of a keyless signature have no room in it",
            remedy="sign with --key, or leave --compat out",
        )


_search_flags = _stack(
    click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="Which platform of an index."),
    click.option("--all-platforms", is_flag=True, help="The index and every platform of it."),
    store_option,
    click.option(
        "--type", "types", multiple=True, metavar="TYPE",
        help="Only these predicate types (a word such as cyclonedx, or a URI); repeatable.",
    ),
    click.option("--offline", is_flag=True, help="Ask no registry: the image must lie on this machine."),
)  # fmt: skip
