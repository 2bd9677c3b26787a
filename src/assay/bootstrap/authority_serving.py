"""An embedded authority while it is served: its logs open, its keys at hand, what waits written together."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.authority_folder import KEYS, MEMORY, alone, now, read_authority
from assay.bootstrap.authority_keys import Secret, signer
from assay.bootstrap.authority_logs import freeze, logs_of, settle, warm
from assay.bootstrap.machine import LIMITS
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.adapters.batcher import Batcher
    from assay.adapters.http import Http
    from assay.flows.authority import Authority, Logged
    from assay.flows.log import Log
    from assay.flows.witness import WitnessRole
    from assay.formats.authorityfile import AuthorityFile
    from assay.formats.jwt import JsonKey
    from assay.model.limits import Limits
    from assay.ports.decisions import Signer
    from assay.trust.token import Claims

_BATCH, _WAITING, _SECONDS = 1_024, 4_096, 20.0
"""Entries published at once, entries that may wait, and how long one waits (clients wait 20 s and more)."""


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
    with alone(place), _http(hurried(LIMITS)) as http, ExitStack() as ending:
        freeze(place, file, secret)
        logs = logs_of(place, file, "log", file.logs, secret, http)
        issuance = logs_of(place, file, "issuance", file.ct_logs, secret, http)
        newest, leaves = logs[f"{file.name}-{len(logs)}"], issuance[f"{file.name}-{len(issuance)}"]
        for log in (newest, leaves):
            settle(log)
        warming = threading.Thread(target=warm, args=(newest,), name="index of entries")
        warming.start()
        ending.callback(warming.join)
        own = signer(place, file.test_issuer, secret) if file.test_issuer else None
        with (
            closing(_batcher(newest, file, proofs=True)) as entries,
            closing(_batcher(leaves, file, proofs=False)) as new,
        ):
            parts = Parts(
                file=file,
                identify=_judge(place, file, own, http),
                authority=signer(place, file.authorities[-1], secret),
                ct=signer(place, file.ct_logs[-1], secret),
                timestamps=signer(place, file.timestamps[-1], secret),
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


def _batcher(log: Log, file: AuthorityFile, *, proofs: bool) -> Batcher[bytes, Logged]:
    """What waits to be written into a log together; closing it writes what still waits."""
    from assay.adapters.batcher import Batcher
    from assay.flows.authority import committed

    work = committed(log, file, proofs=proofs)
    return Batcher(work, name=log.origin, batch=_BATCH, waiting=_WAITING, seconds=_SECONDS)


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
        (signer(place, file.witness, secret),),
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


@contextmanager
def _http(limits: Limits) -> Iterator[Http]:
    """A client that lets its connections go at the end."""
    from assay.adapters.http import Http

    with closing(Http(limits=limits, env=os.environ)) as http:
        yield http


def monotonic() -> float:
    """Seconds that never go back."""
    return time.monotonic()
