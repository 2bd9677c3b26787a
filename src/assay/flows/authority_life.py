"""The life of an embedded authority: its first instances, and rotation to the next ones.

Rotation never touches what was: every old window is closed, none is deleted, and what was signed inside it stays good.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from assay.formats import note, trustroot
from assay.formats.authorityfile import AuthorityFile, Instance, Issuer
from assay.formats.trustroot import Validity
from assay.model.errors import UsageError
from assay.ports.decisions import Signer
from assay.trust import instances, issue, mint, token

ROOT_YEARS, INTERMEDIATE_YEARS = 20, 10
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
ROLES = ("ca", "ct", "log", "tsa")
"""What can be rotated: the certificate authority, its issuance log, the transparency log, the timestamp authority."""
_KINDS = {
    "ca-root": "ecdsa-p384", "ca": "ecdsa-p384", "ct": "ecdsa-p256", "log": "ed25519", "tsa-root": "ecdsa-p384",
    "tsa": "ecdsa-p256", "witness": "ed25519", "test-issuer": "ecdsa-p256",
}  # fmt: skip
_OVERLAP = timedelta(seconds=1)
"""Times are whole seconds, and sigstore-python leaves a window's last one out: this second stays good."""
Chance = Callable[[int], bytes]


class Keys(Protocol):
    """Where private keys are made."""

    def make(self, name: str, kind: str) -> tuple[str, Signer]:
        """A new key for a role and number (`ca-2`): under which name it is found again, and the key."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What an authority is to be."""

    name: str
    url: str
    organization: str
    issuers: tuple[Issuer, ...] = ()
    witnesses: str = ""
    witness_logs: str = ""
    test_issuer: bool = False
    log_host: str = ""
    """Another name of the same server that the log is to have for itself; empty: that of `url`."""


def begin(wish: Wish, keys: Keys, now: datetime, chance: Chance) -> AuthorityFile:
    """The first instances.

    Raises:
        UsageError: a name that cannot stand in an address, an address that is none, an issuer that makes no sense, no
            issuer at all.
    """
    url = wish.url.rstrip("/")
    _check(wish, url)
    file = AuthorityFile(
        name=wish.name,
        url=url,
        organization=wish.organization,
        issuers=wish.issuers,
        witnesses=wish.witnesses,
        witness_logs=wish.witness_logs,
    )
    if wish.test_issuer:
        _check_loopback(url)
        own = Issuer(issuer=f"{url}/{mint.PATH}", kind="email")
        file = msgspec.structs.replace(
            file, issuers=(*wish.issuers, own), test_issuer=_plain("test-issuer", 1, keys, now)
        )
    return _added(settle(file, keys, now), ROLES, keys, now, chance, wish.log_host)


def settle(file: AuthorityFile, keys: Keys, now: datetime) -> AuthorityFile:
    """The file with what its settings need: a key as a witness, where it has logs to watch.

    Raises:
        UsageError: an issuer that makes no sense, or none at all.
    """
    if not file.issuers:
        raise UsageError("nobody could get a certificate", why="no OIDC issuer", remedy="name one with --issuer")
    for one in file.issuers:
        token.check_issuer(issuer_of(one))
    if file.witness_logs and file.witness is None:
        return msgspec.structs.replace(file, witness=_plain("witness", 1, keys, now))
    return file


def rotate(
    file: AuthorityFile,
    roles: Collection[str],
    keys: Keys,
    now: datetime,
    chance: Chance,
    *,
    log_host: str = "",
    stolen: str = "",
) -> AuthorityFile:
    """The next instance of each role; the windows of the ones before are closed.

    The certificate authority's closes as late as its last certificate ends: what it signed a minute ago is dated later.

    Args:
        file: as it is.
        roles: of `ROLES`.
        keys: where the new ones are made.
        now: aware; the new windows begin.
        chance: random bytes.
        log_host: another name of the server, for the new log.
        stolen: RFC 3339 UTC: when somebody else may first have had the old keys; their windows end there, and what was
            signed later is believed no more.

    Raises:
        UsageError: no such role, or none; a time that is none, in the future, or before the instance began.
    """
    if not roles or set(roles) - set(ROLES):
        raise UsageError(
            "nothing to rotate", why=", ".join(sorted(roles)) or "none", remedy=f"choose {', '.join(ROLES)}"
        )
    ends = {"ca": now + issue.LIFETIME, "ct": now + issue.LIFETIME, "log": now + _OVERLAP, "tsa": now + _OVERLAP}
    for role in sorted(roles):
        field = _FIELDS[role]
        *older, last = getattr(file, field)
        end = _stolen(stolen, last, now) if stolen else text(ends[role])
        closed = msgspec.structs.replace(last, valid_for=Validity(last.valid_for.start, end))
        file = msgspec.structs.replace(file, **{field: (*older, closed)})
    return _added(file, tuple(role for role in ROLES if role in roles), keys, now, chance, log_host)


def issuer_of(row: Issuer) -> token.Issuer:
    """An issuer of the file as the judge of tokens takes it."""
    return token.Issuer(
        url=row.issuer,
        kind=row.kind,
        audience=row.audience,
        url_of_service=row.url_of_service,
        domain=row.domain,
        issuer_claim=row.issuer_claim,
        is_single_use=row.single_use,
    )


