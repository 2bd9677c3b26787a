"""`assay verify-bundle`: the argument protocol of external conformance clients; the order of the options is free."""

import json
from typing import Literal

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli.render.text import safe
from assay.trust.examine import Row, exit_code


@click.command("verify-bundle")
@click.option("--staging", is_flag=True, help="The staging instance of Sigstore instead of production.")
@click.option("--bundle", required=True, metavar="FILE", help="The Sigstore bundle.")
@click.option("--certificate-identity", "identity", default="", metavar="ID", help="Who must have signed, exactly.")
@click.option("--certificate-oidc-issuer", "issuer", default="", metavar="URL", help="Who vouches for it, exactly.")
@click.option("--key", default="", metavar="PEM", help="Public key that must have signed, instead of an identity.")
@click.option("--trusted-root", metavar="FILE", help="Trusted root. Default: the public instance's.")
@click.option(
    "--log",
    type=click.Choice(["required", "optional"]),
    help="Whether it must be logged. Default: required, but optional with --key.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
@click.option("-v", "--verbose", is_flag=True, help="Also show every check.")
@click.argument("artifact", metavar="FILE_OR_DIGEST")
def command(
    staging: bool,
    bundle: str,
    identity: str,
    issuer: str,
    key: str,
    trusted_root: str | None,
    log: Literal["required", "optional"] | None,
    output: str,
    verbose: bool,
    artifact: str,
) -> int:
    """Verify one bundle about FILE_OR_DIGEST, without the network.

    A digest is sha256:<64 hex>; where a file of that name exists, it is the file. Exits 0 when the signature, its log
    entry, its time and its signer all hold; 3 when one does not; 65 for a malformed bundle; 69 for an unknown version.
    """
    row = bootstrap.verify_bundle(
        bootstrap.BundleWords(
            bundle=bundle,
            artifact=artifact,
            identity=identity,
            issuer=issuer,
            key=key,
            trusted_root=trusted_root,
            staging=staging,
            log=log or "",
        )
    )
    verified = row.outcome == "verified"
    if output == "json":
        value = {name: item for name, item in msgspec.to_builtins(row).items() if name != "evidence"}
        click.echo(json.dumps(value, indent=2, sort_keys=True))
    else:
        lines = [_told(row)]
        if verbose:
            lines += [f"  {check.outcome} {check.step}: {check.reason}" for check in row.checks]
        click.echo("\n".join(map(safe, lines)), err=not verified)
    return exit_code([row])


def _told(row: Row) -> str:
    if row.outcome != "verified":
        return f"{row.outcome}: {row.code} {row.reason}".replace(":  ", ": ")
    whose = f"{row.signer} ({row.issuer})" if row.issuer else row.signer
    return f"verified: signed by {whose}" + (f", {', '.join(row.times)}" if row.times else "")
