"""Statements, keys and the places evidence lies in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from assay.artifact.reference import Target
from assay.bootstrap.court import court_of
from assay.bootstrap.machine import LIMITS, TOOL, clock, document_time, host, read_file, target_of
from assay.bootstrap.stock import SOURCES, image_source
from assay.bootstrap.vex import automatic_statements, statement_time
from assay.model.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    from assay.adapters.keyfile import Kind
    from assay.adapters.layout_store import LayoutStore
    from assay.adapters.registry import RegistryStore
    from assay.flows.attest import Attached
    from assay.flows.compat import Written
    from assay.flows.signing import BundleMaker
    from assay.flows.subjects import Named
    from assay.flows.verify import Collected
    from assay.model.image import Descriptor, Platform, Subject
    from assay.model.inventory import Inventory
    from assay.model.report import Report
    from assay.model.statement import Statement
    from assay.model.verdict import Verdict
    from assay.ports.content import ReferrerStore
    from assay.ports.decisions import Signer
    from assay.settings import Settings
    from assay.trust.keyring import Keyring

    Door = tuple[tuple[Named, ...], RegistryStore | LayoutStore]


@contextmanager
def evidence_door(
    text: str, *, store: str | None, settings: Settings, platform: Platform | None, everything: bool
) -> Iterator[Door]:
    """The subjects a target names and the place where evidence about them lies: beside them, or at `store`.

    Raises:
        UnsupportedError: the target cannot hold evidence and no store is named.
    """
    from assay.flows.subjects import named

    target = target_of(text)
    if target.scheme not in SOURCES:
        raise UnsupportedError(
            "nothing can be attached to this target",
            where=text,
            why=f"a {target.scheme} target has no manifest",
            remedy="give an image: a registry reference, an OCI layout or archive",
        )
    with closing(image_source(target, settings)) as source, closing(store_at(store or text, settings)) as place:
        found = named(source, platform=platform, host=host(), everything=everything, limits=LIMITS)
        yield found, place


def store_at(text: str, settings: Settings) -> RegistryStore | LayoutStore:
    """The repository or layout a reference names, to write to; a layout that is not there is made."""
    target = target_of(text) if not text.startswith("oci-dir:") else _layout_target(text)
    if target.scheme == "registry":
        from assay.adapters.registry import RegistryStore

        return RegistryStore(target, limits=LIMITS, insecure=settings.insecure, env=os.environ)
    if target.scheme == "oci-dir":
        from assay.adapters.layout_files import make_layout
        from assay.adapters.layout_store import LayoutStore

        make_layout(Path(target.location))
        return LayoutStore(Path(target.location), tag=target.tag, digest=target.digest, limits=LIMITS)
    raise UnsupportedError(
        "evidence cannot be kept here",
        where=text,
        why=f"scheme {target.scheme}",
        remedy="use a registry or an OCI layout, or name one with --store",
    )


def _layout_target(text: str) -> Target:
    """An `oci-dir:` target that need not exist yet."""
    path = text.removeprefix("oci-dir:")
    folder, _, tag = path.rpartition(":")
    if (
        folder
        and tag
        and "/" not in tag
        and "@" not in path
        and not os.path.exists(path)
        and not os.path.exists(folder)
    ):
        return Target(scheme="oci-dir", location=folder, tag=tag)
    return target_of(text) if os.path.exists(path) or ":" in path else Target(scheme="oci-dir", location=path)


def statements_of(inventory: Inventory, report: Report, kinds: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of a report, of the kinds asked for (words of `formats.predicates.SHORT_NAMES`).

    Where nothing was matched (no advisory database, or none that opened) there is no statement of vulnerabilities: its
    list would be empty, and everybody else's program reads that as an image without any.
    """
    from assay.flows import statements
    from assay.formats import cyclonedx, openvex, predicates, spdx, spdx3

    when = document_time(inventory)
    makers: dict[str, Callable[[], bytes]] = {
        predicates.CYCLONEDX: lambda: cyclonedx.write(inventory, tool=TOOL, timestamp=when),
        predicates.SPDX: lambda: spdx.write(inventory, tool=TOOL, timestamp=when),
        predicates.SPDX3: lambda: spdx3.write(inventory, tool=TOOL, timestamp=when),
        predicates.OPENVEX: lambda: openvex.write_statements(
            automatic_statements(report),
            author=TOOL.name,
            timestamp=statement_time(),
            tooling=f"{TOOL.name} {TOOL.version}",
        ),
    }
    wanted = ((uri, make()) for uri, make in makers.items() if predicates.short_name(uri) in kinds)
    documents = [(uri, data) for uri, data in wanted if data]  # without findings there is no VEX to attest
    made = statements.statements(report, timestamp=clock().now(), documents=documents)
    if report.verdict is not None:
        made = (*made, statements.summary(report.verdict, report))
    unsaid = () if report.sources.state == "present" else (predicates.VULNS,)
    return tuple(s for s in made if predicates.short_name(s.predicate_type) in kinds and s.predicate_type not in unsaid)


