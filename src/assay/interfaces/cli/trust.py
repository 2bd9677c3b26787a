"""`assay trust init|show|status|update|rotate|export`: the file that says whom to believe."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import trust as render

if TYPE_CHECKING:
    from assay.formats.trustprofile import Profile

F = TypeVar("F", bound=Callable[..., Any])


@click.group("trust")
def command() -> None:
    """Trust profiles: one file that says whom to believe, versioned and signed by its owners."""


def content_options(function: F) -> F:
    """What a profile may hold."""
    for option in reversed(
        (
            click.option("--trusted-root", metavar="FILE", help="Sigstore trusted root."),
            click.option("--signing-config", metavar="FILE", help="Sigstore signing config."),
            click.option("--client-config", metavar="FILE", help="Client trust config: both of them in one file."),
            click.option("--verify-key", "keys", metavar="FILE", multiple=True, help="Public key to believe."),
            click.option(
                "--signer", "signers", metavar="IDENTITY ISSUER", nargs=2, multiple=True, help="Identity to believe."
            ),
            click.option(
                "--signer-pattern", "patterns", metavar="IDENTITY ISSUER", nargs=2, multiple=True,
                help="The same, where * stands for any text; anchored on the whole string.",
            ),
            click.option("--owner", "owners", metavar="FILE", multiple=True, help="Public key of an owner."),
            click.option("--threshold", type=click.IntRange(1), help="Owners who must sign the next version."),
            click.option("--expires", metavar="TIME", help="RFC 3339, 2026-12-31T00:00:00Z; past it all is refused."),
            click.option("--log", type=click.Choice(["required", "optional"]), help="Whether a log entry is required."),
            click.option("--timestamps", type=click.Choice(["required", "optional"]), help="Likewise a timestamp."),
            click.option("--witnesses", metavar="FILE", help="C2SP tlog-policy: witnesses that must have cosigned."),
            click.option("--builders", metavar="FILE", help="Rows of builders and what they may say (TOML)."),
            click.option("--allow-v01-promise", "v01_promise", is_flag=True, help="Read bundles v0.1 without proof."),
            click.option("--allow-cosign-v2", "cosign_v2", is_flag=True, help="Read cosign's .sig and .att tags."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("init")
@click.argument("file")
@click.option("--name", required=True, help="Name of the profile; every later version must bear it.")
@click.option("--mode", type=click.Choice(["private", "public", "key"]), required=True, help="What it rests on.")
@content_options
def init(file: str, name: str, mode: str, **content: Any) -> None:
    """Write version 1 of a trust profile to FILE."""
    bootstrap.new_file(file)
    profile = bootstrap.first_profile(name, mode, bootstrap.Content(**content))
    bootstrap.write_profile(file, profile)
    _tell(profile)


@command.command("show")
@click.argument("file")
def show(file: str) -> None:
    """Print whom FILE believes, what that means, and the names in it that this program does not know."""
    _tell(bootstrap.read_profile(file))


@command.command("status")
@click.argument("file")
def status(file: str) -> int:
    """Print version, age of the newest instance and time to expiry; exit 3 when FILE has expired."""
    profile = bootstrap.read_profile(file)
    now = bootstrap.real_now()
    click.echo(render.status(profile, now), nl=False)
    return 3 if profile.expires and now > profile.expires else 0


@command.command("rotate")
@click.argument("file")
@click.option("--out", required=True, metavar="NEW", help="Where the next version goes.")
@options.key_option
@options.passphrase_option
@click.option("--drop-key", "dropped", metavar="KEYID", multiple=True, help="Believe this key no more.")
@click.option(
    "--revoke", "revoked", metavar="KEYID TIME REASON", nargs=3, multiple=True,
    help="Refuse what this key signed from TIME on; older signatures with a proven time stay good.",
)  # fmt: skip
@content_options
def rotate(
    file: str,
    out: str,
    key: str | None,
    passphrase_file: str | None,
    dropped: tuple[str, ...],
    revoked: tuple[tuple[str, str, str], ...],
    **content: Any,
) -> None:
    """Write the next version of FILE to NEW, and an owner's signature to NEW.sigstore.json.

    What is named is added, or takes the place of what was there; the rest stays. Other owners sign NEW with
    `assay trust sign`.
    """
    bootstrap.new_file(out)
    current = bootstrap.read_profile(file)
    signer = bootstrap.signer(key, passphrase_file, _ask) if key else None  # before anything is written
    if signer is not None:
        bootstrap.check_owner(current, signer)
    following = bootstrap.next_profile(current, bootstrap.Content(**content), dropped, revoked)
    data = bootstrap.write_profile(out, following)
    if signer is not None:
        bootstrap.sign_profile(f"{out}.sigstore.json", data, signer)
    _tell(following)


@command.command("sign")
@click.argument("new")
@click.option("--out", metavar="FILE", help="Where the signature goes. Default: NEW.sigstore.json.")
@click.option("--key", required=True, metavar="FILE", help="An owner's private key (PKCS#8 PEM, or a KMS URI).")
@options.passphrase_option
def sign(new: str, out: str | None, key: str, passphrase_file: str | None) -> None:
    """Sign NEW as one of its owners. A signature that is there, another owner's maybe, is never replaced."""
    goal = out or f"{new}.sigstore.json"
    bootstrap.new_file(goal, remedy="name another file with --out; assay trust update takes several --signature")
    bootstrap.read_profile(new)
    data = bootstrap.read_file(new, bootstrap.LIMITS.trust_file_bytes)
    bootstrap.sign_profile(goal, data, bootstrap.signer(key, passphrase_file, _ask))


