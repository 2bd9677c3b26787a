"""The options several commands share, defined once."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

import click
import msgspec

from assay.interfaces.cli import completing
from assay.model.errors import UsageError
from assay.model.image import Platform
from assay.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


FORMAT_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "cyclonedx-json": ("1.4", "1.5", "1.6", "1.7"),
    "cyclonedx-xml": ("1.4", "1.5", "1.6", "1.7"),
    "cyclonedx-vex": ("1.4", "1.5", "1.6", "1.7"),
    "csaf": ("2.0", "2.1"),
    "spdx-json": ("2.3",),
    "spdx-tv": ("2.3",),
    "spdx3-json": ("3.0.1",),
}
"""Formats whose specification's version may be named, `-o FORMAT@VERSION`."""


class Output(msgspec.Struct, frozen=True):
    """One `-o FORMAT[@VERSION][=PATH]`; path "" is standard output, version "" the format's usual one."""

    format: str
    path: str
    everything: bool = False
    """Whether a table also lists what does not count (`-v`)."""
    version: str = ""


def _alike(name: str, allowed: tuple[str, ...]) -> Iterator[str]:
    """The formats of the same family and the same kind of file (`spdx-json`, `spdx3-json`), the one itself first."""
    family, kind = name[:4], name.rpartition("-")[2]
    for one in dict.fromkeys((name, *allowed)):
        if one in FORMAT_VERSIONS and one[:4] == family and one.rpartition("-")[2] == kind:
            yield one


def parse_outputs(
    values: tuple[str, ...], allowed: tuple[str, ...], default: str, *, everything: bool = False
) -> tuple[Output, ...]:
    """Read `-o` values; at most one may go to standard output.

    Raises:
        UsageError: an unknown format or version, an empty path, or two outputs to standard output or one file.
    """
    outputs = []
    for value in values or (default,):
        form, equals, path = value.partition("=")
        name, at, version = form.partition("@")
        if name not in allowed:
            raise UsageError("no such output format", why=repr(name), remedy=f"choose among {', '.join(allowed)}")
        if at and version not in FORMAT_VERSIONS.get(name, ()):
            choice = ", ".join(f"{one}@{v}" for one in _alike(name, allowed) for v in FORMAT_VERSIONS[one]) or name
            raise UsageError("no such version of an output format", why=repr(form), remedy=f"choose among {choice}")
        if equals and not path:
            raise UsageError("an output has no path", why=repr(value), remedy=f"write -o {form}=FILE or -o {form}")
        outputs.append(Output(name, path if path != "-" else "", everything, version))
    if sum(not output.path for output in outputs) > 1:
        raise UsageError("two outputs would go to standard output", remedy="give all but one a path: -o FORMAT=FILE")
    paths = [os.path.abspath(output.path) for output in outputs if output.path and not output.path.startswith("/dev/")]
    if len(paths) != len(set(paths)):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise UsageError("two outputs would go to one file", where=twice, remedy="give each a path of its own")
    return tuple(outputs)


def parse_platform(text: str | None) -> Platform | None:
    """Read `os/arch[/variant]`.

    Raises:
        UsageError: any other text.
    """
    if text is None:
        return None
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise UsageError("not a platform", why=repr(text), remedy="write os/architecture[/variant], e.g. linux/arm64")
    return Platform(*parts)


def settings(db: str | None = None) -> Settings:
    """The settings of environment and files, with the flags that override them.

    What a file nobody named sets, and may decide by, is said on standard error, even with `-q`.
    """
    from assay.bootstrap import effective_settings

    found, told = effective_settings()
    if told:
        click.echo(f"assay: {told}", err=True)
    return msgspec.structs.replace(found, database=db) if db else found


def with_cpe(found: Settings, cpe: bool) -> Settings:
    """The settings with the option over them."""
    return msgspec.structs.replace(found, cpe=found.cpe or cpe)


def with_age(found: Settings, max_db_age: str | None) -> Settings:
    """The settings with `--max-db-age` over them.

    Raises:
        UsageError: not a duration.
    """
    from assay.settings import hours

    if max_db_age is None:
        return found
    try:
        return msgspec.structs.replace(found, max_db_age_hours=hours(max_db_age))
    except ValueError as error:
        what, _, remedy = str(error).partition(": ")
        raise UsageError(f"--max-db-age is {what}", why=repr(max_db_age[:40]), remedy=remedy) from error


def with_horizon(found: Settings, eol_within: int | None, extended_support: bool) -> Settings:
    """The settings with the flags about end of life over them."""
    return msgspec.structs.replace(
        found,
        eol_days=found.eol_days if eol_within is None else eol_within,
        extended_support=found.extended_support or extended_support,
    )