def text(time: datetime) -> str:
    """RFC 3339 UTC with seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_FIELDS = {"ca": "authorities", "ct": "ct_logs", "log": "logs", "tsa": "timestamps"}


def _added(
    file: AuthorityFile, roles: Sequence[str], keys: Keys, now: datetime, chance: Chance, log_host: str
) -> AuthorityFile:
    for role in roles:
        before: tuple[Instance, ...] = getattr(file, _FIELDS[role])
        number = len(before) + 1
        if role == "log":
            url, origin = log_address(file, number, log_host)
            made = msgspec.structs.replace(_plain(role, number, keys, now), url=url, origin=origin)
        elif role == "ct":
            path = instances.issuance_path(file.name, number)
            where = {"url": f"{file.url}/{path}", "origin": instances.place(file.url, path)}
            made = msgspec.structs.replace(_plain(role, number, keys, now), **where)
        else:
            made = _certified(file, role, number, keys, now, chance)
        file = msgspec.structs.replace(file, **{_FIELDS[role]: (*before, made)})
    return file


def log_address(file: AuthorityFile, number: int, host: str = "") -> tuple[str, str]:
    """Address and origin of a log.

    An origin is never used twice. sigstore-go, and so cosign, takes a host name alone for a log's origin: the first log
    of each name gets that, and one more under the same name its whole address, which cosign does not verify.

    Raises:
        UsageError: not the name of a host.
    """
    parts = urlsplit(file.url)
    name = host or parts.hostname or ""
    if host and not _HOST.fullmatch(host):
        raise UsageError("not the name of a host", why=repr(host[:80]), remedy="write log-2.sign.example.com")
    base = f"{parts.scheme}://{f'[{name}]' if ':' in name else name}{f':{parts.port}' if parts.port else ''}"
    path = instances.log_path(file.name, number)
    is_free = all(one.origin != name for one in file.logs)
    return f"{base}/{path}", name if is_free else instances.place(base, path)


def _stolen(time: str, last: Instance, now: datetime) -> str:
    """The end of a window at the time of a theft."""
    try:
        moment = trustroot.instant(time)
    except ValueError as error:
        raise UsageError("not a time", why=str(error), remedy="write 2026-01-02T03:04:05Z") from error
    if not trustroot.instant(last.valid_for.start) <= moment <= now:
        raise UsageError(
            "not a time at which this key was in use",
            why=f"it is used since {last.valid_for.start}",
            remedy="name the first moment at which somebody else may have had it",
        )
    return text(moment)


def _plain(role: str, number: int, keys: Keys, now: datetime) -> Instance:
    name, signer = keys.make(f"{role}-{number}", _KINDS[role])
    return Instance(number=number, valid_for=Validity(text(now)), spki=signer.public_key(), key=name)


def _certified(file: AuthorityFile, role: str, number: int, keys: Keys, now: datetime, chance: Chance) -> Instance:
    """An authority below a root of its own. After this nobody needs the root's key until somebody wants a sub-CA."""
    _, root_signer = keys.make(f"{role}-root-{number}", _KINDS[f"{role}-root"])
    name, signer = keys.make(f"{role}-{number}", _KINDS[role])
    start = now.replace(microsecond=0)
    words = {"ca": "CA", "tsa": "timestamp authority"}[role]
    root = issue.root(
        root_signer,
        organization=file.organization,
        common_name=f"{file.name} {words} root {number}",
        start=start,
        end=start + timedelta(days=365 * ROOT_YEARS),
        serial=issue.serial(chance(20)),
        below=1 if role == "ca" else 0,
    )
    certify = issue.intermediate if role == "ca" else issue.timestamping
    own = certify(
        root,
        root_signer,
        signer.public_key(),
        organization=file.organization,
        common_name=f"{file.name} {words} {number}",
        start=start,
        end=start + timedelta(days=365 * INTERMEDIATE_YEARS),
        serial=issue.serial(chance(20)),
    )
    window = Validity(text(now))
    return Instance(number=number, valid_for=window, spki=signer.public_key(), key=name, certificates=(own, root))


def _check_loopback(url: str) -> None:
    """The built-in issuer gives a token for any address to whoever reaches it, through a proxy too."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise UsageError(
        "the built-in issuer is for loopback alone",
        why=f"the address is {url[:100]}",
        remedy="use http://127.0.0.1:PORT",
    )


def _check(wish: Wish, url: str) -> None:
    if not wish.name.isascii() or not wish.name.replace("-", "").isalnum() or len(wish.name) > 60:
        raise UsageError("not a name for an authority", why=repr(wish.name[:60]), remedy="use letters, digits, hyphens")
    if not wish.organization.isprintable() or not 1 <= len(wish.organization) <= 64:
        raise UsageError("not an organisation", why=repr(wish.organization[:60]), remedy="write 1 to 64 characters")
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise UsageError(
            "not an address for an authority",
            why=repr(url[:100]),
            remedy="write https://host[:port]; clients look for the certificate authority at the root of the host",
        )
    if not note.is_name(f"{parts.netloc}/log/{wish.name}-1") or parts.netloc != parts.netloc.lower():
        raise UsageError(
            "not an address for an authority", why=repr(url[:100]), remedy="leave out spaces and plus signs"
        )
