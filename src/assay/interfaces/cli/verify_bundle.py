"""`assay verify-bundle`: the argument protocol of external conformance clients; the order of the options is free."""

import json
from typing import TYPE_CHECKING, Literal

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import expecting as words
from assay.interfaces.cli.render.text import safe
from assay.trust.examine import Row, exit_code

if TYPE_CHECKING:
    from assay.bootstrap.provenance import ProvenanceWords
    from assay.flows.provenance import ProvenanceRow


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
@words.seen_option
@words.provenance_options
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
    seen_logs: str | None,
    expecting: "ProvenanceWords | None",
    output: str,
    verbose: bool,
    artifact: str,
) -> int:
    """Verify one bundle about FILE_OR_DIGEST, without the network.

    A digest is sha256:<64 hex>; where a file of that name exists, it is the file. Exits 0 when the signature, its log
    entry, its time and its signer all hold, and its provenance says what is asked for (--builder, --source, ...); 3
    when one does not; 65 for a malformed bundle; 69 for an unknown version.
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
            seen_logs=seen_logs,
            whole=expecting is not None,
        )
    )
    code = exit_code([row])
    measured = None
    if expecting is not None:
        from assay.bootstrap.provenance import measure_provenance

        measured, unlike = measure_provenance((row,), expecting)
        code = code or unlike
    if output == "json":
        value = {name: item for name, item in msgspec.to_builtins(row).items() if name != "evidence"}
        if measured is not None:
            from assay.interfaces.cli.render import provenance

            value["provenance"] = provenance.document(measured)
        click.echo(json.dumps(value, indent=2, sort_keys=True))
    else:
        lines = [_told(row)]
        if verbose:
            lines += [f"  {check.outcome} {check.step}: {check.reason}" for check in row.checks]
        if measured is not None and row.outcome == "verified":
            lines += _provenance(measured, verbose=verbose)
        click.echo("\n".join(map(safe, lines)), err=code != 0)
    return code


def _provenance(measured: "tuple[ProvenanceRow, ...]", *, verbose: bool) -> list[str]:
    """A line for the provenance, and its checks; one for a bundle that holds none."""
    if not measured:
        return ["not as expected: the bundle holds no provenance"]
    lines = []
    for one in measured:
        if one.judged is None:
            lines.append(f"not as expected: {one.code} {one.reason}")
        else:
            found = one.judged
            lines.append(f"provenance as expected: built by {found.provenance.builder_id}, level {found.level.build}")
        if verbose:
            lines += [f"  {check.outcome} {check.step}: {check.reason}" for check in one.checks]
    return lines


def _told(row: Row) -> str:
    if row.outcome != "verified":
        return f"{row.outcome}: {row.code} {row.reason}".replace(":  ", ": ")
    whose = f"{row.signer} ({row.issuer})" if row.issuer else row.signer
    return f"verified: signed by {whose}" + (f", {', '.join(row.times)}" if row.times else "")