def image_signature(subject: Subject) -> Statement:
    """The statement "this key signs this image" (cosign's predicate type, empty predicate)."""
    from assay.flows import statements

    return statements.signature(subject)


def predicate_about(path: str, kind: str) -> Callable[[Subject], Statement]:
    """Makes a statement about any subject out of a document.

    Args:
        path: a JSON object.
        kind: its predicate type: a URI, or a word of `formats.predicates.SHORT_NAMES`.

    Raises:
        UsageError: no such type. MalformedError: no JSON object. UnsupportedError: a subject without a digest.
    """
    from assay.flows import statements
    from assay.formats import predicates

    uris = {word: uri for uri, word in predicates.SHORT_NAMES.items()}
    uri = uris.get(kind, kind)
    if ":" not in uri:
        raise UsageError(
            "no such predicate type", why=repr(kind), remedy=f"give a URI, or one of {', '.join(sorted(uris))}"
        )
    data = read_file(path, LIMITS.sbom_bytes)
    return partial(statements.document, kind=uri, data=data)


def sign_and_attach(
    store: ReferrerStore, subject: Descriptor, statements: Sequence[Statement], maker: BundleMaker, *, force: bool
) -> tuple[Attached, ...]:
    """Sign statements and attach them to a subject, unless they are there already."""
    from assay.flows import attest

    return attest.sign_and_attach(store, subject, statements, maker, clock(), force=force, limits=LIMITS)


def attach_documents(
    store: ReferrerStore, subject: Descriptor, statements: Sequence[Statement]
) -> tuple[Attached, ...]:
    """Attach the SBOMs among statements once more as documents, unless they are there already."""
    from assay.flows import attest

    done = (attest.attach_document(store, subject, one, clock(), limits=LIMITS) for one in statements)
    return tuple(one for one in done if one is not None)


def write_older(
    store: RegistryStore | LayoutStore,
    subject: Subject,
    statements: Sequence[Statement],
    maker: BundleMaker,
    *,
    force: bool,
) -> tuple[Written, ...]:
    """Write statements once more at cosign's older tags, unless they are there already.

    Raises:
        UnsupportedError: the maker is no managed key, or the subject has no digest.
    """
    from assay.flows import compat

    if subject.digest is None:
        raise UnsupportedError("nothing to sign", where=subject.name, why="no digest", remedy="sign an image")
    reference = subject.name.partition("@")[0].rpartition(":")[0] if "/" in subject.name else ""
    return compat.write_older(
        store, subject.digest, statements, maker, clock().now(), reference=reference, force=force, limits=LIMITS
    )


def decide_on(collected: Collected, subject: Subject, policy_path: str) -> Verdict:
    """Decide from verified evidence alone."""
    from assay.flows.decide import decide

    court = court_of(policy_path)
    try:
        return decide(
            collected.evidence,
            court.bundle,
            court.engine,
            clock().now(),
            subject,
            court.seconds,
            rows=collected.rows,
            limits=LIMITS,
        )
    finally:
        court.engine.close()


def signer(path: str, passphrase_file: str | None, prompt: Callable[[], str] | None) -> Signer:
    """A managed key: a file, or the URI of a key in a KMS."""
    from assay.adapters.keyfile import KeyFileSigner
    from assay.adapters.kms import KmsSigner, is_kms

    if is_kms(path):
        return KmsSigner(path, passphrase(passphrase_file, prompt))
    return KeyFileSigner(Path(path), passphrase(passphrase_file, prompt))


def public_half(path: str, passphrase_file: str | None, prompt: Callable[[], str] | None) -> bytes:
    """The public half of a managed key, as PEM SubjectPublicKeyInfo (RFC 7468 §13)."""
    from assay.adapters.keyfile import public_pem

    return public_pem(signer(path, passphrase_file, prompt).public_key())


def key_maker(path: str, passphrase_file: str | None, prompt: Callable[[], str] | None) -> BundleMaker:
    """Whoever signs statements with a managed key."""
    from assay.flows.signing import KeyMaker

    return KeyMaker(signer(path, passphrase_file, prompt), clock())


def passphrase(file: str | None, prompt: Callable[[], str] | None) -> Callable[[], bytes]:
    """Where a passphrase comes from: a file, the environment, a prompt."""
    from assay.adapters.keyfile import passphrase_from

    return passphrase_from(Path(file) if file else None, prompt)


def generate_key(path: str, kind: str, secret: bytes) -> tuple[Path, Path]:
    """Make a key pair on disk."""
    from assay.adapters.keyfile import generate

    return generate(Path(path), cast("Kind", kind), secret)


def keyring(paths: Sequence[str]) -> Keyring:
    """Public keys from files."""
    from assay.adapters.keyfile import read_public
    from assay.trust.keyring import Keyring, key

    return Keyring(tuple(key(read_public(Path(path)), name=Path(path).name) for path in paths))
