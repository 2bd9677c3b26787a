"""The fuse box: which adapter serves which port. The only importer of `adapters`; branches on names, never on content.

Everything is imported where it is plugged in, so a command loads only what it uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assay import __version__
from assay.artifact.reference import Target, parse_target
from assay.model.errors import UnsupportedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.report import Tool

if TYPE_CHECKING:
    from assay.adapters.advisorydb_place import DatabaseFile
    from assay.adapters.layout_store import LayoutStore
    from assay.adapters.registry import RegistryStore
    from assay.flows.attest import Attached
    from assay.flows.catalogue import Bench
    from assay.flows.feeds import BuildReport
    from assay.flows.scan import Court, Knowledge
    from assay.flows.subjects import Named
    from assay.flows.verify import Collected
    from assay.model.image import Descriptor, Platform, Subject
    from assay.model.inventory import Inventory
    from assay.model.policy import PolicyBundle
    from assay.model.report import Report
    from assay.model.statement import Statement
    from assay.model.verdict import Verdict
    from assay.model.vex import VexStatement
    from assay.ports.content import FileTree, ImageSource, ReferrerStore
    from assay.ports.decisions import Signer
    from assay.ports.stores import DatabaseStatus
    from assay.ports.world import Clock, Progress
    from assay.settings import Settings
    from assay.trust.keyring import Keyring

    Door = tuple[tuple[Named, ...], ReferrerStore]

TOOL = Tool("assay", __version__)
DEFAULT_POLICY = "default"
LIMITS = DEFAULT_LIMITS


def target_of(text: str) -> Target:
    """Read a target; paths are looked up on this machine."""
    return parse_target(text, os.path.exists)


def clock() -> Clock:
    """The machine's clock, or `SOURCE_DATE_EPOCH`."""
    from assay.adapters.clock import SystemClock

    return SystemClock()


def document_time(inventory: Inventory) -> str:
    """Time a document is dated with: `SOURCE_DATE_EPOCH`, else the image's own creation, else the epoch's start.

    Never the wall clock: the same image gives the same bytes on any day.
    """
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return clock().now()
    return inventory.created or "1970-01-01T00:00:00Z"


def take_stock(
    text: str,
    *,
    settings: Settings,
    platform: Platform | None,
    all_platforms: bool,
    use_cache: bool,
    strict: bool,
    progress: Progress,
) -> tuple[Inventory, ...]:
    """The inventories of a target: one, or one per platform with `all_platforms`."""
    target = target_of(text)
    bench = _bench(settings, use_cache=use_cache, strict=strict or settings.ci, progress=progress)
    if target.scheme in ("dir", "rootfs"):
        from assay.flows.catalogue import catalogue_tree

        return (catalogue_tree(_tree(target), bench, installed=target.scheme == "rootfs"),)
    if target.scheme == "sbom" or (target.scheme == "file" and not _is_archive(target.location)):
        return (_read_sbom(target.location),)
    from assay.artifact.image import resolve
    from assay.flows.catalogue import catalogue_image

    source = image_source(target, settings)
    try:
        images = resolve(source, platform=platform, host=_host(), all_platforms=all_platforms, limits=LIMITS)
        return tuple(catalogue_image(image, source, bench) for image in images)
    finally:
        source.close()


def _host() -> Platform:
    """linux on this machine's architecture, in OCI's words."""
    import platform

    from assay.model.image import Platform

    machine = platform.machine()
    return Platform("linux", {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine))


def _bench(settings: Settings, *, use_cache: bool, strict: bool, progress: Progress) -> Bench:
    from assay.adapters.layercache import FolderLayerCache
    from assay.adapters.workers import Threads
    from assay.dependencies.catalogers import TABLE
    from assay.flows.catalogue import Bench

    cache = FolderLayerCache(Path(settings.cache), LIMITS) if use_cache else None
    threads = Threads(settings.workers)
    return Bench(table=TABLE, workers=threads, cache=cache, limits=LIMITS, strict=strict, progress=progress)


def _tree(target: Target) -> FileTree:
    from assay.adapters.filesystem import DirectoryTree

    return DirectoryTree(Path(target.location))


def _is_archive(path: str) -> bool:
    from assay.adapters.archive import is_archive

    return is_archive(Path(path))


def _read_sbom(path: str) -> Inventory:
    from assay.adapters.files import read_file
    from assay.formats import sbom

    name = "standard input" if path == "-" else Path(path).name
    return sbom.read(read_file(path, LIMITS.sbom_bytes), name)


def _oci_dir(target: Target, _: Settings) -> ImageSource:
    from assay.adapters.layout import LayoutSource

    return LayoutSource(target)


