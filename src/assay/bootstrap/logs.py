"""Logs of others: read one thing of them, or watch them."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, read_file
from assay.bootstrap.public import trusted_root
from assay.bootstrap.verification import Trusted, trust_of
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.flows.logread import Consistency, Inclusion, LogReader, Shown
    from assay.flows.monitor import Report
    from assay.formats.logpolicy import LogPolicy
    from assay.formats.trustroot import TransparencyLog
    from assay.ports.logs import LogSource
    from assay.settings import Settings


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs are watched, and for what."""

    log: str
    """Address or folder of the transparency log."""
    issuance: str = ""
    """Address or folder of the issuance log; empty: there is none to be had."""
    state: str
    """Folder where the monitor remembers."""
    trusted: Trusted = Trusted()
    witnesses: str = ""
    """File of a C2SP tlog-policy."""
    silence_seconds: int = 0
    from_now: bool = False


def show_log(location: str, root: str | None, witnesses: str, settings: Settings) -> Shown:
    """The checkpoint of a log; signatures are checked as far as keys are known."""
    return _reader(location, root, witnesses, settings).show()


def prove_entry(location: str, index: int, root: str | None, settings: Settings) -> Inclusion:
    """An entry of a log with its proof, checked."""
    return _reader(location, root, "", settings).inclusion(index)


def prove_growth(location: str, since: str, root: str | None, settings: Settings) -> Consistency:
    """The proof that a log continues an older tree: a size, or a file with a checkpoint.

    Raises:
        UntrustedError: it does not.
    """
    from assay.flows.logread import old_checkpoint

    reader = _reader(location, root, "", settings)
    if since.isdecimal() and since.isascii() and len(since) < 19:
        return reader.consistency(int(since))
    return reader.consistency(old_checkpoint(read_file(since, LIMITS.note_bytes), where=since, limits=LIMITS))


def monitor_logs(watched: Watched, settings: Settings, tell: Callable[[Report], None], every: float = 0.0) -> Report:
    """Look at logs, tell what was found, then remember how far; again and again where `every` (seconds) is given.

    The last report is returned. What was told is remembered only after `tell` has returned.

    Raises:
        UsageError, UntrustedError, MalformedError: what is expected cannot be read.
        UnavailableError: the monitor's own folder cannot be used.
    """
    import time

    from assay.adapters.clock import WallClock
    from assay.adapters.tilestore import TileStore
    from assay.flows.monitor import Monitor, Wish

    trust = trust_of(watched.trusted)
    told = trust.expected.require.witnesses
    wish = Wish(
        roots=trust.roots or trusted_root(watched.trusted.trusted_root, watched.trusted.staging),
        expected=trust.expected,
        policy=_policy(watched.witnesses, told),
        silence_seconds=watched.silence_seconds,
        skip=watched.from_now,
    )
    log = _source(watched.log, settings)
    issuance = _source(watched.issuance, settings) if watched.issuance else None
    files = TileStore(Path(watched.state), seconds=LIMITS.lock_seconds)
    with files.exclusive():
        pass  # it is there, and ours to write
    monitor = Monitor(log, issuance, files, wish, LIMITS)
    while True:
        report = monitor.look(WallClock().now())
        tell(report)
        monitor.commit()
        if not every:
            return report
        time.sleep(every)


def _reader(location: str, root: str | None, witnesses: str, settings: Settings) -> LogReader:
    from assay.flows.logread import LogReader
    from assay.trust import watch

    logs: tuple[TransparencyLog, ...] = ()
    if root is not None:
        found = trusted_root(root)
        logs = (*found.tlogs, *found.ctlogs)
    return LogReader(_source(location, settings), partial(watch.key_of, logs), _policy(witnesses, ""), LIMITS)


def _policy(path: str, text: str) -> LogPolicy | None:
    """The policy of a file, else of a text that is not empty."""
    from assay.formats import logpolicy

    if path:
        text = read_file(path, LIMITS.log_policy_bytes).decode("utf-8", "surrogateescape")
    return logpolicy.parse(text, where=path or "the profile's witnesses", limits=LIMITS) if text else None


def _source(location: str, settings: Settings) -> LogSource:
    """A log by its address or its folder."""
    from assay.adapters.logsource import FolderLog, HttpLog

    if "://" not in location:
        if not Path(location).is_dir():
            raise UsageError("no such log", where=location, remedy="give the folder of a log, or its address")
        return FolderLog(Path(location))
    if not location.startswith(("https://", "http://")):
        raise UsageError("no such log", where=location, remedy="give an address beginning with https://")
    from assay.adapters.http import Http

    return HttpLog(Http(limits=LIMITS, insecure=settings.insecure, env=os.environ), location)