def with_internal(found: Settings, names: tuple[str, ...], sources: tuple[str, ...]) -> Settings:
    """The settings with `--internal-name` and `--internal-source` over them, each in place of its variable."""
    return msgspec.structs.replace(
        found, internal_names=names or found.internal_names, internal_sources=sources or found.internal_sources
    )


def with_ssvc(found: Settings, text: str) -> Settings:
    """The settings with `--ssvc` over them."""
    return msgspec.structs.replace(found, ssvc=text, ssvc_source="--ssvc") if text else found


class Console:
    """Progress for a person: one line a stage on standard error, none with `-q`."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def stage(self, text: str) -> None:
        """Say which stage begins."""
        if not self._quiet:
            from assay.interfaces.cli.render.text import safe

            click.echo(f"· {safe(text)}", err=True)

    def warn(self, text: str) -> None:
        """Say what must not be overlooked."""
        if not self._quiet:
            from assay.interfaces.cli.render.text import safe

            click.echo(f"assay: warning: {safe(text)}", err=True)


def colour_wanted(path: str) -> bool:
    """Colour only on a terminal, unless NO_COLOR or FORCE_COLOR say otherwise (no-color.org)."""
    if path or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _stack(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


_one_platform_flags = _stack(
    click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="Which platform of an index."),
    click.option(
        "--base",
        "bases",
        multiple=True,
        metavar="TARGET",
        help="Image (or Assay SBOM of one) that may be the base: its layers tell base from application. Repeatable.",
    ),
    click.option("--no-cache", is_flag=True, help="Neither read nor write the layer cache."),
    click.option(
        "--verify",
        type=click.Choice(["auto", "strict"]),
        default="auto",
        help="strict: check every layer's diffID now, even when remembered (default when CI is set).",
    ),
    click.option(
        "--classifiers",
        metavar="FILE",
        default="",
        help="Your own classifiers for programs without a package manager (else ASSAY_CLASSIFIERS).",
    ),
    click.option(
        "--fingerprints",
        metavar="FILE",
        default="",
        help="Your own fingerprints of Java libraries, of `assay db fingerprints` (else ASSAY_FINGERPRINTS).",
    ),
)


_all_platforms_flag = click.option("--all-platforms", is_flag=True, help="Every platform of an index, one report each.")


def target_options(function: F) -> F:
    """TARGET and how to read it; the command gets `target` and `reading`."""
    return click.argument("target", shell_complete=completing.targets)(_all_platforms_flag(reading_options(function)))


def reading_options(function: F) -> F:
    """How to read the command's own targets, one platform each; the command gets `reading`."""
    from functools import wraps

    @wraps(function)
    def gather(
        *args: object,
        platform: str | None,
        bases: tuple[str, ...],
        no_cache: bool,
        verify: str,
        classifiers: str,
        fingerprints: str,
        all_platforms: bool = False,
        **rest: object,
    ) -> object:
        from assay.bootstrap import Reading

        reading = Reading(
            platform=parse_platform(platform),
            all_platforms=all_platforms,
            bases=bases,
            use_cache=not no_cache,
            strict=verify == "strict",
            classifiers=classifiers,
            fingerprints=fingerprints,
        )
        return function(*args, reading=reading, **rest)

    return _one_platform_flags(cast(F, gather))


def _log_format(context: click.Context, _: click.Parameter, form: str) -> None:
    if form != "text" and not context.resilient_parsing:
        from assay.interfaces.cli.loglines import install

        install(form)


verbosity_options = _stack(
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        is_eager=True,
        expose_value=False,
        callback=_log_format,
        help="json: every line on standard error is a JSON object.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress on standard error."),
    click.option("-v", "--verbose", count=True, help="Say more; -vv shows where an error arose."),
)
db_age_option = click.option(
    "--max-db-age",
    metavar="DURATION",
    help="Exit 75 when the newest advisory feed is older (12h, 7d, 2w) or there is none (else ASSAY_MAX_DB_AGE).",
)
db_option = click.option("--db", metavar="PATH", help="Advisory database (else ASSAY_DB, else the user's data folder).")


def internal_options(command: F) -> F:
    """`--internal-name`, `--internal-source`: what dependency confusion is judged by."""
    command = click.option(
        "--internal-source",
        "internal_sources",
        multiple=True,
        metavar="HOST",
        help="Where internal packages may come from, * for any text; repeatable (else ASSAY_INTERNAL_SOURCES).",
    )(command)
    return click.option(
        "--internal-name",
        "internal_names",
        multiple=True,
        metavar="PATTERN",
        help="Package names that are internal, e.g. '@acme/*'; repeatable (else ASSAY_INTERNAL_NAMES).",
    )(command)


