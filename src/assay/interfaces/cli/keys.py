"""`assay keys generate PATH`, `assay keys public KEY`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options

KINDS = ("ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096")


@click.group("keys")
def command() -> None:
    """Make signing keys, show their public halves. A passphrase or PIN never comes from the command line."""


@command.command("generate")
@click.argument("path")
@click.option("--kind", type=click.Choice(KINDS), default="ecdsa-p256", help="Kind of key.")
@options.passphrase_option
@click.option("--no-passphrase", is_flag=True, help="Leave the key file unencrypted.")
def generate(path: str, kind: str, passphrase_file: str | None, no_passphrase: bool) -> None:
    """Write a new private key to PATH and its public half to PATH.pub; neither may exist."""
    secret = b"" if no_passphrase else options.new_passphrase(passphrase_file)
    private, public = bootstrap.generate_key(path, kind, secret)
    click.echo(f"private key: {private}\npublic key:  {public}")


@command.command("public")
@click.argument("key", metavar="KEY")
@options.passphrase_option
@click.option("--out", metavar="FILE", help="Write it there, not to the terminal.")
def public(key: str, passphrase_file: str | None, out: str | None) -> None:
    """Print the public half of KEY, a file or the URI of a key in a KMS or an HSM, as PEM: what others verify with."""
    from assay.bootstrap.evidence import public_half

    data = public_half(key, passphrase_file, options.prompt_passphrase)
    if out is None:
        click.echo(data, nl=False)
    else:
        bootstrap.write_file(out, data)
