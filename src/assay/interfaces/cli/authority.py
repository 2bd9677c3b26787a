"""`assay authority init|serve|configure|rotate|export`: certificates, a log and timestamps of one's own."""

import importlib
import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options
from assay.model.errors import UnavailableError, UsageError
from assay.trust.identity import TEMPLATES

if TYPE_CHECKING:
    from assay.formats.authorityfile import AuthorityFile, Issuer

_KINDS = tuple(TEMPLATES)
_ROLES = ("ca", "ct", "log", "tsa")


@click.group("authority")
def command() -> None:
    """A signing authority of your own, for private and air-gapped sites; unmodified Sigstore clients use it.

    It moves trust to whoever runs it: the operator can issue any identity and date any signature. Witnesses and
    `assay log monitor` are what makes that visible.
    """


host_option = click.option(
    "--log-host", default="", metavar="HOST",
    help="A name of this server that the new log has for itself: cosign verifies only logs named by their host.",
)  # fmt: skip
kms_option = click.option(
    "--kms", "kms", metavar="NAME=URI", multiple=True,
    help="Use a key of a KMS for NAME (ca-root-1, ca-1, ct-1, log-1, tsa-root-1, tsa-1) instead of a file.",
)  # fmt: skip
plain_option = click.option("--no-passphrase", is_flag=True, help="Leave the key files unencrypted.")


@command.command("init")
@click.argument("folder", metavar="DIR")
@click.option("--name", required=True, help="Letters, digits and hyphens; part of every log's address.")
@click.option("--url", required=True, help="Where clients reach it, https://host[:port].")
@click.option("--organization", help="Who runs it, for certificates. Default: the name.")
@click.option(
    "--issuer", "issuers", metavar="URL KIND", nargs=2, multiple=True,
    help=f"An OIDC issuer whose tokens are taken; KIND: {', '.join(_KINDS)}.",
)  # fmt: skip
@click.option(
    "--issuer-domain", "domains", metavar="URL DOMAIN", nargs=2, multiple=True,
    help="What identities of an issuer of the kinds uri, username and spiffe must belong to.",
)  # fmt: skip
@click.option("--single-use", "single", metavar="URL", multiple=True, help="Tokens of this issuer count once.")
@click.option("--witnesses", metavar="FILE", help="C2SP tlog-policy: who must cosign every checkpoint.")
@click.option("--witness-logs", metavar="FILE", help="C2SP tlog-policy: logs to cosign as a witness.")
@click.option("--test-issuer", is_flag=True, help="A built-in token issuer, for tests; serves on loopback alone.")
@host_option
@kms_option
@options.passphrase_option
@plain_option
def init(
    folder: str,
    name: str,
    url: str,
    organization: str | None,
    issuers: tuple[tuple[str, str], ...],
    domains: tuple[tuple[str, str], ...],
    single: tuple[str, ...],
    witnesses: str | None,
    witness_logs: str | None,
    test_issuer: bool,
    log_host: str,
    kms: tuple[str, ...],
    passphrase_file: str | None,
    no_passphrase: bool,
) -> None:
    """Make keys, certificates and logs in DIR, and DIR/public for clients. Take the root keys offline afterwards."""
    from assay.flows.authority_life import Wish

    wish = Wish(
        name=name,
        url=url,
        organization=organization or name,
        issuers=_issuers(issuers, domains, single),
        witnesses=bootstrap.policy_text(witnesses),
        witness_logs=bootstrap.policy_text(witness_logs),
        test_issuer=test_issuer,
        log_host=log_host,
    )
    bootstrap.make_authority(folder, wish, _new_secret(passphrase_file, no_passphrase), _pairs(kms))
    click.echo(f"authority:   {folder}\nfor clients: {folder}/public/client_trust_config.json")
    click.echo(
        "Take the root keys offline: assay authority export DIR --root-key ca --out FILE --remove (and tsa).", err=True
    )


