"""A trust profile for people: whom it believes, what that means, how old it is."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from assay.formats.plaintext import safe
from assay.trust.profile import builders_of, notes

if TYPE_CHECKING:
    from assay.formats.trustprofile import KeyRow, Profile
    from assay.formats.trustroot import TrustedRoot, Validity


def profile(value: "Profile") -> str:
    """Everything it says, one thing a line; the notes come first, for they are what a person must decide on."""
    return "".join(f"{safe(line)}\n" for line in _lines(value))


def status(value: "Profile", now: str) -> str:
    """Version, age of its newest instance, time to its end."""
    lines = [f"{value.name}: version {value.version}, mode {value.mode}"]
    starts = [window.start for _, window in _windows(value)]
    if starts:
        lines.append(f"newest instance: since {max(starts)} ({_days(max(starts), now)} days)")
    closed = sum(1 for _, window in _windows(value) if window.end and window.end[:19] < now[:19])
    if closed:
        lines.append(f"closed instances: {closed}; what they signed in their time stays good")
    if not value.expires:
        lines.append("expires: never")
    elif now > value.expires:
        lines.append(f"EXPIRED at {value.expires}, {_days(value.expires, now)} days ago: everything is refused")
    else:
        lines.append(f"expires: {value.expires}, in {_days(now, value.expires)} days")
    return "".join(f"{safe(line)}\n" for line in lines)


def public(folder: str, root: "TrustedRoot") -> str:
    """Where the public trust was put, and whom it lists."""
    lines = [f"{folder}:", *(f"{what}: {_window(window)}" for what, window in _instances(root))]
    return "".join(f"{safe(line)}\n" for line in lines)


def _lines(value: "Profile") -> Iterator[str]:
    yield f"{value.name}: version {value.version}, mode {value.mode}"
    for note in notes(value):
        yield f"note: {note}"
    yield f"expires: {value.expires or 'never'}"
    for what, window in _windows(value):
        yield f"{what}: {_window(window)}"
    for key in value.keys:
        yield f"key: {_key(key)}"
    for signer in value.signers:
        yield f"{'signer pattern' if signer.glob else 'signer'}: {signer.identity} by {signer.issuer}"
    for row in builders_of(value):
        yield f"builder: {row.name}, at most Build level {row.level}, signed by {row.key or row.identity}"
    require, legacy = value.require, value.legacy
    yield f"log: {require.log or 'required of certificates'}"
    yield f"timestamps: {require.timestamps}"
    yield f"witnesses: {'as the policy in the profile says' if require.witnesses else 'none required'}"
    accepted = [name for name, on in (("v0.1 promises", legacy.v01_promise), ("cosign v2", legacy.cosign_v2)) if on]
    yield f"old forms: {', '.join(accepted) or 'none'}"
    for owner in value.owners.keys:
        yield f"owner: {_key(owner)}"
    if value.owners.keys:
        yield f"owners who must sign the next version: {value.owners.threshold}"
    unknown = value.trusted_root.unknown_names if value.trusted_root else ()
    for name in unknown:
        yield f"unknown name in the trusted root, ignored: {name}"


def _windows(value: "Profile") -> Iterator[tuple[str, "Validity"]]:
    """Every instance of the trusted root with what it is called."""
    if value.trusted_root is not None:
        yield from _instances(value.trusted_root)


def _instances(root: "TrustedRoot") -> Iterator[tuple[str, "Validity"]]:
    for kind, logs in (("log", root.tlogs), ("certificate log", root.ctlogs)):
        yield from ((f"{kind} {log.base_url}", log.valid_for) for log in logs)
    for kind, authorities in (
        ("certificate authority", root.certificate_authorities),
        ("timestamp authority", root.timestamp_authorities),
    ):
        for one in authorities:
            yield f"{kind} {one.organization} {one.common_name}".strip(), one.valid_for


def _key(row: "KeyRow") -> str:
    window = row.valid_for
    words = [row.owner or "nobody named", row.key_id]
    words += [f"for {row.usage}"] if row.usage else []
    words += [_window(window)] if window else []
    words += [f"REVOKED since {row.revoked_since}: {row.revoked_reason}"] if row.revoked_since else []
    return ", ".join(words)


def _window(window: "Validity") -> str:
    return f"from {window.start}" + (f" to {window.end}" if window.end else "")


def _days(earlier: str, later: str) -> int:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).days
