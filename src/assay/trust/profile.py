"""A trust profile in use: whom it believes, whether it has expired, and whether a newer one may take its place.

A profile replaces an update framework: one file, a rising version, signatures of the owners whom the **current** file
names, and an expiry. Whoever controls those keys controls what is believed here, and nobody else does.
"""

from collections.abc import Iterable, Sequence

import msgspec

from assay.formats import trustprofile
from assay.formats.trustprofile import KeyRow, Profile
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Statement
from assay.trust import keyring, levels
from assay.trust.expect import Expected, Identity, Legacy, Require
from assay.trust.keyring import Key, Keyring
from assay.trust.levels import BuilderRow
from assay.trust.verify import verify

PREDICATE = "urn:assay:predicate:trust-profile:1"
"""Predicate type of an owner's word that a file is the next profile; its predicate is empty."""
_OPEN = Require(log="optional")
"""Owners sign with managed keys; no log is asked."""


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What a verifier needs of a profile."""

    roots: TrustedRoot | None
    expected: Expected
    builders: tuple[BuilderRow, ...] = ()
    """Rows of builders to trust beside those that come with the program."""


def use(profile: Profile, now: str) -> Trust:
    """Believe by a profile.

    Args:
        profile: as read.
        now: RFC 3339 UTC with seconds.

    Raises:
        UntrustedError: `TRUST_EXPIRED`; `TRUST_FORM` where a key's id is not its own.
        MalformedError: a key that is none.
    """
    refuse_expired(profile, now)
    expected = Expected(
        keys=Keyring(tuple(key_of(row, where=profile.name) for row in profile.keys)),
        identities=tuple(Identity(identity=s.identity, issuer=s.issuer, glob=s.glob) for s in profile.signers),
        require=msgspec.convert(profile.require, Require, from_attributes=True),
        legacy=msgspec.convert(profile.legacy, Legacy, from_attributes=True),
    )
    return Trust(roots=profile.trusted_root, expected=expected, builders=builders_of(profile))


def builders_of(profile: Profile) -> tuple[BuilderRow, ...]:
    """The rows of builders in a profile.

    Raises:
        MalformedError: a row that vouches for what none may.
    """
    return levels.from_objects(list(profile.builders), where=f"{profile.name}: builders") if profile.builders else ()


def refuse_expired(profile: Profile, now: str) -> None:
    """Refuse everything past `expires` (both are RFC 3339 UTC of one width, so text order is time order).

    Raises:
        UntrustedError: `TRUST_EXPIRED`.
    """
    if profile.expires and now > profile.expires:
        raise UntrustedError(
            "the trust profile has expired",
            where=profile.name,
            why=f"it expired at {profile.expires}, now it is {now}",
            remedy="get the next version from its owners: assay trust update",
            code="TRUST_EXPIRED",
            step="root",
        )


def key_of(row: KeyRow, *, where: str) -> Key:
    """The key of a row.

    Raises:
        MalformedError, UnsupportedError: as `keyring.key`.
        UntrustedError: `TRUST_FORM`: the row's id is not the key's.
    """
    name = row.owner or row.key_id
    key = keyring.key(row.pem.encode(), name=name)
    if key.key_id != row.key_id:
        raise _no("TRUST_FORM", where, f"the key of {name} has the id {key.key_id}, not {row.key_id}")
    window = row.valid_for
    return msgspec.structs.replace(
        key,
        not_before=window.start if window else "",
        not_after=window.end if window else "",
        owner=row.owner,
        usage=row.usage,
        revoked_since=row.revoked_since,
        revoked_reason=row.revoked_reason,
    )


def row_of(key: Key, *, pem: bytes) -> KeyRow:
    """The row of a key, `pem` being its file."""
    return KeyRow(key_id=key.key_id, pem=pem.decode("ascii"), owner=key.owner or key.name, usage=key.usage)


def statement(data: bytes) -> Statement:
    """What an owner signs: these bytes are the next profile."""
    from assay.formats import intoto
    from assay.model.statement import ResourceDescriptor

    digest = Digest.of(data)
    return intoto.statement(
        [ResourceDescriptor(name="trust.json", digest={digest.algorithm: digest.hex})], PREDICATE, {}
    )


def update(
    current: Profile, data: bytes, signatures: Iterable[bytes], now: str, *, limits: Limits = DEFAULT_LIMITS
) -> Profile:
    """Accept the next version of a profile, or say why not.

    The current file's owners decide even when it has expired: an expired profile is what one comes from.

    Args:
        current: the profile in use.
        data: the next file, as received.
        signatures: bundles of its owners, each over `statement(data)`.
        now: RFC 3339 UTC with seconds.
        limits: bounds on the bytes.

    Raises:
        UntrustedError: `TRUST_VERSION` (not higher, or another profile), `TRUST_OWNERS` (too few owners signed),
            `TRUST_EXPIRED` (the next one has expired too).
        MalformedError: not a profile.
    """
    following = trustprofile.read(data, where="the new profile", limits=limits)
    if following.name != current.name:
        raise _no("TRUST_VERSION", "the new profile", f"it is named {following.name!r}, not {current.name!r}")
    if following.version <= current.version:
        raise _no("TRUST_VERSION", "the new profile", f"version {following.version} is not above {current.version}")
    _count(current, data, tuple(signatures), now, limits)
    refuse_expired(following, now)
    for row in (*following.keys, *following.owners.keys):
        key_of(row, where="the new profile")
    builders_of(following)
    return following


def notes(profile: Profile) -> tuple[str, ...]:
    """What somebody who trusts a profile must know of it, in plain words."""
    said = []
    if profile.mode == "private":
        said.append(
            "An embedded authority moves trust to its operator: who runs it can issue any identity, date any signature "
            "and write any log entry. Witnesses and a monitor are what makes that visible."
        )
        if not profile.require.witnesses:
            said.append("No witnesses are required: a log that shows different people different trees goes unnoticed.")
    if profile.mode == "public":
        said.append("Trust lies with the operators of the public Sigstore, and with each issuer that a signer names.")
    if not profile.signers and not profile.keys:
        said.append("It names no signers and no keys: nothing can be verified by it alone.")
    if any(signer.glob for signer in profile.signers):
        said.append("Some signers are patterns: whoever can get an identity that fits is believed.")
    if not profile.owners.keys:
        said.append("It has no owners: it can only be replaced by hand, never updated.")
    if not profile.expires:
        said.append("It never expires: a withdrawn version can be served for ever.")
    return tuple(said)


def _count(current: Profile, data: bytes, signatures: Sequence[bytes], now: str, limits: Limits) -> None:
    """Count the different owners whose signature holds."""
    keys = tuple(key_of(row, where=current.name) for row in current.owners.keys)
    expected = Expected(keys=Keyring(keys), require=_OPEN)
    agreed, refusals = set(), []
    for number, signature in enumerate(signatures[: limits.envelope_signatures_count], start=1):
        name = f"signature {number}"
        try:
            evidence = verify(signature, Digest.of(data), None, expected, now, name=name, limits=limits)
        except (UntrustedError, MalformedError) as error:
            refusals.append(f"{name}: {error.why}")
            continue
        key = next(key for key in keys if key.key_id == evidence.signer.key_id)
        code, why = keyring.refused(key, (), now)
        if code or evidence.statement.predicate_type != PREDICATE:
            refusals.append(f"{name}: {why or 'it speaks of something else'}")
            continue
        agreed.add(key.owner or key.key_id)
    if len(agreed) < current.owners.threshold or not agreed:
        found = f"{len(agreed)} of {current.owners.threshold} owners of version {current.version} signed it"
        raise _no("TRUST_OWNERS", "the new profile", "; ".join((found, *refusals)))


def _no(code: str, where: str, why: str) -> UntrustedError:
    return UntrustedError(
        "this trust profile is not believed", where=where, why=why, remedy="ask its owners", code=code, step="root"
    )
