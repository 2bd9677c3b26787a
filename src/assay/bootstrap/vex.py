"""Where VEX comes from: files, `.vex/` of a tree, the place of the image, repositories; and who is trusted for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.bootstrap.machine import LIMITS, clock, target_of
from assay.bootstrap.vex_library import REPOSITORY, Library, repositories_of

if TYPE_CHECKING:
    from assay.artifact.reference import Target
    from assay.flows.vex_discovery import Beside
    from assay.model.inventory import Inventory
    from assay.model.report import Report
    from assay.model.vex import VexDocument, VexStatement
    from assay.settings import Settings
    from assay.trust.vex import Judged
    from assay.trust.vex_found import Found
    from assay.trust.vex_policy import VexTrust
    from assay.trust.vex_repositories import VexRepository

    Said = tuple[tuple[VexDocument, ...], tuple[VexStatement, ...]]


class VexSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look for VEX beyond the files that were given, and whom to believe."""

    target: str = ""
    """What is scanned, as it was written; empty = nothing beside it is looked for."""
    discover: bool = True
    """Whether to look beside the image, and into `.vex/` of a tree."""
    repositories: tuple[str, ...] = ()
    """Folders and addresses of VEX repositories; those of the settings come after them."""
    offline: bool = False
    """Whether copies of remote repositories are used as they are, whatever their age."""
    trust: str = ""
    """File of the trust policy; empty = the setting's, else nobody is believed but the operator."""
    require_signature: bool = False
    """Whether files that were given count only when signed by someone the trust policy names."""


NO_SEARCH = VexSearch(discover=False)


@contextmanager
def vex_door(
    paths: Sequence[str], search: VexSearch, settings: Settings, now: str
) -> Iterator[Callable[[Inventory], Said]]:
    """What is said of an inventory, in order: files, tree, image, repositories; the place of the image stays open.

    Raises:
        UsageError, MalformedError, UnsupportedError: a file that was named is missing or no VEX document.
    """
    repositories, paths = _named(paths, search, settings)
    given: tuple[Judged, ...] = () if search.require_signature else tuple(_given(path) for path in paths)
    signed = tuple(_signed_file(path) for path in paths) if search.require_signature else ()
    if not (given or signed or repositories or (search.discover and search.target)):
        yield lambda _: ((), ())
        return
    policy = search.trust or settings.vex_trust
    trust = _trust(policy) if policy else None
    tree = _tree(search)
    library = Library(repositories, search, settings, now)
    with _beside(search, settings) as place:

        def said(inventory: Inventory) -> Said:
            digest = inventory.subject.digest
            files = (msgspec.structs.replace(one, target=digest) for one in signed)
            found = [*files, *tree, *_of_image(place, inventory), *library.of(inventory)]
            judged = (*given, *_judged(found, trust, _repository_of(inventory), now)) if found else given
            documents = tuple(one.document for one in judged)
            return documents, tuple(statement for one in judged for statement in one.statements)

        yield said


def _named(
    paths: Sequence[str], search: VexSearch, settings: Settings
) -> tuple[tuple[VexRepository, ...], tuple[str, ...]]:
    """The repositories to look into, and the files: `repo:` before a path or an address names a repository."""
    given = [path.removeprefix(REPOSITORY) for path in paths if path.startswith(REPOSITORY)]
    unasked = settings.vex_repositories if search.discover else ""
    repositories = repositories_of((*given, *search.repositories), settings.vex_repositories, unasked=bool(unasked))
    return repositories, tuple(path for path in paths if not path.startswith(REPOSITORY))


def _judged(found: Sequence[Found], trust: VexTrust | None, image: str, now: str) -> tuple[Judged, ...]:
    """Imports the verifier, which an image with nothing beside it does not need."""
    from assay.trust.vex import judge
    from assay.trust.vex_policy import VexTrust

    policy = trust or VexTrust()
    if policy.identities and policy.roots is None:
        from assay.bootstrap.public import trusted_root

        policy = msgspec.structs.replace(policy, roots=trusted_root())
    return judge(found, policy, image=image, now=now, read=_read, limits=LIMITS)


def automatic_statements(report: Report) -> tuple[VexStatement, ...]:
    """What this program states about a report's findings by evidence alone, dated with today."""
    from assay.dependencies import vex_auto

    return vex_auto.statements(report, now=clock().now())


def statement_time() -> str:
    """When documents of automatic statements are issued: the first second of today, as their statements."""
    return f"{clock().now()[:10]}T00:00:00Z"


def _read(data: bytes, name: str) -> tuple[VexStatement, ...]:
    from assay.formats import vex

    return vex.read(data, name)


def _given(path: str) -> Judged:
    from assay.adapters.files import read_file
    from assay.trust.vex import of_operator

    return of_operator(read_file(path, LIMITS.vex_bytes), Path(path).name, _read)


def _signed_file(path: str) -> Found:
    """A file that must be signed: an attestation, or a document with a bundle beside it."""
    from assay.adapters.files import read_file
    from assay.adapters.vexfolder import SIGNATURE
    from assay.trust.vex import is_attestation
    from assay.trust.vex_found import Found

    data, beside = read_file(path, LIMITS.bundle_bytes), path + SIGNATURE
    signature = read_file(beside, LIMITS.bundle_bytes) if os.path.isfile(beside) else b""
    form: Literal["attestation", "document"] = "attestation" if is_attestation(data) else "document"
    return Found(found="file", place=Path(path).name, kind=form, data=data, signature=signature)


def _trust(path: str) -> VexTrust:
    from assay.adapters.files import read_file
    from assay.trust import vex_policy

    folder = Path(path).parent
    return vex_policy.read(
        read_file(path, LIMITS.vex_trust_bytes),
        where=Path(path).name,
        read_key=lambda name: read_file(str(folder / name), LIMITS.key_bytes),
        read_root=lambda name: read_file(str(folder / name), LIMITS.trust_file_bytes),
    )


def _tree(search: VexSearch) -> tuple[Found, ...]:
    target = _target(search)
    if target is None or target.scheme != "dir":
        return ()
    from assay.adapters.vexfolder import VexFolder
    from assay.flows.vex_folders import in_tree

    return in_tree(VexFolder(Path(target.location) / ".vex"), LIMITS)


def _target(search: VexSearch) -> Target | None:
    return target_of(search.target) if search.discover and search.target else None


@contextmanager
def _beside(search: VexSearch, settings: Settings) -> Iterator[Beside | None]:
    """The store of the image's own repository or layout; an archive or a tree has none."""
    target = _target(search)
    if target is None or target.scheme not in ("registry", "oci-dir"):
        yield None
        return
    from assay.flows.vex_discovery import Beside

    if target.scheme == "registry":
        from assay.adapters.registry import RegistryStore

        registry = RegistryStore(target, limits=LIMITS, insecure=settings.insecure, env=os.environ)
        try:
            yield Beside(registry, registry)
        finally:
            registry.close()
        return
    from assay.adapters.layout_store import LayoutStore

    layout = LayoutStore(Path(target.location), tag=target.tag, digest=target.digest, limits=LIMITS)
    yield Beside(layout, layout)


def _of_image(place: Beside | None, inventory: Inventory) -> tuple[Found, ...]:
    if place is None:
        return ()
    from assay.flows.vex_discovery import beside_image

    return beside_image(place, inventory.subject, LIMITS)


def _repository_of(inventory: Inventory) -> str:
    """The image's name without tag and digest; empty for a tree."""
    subject = inventory.subject
    if subject.kind != "image":
        return ""
    name = subject.name.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name