@command.command("update")
@click.argument("file", required=False)
@click.argument("new", required=False)
@click.option(
    "--signature", "signatures", metavar="FILE", multiple=True, help="An owner's signature. Default: NEW.sigstore.json."
)
@click.option("--public", is_flag=True, help="Fetch the public Sigstore's trusted root and signing config through TUF.")
@click.option("--staging", is_flag=True, help="Of its staging instance.")
@click.option("--mirror", metavar="URL", help="Another address of the TUF repository.")
@click.option("--tuf-root", metavar="FILE", help="Root metadata of a TUF repository of your own.")
@click.option("--out", metavar="DIR", help="Where the files go. Default: the user's data folder, where they are used.")
def update(
    file: str | None,
    new: str | None,
    signatures: tuple[str, ...],
    public: bool,
    staging: bool,
    mirror: str | None,
    tuf_root: str | None,
    out: str | None,
) -> None:
    """Put NEW in the place of FILE, if its version is higher and enough owners named in FILE have signed it.

    With --public, fetch what the public Sigstore publishes instead; later runs then use it in place of the shipped
    snapshot.
    """
    if public != (file is None) or public != (new is None):
        raise click.UsageError("give either FILE and NEW, or --public")
    if public:
        folder, roots = bootstrap.update_public(staging=staging, url=mirror, root=tuf_root, out=out)
        click.echo(render.public(str(folder), roots), nl=False)
        return
    if file is None or new is None or staging or mirror or tuf_root or out:
        raise click.UsageError("--staging, --mirror, --tuf-root and --out belong to --public")
    profile = bootstrap.replace_profile(file, new, signatures or (f"{new}.sigstore.json",))
    click.echo(f"{profile.name}: version {profile.version}")


@command.command("export")
@click.argument("file")
@click.option("--trusted-root", metavar="OUT", help="Write the trusted root.")
@click.option("--signing-config", metavar="OUT", help="Write the signing config.")
@click.option("--client-config", metavar="OUT", help="Write both in one client trust config.")
def export(file: str, trusted_root: str | None, signing_config: str | None, client_config: str | None) -> None:
    """Write what other Sigstore clients read."""
    if not (trusted_root or signing_config or client_config):
        raise click.UsageError("name what to write: --trusted-root, --signing-config or --client-config")
    profile = bootstrap.read_profile(file)
    bootstrap.export_halves(profile, root=trusted_root, config=signing_config, both=client_config)


def _tell(profile: "Profile") -> None:
    click.echo(render.profile(profile), nl=False)


def _ask() -> str:
    return options.prompt_passphrase()
