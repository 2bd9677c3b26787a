"""The embedded authority on disk: made, opened, rotated, exported.

DIR/authority.json         every instance, its window, its certificates; nothing secret
DIR/keys/NAME.key[.pub]    private keys (0600, encrypted if there is a passphrase) and their public halves
DIR/keys/memory/           what each log's key signed last, the last second a timestamp named
DIR/keys/spent/            tokens that may be used once and were, until they end
DIR/log/NAME-N/            a transparency log: checkpoint, tiles
DIR/issuance/NAME-N/       an issuance log
DIR/public/                trusted_root.json, signing_config.json, client_trust_config.json
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from assay.bootstrap.machine import LIMITS, read_file, write_file
from assay.model.errors import AssayError, UnavailableError, UsageError

if TYPE_CHECKING:
    from assay.adapters.batcher import Batcher
    from assay.adapters.http import Http
    from assay.adapters.keyfile import Kind
    from assay.flows.authority import Authority, Logged
    from assay.flows.authority_life import Wish
    from assay.flows.log import Cosign, Log
    from assay.flows.witness import WitnessRole
    from assay.formats.authorityfile import AuthorityFile, Instance
    from assay.formats.jwt import JsonKey
    from assay.model.limits import Limits
    from assay.ports.decisions import Signer
    from assay.trust.token import Claims

FILE, KEYS, MEMORY, PUBLIC = "authority.json", "keys", "memory", "public"
_BATCH, _WAITING, _SECONDS = 1_024, 4_096, 20.0
"""Entries published at once, entries that may wait, and how long one waits (clients wait 20 s and more)."""
Secret = Callable[[], bytes]


def make_authority(folder: str, wish: Wish, secret: bytes, kms: Mapping[str, str]) -> AuthorityFile:
    """Make keys, certificates, logs with their genesis leaves, and what is published.

    Args:
        folder: new or empty.
        wish: what it is to be.
        secret: passphrase of the key files; empty leaves them plain.
        kms: URI of a key by its name (`ca-1`), for those that are not to be made here.

    Raises:
        UsageError: the folder is in use, or as `authority_life.begin`.
        UnavailableError: it cannot be written.
    """
    from assay.flows import authority_life

    place = Path(folder)
    if place.exists() and any(place.iterdir()):
        raise UsageError("the folder is in use", where=folder, remedy="choose a new one")
    (place / KEYS / MEMORY).mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / KEYS).chmod(0o700)
    keys = _Keys(place / KEYS, secret, kms)
    file = authority_life.begin(wish, keys, now(), os.urandom)
    for kind, instances in (("log", file.logs), ("issuance", file.ct_logs)):
        _begin(_log(place, file, kind, instances[-1], lambda: secret))
    _publish(place, file)
    return file


def read_authority(folder: str) -> AuthorityFile:
    """The file of an authority."""
    from assay.formats import authorityfile

    path = Path(folder) / FILE
    return authorityfile.read(read_file(str(path), LIMITS.trust_file_bytes), where=str(path), limits=LIMITS)


@contextmanager
def authority_at(folder: str, secret: Secret, *, is_loopback: bool) -> Iterator[Authority]:
    """Open an authority to serve it; nobody else can meanwhile. Entries that wait at the end are still written.

    Raises:
        UsageError: it has a built-in issuer and is to listen elsewhere than on loopback.
        UnavailableError: somebody else serves it, its disk or its witnesses cannot be reached.
        UntrustedError: a key others can read, a log older than its key's memory.
    """
    from assay.adapters.tilestore import TileStore
    from assay.adapters.witness_http import hurried
    from assay.flows.authority import Authority, Parts

    file = read_authority(folder)
    if file.test_issuer is not None and not is_loopback:
        raise UsageError(
            "the built-in issuer is for loopback alone",
            why="whoever reaches it gets a token for any address",
            remedy="listen on 127.0.0.1, or make an authority without --test-issuer",
        )
    place = Path(folder)
    with _alone(place), _http(hurried(LIMITS)) as http, ExitStack() as ending:
        _freeze(place, file, secret)
        logs = _logs(place, file, "log", file.logs, secret, http)
        issuance = _logs(place, file, "issuance", file.ct_logs, secret, http)
        newest, leaves = logs[f"{file.name}-{len(logs)}"], issuance[f"{file.name}-{len(issuance)}"]
        for log in (newest, leaves):
            _settle(log)
        warming = threading.Thread(target=_warm, args=(newest,), name="index of entries")
        warming.start()
        ending.callback(warming.join)
        own = _signer(place, file.test_issuer, secret) if file.test_issuer else None
        with (
            closing(_batcher(newest, file, proofs=True)) as entries,
            closing(_batcher(leaves, file, proofs=False)) as new,
        ):
            parts = Parts(
                file=file,
                identify=_judge(place, file, own, http),
                authority=_signer(place, file.authorities[-1], secret),
                ct=_signer(place, file.ct_logs[-1], secret),
                timestamps=_signer(place, file.timestamps[-1], secret),
                logs=logs,
                issuance=issuance,
                entries=entries,
                leaves=new,
                memory=TileStore(place / KEYS / MEMORY),
                now=now,
                chance=os.urandom,
                alone=threading.Lock(),
                witness=_witness(place, file, secret),
                test_issuer=own,
            )
            yield Authority(parts, LIMITS)


def _logs(
    place: Path, file: AuthorityFile, kind: str, instances: Sequence[Instance], secret: Secret, http: Http
) -> dict[str, Log]:
    """The logs of one kind by their names; one whose window is closed is opened without its key."""
    cosign = _cosign(file, http)
    return {
        f"{file.name}-{one.number}": _log(place, file, kind, one, None if one.valid_for.end else secret, cosign)
        for one in instances
    }


def _batcher(log: Log, file: AuthorityFile, *, proofs: bool) -> Batcher[bytes, Logged]:
    """What waits to be written into a log together; closing it writes what still waits."""
    from assay.adapters.batcher import Batcher
    from assay.flows.authority import committed

    work = committed(log, file, proofs=proofs)
    return Batcher(work, name=log.origin, batch=_BATCH, waiting=_WAITING, seconds=_SECONDS)


def rotate_authority(
    folder: str,
    roles: Collection[str],
    secret: bytes,
    kms: Mapping[str, str],
    *,
    log_host: str = "",
    stolen: str = "",
) -> AuthorityFile:
    """New instances; old logs frozen, old windows closed. The trusted root is published before the signing config.

    A rotation that died is begun again: keys and logs that it made and nobody knows of are used.

    Raises:
        UnavailableError: it is being served: stop it first.
        UsageError: as `authority_life.rotate`.
    """
    from assay.flows import authority_life

    place = Path(folder)
    file = read_authority(folder)
    with _alone(place):
        keys = _Keys(place / KEYS, secret, kms)
        following = authority_life.rotate(file, roles, keys, now(), os.urandom, log_host=log_host, stolen=stolen)
        for kind, role, instances in (("log", "log", following.logs), ("issuance", "ct", following.ct_logs)):
            if role in roles:
                _begin(_log(place, following, kind, instances[-1], lambda: secret))
        _publish(place, following)
        # Last: whoever dies before this leaves an authority that goes on, or a new one that freezes when it is served.
        _freeze(place, following, lambda: secret)
    return following


def configure_authority(
    folder: str,
    change: Callable[[AuthorityFile], AuthorityFile],
    secret: bytes,
    kms: Mapping[str, str],
) -> AuthorityFile:
    """Change what may change without a new instance: issuers, witnesses, the logs watched as a witness.

    Raises:
        UnavailableError: it is being served: stop it first.
        UsageError: an issuer that makes no sense.
    """
    from assay.flows import authority_life

    place = Path(folder)
    with _alone(place):
        changed = change(read_authority(folder))
        settled = authority_life.settle(changed, _Keys(place / KEYS, secret, kms), now())
        _publish(place, settled)
    return settled


def witness_policy(file: AuthorityFile) -> bytes:
    """Lines of a C2SP tlog-policy: the logs of an authority, and itself as a witness, for others to copy."""
    from assay.trust import instances

    return instances.policy_lines(file).encode()


def export_root_key(folder: str, role: str, out: str, *, remove: bool) -> Path:
    """Copy the newest root key of `ca` or `tsa` elsewhere, as it is (encrypted if it was); remove it here if asked.

    Raises:
        UsageError: no such key here, or a file in the way.
    """
    from assay.adapters import secretfile

    file = read_authority(folder)
    number = len(file.authorities if role == "ca" else file.timestamps)
    source = Path(folder) / KEYS / f"{role}-root-{number}.key"
    target = Path(out)
    if not source.exists():
        raise UsageError("the root key is not here", where=str(source), why="it was removed, or lies in a KMS")
    if os.path.lexists(target):
        raise UsageError("a file is in the way", where=out, remedy="choose another name")
    secretfile.write(target, secretfile.read(source), 0o600)
    if remove:
        source.unlink()
    return target


def client_config(file: AuthorityFile) -> tuple[bytes, bytes, bytes]:
    """What clients need: the trusted root, the signing config, and both in one."""
    from assay.formats import signingconfig, trustroot
    from assay.formats.signingconfig import ClientTrustConfig
    from assay.trust import instances

    root, config = instances.trusted_root(file), instances.signing_config(file)
    return (
        trustroot.write(root) + b"\n",
        signingconfig.write(config),
        signingconfig.write_client(ClientTrustConfig(root, config)),
    )


def now() -> datetime:
    """The machine's time; `SOURCE_DATE_EPOCH` does not rule what is dated for others."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never go back."""
    return time.monotonic()