@command.command("serve")
@click.argument("folder", metavar="DIR")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--tls-cert", metavar="FILE", help="Certificate chain in PEM, if no proxy does TLS.")
@click.option("--tls-key", metavar="FILE", help="Its private key.")
@click.option(
    "--rate", type=click.FloatRange(0.1), default=50.0, show_default=True, help="Requests a second, each address."
)
@click.option("--burst", type=click.IntRange(1), default=500, show_default=True, help="Requests at once, each address.")
@click.option("--proxy", default="", metavar="ADDRESS", help="A proxy in front: believe its X-Forwarded-For.")
@options.passphrase_option
@options.verbosity_options
def serve(
    folder: str,
    host: str,
    port: int,
    tls_cert: str | None,
    tls_key: str | None,
    rate: float,
    burst: int,
    proxy: str,
    passphrase_file: str | None,
    quiet: bool,
    verbose: int,
) -> None:
    """Serve DIR over HTTP until SIGTERM; what has begun is finished."""
    server = _server()
    listening = server.Listening(
        host=host, port=port, certificate=tls_cert, key=tls_key, per_second=rate, burst=burst, proxy=proxy
    )
    secret = bootstrap.passphrase(passphrase_file, options.prompt_passphrase)
    with bootstrap.authority_at(folder, secret, is_loopback=_is_loopback(host)) as authority:
        if not quiet:
            click.echo(f"serving {folder} at http{'s' if tls_cert else ''}://{host}:{port}", err=True)
        server.run(authority, listening, verbose=bool(verbose))


@command.command("rotate")
@click.argument("folder", metavar="DIR")
@click.option("--only", "roles", type=click.Choice(_ROLES), multiple=True, help="Default: all four.")
@click.option(
    "--stolen-since", default="", metavar="TIME",
    help="Believe what the old keys signed only until TIME (2026-01-02T03:04:05Z).",
)  # fmt: skip
@host_option
@kms_option
@options.passphrase_option
@plain_option
def rotate(
    folder: str,
    roles: tuple[str, ...],
    stolen_since: str,
    log_host: str,
    kms: tuple[str, ...],
    passphrase_file: str | None,
    no_passphrase: bool,
) -> None:
    """Begin new instances: new keys, new log addresses. Old logs are frozen and stay readable; stop serving first."""
    secret = _new_secret(passphrase_file, no_passphrase)
    file = bootstrap.rotate_authority(
        folder, roles or _ROLES, secret, _pairs(kms), log_host=log_host, stolen=stolen_since
    )
    click.echo(f"{file.name}: log {len(file.logs)}, certificate authority {len(file.authorities)}, "
               f"certificate log {len(file.ct_logs)}, timestamp authority {len(file.timestamps)}")  # fmt: skip
    if "/" in file.logs[-1].origin:
        click.echo("cosign does not verify the new log: give it a host name of its own with --log-host.", err=True)
    click.echo("Hand out DIR/public/trusted_root.json first, then the signing config.", err=True)


@command.command("configure")
@click.argument("folder", metavar="DIR")
@click.option(
    "--issuer", "issuers", metavar="URL KIND", nargs=2, multiple=True, help="Take this issuer's tokens too, or as KIND."
)
@click.option("--issuer-domain", "domains", metavar="URL DOMAIN", nargs=2, multiple=True, help="See init.")
@click.option("--single-use", "single", metavar="URL", multiple=True, help="Tokens of this issuer count once.")
@click.option("--drop-issuer", "dropped", metavar="URL", multiple=True, help="Take its tokens no more.")
@click.option("--witnesses", metavar="FILE", help="C2SP tlog-policy: who must cosign every checkpoint.")
@click.option("--witness-logs", metavar="FILE", help="C2SP tlog-policy: logs to cosign as a witness.")
@options.passphrase_option
@plain_option
def configure(
    folder: str,
    issuers: tuple[tuple[str, str], ...],
    domains: tuple[tuple[str, str], ...],
    single: tuple[str, ...],
    dropped: tuple[str, ...],
    witnesses: str | None,
    witness_logs: str | None,
    passphrase_file: str | None,
    no_passphrase: bool,
) -> None:
    """Change issuers and witnesses; keys and logs stay. Stop serving first.

    A passphrase is needed only where a key must be made: the first --witness-logs.
    """
    rows = _issuers(issuers, domains, single)
    changes = {
        name: bootstrap.policy_text(path)
        for name, path in (("witnesses", witnesses), ("witness_logs", witness_logs))
        if path is not None
    }

    def change(file: "AuthorityFile") -> "AuthorityFile":
        there = [row.issuer for row in file.issuers]
        _there(dropped, there, f"its issuers are {', '.join(there)}")
        named = {row.issuer for row in rows} | set(dropped)
        kept = tuple(row for row in file.issuers if row.issuer not in named)
        return msgspec.structs.replace(file, issuers=(*kept, *rows), **changes)

    secret = _new_secret(passphrase_file, no_passphrase) if witness_logs else b""
    bootstrap.configure_authority(folder, change, secret, {})


