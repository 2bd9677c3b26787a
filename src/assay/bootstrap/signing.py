"""Whoever signs: a managed key, or a keyless identity; and the signing of single files."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.evidence import key_maker, signer
from assay.bootstrap.machine import LIMITS, read_file, write_file
from assay.bootstrap.public import SIGNING_CONFIG, public_file, trusted_root
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from assay.adapters.http import Http
    from assay.flows.keyless import KeylessMaker
    from assay.flows.loggedkey import LoggedKeyMaker
    from assay.flows.publishing import Instance
    from assay.flows.signing import BundleMaker
    from assay.ports.decisions import Signer
    from assay.ports.sigstore import IdentityTokens
    from assay.settings import Settings
    from assay.trust.expect import Identity

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", re.ASCII)


class KeylessWords(msgspec.Struct, frozen=True, kw_only=True):
    """What a command was told about signing without a key of one's own."""

    identity_token: str | None = None
    """A JWT, a file with one, `-` for standard input; None for what the machine offers."""
    signing_config: str | None = None
    trusted_root: str | None = None
    trust: str | None = None
    """A trust profile or a client trust config: root and signing config in one file."""
    staging: bool = False
    keyless: bool = False
    """Whether it was said in so many words."""

    @property
    def is_identity(self) -> bool:
        """Whether somebody's identity was named, and not just services."""
        return self.keyless or self.identity_token is not None


@contextmanager
def keyless_maker(words: KeylessWords, settings: Settings) -> Iterator[KeylessMaker]:
    """Whoever the token names, at the installation the words name; closes its connections at the end."""
    from assay.adapters.ambient import METADATA
    from assay.adapters.clock import WallClock
    from assay.adapters.http import Http
    from assay.adapters.sigstore import SigstoreServices
    from assay.flows.keyless import KeylessMaker

    services = SigstoreServices(Http(limits=LIMITS, insecure=settings.insecure, env=os.environ))
    machine = Http(limits=LIMITS, insecure=(METADATA,), env=os.environ)  # plain HTTP there, and to no service
    try:
        tokens = _tokens(words.identity_token, machine)
        yield KeylessMaker(instance(words), services, tokens, WallClock(), limits=LIMITS)
    finally:
        services.close()
        machine.close()


@contextmanager
def bundle_maker(
    key: str | None,
    passphrase_file: str | None,
    prompt: Callable[[], str] | None,
    words: KeylessWords | None,
    settings: Settings,
) -> Iterator[BundleMaker]:
    """Whoever signs statements: the key, logged and dated where services are named beside it, or a keyless identity.

    Raises:
        UsageError: a key and an identity, or neither.
    """
    both = key is not None and words is not None and words.is_identity
    if both or (key is None and words is None):
        raise UsageError(
            "two to sign as" if both else "nobody to sign as",
            why=f"a key and an identity are {'both given' if both else 'both missing'}",
            remedy="give either --key, or --identity-token or --keyless",
        )
    if words is None:
        yield key_maker(key or "", passphrase_file, prompt)
    elif key is None:
        with keyless_maker(words, settings) as keyless:
            yield keyless
    else:
        with logged_key_maker(signer(key, passphrase_file, prompt), words, settings) as logged:
            yield logged


@contextmanager
def logged_key_maker(key: Signer, words: KeylessWords, settings: Settings) -> Iterator[LoggedKeyMaker]:
    """A managed key whose signatures the named services date and log; closes its connections at the end."""
    from assay.adapters.clock import WallClock
    from assay.adapters.http import Http
    from assay.adapters.sigstore import SigstoreServices
    from assay.flows.loggedkey import LoggedKeyMaker

    services = SigstoreServices(Http(limits=LIMITS, insecure=settings.insecure, env=os.environ))
    try:
        yield LoggedKeyMaker(key, instance(words), services, WallClock(), limits=LIMITS)
    finally:
        services.close()


