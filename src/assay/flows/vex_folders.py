"""VEX in folders: `.vex/` of a source tree, and local VEX repositories. Only reads; `trust.vex` judges.

Neither is the operator's own word: a source tree may be a stranger's, and a repository speaks for many. A document
counts by the Sigstore bundle beside it.
"""

from collections.abc import Iterable, Iterator

from assay.formats import vexrepository
from assay.model.errors import AssayError, UnsupportedError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.vex import VexPlace
from assay.ports.content import DocumentFolder
from assay.trust.vex_found import Found

_INDEXES = ("index.json", "0.1/index.json")
"""As the specification has it, and as programs that fetch repositories lay it out by version."""


def in_tree(folder: DocumentFolder, limits: Limits = DEFAULT_LIMITS) -> tuple[Found, ...]:
    """The documents of a `.vex` folder; none if there is no such folder."""
    if not folder.exists():
        return ()
    names = folder.names(limits.vex_documents_count)
    found = list(_documents(folder, names[: limits.vex_documents_count], "tree", ".vex/", limits))
    if len(names) > limits.vex_documents_count:
        found.append(_too_many("tree", ".vex/", limits))
    return tuple(found)


def in_repository(
    folder: DocumentFolder, name: str, inventory: Inventory, limits: Limits = DEFAULT_LIMITS
) -> tuple[Found, ...]:
    """The documents a repository has for packages of an inventory.

    Args:
        folder: the repository.
        name: what it is called.
        inventory: whose packages are looked up, by package URL without version.
        limits: bounds.

    Raises:
        MalformedError: no index of a repository is there.
    """
    data, prefix = _index(folder, limits)
    entries, strange = vexrepository.read(data, where=f"{name} index.json", limits=limits)
    packages = {vexrepository.package_of(component.purl) for component in inventory.components if component.purl}
    wanted = sorted({prefix + entry.location for entry in entries if entry.package in packages})
    found = list(_documents(folder, wanted[: limits.vex_documents_count], "repository", f"{name} ", limits))
    if len(wanted) > limits.vex_documents_count:
        found.append(_too_many("repository", name, limits))
    if strange:
        why = f"{strange} entries have no package URL, another form, or a path that leads elsewhere"
        error = UnsupportedError("entries of the index are not read", where=name, why=why)
        found.append(Found(found="repository", place=f"{name} index.json", kind="document", error=error))
    return tuple(found)


def _index(folder: DocumentFolder, limits: Limits) -> tuple[bytes, str]:
    """The index and the folder its paths begin in."""
    *others, last = _INDEXES
    for path in others:
        try:
            return folder.read(path, limits.vex_bytes), path.removesuffix("index.json")
        except AssayError as error:
            if error.kind != "malformed":
                raise
    return folder.read(last, limits.vex_bytes), last.removesuffix("index.json")


def _documents(
    folder: DocumentFolder, names: Iterable[str], found: VexPlace, prefix: str, limits: Limits
) -> Iterator[Found]:
    room = limits.vex_found_bytes
    for name in names:
        place = prefix + name
        try:
            data = folder.read(name, min(limits.vex_bytes, max(room, 0)))
            signature = folder.signature(name, limits.bundle_bytes)
        except AssayError as error:
            yield Found(found=found, place=place, kind="document", error=error)
            continue
        room -= len(data) + len(signature)
        yield Found(found=found, place=place, kind="document", data=data, signature=signature)


def _too_many(found: VexPlace, place: str, limits: Limits) -> Found:
    why = f"only {limits.vex_documents_count} documents are looked at"
    return Found(found=found, place=place, kind="document", error=UnsupportedError("too many documents", why=why))
