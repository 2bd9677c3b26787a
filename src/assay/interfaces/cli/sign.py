"""`assay sign TARGET`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import evidence


@click.command("sign")
@click.argument("target")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="Which platform of an index.")
@click.option("--recursive", is_flag=True, help="Sign the index and every platform of it.")
@options.key_option
@options.passphrase_option
@options.keyless_options
@options.store_option
@trusting.compat_option
@click.option("--force", is_flag=True, help="Attach even what is attached already.")
def command(
    target: str,
    platform: str | None,
    recursive: bool,
    key: str | None,
    passphrase_file: str | None,
    words: bootstrap.KeylessWords | None,
    store: str | None,
    compat: str | None,
    force: bool,
) -> None:
    """Sign TARGET's manifest: a statement about its digest, attached as an OCI referrer.

    Either with a managed key (--key), or as the identity of an OIDC token (--identity-token, or --keyless for the one
    this machine offers).
    """
    settings = options.settings()
    who = bootstrap.bundle_maker(key, passphrase_file, options.prompt_passphrase, words, settings)
    door = bootstrap.evidence_door(
        target,
        store=store,
        settings=settings,
        platform=options.parse_platform(platform),
        everything=recursive,
    )
    trusting.refuse_keyless(compat, words, key)
    with who as maker, door as (subjects, place):
        for named in subjects:
            statement = bootstrap.image_signature(named.subject)
            for attached in bootstrap.sign_and_attach(place, named.descriptor, (statement,), maker, force=force):
                click.echo(evidence.attached(attached))
            if compat is not None:
                for older in bootstrap.write_older(place, named.subject, (statement,), maker, force=force):
                    click.echo(evidence.older(older))
        if platform is None and not recursive and (part := next((one for one in subjects if one.subject.index), None)):
            options.Console(quiet=False).warn(
                f"of the index {part.subject.platform} alone is signed; --recursive signs it and every platform, which "
                "is what others verify by its tag"
            )