class _Keys:
    """Key files in a folder, or keys in a KMS where the operator says so.

    A file that is there already is of a rotation that died: no instance has its number yet.
    """

    def __init__(self, folder: Path, secret: bytes, kms: Mapping[str, str]) -> None:
        self._folder, self._secret, self._kms = folder, secret, kms

    def make(self, name: str, kind: str) -> tuple[str, Signer]:
        """A new file, or the key the KMS has under the URI given for this name."""
        from assay.adapters.keyfile import KeyFileSigner, generate
        from assay.adapters.kms import KmsSigner

        if uri := self._kms.get(name, ""):
            return uri, KmsSigner(uri, lambda: self._secret)
        path = self._folder / f"{name}.key"
        if not path.exists() or not path.with_name(f"{path.name}.pub").exists():
            path.unlink(missing_ok=True)
            generate(path, cast("Kind", kind), self._secret)
        return path.name, KeyFileSigner(path, lambda: self._secret)


class _Retired:
    """The public half of a key that signs no more."""

    def __init__(self, spki: bytes) -> None:
        self._spki = spki

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._spki

    def sign(self, data: bytes) -> bytes:
        """Never.

        Raises:
            UsageError: always.
        """
        raise UsageError("this log is frozen", why=f"{len(data)} bytes were to be signed")


