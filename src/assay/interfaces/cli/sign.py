"""`assay sign TARGET`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import evidence


@click.command("sign")
@click.argument("target")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="Which platform of an index.")
@click.option("--recursive", is_flag=True, help="Sign the index and every platform of it.")
@click.option("--key", required=True, metavar="FILE", help="Private key (PKCS#8 PEM).")
@options.passphrase_option
@options.store_option
@click.option("--force", is_flag=True, help="Attach even what is attached already.")
def command(
    target: str,
    platform: str | None,
    recursive: bool,
    key: str,
    passphrase_file: str | None,
    store: str | None,
    force: bool,
) -> None:
    """Sign TARGET's manifest with a managed key: a statement about its digest, attached as an OCI referrer."""
    maker = bootstrap.key_maker(key, passphrase_file, options.prompt_passphrase)
    door = bootstrap.evidence_door(
        target,
        store=store,
        settings=options.settings(),
        platform=options.parse_platform(platform),
        everything=recursive,
    )
    with door as (subjects, place):
        for named in subjects:
            statement = bootstrap.image_signature(named.subject)
            for attached in bootstrap.sign_and_attach(place, named.descriptor, (statement,), maker, force=force):
                click.echo(evidence.attached(attached))
