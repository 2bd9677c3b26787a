"""`trust.json`: whom an organisation believes, in one file that its owners version and sign; bytes to values and back.

Our own format, so strict throughout: unknown names are refused, except inside the trusted root, which is published for
many readers. `{name, mode, version, expires?, trustedRoot?, signingConfig?, keys, signers, require, legacy, owners,
builders?}`.
"""

import re
from typing import Any, Literal

import msgspec

from assay.formats import signingconfig, strictjson, trustroot
from assay.formats.signingconfig import SigningConfig
from assay.formats.trustroot import TrustedRoot, Validity
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

Mode = Literal["private", "public", "key"]
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_VERSION_LIMIT = 1 << 53


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One public key that is believed, and since when no more."""

    key_id: str
    """base64(SHA-256(SubjectPublicKeyInfo))."""
    pem: str
    owner: str = ""
    usage: str = ""
    valid_for: Validity | None = None
    revoked_since: str = ""
    revoked_reason: str = ""


class SignerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate identity with the issuer that must have vouched for it."""

    identity: str
    issuer: str
    glob: bool = False


class RequireRow(msgspec.Struct, frozen=True, kw_only=True):
    """How well signatures must be proven. Empty `log`: required of certificates, optional beside a managed key."""

    log: Literal["", "required", "optional"] = ""
    timestamps: Literal["required", "optional"] = "optional"
    timestamps_count: int = 0
    witnesses: str = ""
    """A C2SP tlog-policy text."""


class LegacyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Old forms that are read nevertheless."""

    v01_promise: bool = False
    cosign_v2: bool = False


class Owners(msgspec.Struct, frozen=True, kw_only=True):
    """Who may change the profile: so many different owners' keys must have signed the next version."""

    threshold: int = 1
    keys: tuple[KeyRow, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A trust profile as it is written."""

    name: str
    mode: Mode
    version: int
    expires: str = ""
    trusted_root: TrustedRoot | None = None
    signing_config: SigningConfig | None = None
    keys: tuple[KeyRow, ...] = ()
    signers: tuple[SignerRow, ...] = ()
    require: RequireRow = RequireRow()
    legacy: LegacyRow = LegacyRow()
    owners: Owners = Owners()
    builders: tuple[dict[str, Any], ...] = ()
    """Rows of builders to trust, as objects: `trust.levels` says what they mean."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    pass


class _Window(_Strict, frozen=True):
    start: str
    end: str = ""


class _Revoked(_Strict, frozen=True):
    since: str
    reason: str = ""


class _Key(_Strict, frozen=True):
    key_id: str
    pem: str
    owner: str = ""
    usage: str = ""
    valid_for: _Window | None = None
    revoked: _Revoked | None = None


class _Signer(_Strict, frozen=True):
    identity: str
    issuer: str
    glob: bool = False


class _Require(_Strict, frozen=True):
    log: Literal["", "required", "optional"] = ""
    timestamps: Literal["required", "optional"] = "optional"
    timestamps_count: int = 0
    witnesses: str = ""


class _Legacy(_Strict, frozen=True):
    v01_promise: bool = False
    cosign_v2: bool = False


class _Owners(_Strict, frozen=True):
    threshold: int = 1
    keys: list[_Key] = []


class _Profile(_Strict, frozen=True):
    name: str
    mode: Mode
    version: int
    expires: str = ""
    trusted_root: dict[str, Any] | None = None
    signing_config: dict[str, Any] | None = None
    keys: list[_Key] = []
    signers: list[_Signer] = []
    require: _Require = _Require()
    legacy: _Legacy = _Legacy()
    owners: _Owners = _Owners()
    builders: list[dict[str, Any]] = []


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Profile:
    """Read a trust profile.

    Raises:
        MalformedError: not strict JSON, an unknown name, a time or number of another form, a mode without its means.
        UntrustedError: `TRUST_FORM`: a window without a start.
        UnsupportedError: a signing config of another version.
    """
    value = strictjson.loads(data, where=where, limit=limits.trust_file_bytes, depth=limits.json_depth_count)
    if isinstance(value, dict) and "clienttrustconfig" in str(value.get("mediaType")):
        raise MalformedError(
            "not a trust profile", where=where, why="a client trust config says where to sign, not whom to believe",
            remedy="make a profile of it: assay trust init --client-config FILE --signer IDENTITY ISSUER",
        )  # fmt: skip
    try:
        wire = msgspec.convert(value, _Profile)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    profile = Profile(
        name=wire.name,
        mode=wire.mode,
        version=wire.version,
        expires=wire.expires,
        trusted_root=_root(wire.trusted_root, where, limits),
        signing_config=_config(wire.signing_config, where),
        keys=tuple(_key(key, f"{where}: keys") for key in wire.keys),
        signers=tuple(SignerRow(identity=s.identity, issuer=s.issuer, glob=s.glob) for s in wire.signers),
        require=msgspec.convert(wire.require, RequireRow, from_attributes=True),
        legacy=msgspec.convert(wire.legacy, LegacyRow, from_attributes=True),
        owners=Owners(
            threshold=wire.owners.threshold, keys=tuple(_key(k, f"{where}: owners") for k in wire.owners.keys)
        ),
        builders=tuple(wire.builders),
    )
    _check(profile, where)
    return profile


def write(profile: Profile) -> bytes:
    """Indented JSON for people to review; `read(write(x)) == x`, the unknown names of its trusted root aside.

    Raises:
        MalformedError: a profile that could not be read again.
    """
    _check(profile, profile.name)
    value = msgspec.to_builtins(_wire(profile))
    return msgspec.json.format(strictjson.canonical(value), indent=2) + b"\n"


def _wire(profile: Profile) -> _Profile:
    root, config = profile.trusted_root, profile.signing_config
    return _Profile(
        name=profile.name,
        mode=profile.mode,
        version=profile.version,
        expires=profile.expires,
        trusted_root=msgspec.json.decode(trustroot.write(root)) if root is not None else None,
        signing_config=signingconfig.to_object(config) if config is not None else None,
        keys=[_key_wire(key) for key in profile.keys],
        signers=[_Signer(s.identity, s.issuer, s.glob) for s in profile.signers],
        require=msgspec.convert(profile.require, _Require, from_attributes=True),
        legacy=msgspec.convert(profile.legacy, _Legacy, from_attributes=True),
        owners=_Owners(profile.owners.threshold, [_key_wire(key) for key in profile.owners.keys]),
        builders=list(profile.builders),
    )


def _check(profile: Profile, where: str) -> None:
    """What the types cannot say."""
    if not profile.name.strip() or not profile.name.isprintable():
        raise _bad(where, "it has no name")
    if not 1 <= profile.version < _VERSION_LIMIT:
        raise _bad(where, f"version {profile.version}")
    revocations = [key.revoked_since for key in (*profile.keys, *profile.owners.keys)]
    for time in filter(None, (profile.expires, *revocations)):
        if not _TIME.fullmatch(time):
            raise _bad(where, f"{time[:40]!r} is not a time like 2026-01-02T03:04:05Z")
    if profile.mode == "key" and not profile.keys:
        raise _bad(where, "mode key without keys")
    if profile.mode != "key" and profile.trusted_root is None:
        raise _bad(where, f"mode {profile.mode} without trustedRoot")
    if profile.require.timestamps_count < 0:
        raise _bad(where, "a negative number of timestamps")
    people = {key.owner or key.key_id for key in profile.owners.keys if not key.revoked_since}
    if not 1 <= profile.owners.threshold <= max(1, len(people)):
        raise _bad(where, f"a threshold of {profile.owners.threshold} for {len(people)} owners")
    for rows in (profile.keys, profile.owners.keys):
        if len({key.key_id for key in rows}) != len(rows):
            raise _bad(where, "a key stands there twice")


def _root(value: dict[str, Any] | None, where: str, limits: Limits) -> TrustedRoot | None:
    if value is None:
        return None
    return trustroot.read(strictjson.canonical(value), where=f"{where}: trustedRoot", limits=limits)


def _config(value: dict[str, Any] | None, where: str) -> SigningConfig | None:
    return None if value is None else signingconfig.from_object(value, where=f"{where}: signingConfig")


def _key(wire: _Key, where: str) -> KeyRow:
    window = wire.valid_for
    return KeyRow(
        key_id=wire.key_id,
        pem=wire.pem,
        owner=wire.owner,
        usage=wire.usage,
        valid_for=None if window is None else trustroot.validity(window.start, window.end, where=where),
        revoked_since=wire.revoked.since if wire.revoked else "",
        revoked_reason=wire.revoked.reason if wire.revoked else "",
    )


def _key_wire(row: KeyRow) -> _Key:
    window = row.valid_for
    return _Key(
        key_id=row.key_id,
        pem=row.pem,
        owner=row.owner,
        usage=row.usage,
        valid_for=_Window(window.start, window.end) if window else None,
        revoked=_Revoked(row.revoked_since, row.revoked_reason) if row.revoked_since else None,
    )


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a trust profile", where=where, why=why, remedy="ask its owners for a valid one")