def _signer(place: Path, instance: Instance, secret: Secret) -> Signer:
    """The key of an instance; refused if it is another one.

    Raises:
        UsageError: another key lies there.
    """
    from assay.adapters.keyfile import KeyFileSigner
    from assay.adapters.kms import KmsSigner, is_kms

    found: Signer
    found = (
        KmsSigner(instance.key, secret) if is_kms(instance.key) else KeyFileSigner(place / KEYS / instance.key, secret)
    )
    if found.public_key() != instance.spki:
        raise UsageError("another key lies there", where=instance.key, remedy="bring back the authority's own key")
    return found


def _begin(log: Log) -> None:
    """Write the genesis leaf, unless a rotation that died has."""
    try:
        log.published()
    except UnavailableError:
        log.create()


def _freeze(place: Path, file: AuthorityFile, secret: Secret) -> None:
    """Let no closed log grow: its key signs no larger tree ever again."""
    for kind, instances in (("log", file.logs), ("issuance", file.ct_logs)):
        for one in instances[:-1]:
            if not _log(place, file, kind, one, None).frozen:
                _log(place, file, kind, one, secret).freeze()


def _warm(log: Log) -> None:
    """Have a log look up what it holds while it is served already: of a large one that takes seconds."""
    with suppress(AssayError):  # whoever writes next is told
        log.append(())


def _settle(log: Log) -> None:
    """Bring a log to rest. Where its witnesses are silent it is served nevertheless: readers read, writers get 503."""
    try:
        log.recover()
    except UnavailableError:
        log.published()  # raises where there is no log at all


