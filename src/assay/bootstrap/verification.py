"""Verifying what is attached to an image: whom to trust, where to look, what became of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.evidence import keyring
from assay.bootstrap.machine import LIMITS, clock, host, read_file, target_of
from assay.bootstrap.public import trusted_root
from assay.bootstrap.stock import SOURCES, image_source
from assay.model.errors import UnsupportedError, UsageError
from assay.model.image import Platform, Subject

if TYPE_CHECKING:
    from assay.adapters.layout_store import LayoutStore
    from assay.adapters.registry import RegistryStore
    from assay.artifact.reference import Target
    from assay.flows.verify import Collected
    from assay.flows.witness import Seen
    from assay.ports.content import ImageSource
    from assay.settings import Settings
    from assay.trust.expect import Identity
    from assay.trust.levels import BuilderRow
    from assay.trust.profile import Trust

    Beside = LayoutStore | RegistryStore


class Trusted(msgspec.Struct, frozen=True, kw_only=True):
    """What a command was told about whom to believe."""

    keys: tuple[str, ...] = ()
    """Files of public keys."""
    identities: tuple[str, ...] = ()
    """Certificate identities; `*` stands for any text, anchored on the whole string."""
    issuers: tuple[str, ...] = ()
    """Their OIDC issuers: one for all, or one each."""
    trusted_root: str | None = None
    """A TrustedRoot file; None for the public instance's, where identities are given."""
    profile: str | None = None
    """A trust profile, instead of all of these."""
    staging: bool = False
    cosign_v2: bool = False
    """Whether cosign's older forms count too."""

    def __bool__(self) -> bool:
        """Whether anybody is believed."""
        return bool(self.keys or self.identities or self.profile)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What a command was told about where to look, and for what."""

    store: str | None = None
    platform: Platform | None = None
    everything: bool = False
    """The index and every platform of it."""
    types: tuple[str, ...] = ()
    """Predicate types: URIs, or the short words of `formats.predicates.SHORT_NAMES`."""
    offline: bool = False
    whole: bool = False
    """Whether a policy will decide, which asks about one platform and its configuration."""
    statements: bool = False
    """Whether what the statements say will be asked for."""
    seen_logs: str | None = None
    """Folder where it is remembered what logs said; None to remember nothing."""


class Answer(msgspec.Struct, frozen=True):
    """One subject and what became of what is attached to it."""

    subject: Subject
    collected: Collected
    builders: tuple[BuilderRow, ...] = ()
    """Rows of builders that the trust profile adds to those that come with the program."""


def trust_of(told: Trusted) -> Trust:
    """Whom to believe.

    Raises:
        UsageError: nobody, half an identity, or a profile beside something else.
        UntrustedError: an expired profile. MalformedError: a file that is not what it should be.
    """
    from assay.trust.expect import Expected, Legacy
    from assay.trust.profile import Trust, use

    if told.profile is not None:
        if told.keys or told.identities or told.trusted_root:
            raise UsageError(
                "a trust profile says all there is to say", why="--trust beside --key, --certificate-identity or "
                "--trusted-root", remedy="give the profile alone",
            )  # fmt: skip
        from assay.formats import trustprofile

        profile = trustprofile.read(read_file(told.profile, LIMITS.trust_file_bytes), where=told.profile, limits=LIMITS)
        trust = use(profile, clock().now())
        if told.cosign_v2 and not trust.expected.legacy.cosign_v2:
            raise UsageError("the profile does not read older forms", remedy="allow legacy.cosignV2 in the profile")
        return trust
    expected = Expected(keys=keyring(told.keys), identities=_identities(told), legacy=Legacy(cosign_v2=told.cosign_v2))
    needed = bool(told.identities or told.trusted_root)
    return Trust(roots=trusted_root(told.trusted_root, told.staging) if needed else None, expected=expected)


def _identities(told: Trusted) -> tuple[Identity, ...]:
    from assay.trust.expect import Identity

    issuers = told.issuers * len(told.identities) if len(told.issuers) == 1 else told.issuers
    if len(issuers) != len(told.identities):
        raise UsageError(
            "an identity means nothing without its issuer",
            why=f"{len(told.identities)} --certificate-identity, {len(told.issuers)} --certificate-oidc-issuer",
            remedy="give one issuer for all identities, or one for each, in order",
        )
    return tuple(
        Identity(identity=identity, issuer=issuer, glob="*" in identity or "*" in issuer)
        for identity, issuer in zip(told.identities, issuers, strict=True)
    )


def type_names(words: Sequence[str]) -> frozenset[str]:
    """Predicate types by their canonical names.

    Raises:
        UsageError: neither a known word nor a URI.
    """
    from assay.formats import predicates

    uris = {word: uri for uri, word in predicates.SHORT_NAMES.items()}
    unknown = [word for word in words if word not in uris and ":" not in word]
    if unknown:
        raise UsageError(
            "no such predicate type", why=repr(unknown[0]), remedy=f"give a URI, or one of {', '.join(sorted(uris))}"
        )
    return frozenset(predicates.canonical_type(uris.get(word, word)) for word in words)


def verify_image(text: str, told: Trusted, search: Search, settings: Settings) -> tuple[Answer, ...]:
    """Judge what is attached to an image; within `evidence_seconds` in all.

    A reference by digest that needs no platform chosen is the subject itself: its manifest is not even asked for.

    Raises:
        UsageError: nobody to believe. UnavailableError: nobody knows what is attached.
    """
    from assay.flows import verify
    from assay.flows.subjects import Named, briefly, named
    from assay.formats import oci

    if not told:
        raise UsageError(
            "whom do you trust?", why="no key, no identity, no profile",
            remedy="give --key FILE, or --certificate-identity with --certificate-oidc-issuer, or --trust PROFILE",
        )  # fmt: skip
    trust, now, memory = trust_of(told), clock().now(), verify.Memory(LIMITS)
    types, seen = type_names(search.types), seen_logs(search.seen_logs)

    def judged(subject: Subject, store: Beside) -> Answer:
        if subject.digest is None:
            raise UnsupportedError(
                "this subject has no digest", where=subject.name, remedy="use a registry or a layout"
            )
        collected = verify.collect(
            store, subject.digest, trust.roots, trust.expected, now,
            types=types, tags=store, index=subject.index, memory=memory if search.whole else None,
            whole=search.whole or search.statements, seen=seen, limits=LIMITS,
        )  # fmt: skip
        return Answer(subject, collected, trust.builders)

    with beside(text, search, settings) as (target, source, store):
        exact: Answer | None = None
        if target.digest is not None and target.scheme == "registry" and not (
            search.platform or search.everything or search.whole
        ):  # fmt: skip
            named_itself = Subject(name=str(target), digest=target.digest)
            exact = judged(named_itself, store)
            if exact.collected.exit_code() == 0 or exact.collected.forked:
                return (exact,)
        find = partial(
            named if search.whole else briefly,
            platform=search.platform, host=host(), everything=search.everything, limits=LIMITS,
        )  # fmt: skip
        subjects = [found.subject if isinstance(found, Named) else found for found in find(source)]
        if exact is not None and [subject.digest for subject in subjects] == [target.digest]:
            return (exact,)  # no index: it was asked for already
        answers = tuple(judged(subject, store) for subject in subjects)
        if search.platform or search.everything or search.whole or not any(a.collected.exit_code() for a in answers):
            return answers
        # Of an index either counts: what is said of it, which names every platform, or of the platform it leads to.
        index = subjects[0].index if len(subjects) == 1 else None
        if exact is None and index is not None:
            exact = judged(Subject(name=subjects[0].name, digest=index, media_type=oci.OCI_INDEX), store)
            if exact.collected.exit_code() == 0:
                return (exact,)
        return (exact, *answers) if exact is not None and exact.collected.rows else answers


def seen_logs(folder: str | None) -> Seen | None:
    """The memory of what logs said, in a folder; None without one.

    Raises:
        UnavailableError: nothing can be written there.
    """
    if folder is None:
        return None
    from assay.adapters.tilestore import TileStore
    from assay.flows.witness import Seen

    files = TileStore(Path(folder), seconds=LIMITS.lock_seconds)
    with files.exclusive():
        pass  # it is there, and ours to write
    return Seen(files, LIMITS)


@contextmanager
def beside(text: str, search: Search, settings: Settings) -> Iterator[tuple[Target, ImageSource, Beside]]:
    """An image and the place its evidence lies at, for reading; nothing is made where there is nothing.

    Raises:
        UnsupportedError: nothing can be attached to such a target. UsageError: a registry, with `offline`.
    """
    target = target_of(text)
    place = target_of(search.store) if search.store else target
    for one in (target, place):
        if search.offline and one.scheme == "registry":
            raise UsageError(
                "a registry cannot be asked offline", where=str(one),
                remedy="carry the image here before, `assay save IMAGE --out DIR`, and verify oci-dir:DIR",
            )  # fmt: skip
    if target.scheme not in SOURCES or place.scheme not in ("registry", "oci-dir"):
        raise UnsupportedError(
            "nothing can be attached to this target", where=text, why=f"scheme {place.scheme}",
            remedy="use an image in a registry or an OCI layout, or say with --store where its evidence lies",
        )  # fmt: skip
    with ExitStack() as stack:
        if target.scheme == "registry":
            from assay.adapters.registry import RegistrySource

            source = RegistrySource(
                target, limits=LIMITS, insecure=settings.insecure, env=os.environ, overall=LIMITS.evidence_seconds
            )
            stack.callback(source.close)
            if search.store is None:
                store = source.store()
                stack.callback(store.close)
                yield target, source, store
                return
            opened: ImageSource = source
        else:
            opened = image_source(target, settings)
            stack.callback(opened.close)
        other = _store(place, settings)
        stack.callback(other.close)
        yield target, opened, other


def _store(place: Target, settings: Settings) -> Beside:
    if place.scheme == "registry":
        from assay.adapters.registry import RegistryStore

        return RegistryStore(
            place, limits=LIMITS, insecure=settings.insecure, env=os.environ, overall=LIMITS.evidence_seconds
        )
    from assay.adapters.layout_store import LayoutStore

    return LayoutStore(Path(place.location), tag=place.tag, digest=place.digest, limits=LIMITS)