ssvc_option = click.option(
    "--ssvc",
    metavar="POINT=VALUE,…",
    default="",
    help="Your inputs to SSVC: exposure=small|controlled|open, mission=low|medium|high, "
    "human-impact=low|medium|high|very-high (else ASSAY_SSVC).",
)


cpe_option = click.option(
    "--cpe",
    is_flag=True,
    help="Match what no feed speaks for by CPE names too: weak, labelled (else ASSAY_CPE).",
)


def output_option(allowed: tuple[str, ...], default: str) -> Callable[[F], F]:
    """`-o FORMAT[@VERSION][=PATH]`, repeatable."""
    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        metavar="FORMAT[@VERSION][=PATH]",
        shell_complete=completing.formats(allowed, FORMAT_VERSIONS),
        help=f"Repeatable; one of {', '.join(allowed)}. Default: {default}.",
    )


passphrase_option = click.option(
    "--passphrase-file",
    metavar="FILE",
    help="File with the key's passphrase, or fd:N (else ASSAY_KEY_PASSPHRASE, else a prompt).",
)
key_option = click.option("--key", metavar="FILE", help="Private key (PKCS#8 PEM) to sign with.")


def keyless_options(function: F) -> F:
    """Options of signing without a key of one's own; the command gets `words`, None where none of them is given."""
    from functools import wraps

    @wraps(function)
    def gather(
        *args: object,
        keyless: bool,
        identity_token: str | None,
        signing_config: str | None,
        trusted_root: str | None,
        trust: str | None,
        staging: bool,
        **rest: object,
    ) -> object:
        from assay.bootstrap import KeylessWords

        words = KeylessWords(
            identity_token=identity_token,
            signing_config=signing_config,
            trusted_root=trusted_root,
            trust=trust,
            staging=staging,
            keyless=keyless,
        )
        return function(*args, words=words if words != KeylessWords() else None, **rest)

    return _keyless_flags(cast(F, gather))


_keyless_flags = _stack(
    click.option("--keyless", is_flag=True, help="Sign as this machine's OIDC identity, which a log makes public."),
    click.option(
        "--identity-token", metavar="JWT|FILE", help="Sign as this OIDC token's identity (- for standard input)."
    ),
    click.option(
        "--trust",
        metavar="PROFILE",
        help="Trust profile that names the services to sign with; beside --key they date and log its signatures.",
    ),
    click.option("--signing-config", metavar="FILE", help="Services to sign with. Default: the public instance's."),
    click.option("--trusted-root", metavar="FILE", help="Trusted root of them. Default: the public instance's."),
    click.option("--staging", is_flag=True, help="The staging instance of the public Sigstore."),
)
store_option = click.option(
    "--store",
    metavar="TARGET",
    help="Where the evidence lies when not beside the image: oci-dir:PATH or a repository.",
)


def prompt_passphrase() -> str:
    """Ask for a key's passphrase without showing it."""
    return str(click.prompt("Passphrase of the key", hide_input=True, err=True))


def new_passphrase(file: str | None) -> bytes:
    """The passphrase for a new key: from the file, the environment, or asked twice.

    Raises:
        UsageError: it would be empty (say `--no-passphrase` to mean that), or nobody can be asked.
    """
    from assay import bootstrap

    ask: Callable[[], str] | None = None
    if sys.stdin.isatty():
        ask = lambda: str(  # noqa: E731
            click.prompt("Passphrase of the new key", hide_input=True, confirmation_prompt=True, err=True)
        )
    secret = bootstrap.passphrase(file, ask)()
    if not secret:
        raise UsageError("the passphrase is empty", remedy="give one, or say --no-passphrase")
    return secret


def absolute_uri(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """An option's value that must be a URI with its scheme, as statements demand it; empty is none.

    Raises:
        UsageError: it is none.
    """
    del context
    scheme, colon, rest = value.partition(":")
    is_scheme = scheme[:1].isalpha() and scheme.translate({ord(mark): None for mark in "+-."}).isalnum()
    is_plain = value.isascii() and value.isprintable() and " " not in value
    if value and not (colon and rest and is_scheme and is_plain):
        raise UsageError(
            "not an absolute URI", where=parameter.opts[0], why=repr(value[:100]), remedy="write https://… or urn:…"
        )
    return value