def _log(
    place: Path, file: AuthorityFile, kind: str, instance: Instance, secret: Secret | None, cosign: Cosign | None = None
) -> Log:
    """A log; without a secret one that is only read, whose private key may be gone."""
    from assay.adapters.tilestore import TileStore
    from assay.flows.log import Log
    from assay.trust import instances

    make = instances.log_path if kind == "log" else instances.issuance_path
    (place / kind).mkdir(exist_ok=True)
    return Log(
        instance.origin,
        _Retired(instance.spki) if secret is None else _signer(place, instance, secret),
        TileStore(place / make(file.name, instance.number)),
        TileStore(place / KEYS / MEMORY),
        cosign=cosign,
        unique=kind == "log" and not instance.valid_for.end,
        limits=LIMITS,
    )


def _cosign(file: AuthorityFile, http: Http) -> Cosign | None:
    """Who cosigns the checkpoints of one log; what a policy says of logs is for verifiers."""
    from assay.adapters.witness_http import HttpWitness
    from assay.flows.cosign import Witnesses
    from assay.formats import logpolicy

    if not file.witnesses:
        return None
    policy = logpolicy.parse(file.witnesses, where="witnesses", limits=LIMITS)
    doors = {one.name: HttpWitness(http, one.url, LIMITS) for one in policy.witnesses if one.url}
    return Witnesses(msgspec.structs.replace(policy, logs=()), doors, LIMITS)


def _witness(place: Path, file: AuthorityFile, secret: Secret) -> WitnessRole | None:
    """The witness role, where it has logs to watch."""
    from assay.adapters.tilestore import TileStore
    from assay.flows.witness import WitnessRole
    from assay.formats import logpolicy
    from assay.trust import instances

    if file.witness is None or not file.witness_logs:
        return None
    return WitnessRole(
        instances.witness_name(file),
        (_signer(place, file.witness, secret),),
        logpolicy.parse(file.witness_logs, where="witness logs", limits=LIMITS),
        TileStore(place / KEYS / "witness"),
        lambda: int(time.time()),
        limits=LIMITS,
    )


def _judge(place: Path, file: AuthorityFile, own: Signer | None, http: Http) -> Callable[[str], Claims]:
    """Who judges tokens: by the issuers of the file, their keys asked for over HTTP; the built-in one is at hand."""
    from assay.adapters.jwks import IssuerKeys
    from assay.adapters.tilestore import TileStore
    from assay.flows import authority_life
    from assay.flows.spent import Spent
    from assay.trust import mint, token

    asked = IssuerKeys(http)
    issuers = tuple(token.check_issuer(authority_life.issuer_of(one)) for one in file.issuers)
    own_issuer = f"{file.url}/{mint.PATH}"
    spent = Spent(TileStore(place / KEYS / "spent"))

    def keys_of(issuer: str, key_id: str) -> Sequence[JsonKey]:
        if own is not None and issuer == own_issuer:
            return mint.keys(own.public_key())
        return asked.keys(issuer, key_id)

    def identify(text: str) -> Claims:
        moment = now()
        claims = token.judge(text, issuers, keys_of, moment)
        spent.use(claims, moment)
        return claims

    return identify


def _publish(place: Path, file: AuthorityFile) -> None:
    """First what is believed, then where to sign: no client may meet a key that it cannot know yet."""
    from assay.formats import authorityfile

    root, config, both = client_config(file)
    (place / PUBLIC).mkdir(exist_ok=True)
    write_file(str(place / FILE), authorityfile.write(file))
    for name, data in (
        ("trusted_root.json", root), ("client_trust_config.json", both), ("signing_config.json", config)
    ):  # fmt: skip
        write_file(str(place / PUBLIC / name), data)


@contextmanager
def _http(limits: Limits) -> Iterator[Http]:
    """A client that lets its connections go at the end."""
    from assay.adapters.http import Http

    with closing(Http(limits=limits, env=os.environ)) as http:
        yield http


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Serve or rotate, one process at a time; a process that dies lets go."""
    path = place / ".lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise UnavailableError(
            "cannot open the authority", where=str(place), why=error.strerror or str(error)
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                "the authority is in use", where=str(place), why="another process serves or rotates it",
                remedy="stop it first",
            ) from error  # fmt: skip
        yield
    finally:
        with suppress(OSError):
            os.close(handle)
