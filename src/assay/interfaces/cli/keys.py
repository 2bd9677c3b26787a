"""`assay keys generate PATH`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options

KINDS = ("ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096")


@click.group("keys")
def command() -> None:
    """Make signing keys. Keys are files with mode 0600; a passphrase never comes from the command line."""


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