@command.command("export")
@click.argument("folder", metavar="DIR")
@click.option("--out", metavar="FILE", help="Where it goes. Default: standard output.")
@click.option(
    "--what", type=click.Choice(["client-config", "trusted-root", "signing-config", "log-policy"]),
    default="client-config", show_default=True, help="What clients need; or its logs, for witnesses.",
)  # fmt: skip
@click.option("--root-key", type=click.Choice(["ca", "tsa"]), help="Copy this root's private key instead.")
@click.option("--remove", is_flag=True, help="Remove that key here: the authority serves without it.")
def export(folder: str, out: str | None, what: str, root_key: str | None, remove: bool) -> None:
    """Write what clients need, or take a root key offline."""
    if root_key:
        if not out:
            raise click.UsageError("name a file with --out; a private key is never printed")
        click.echo(f"root key: {bootstrap.export_root_key(folder, root_key, out, remove=remove)}")
        return
    if remove:
        raise click.UsageError("--remove is for --root-key")
    file = bootstrap.read_authority(folder)
    root, config, both = bootstrap.client_config(file)
    policy = bootstrap.witness_policy(file)
    data = {"client-config": both, "trusted-root": root, "signing-config": config, "log-policy": policy}[what]
    if out:
        bootstrap.write_file(out, data)
    else:
        click.echo(data, nl=False)


def _server() -> Any:
    """The HTTP interface, by name: the interfaces do not know each other, and few installations have its extra."""
    try:
        return importlib.import_module("assay.interfaces.authority.server")
    except ImportError as error:
        raise UnavailableError(
            "the authority needs libraries that are not installed", why=str(error),
            remedy="pip install 'assay[authority]'",
        ) from error  # fmt: skip


def _there(named: Iterable[str], issuers: Sequence[str], remedy: str) -> None:
    """Refuse what is said of an issuer nobody knows: it would change nothing, and its author thinks it did."""
    if strangers := sorted(set(named) - set(issuers)):
        raise UsageError("no such issuer", why=strangers[0], remedy=remedy)


def _issuers(
    issuers: tuple[tuple[str, str], ...], domains: tuple[tuple[str, str], ...], single: tuple[str, ...]
) -> "tuple[Issuer, ...]":
    from assay.formats.authorityfile import Issuer

    places = dict(domains)
    _there((*places, *single), [address for address, _ in issuers], "name it with --issuer too, in the same command")
    return tuple(
        Issuer(issuer=address, kind=_kind(kind), domain=places.get(address, ""), single_use=address in single)
        for address, kind in issuers
    )


def _kind(text: str) -> str:
    if text not in _KINDS:
        raise UsageError("no such kind of issuer", why=repr(text[:40]), remedy=f"choose {', '.join(_KINDS)}")
    return text


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, uri = value.partition("=")
        if not (name and equals and uri):
            raise UsageError("not a key of a KMS", why=repr(value[:60]), remedy="write --kms ca-1=awskms:KEY")
        pairs[name] = uri
    return pairs


def _new_secret(file: str | None, plain: bool) -> bytes:
    return b"" if plain else options.new_passphrase(file)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
