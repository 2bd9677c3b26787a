"""Logs of an embedded authority: begun, opened, frozen, brought to rest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.authority_folder import KEYS, MEMORY
from assay.bootstrap.authority_keys import Retired, Secret, signer
from assay.bootstrap.machine import LIMITS
from assay.model.errors import AssayError, UnavailableError

if TYPE_CHECKING:
    from assay.adapters.http import Http
    from assay.flows.log import Cosign, Log
    from assay.formats.authorityfile import AuthorityFile, Instance


def log_of(
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
        Retired(instance.spki) if secret is None else signer(place, instance, secret),
        TileStore(place / make(file.name, instance.number)),
        TileStore(place / KEYS / MEMORY),
        cosign=cosign,
        unique=kind == "log" and not instance.valid_for.end,
        limits=LIMITS,
    )


def logs_of(
    place: Path, file: AuthorityFile, kind: str, instances: Sequence[Instance], secret: Secret, http: Http
) -> dict[str, Log]:
    """The logs of one kind by their names; one whose window is closed is opened without its key."""
    cosign = _cosign(file, http)
    return {
        f"{file.name}-{one.number}": log_of(place, file, kind, one, None if one.valid_for.end else secret, cosign)
        for one in instances
    }


def begin(log: Log) -> None:
    """Write the genesis leaf, unless a rotation that died has."""
    try:
        log.published()
    except UnavailableError:
        log.create()


def freeze(place: Path, file: AuthorityFile, secret: Secret) -> None:
    """Let no closed log grow: its key signs no larger tree ever again."""
    for kind, instances in (("log", file.logs), ("issuance", file.ct_logs)):
        for one in instances[:-1]:
            if not log_of(place, file, kind, one, None).frozen:
                log_of(place, file, kind, one, secret).freeze()


def settle(log: Log) -> None:
    """Bring a log to rest. Where its witnesses are silent it is served nevertheless: readers read, writers get 503."""
    try:
        log.recover()
    except UnavailableError:
        log.published()  # raises where there is no log at all


def warm(log: Log) -> None:
    """Have a log look up what it holds while it is served already: of a large one that takes seconds."""
    with suppress(AssayError):  # whoever writes next is told
        log.append(())


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