def _archive(target: Target, _: Settings) -> ImageSource:
    from assay.adapters.archive import open_archive

    return open_archive(target, LIMITS)


def _registry(target: Target, settings: Settings) -> ImageSource:
    from assay.adapters.registry import RegistrySource

    return RegistrySource(target, limits=LIMITS, insecure=settings.insecure, env=os.environ)


_SOURCES: dict[str, Callable[[Target, Settings], ImageSource]] = {
    "oci-dir": _oci_dir,
    "oci-archive": _archive,
    "docker-archive": _archive,
    "file": _archive,
    "registry": _registry,
}


def image_source(target: Target, settings: Settings) -> ImageSource:
    """The adapter that reads this scheme."""
    return _SOURCES[target.scheme](target, settings)


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
    if target.scheme not in _SOURCES:
        raise UnsupportedError(
            "nothing can be attached to this target",
            where=text,
            why=f"a {target.scheme} target has no manifest",
            remedy="give an image: a registry reference, an OCI layout or archive",
        )
    with closing(image_source(target, settings)) as source, closing(_store(store or text, settings)) as place:
        found = named(source, platform=platform, host=_host(), everything=everything, limits=LIMITS)
        yield found, place


def _store(text: str, settings: Settings) -> RegistryStore | LayoutStore:
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
    return target_of(text) if os.path.exists(path) or ":" in path else Target(scheme="oci-dir", location=path)


def report_on(
    inventories: Sequence[Inventory],
    *,
    settings: Settings,
    vex_paths: Sequence[str],
    policy_path: str | None,
    progress: Progress,
) -> tuple[Report, ...]:
    """Match, apply VEX, decide; one report per inventory. Without a policy path no decision is made."""
    from assay.flows.scan import scan

    now = clock().now()
    knowledge = _knowledge(settings)
    statements = _vex(vex_paths)
    court = _court(policy_path) if policy_path is not None else None
    try:
        return tuple(
            scan(inventory, knowledge, statements, court, tool=TOOL, now=now, progress=progress)
            for inventory in inventories
        )
    finally:
        if court is not None:
            court.engine.close()


def _knowledge(settings: Settings) -> Knowledge:
    from assay.flows.scan import Knowledge

    if not Path(settings.database).exists():
        why = "there is no advisory database; run `assay db update`, or `assay db build --from DIR`"
        return Knowledge(store=None, absent=why)
    from assay.adapters.advisorydb import AdvisoryDatabase
    from assay.flows.db import encoders

    store = AdvisoryDatabase(Path(settings.database), encoders())
    return Knowledge(store=store, lifecycles=store)


def build_database(folder: str, settings: Settings, progress: Progress) -> BuildReport:
    """Build the advisory database from a folder of feeds and put it in place."""
    from assay.adapters.feedfiles import FeedDirectory
    from assay.flows import db

    return db.build_from(FeedDirectory(Path(folder), LIMITS), _place(settings), limits=LIMITS, progress=progress)


def update_database(settings: Settings, progress: Progress) -> BuildReport:
    """Fetch the public feeds, build, put in place."""
    import tempfile

    from assay.adapters.feedfetch import FeedFetch
    from assay.adapters.feedfiles import SpoolDirectory
    from assay.adapters.http import Http
    from assay.flows import db

    with tempfile.TemporaryDirectory(prefix="assay-feeds-") as folder:
        fetch = FeedFetch(Http(limits=LIMITS, env=os.environ))
        spool = SpoolDirectory(Path(folder), LIMITS)
        return db.update(fetch, spool, _place(settings), limits=LIMITS, progress=progress)


def database_status(settings: Settings) -> DatabaseStatus:
    """What the advisory database holds."""
    from assay.flows import db

    return db.status(_place(settings))


def export_database(file: str, settings: Settings) -> DatabaseStatus:
    """Copy the verified database to a file."""
    from assay.flows import db

    return db.export(_place(settings), file)


def import_database(file: str, digest: str, settings: Settings) -> DatabaseStatus:
    """Put an exported file in place."""
    from assay.flows import db

    return db.restore(_place(settings), file, digest)


def _place(settings: Settings) -> DatabaseFile:
    from assay.adapters.advisorydb_place import DatabaseFile
    from assay.flows.db import encoders

    return DatabaseFile(Path(settings.database), encoders())


def _vex(paths: Sequence[str]) -> tuple[VexStatement, ...]:
    if not paths:
        return ()
    from assay.adapters.files import read_file
    from assay.formats import openvex

    return tuple(
        statement for path in paths for statement in openvex.read(read_file(path, LIMITS.vex_bytes), Path(path).name)
    )


def _court(path: str) -> Court:
    from assay.adapters.opa import RegorusEngine
    from assay.flows.scan import Court

    return Court(bundle=load_policy(path), engine=RegorusEngine(LIMITS), seconds=LIMITS.policy_seconds)


