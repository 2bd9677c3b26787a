"""Steps 6 to 12, and the log's part of 17: that a signature was logged and when, says whom the caller believes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from assay.formats.bundle import Bundle, LogEntry
from assay.formats.trustroot import CertificateAuthority, TransparencyLog, TrustedRoot
from assay.model.errors import UntrustedError
from assay.model.evidence import Check
from assay.model.limits import Limits
from assay.trust import entry as entries
from assay.trust import log as logs
from assay.trust import root
from assay.trust.entry import Signed
from assay.trust.expect import Expected
from assay.trust.log import Proven
from assay.trust.material import is_promise_only, no


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What is proven beside the signature."""

    times: tuple[datetime, ...] = ()
    """Verified times, in order."""
    log: str = ""
    """Origin of the log."""
    inclusion: Literal["", "proven", "promised"] = ""
    """`proven`, `promised`, or empty."""


class _Logged(msgspec.Struct, frozen=True):
    """A trusted log under whose key promise and proof of an entry hold."""

    log: TransparencyLog
    promised: datetime | None
    proven: Proven | None


def prove(
    bundle: Bundle,
    signed: Signed,
    roots: TrustedRoot | None,
    expected: Expected,
    trail: list[Check],
    *,
    name: str,
    limits: Limits,
) -> Proof:
    """Check the log entry and the timestamps of a bundle.

    Args:
        bundle: its entries and timestamps.
        signed: its signature, verified.
        roots: the logs and authorities to believe; None skips both where neither is required.
        expected: what is required; checkpoints seen before.
        trail: each check that was made is added.
        name: for messages.
        limits: bounds of checkpoints.

    Raises:
        UntrustedError: a check refused.
    """
    needed = expected.require.log or ("required" if signed.certificate else "optional")
    if roots is None:
        return _without_roots(bundle, signed, expected, needed, trail, name)
    if len(bundle.entries) > 1 or (needed == "required" and not bundle.entries):
        raise no("LOG_UNKNOWN", "log", name, f"{len(bundle.entries)} log entries, expected one")
    one = bundle.entries[0] if bundle.entries else None
    found = [] if one is None else _logged(one, bundle, roots, expected, name, limits)
    stamped = _timestamps(bundle, signed, roots, expected, trail, name)
    times = tuple(sorted({*stamped, *(f.promised for f in found if f.promised is not None)}))
    if not times and (signed.certificate or (one is not None and logs.is_version_2(one))):
        raise no("TIME_MISSING", "time", name, "neither a promise nor a timestamp says when it was signed")
    if one is None:
        trail.append(Check("log", "skip", "it is in no log, and none is required"))
        if expected.require.witnesses:
            raise no("WITNESS_QUORUM", "witnesses", name, "without a log entry nothing could be cosigned")
        return Proof(times=times)
    chosen = _in_window(found, times, name)
    if times:
        trail.append(Check("time", "pass", ", ".join(map(time_text, times))))
    entries.bind(one, signed, name=name)
    _report(one, chosen, trail)
    _witnessed(chosen.proven, expected, trail, name)
    origin = chosen.proven.checkpoint.origin if chosen.proven else root.plain_name(chosen.log.base_url)
    return Proof(times=times, log=origin, inclusion="proven" if chosen.proven else "promised")


def _without_roots(
    bundle: Bundle, signed: Signed, expected: Expected, needed: str, trail: list[Check], name: str
) -> Proof:
    """Nobody said which log or authority to believe: only a managed key can vouch alone."""
    require = expected.require
    if needed == "required" or signed.certificate:
        raise no("LOG_UNKNOWN", "log", name, "a log entry is required, and no trusted root was given")
    if require.witnesses:
        raise no("WITNESS_QUORUM", "witnesses", name, "witnesses are required, and no trusted root was given")
    if require.timestamps == "required" or require.timestamps_count:
        raise no("TIME_MISSING", "time", name, "a timestamp is required, and no trusted root was given")
    present = {"log": len(bundle.entries), "timestamps": len(bundle.timestamps)}
    trail += [
        Check(step, "skip", f"{count} present, not checked: the managed key alone vouches")
        for step, count in present.items()
        if count
    ]
    return Proof()


def _logged(
    one: LogEntry, bundle: Bundle, roots: TrustedRoot, expected: Expected, name: str, limits: Limits
) -> list[_Logged]:
    """Every listed log the entry holds under: one log may be listed again for another window."""
    if bundle.version == "0.1" and one.promise is None:
        raise no("PROMISE", "promise", name, "a bundle of version 0.1 needs a promise")
    promise_only = is_promise_only(bundle, expected.legacy)
    found, refusals = [], []
    for log, key in logs.find(one, roots, name=name):
        try:
            proven = None if promise_only else logs.check_inclusion(one, log, key, name=name, limits=limits)
            found.append(_Logged(log, logs.check_promise(one, key, name=name), proven))
        except UntrustedError as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    return found