def instance(words: KeylessWords) -> Instance:
    """The installation of Sigstore to sign at and to verify by.

    Raises:
        UsageError: the trust profile names no installation to sign at.
        UntrustedError: `TRUST_EXPIRED`.
    """
    from assay.flows.publishing import Instance
    from assay.formats import signingconfig

    if words.trust is not None:
        return _trusted(words.trust)
    name, data = public_file(SIGNING_CONFIG, words.signing_config, words.staging)
    return Instance(
        config=signingconfig.read(data, where=name, limits=LIMITS),
        roots=trusted_root(words.trusted_root, words.staging),
    )


def sign_file(path: str, out: str, *, in_toto: bool, words: KeylessWords, settings: Settings) -> Identity:
    """Sign a file's bytes, or the statement they are, and write the verified bundle, whole or not at all.

    Args:
        path: the file.
        out: where the bundle goes.
        in_toto: whether the file is an in-toto statement, to be signed as it is.
        words: as whom, and where.
        settings: which hosts may be spoken to over plain HTTP.

    Returns:
        Who signed.

    Raises:
        UsageError: no such file, or no token.
        MalformedError: `in_toto`, and the file is no statement.
        UntrustedError: a service refused, or what it answered does not verify. Nothing is written.
        UnavailableError: a service did not answer, or `out` cannot be written. Nothing is written.
    """
    from assay.adapters.files import check_writable
    from assay.formats import intoto

    check_writable(out)  # a log forgets nothing: no entry for a bundle that nobody gets
    with keyless_maker(words, settings) as maker:
        if in_toto:
            payload = read_file(path, LIMITS.bundle_bytes)
            intoto.read(payload, where=path, limits=LIMITS)
            bundle = maker.payload(payload, None)
        else:
            bundle = maker.artifact(_digest(path))
        write_file(out, bundle)
        return maker.signer()


def _trusted(path: str) -> Instance:
    """The installation a client trust config or a trust profile names; a profile also says how well to prove."""
    from assay.adapters.clock import WallClock
    from assay.flows.publishing import Instance
    from assay.formats import signingconfig, trustprofile
    from assay.trust import profile as profiles

    data = read_file(path, LIMITS.trust_file_bytes)
    if signingconfig.CLIENT_MEDIA_TYPE.encode() in data:
        both = signingconfig.read_client(data, where=path, limits=LIMITS)
        return Instance(config=both.signing_config, roots=both.trusted_root)
    profile = trustprofile.read(data, where=path, limits=LIMITS)
    trust = profiles.use(profile, WallClock().now())
    if profile.signing_config is None or trust.roots is None:
        raise UsageError(
            "the trust profile names no services to sign with",
            where=path,
            why="it has no signing config, or no trusted root",
            remedy="give --signing-config and --trusted-root, or sign with --key",
        )
    return Instance(config=profile.signing_config, roots=trust.roots, require=trust.expected.require)


def _digest(path: str) -> Digest:
    from assay.adapters.files import file_chunks

    digest = hashlib.sha256()
    for chunk in file_chunks(path):
        digest.update(chunk)
    return Digest("sha256", digest.hexdigest())


def _tokens(text: str | None, http: Http) -> IdentityTokens:
    from assay.adapters.ambient import AmbientTokens, GivenToken

    if text is None:
        return AmbientTokens(http, os.environ, limits=LIMITS)
    is_token = bool(_JWT.fullmatch(text)) and not os.path.exists(text)
    return GivenToken(text if is_token else _token_file(text))


def _token_file(path: str) -> str:
    """The token in a file. What was given is not quoted: it may be a token that somebody cut short."""
    try:
        return read_file(path, LIMITS.token_bytes).decode("ascii", "replace").strip()
    except (UsageError, UnavailableError, ValueError) as error:
        raise UsageError(
            "the identity token is neither a JWT nor a file that can be read",
            where="--identity-token",
            why="no file has that name" if isinstance(error, UsageError) else "the file cannot be read",
            remedy="give the token itself, or the name of a file that holds it",
        ) from None