def load_policy(path: str) -> PolicyBundle:
    """A policy by folder, or the shipped one by its name (`default`).

    Raises:
        UsageError: no such policy. MalformedError: a rule or data.json cannot be read.
    """
    from assay.adapters.files import read_folder
    from assay.formats import strictjson
    from assay.policy.bundle import load

    folder = _policies() / path if "/" not in path and not Path(path).is_dir() else Path(path)
    if not folder.is_dir():
        raise UsageError("no such policy", why=repr(path), remedy="give a folder with .rego files, or `default`")
    files = read_folder(str(folder), LIMITS.policy_bytes, (".rego", ".json"))
    modules = {name: text for name, text in files.items() if name.endswith(".rego") and not name.endswith("_test.rego")}
    data = strictjson.loads(files.get("data.json", "{}").encode(), where="data.json", limit=LIMITS.policy_bytes)
    return load(modules, data, name=folder.name)


def _policies() -> Path:
    """The folder of shipped policies: inside the installed package, or beside `src` in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "policies"
    return inside if inside.is_dir() else here.parent.parent / "policies"


def statements_of(inventory: Inventory, report: Report, kinds: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of a report, of the kinds asked for (words of `formats.predicates.SHORT_NAMES`)."""
    from assay.flows import attest
    from assay.formats import cyclonedx, openvex, predicates, spdx

    when = document_time(inventory)
    makers: dict[str, Callable[[], bytes]] = {
        predicates.CYCLONEDX: lambda: cyclonedx.write(inventory, tool=TOOL, timestamp=when),
        predicates.SPDX: lambda: spdx.write(inventory, tool=TOOL, timestamp=when),
        predicates.OPENVEX: lambda: openvex.write(report, author=TOOL.name, timestamp=when),
    }
    documents = [(uri, make()) for uri, make in makers.items() if predicates.short_name(uri) in kinds]
    made = attest.statements(report, timestamp=clock().now(), documents=documents)
    if report.verdict is not None:
        made = (*made, attest.summary(report.verdict, report))
    return tuple(s for s in made if predicates.short_name(s.predicate_type) in kinds)


def image_signature(subject: Subject) -> Statement:
    """The statement "this key signs this image" (cosign's predicate type, empty predicate)."""
    from assay.flows import attest

    return attest.signature(subject)


def sign_and_attach(
    store: ReferrerStore, subject: Descriptor, statements: Sequence[Statement], signer: Signer, *, force: bool
) -> tuple[Attached, ...]:
    """Sign statements and attach them to a subject, unless they are there already."""
    from assay.flows import attest

    return attest.sign_and_attach(store, subject, statements, signer, clock(), force=force, limits=LIMITS)


def collect(store: ReferrerStore, subject: Subject, keys: Keyring) -> Collected:
    """Fetch and judge everything attached to a subject."""
    from assay.flows import verify

    if subject.digest is None:
        raise UnsupportedError("this subject has no digest", where=subject.name, remedy="use a registry or a layout")
    return verify.collect(store, subject.digest, keys, clock().now(), limits=LIMITS)


def decide_on(collected: Collected, subject: Subject, policy_path: str) -> Verdict:
    """Decide from verified evidence alone."""
    from assay.flows.decide import decide

    court = _court(policy_path)
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
    """A managed key from a file."""
    from assay.adapters.keyfile import KeyFileSigner

    return KeyFileSigner(Path(path), passphrase(passphrase_file, prompt))


def passphrase(file: str | None, prompt: Callable[[], str] | None) -> Callable[[], bytes]:
    """Where a passphrase comes from: a file, the environment, a prompt."""
    from assay.adapters.keyfile import passphrase_from

    return passphrase_from(Path(file) if file else None, prompt)


def generate_key(path: str, kind: str, secret: bytes) -> tuple[Path, Path]:
    """Make a key pair on disk."""
    from assay.adapters.keyfile import generate

    return generate(Path(path), "ed25519" if kind == "ed25519" else "ecdsa-p256", secret)


def keyring(paths: Sequence[str]) -> Keyring:
    """Public keys from files."""
    from assay.adapters.keyfile import read_public
    from assay.trust.keyring import Keyring, key

    return Keyring(tuple(key(read_public(Path(path)), name=Path(path).name) for path in paths))


def read_file(path: str, limit: int) -> bytes:
    """A bounded file, or standard input for `-`."""
    from assay.adapters.files import read_file as read

    return read(path, limit)


def write_file(path: str, data: bytes) -> None:
    """Write a file whole or not at all."""
    from assay.adapters.files import write_file as write

    write(path, data)