def _timestamps(
    bundle: Bundle, signed: Signed, roots: TrustedRoot, expected: Expected, trail: list[Check], name: str
) -> tuple[datetime, ...]:
    """Step 10, and how many timestamps are required."""
    require = expected.require
    if not bundle.timestamps:
        if require.timestamps == "required" or require.timestamps_count:
            raise no("TIME_MISSING", "time", name, "a timestamp is required, and there is none")
        return ()
    from assay.trust import timestamps

    times = timestamps.check(bundle.timestamps, signed.signature, roots.timestamp_authorities, name=name)
    if require.timestamps == "required" and not times.verified:
        raise no("TIME_MISSING", "time", name, f"a timestamp is required: {'; '.join(times.ignored)}")
    if require.timestamps_count > 1:
        agreeing = sum(
            bool(timestamps.check(bundle.timestamps, signed.signature, group, name=name).verified)
            for group in _by_operator(roots.timestamp_authorities)
        )
        if agreeing < require.timestamps_count:
            why = f"timestamps of {agreeing} operators, {require.timestamps_count} are required"
            raise no("TIME_MISSING", "time", name, why)
    trail.append(Check("timestamps", "pass" if times.verified else "skip", f"{len(times.verified)} verified"))
    trail += [Check("timestamps", "skip", line) for line in times.ignored]
    return times.verified


def _by_operator(authorities: Iterable[CertificateAuthority]) -> list[tuple[CertificateAuthority, ...]]:
    """Authorities together that one operator runs; one that names no operator stands for itself."""
    groups: dict[str, list[CertificateAuthority]] = {}
    for number, authority in enumerate(authorities):
        groups.setdefault(authority.operator or authority.uri or f"\0{number}", []).append(authority)
    return [tuple(group) for group in groups.values()]


def _in_window(found: list[_Logged], times: tuple[datetime, ...], name: str) -> _Logged:
    """Step 11: the log's key is trusted at every verified time."""
    late = {index: root.outside(one.log, times) for index, one in enumerate(found)}
    for index, one in enumerate(found):
        if late[index] is None:
            return one
    window, at = found[0].log.valid_for, late[0]
    why = f"the log {found[0].log.base_url} is trusted from {window.start} to {window.end or 'no end'}, not at {at}"
    raise no("LOG_WINDOW", "log", name, why)


def _report(one: LogEntry, chosen: _Logged, trail: list[Check]) -> None:
    trail.append(Check("log", "pass", f"{chosen.log.base_url}, {one.kind} {one.version}"))
    if chosen.proven is not None:
        said = chosen.proven.checkpoint
        trail.append(Check("checkpoint", "pass", f"{said.origin} at size {said.size}"))
        trail.append(Check("inclusion", "pass", f"in the tree of {said.size}"))
    else:
        trail.append(Check("inclusion", "skip", "promised only, as the legacy form allows"))
    if chosen.promised is not None:
        trail.append(Check("promise", "pass", f"taken in at {time_text(chosen.promised)}"))
    elif one.integrated_time is not None:
        trail.append(Check("promise", "skip", "no promise: its integrated time means nothing"))
    trail.append(Check("entry", "pass", "it is about this signature"))


def _witnessed(proven: Proven | None, expected: Expected, trail: list[Check], name: str) -> None:
    """Step 17: no fork of what was seen before, and the quorum of witnesses."""
    if proven is not None and expected.seen:
        logs.check_fork(proven.checkpoint, expected.seen, name=name)
        trail.append(Check("fork", "pass", f"agrees with {len(expected.seen)} checkpoints seen before"))
    if not expected.require.witnesses:
        return
    from assay.formats import logpolicy
    from assay.trust import witness

    if proven is None:
        raise no("WITNESS_QUORUM", "witnesses", name, "without an inclusion proof there is no checkpoint to cosign")
    policy = logpolicy.parse(expected.require.witnesses, where="policy of witnesses")
    quorum = witness.quorum(proven.signed, policy, where=name)
    trail.append(Check("witnesses", "pass", f"{quorum.rule}: {', '.join(one.name for one in quorum.witnesses)}"))


def time_text(at: datetime) -> str:
    """RFC 3339 UTC, with a fraction where there is one.

    >>> from datetime import UTC
    >>> time_text(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05Z'
    """
    return at.isoformat().replace("+00:00", "Z")
