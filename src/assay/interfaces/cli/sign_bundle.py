"""`assay sign-bundle`: the argument protocol of external conformance clients; the order of the options is free."""

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render.text import safe


@click.command("sign-bundle")
@click.option("--staging", is_flag=True, help="The staging instance of Sigstore instead of production.")
@click.option("--in-toto", is_flag=True, help="FILE is an in-toto statement: sign it as it is, in a DSSE envelope.")
@click.option(
    "--identity-token",
    metavar="JWT",
    help="OIDC token, or a file with one (- for standard input). Default: the token this machine offers.",
)
@click.option("--bundle", required=True, metavar="OUT", help="Where the bundle goes, once it is verified.")
@click.option("--trusted-root", metavar="FILE", help="Trusted root to verify by. Default: the public instance's.")
@click.option("--signing-config", metavar="FILE", help="Services to sign with. Default: the public instance's.")
@click.argument("file")
def command(
    staging: bool,
    in_toto: bool,
    identity_token: str | None,
    bundle: str,
    trusted_root: str | None,
    signing_config: str | None,
    file: str,
) -> None:
    """Sign FILE without a key of your own: as the identity of an OIDC token, which becomes public in a log.

    The bundle is written only after it passed the verifier.
    """
    words = bootstrap.KeylessWords(
        identity_token=identity_token, signing_config=signing_config, trusted_root=trusted_root, staging=staging
    )
    signer = bootstrap.sign_file(file, bundle, in_toto=in_toto, words=words, settings=options.settings())
    click.echo(safe(f"signed as {signer.identity} ({signer.issuer}): {bundle}"))
