"""One bundle and one artifact: files and words in, the row of what became of it out. Nothing here asks the network."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.bootstrap.machine import LIMITS, clock, read_file
from assay.bootstrap.public import trusted_root
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.formats.note import Checkpoint
    from assay.model.digest import Digest
    from assay.trust.examine import Row
    from assay.trust.expect import Expected

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class BundleWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a command was told about a bundle and whom to believe."""

    bundle: str
    """The bundle's file."""
    artifact: str
    """A file, or `sha256:<hex>` where no file has that name."""
    identity: str = ""
    issuer: str = ""
    key: str = ""
    """File of a public key, instead of an identity."""
    trusted_root: str | None = None
    staging: bool = False
    log: Literal["", "required", "optional"] = ""
    """Whether it must be logged. Empty: by certificate yes, by a managed key no."""
    seen_logs: str | None = None
    """Folder where it is remembered what logs said; None to remember nothing."""
    whole: bool = False
    """Whether what a statement says will be asked for."""


def verify_bundle(words: BundleWords) -> Row:
    """Judge one bundle; a refusal is a row too.

    Raises:
        UsageError: neither a key nor an identity with its issuer, or both; no such file.
        MalformedError, UnsupportedError, UntrustedError: a key or a trusted root that is none.
    """
    from assay.trust.examine import judge

    expected = _expected(words)
    roots = trusted_root(words.trusted_root, words.staging)
    data = read_file(words.bundle, LIMITS.bundle_bytes)
    digests = _digests(words.artifact)
    content = _content(words.artifact, expected)
    now = clock().now()

    def look(known: tuple[Checkpoint, ...]) -> Row:
        wanted = msgspec.structs.replace(expected, seen=known) if known else expected
        return judge(
            data, digests, roots, wanted, now, name=words.bundle, content=content, whole=words.whole, limits=LIMITS
        )

    if words.seen_logs is None:
        return look(())
    from assay.bootstrap.verification import seen_logs
    from assay.flows.seenlogs import remembering

    return remembering(seen_logs(words.seen_logs), data, look, where=words.bundle, limits=LIMITS)


def _expected(words: BundleWords) -> Expected:
    from assay.trust.expect import Expected, Identity, Require

    require = Require(log=words.log)
    if words.key:
        if words.identity or words.issuer:
            raise UsageError("give a key, or an identity with its issuer", why="both are there", remedy="leave one out")
        from assay.bootstrap.evidence import keyring

        return Expected(keys=keyring([words.key]), require=require)
    if not words.identity or not words.issuer:
        raise UsageError(
            "whose signature should it be?",
            why="neither a key, nor an identity with its issuer",
            remedy="give --certificate-identity and --certificate-oidc-issuer, or --key",
        )
    return Expected(identities=(Identity(identity=words.identity, issuer=words.issuer),), require=require)


def _is_digest(text: str) -> bool:
    """A path may be named like a digest: then it is the path."""
    return _DIGEST.fullmatch(text) is not None and not os.path.lexists(text)


def _digests(text: str) -> tuple[Digest, ...]:
    """What is known of the artifact: the digest given, or all the strong ones of its bytes, read once."""
    import hashlib

    from assay.adapters.files import file_chunks
    from assay.model.digest import Digest

    if _is_digest(text):
        return (Digest.parse(text),)
    hashes = {name: hashlib.new(name) for name in ("sha256", "sha384", "sha512")}
    for chunk in file_chunks(text):
        for one in hashes.values():
            one.update(chunk)
    return tuple(Digest(name, one.hexdigest()) for name, one in hashes.items())


def _content(text: str, expected: Expected) -> bytes | None:
    """The artifact itself, only where a key is given that cannot do with its digest."""
    if _is_digest(text) or not any(key.algorithm == "ed25519" for key in expected.keys.keys):
        return None
    return read_file(text, LIMITS.bundle_bytes)
