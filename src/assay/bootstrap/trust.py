"""Trust profiles on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from assay.bootstrap.machine import LIMITS, read_file, write_file
from assay.model.errors import MalformedError, UsageError

if TYPE_CHECKING:
    from assay.formats.signingconfig import SigningConfig
    from assay.formats.trustprofile import KeyRow, Mode, Profile
    from assay.formats.trustroot import TrustedRoot
    from assay.ports.decisions import Signer
    from assay.trust.profile import Trust


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to stand in a profile: names of files, texts; None leaves what is there."""

    trusted_root: str | None = None
    signing_config: str | None = None
    client_config: str | None = None
    keys: tuple[str, ...] = ()
    signers: tuple[tuple[str, str], ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()
    owners: tuple[str, ...] = ()
    threshold: int | None = None
    expires: str | None = None
    log: str | None = None
    timestamps: str | None = None
    witnesses: str | None = None
    builders: str | None = None
    v01_promise: bool = False
    cosign_v2: bool = False


def first_profile(name: str, mode: str, content: Content) -> Profile:
    """Version 1 of a profile; of mode `public` without a root of its own, with the public root as it is known here."""
    from assay.formats.trustprofile import Profile

    first = _filled(Profile(name=name, mode=cast("Mode", mode), version=1), content)
    return _public(first) if mode == "public" and first.trusted_root is None else first


def _public(profile: Profile) -> Profile:
    """The profile with the public trusted root, and the public signing config unless it has another."""
    from assay.bootstrap.public import SIGNING_CONFIG, public_file, trusted_root
    from assay.formats import signingconfig

    name, data = public_file(SIGNING_CONFIG, None, staging=False)
    config = profile.signing_config or signingconfig.read(data, where=name, limits=LIMITS)
    return msgspec.structs.replace(profile, trusted_root=trusted_root(), signing_config=config)


def next_profile(
    current: Profile, content: Content, dropped: Sequence[str], revoked: Sequence[tuple[str, str, str]]
) -> Profile:
    """The next version: what is named takes the place of what was there, keys and signers are added.

    Raises:
        UsageError: a key to drop or revoke that is not there.
    """
    known = {row.key_id for row in (*current.keys, *current.owners.keys)}
    for key_id in (*dropped, *(row[0] for row in revoked)):
        if key_id not in known:
            raise UsageError("no such key in the profile", why=key_id[:100], remedy="see assay trust show")
    following = _filled(msgspec.structs.replace(current, version=current.version + 1), content)
    owners = msgspec.structs.replace(following.owners, keys=_kept(following.owners.keys, dropped, revoked))
    return msgspec.structs.replace(following, keys=_kept(following.keys, dropped, revoked), owners=owners)


def read_profile(path: str) -> Profile:
    """A trust profile from a file, as it stands: expired or not."""
    from assay.formats import trustprofile

    return trustprofile.read(read_file(path, LIMITS.trust_file_bytes), where=path, limits=LIMITS)


def trust_by(path: str) -> Trust:
    """Whom to believe by the profile in a file; refused past its end."""
    from assay.trust import profile

    return profile.use(read_profile(path), real_now())


def write_profile(path: str, profile: Profile) -> bytes:
    """Write a profile whole or not at all; the bytes.

    Raises:
        UsageError: it would not be read again: its parts do not fit.
    """
    from assay.formats import trustprofile

    try:
        data = trustprofile.write(profile)
    except MalformedError as error:  # of values that were typed just now: nobody else is to be asked for others
        raise UsageError(
            "no trust profile can be made of this", where=profile.name, why=error.why,
            remedy="see --help: --trusted-root or --client-config, --verify-key, --signer, --owner, --expires",
        ) from error  # fmt: skip
    write_file(path, data)
    return data


def new_file(path: str, remedy: str = "choose another name, or use assay trust rotate") -> None:
    """Refuse to write over what is there.

    Raises:
        UsageError: something has the name.
    """
    if Path(path).exists():
        raise UsageError("a file is in the way", where=path, remedy=remedy)


def key_row(path: str, *, owner: str = "", usage: str = "") -> KeyRow:
    """The row of a public key in a file; without an owner its file's name stands for it."""
    from assay.adapters.keyfile import public_pem, read_public
    from assay.trust import keyring, profile

    key = keyring.key(read_public(Path(path)), name=owner or Path(path).name)
    return msgspec.structs.replace(profile.row_of(key, pem=public_pem(key.spki)), usage=usage)


def trust_halves(
    root: str | None, config: str | None, both: str | None
) -> tuple[TrustedRoot | None, SigningConfig | None]:
    """A trusted root and a signing config from their files, or from one client trust config."""
    from assay.formats import signingconfig, trustroot

    limit = LIMITS.trust_file_bytes
    found_root = found_config = None
    if both:
        client = signingconfig.read_client(read_file(both, limit), where=both, limits=LIMITS)
        found_root, found_config = client.trusted_root, client.signing_config
    if root:
        found_root = trustroot.read(read_file(root, limit), where=root, limits=LIMITS)
    if config:
        found_config = signingconfig.read(read_file(config, limit), where=config, limits=LIMITS)
    return found_root, found_config


def check_owner(current: Profile, signer: Signer) -> None:
    """Refuse a key whose signature no update of a profile would count.

    Raises:
        UsageError: it is none of the profile's owners', or it is revoked.
    """
    from assay.trust import keyring

    owners = [row.key_id for row in current.owners.keys if not row.revoked_since]
    given = keyring.key_id(signer.public_key())
    if given not in owners:
        raise UsageError(
            "this key is no owner's", where=current.name, why=given,
            remedy=f"sign as one of {', '.join(owners) or 'its owners: it has none'}; see assay trust show",
        )  # fmt: skip


def sign_profile(path: str, data: bytes, signer: Signer) -> None:
    """Write an owner's signature over a profile's bytes."""
    from assay.trust import dsse, profile

    write_file(path, dsse.sign(profile.statement(data), signer))


def replace_profile(path: str, new: str, signatures: Sequence[str]) -> Profile:
    """Put the next version in the place of a profile, if its owners signed it."""
    from assay.trust import profile

    data = read_file(new, LIMITS.trust_file_bytes)
    bundles = [read_file(signature, LIMITS.trust_file_bytes) for signature in signatures]
    accepted = profile.update(read_profile(path), data, bundles, real_now(), limits=LIMITS)
    write_file(path, data)
    return accepted


def export_halves(profile: Profile, *, root: str | None, config: str | None, both: str | None) -> None:
    """Write a profile's trusted root, signing config, or both in one file, for other clients."""
    from assay.formats import signingconfig, trustroot
    from assay.formats.signingconfig import ClientTrustConfig

    trusted, signing = profile.trusted_root, profile.signing_config
    if ((root or both) and trusted is None) or ((config or both) and signing is None):
        raise UsageError("the profile does not have that", where=profile.name, remedy="see assay trust show")
    if root and trusted is not None:
        write_file(root, trustroot.write(trusted))
    if config and signing is not None:
        write_file(config, signingconfig.write(signing))
    if both and trusted is not None and signing is not None:
        write_file(both, signingconfig.write_client(ClientTrustConfig(trusted, signing)))


def real_now() -> str:
    """The machine's time, which `SOURCE_DATE_EPOCH` does not rule: expiry is judged by it."""
    from assay.adapters.clock import WallClock

    return WallClock().now()


def policy_text(path: str | None) -> str:
    """The text of a C2SP tlog-policy in a file, once it has been read as one; empty without a file."""
    from assay.formats import logpolicy

    if path is None:
        return ""
    text = read_file(path, LIMITS.trust_file_bytes).decode("utf-8", "surrogateescape")
    logpolicy.parse(text, where=path, limits=LIMITS)
    return text


def _filled(profile: Profile, content: Content) -> Profile:
    """A profile with what was named in it."""
    from assay.formats.trustprofile import SignerRow

    root, config = trust_halves(content.trusted_root, content.signing_config, content.client_config)
    signers = [
        SignerRow(identity=identity, issuer=issuer, glob=glob)
        for rows, glob in ((content.signers, False), (content.patterns, True))
        for identity, issuer in rows
    ]
    owners = msgspec.structs.replace(
        profile.owners,
        threshold=content.threshold or profile.owners.threshold,
        keys=_joined(profile.owners.keys, content.owners),
    )
    return msgspec.structs.replace(
        profile,
        trusted_root=root or profile.trusted_root,
        signing_config=config or profile.signing_config,
        expires=profile.expires if content.expires is None else content.expires,
        keys=_joined(profile.keys, content.keys),
        signers=(*profile.signers, *(signer for signer in signers if signer not in profile.signers)),
        require=_changed(profile.require, log=content.log, timestamps=content.timestamps, witnesses=_policy(content)),
        legacy=_changed(profile.legacy, v01_promise=content.v01_promise or None, cosign_v2=content.cosign_v2 or None),
        owners=owners,
        builders=profile.builders if content.builders is None else _builders(content.builders),
    )


def _builders(path: str) -> tuple[dict[str, Any], ...]:
    """The rows of builders in a file, as a profile holds them: what is not said is left out."""
    from assay.trust import levels

    rows = levels.read(read_file(path, LIMITS.settings_bytes), where=Path(path).name)
    return tuple({name: value for name, value in msgspec.to_builtins(row).items() if value} for row in rows)


def _policy(content: Content) -> str | None:
    return None if content.witnesses is None else policy_text(content.witnesses)


def _joined(rows: tuple[KeyRow, ...], files: Sequence[str]) -> tuple[KeyRow, ...]:
    known = {row.key_id for row in rows}
    return (*rows, *(row for row in map(key_row, files) if row.key_id not in known))


def _kept(
    rows: tuple[KeyRow, ...], dropped: Sequence[str], revoked: Sequence[tuple[str, str, str]]
) -> tuple[KeyRow, ...]:
    ends = {key_id: (since, reason) for key_id, since, reason in revoked}
    return tuple(
        msgspec.structs.replace(row, revoked_since=ends[row.key_id][0], revoked_reason=ends[row.key_id][1])
        if row.key_id in ends
        else row
        for row in rows
        if row.key_id not in dropped
    )


def _changed(value: Any, **changes: object) -> Any:
    return msgspec.structs.replace(value, **{name: new for name, new in changes.items() if new is not None})
