"""Targets and the adapters that read them: image, tree or SBOM becomes an inventory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, host, target_of
from assay.model.errors import UsageError
from assay.model.image import Platform

if TYPE_CHECKING:
    from assay.artifact.base_image import KnownBase
    from assay.artifact.reference import Target
    from assay.dependencies.cataloger import Cataloguer
    from assay.dependencies.go_program import GoProgram
    from assay.dependencies.importing import ImportGraph
    from assay.dependencies.reachability import Place
    from assay.flows.catalogue import Bench
    from assay.flows.functions import Shelf
    from assay.flows.remembered import Memory
    from assay.model.image import Image, Layer
    from assay.model.inventory import Inventory
    from assay.ports.content import FileTree, ImageSource
    from assay.ports.stores import LayerCache
    from assay.ports.world import Progress, Workers
    from assay.settings import Settings


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a target is read: what the options of every reading command say."""

    platform: Platform | None = None
    all_platforms: bool = False
    use_cache: bool = True
    strict: bool = False
    """Check every diffID now, even where it is remembered."""
    bases: tuple[str, ...] = ()
    """Targets that may be the base: images, or SBOMs of ours, which name the layers."""
    classifiers: str = ""
    """Path of a file of the user's classifiers; empty = the setting's, else the usual ones alone."""
    fingerprints: str = ""
    """The same for a file of fingerprints of Java libraries."""


def take_stock(
    text: str,
    reading: Reading,
    *,
    settings: Settings,
    progress: Progress,
    look: SecondLook | None = None,
    ahead: Sequence[str] = (),
) -> tuple[Inventory, ...]:
    """The inventories of a target: one, or one per platform with `all_platforms`.

    `look` is given where findings will be asked for: it then gets what layers say of programs as they are read.
    `ahead` are modules the caller needs next: loaded while another process still reads a layer, if one does.
    """
    target = target_of(text)
    if target.scheme in ("dir", "rootfs"):
        from assay.flows.catalogue import catalogue_tree

        bench = _bench(settings, reading, progress, target.scheme)
        return (catalogue_tree(_tree(target), bench, installed=target.scheme == "rootfs"),)
    if target.scheme == "sbom" or (target.scheme == "file" and not is_archive(target.location)):
        return (_with_bases(_read_sbom(target.location), reading, settings),)
    from assay.artifact.image import resolve
    from assay.bootstrap.base_claims import claimed
    from assay.flows.remembered import remembered

    def read(image: Image) -> Inventory:  # imports the readers, which an image that is remembered does not need
        from assay.flows.catalogue import catalogue_image

        prepare = partial(_load, ahead, memory, matched=look is not None)
        bench = _bench(settings, reading, progress, target.scheme, prepare)
        shelf = look.shelf if look is not None else None
        bench = msgspec.structs.replace(bench, bases=_known_bases(reading, settings), shelf=shelf)
        return catalogue_image(image, source, bench)

    memory = _memory(settings, reading)
    source = image_source(target, settings)
    try:
        images = resolve(
            source, platform=reading.platform, host=host(), all_platforms=reading.all_platforms, limits=LIMITS
        )
        return tuple(
            claimed(remembered(image, memory, partial(read, image)), image, target, source, settings)
            for image in images
        )
    finally:
        source.close()


class SecondLook:
    """Looks into programs of a target; implements `flows.functions.ProgramReader` and `flows.importing.ImportReader`.

    What was not met while stock was taken, nor is in the cache, is read again: then the target is opened, and read as
    it is by then; a file that changed since has other digests. From a registry all layers are fetched once more for
    imports only if `fetch` says so.
    """

    def __init__(
        self, text: str, reading: Reading, settings: Settings, progress: Progress, *, fetch: bool = False
    ) -> None:
        self._target, self._reading, self._settings, self._progress = target_of(text), reading, settings, progress
        self._fetch = fetch
        self._shelf: Shelf | None = None

    @property
    def shelf(self) -> Shelf:
        """Where the functions of programs lie."""
        if self._shelf is None:
            from assay.flows.functions import Shelf

            self._shelf = Shelf()
        return self._shelf

    @property
    def possible(self) -> bool:
        """Whether the target holds programs: an SBOM does not."""
        target = self._target
        return target.scheme != "sbom" and (target.scheme != "file" or is_archive(target.location))

    def programs(self, inventory: Inventory, places: Sequence[Place]) -> Mapping[Place, GoProgram] | None:
        """What the programs hold; None for an SBOM, and for an image that is no longer the one that was read."""
        if not self.possible:
            return None
        if self._target.scheme in ("dir", "rootfs"):
            from assay.flows.programs import programs_of_tree

            return programs_of_tree(_tree(self._target), places, self._bench())
        indexes = {index for index, _ in places}
        layers = [layer for layer in inventory.layers if layer.index in indexes]
        cache = _cache(self._settings, self._reading)
        if cache is not None and not _strict(self._settings, self._reading):
            self.shelf.fetch(layers, cache)
        missing = [layer for layer in layers if self.shelf.get(layer) is None]
        if missing and not self._read(inventory, missing):
            return None
        return self.shelf.at(layers, places)

    def imports(self, inventory: Inventory) -> ImportGraph | None:
        """What the image's Python program imports (`flows.importing.ImportReader`).

        None for a directory, an SBOM, an image that starts nothing, one that is no longer the one that was read, and
        one in a registry that would have to be fetched again.
        """
        if not self.possible or self._target.scheme in ("dir", "rootfs"):
            return None
        from assay.flows.importing import keep, kept

        cache = _cache(self._settings, self._reading)
        known = kept(inventory, cache) if not _strict(self._settings, self._reading) else None
        if known is not None:
            return known
        if self._target.scheme == "registry" and not self._fetch:
            return None
        from assay.flows.imports import read_imports

        with closing(image_source(self._target, self._settings)) as source:
            same = self._same(inventory, source)
            if same is None or not same.command:
                return None
            found = read_imports(same, source, self._bench())
        keep(inventory, found, cache)
        return found

    def _read(self, inventory: Inventory, layers: Sequence[Layer]) -> bool:
        """Read layers again; false where the image is another one by now."""
        from assay.flows.programs import read_again

        with closing(image_source(self._target, self._settings)) as source:
            same = self._same(inventory, source)
            if same is not None:
                read_again(same, source, layers, self.shelf, self._bench())
            return same is not None

    def _same(self, inventory: Inventory, source: ImageSource) -> Image | None:
        """The image an inventory is of, if it is still there."""
        from assay.artifact.image import resolve

        images = resolve(
            source,
            platform=inventory.subject.platform or self._reading.platform,
            host=host(),
            all_platforms=self._reading.all_platforms,
            limits=LIMITS,
        )
        return next((one for one in images if one.subject.digest == inventory.subject.digest), None)

    def _bench(self) -> Bench:
        return _bench(self._settings, self._reading, self._progress, self._target.scheme)


def _memory(settings: Settings, reading: Reading) -> Memory | None:
    """Where whole inventories are kept; none if layers are to be read, or if anything of the user's own is read too.

    Only the usual reading is remembered: an option that is not known to leave the inventory alone excludes it.
    """
    usual = msgspec.structs.replace(reading, platform=None, all_platforms=False) == Reading()
    if not usual or settings.ci or settings.classifiers or settings.fingerprints:
        return None
    from assay.adapters.layercache import FolderLayerCache
    from assay.adapters.program import program_digest
    from assay.flows.remembered import Memory

    folder = FolderLayerCache(Path(settings.cache), LIMITS)
    return Memory(cache=folder, program=functools.cache(partial(program_digest, folder)), limits=LIMITS)


def _with_bases(inventory: Inventory, reading: Reading, settings: Settings) -> Inventory:
    from assay.flows.catalogue import with_bases

    return with_bases(inventory, _known_bases(reading, settings)) if reading.bases else inventory


def _known_bases(reading: Reading, settings: Settings) -> tuple[KnownBase, ...]:
    """The layers of each given base, of every platform it has; no layer is read."""
    from assay.artifact.base_image import KnownBase
    from assay.artifact.image import resolve

    found = []
    for text in reading.bases:
        target = target_of(text)
        if target.scheme == "sbom" or (target.scheme == "file" and not is_archive(target.location)):
            inventory = _read_sbom(target.location)
            listed = [(inventory.subject, inventory.layers)]
        else:
            with closing(image_source(target, settings)) as source:
                images = resolve(source, host=host(), all_platforms=True, limits=LIMITS)
            listed = [(image.subject, image.layers) for image in images]
        if not any(layers for _, layers in listed):
            raise UsageError("a base without layers", where=text, remedy="give an image, or an SBOM of one by Assay")
        found += [
            KnownBase(name=s.name, digest=str(s.digest or ""), diff_ids=tuple(layer.diff_id for layer in layers))
            for s, layers in listed
        ]
    return tuple(found)


REMOTE = frozenset({"registry"})
"""Schemes whose source holds connections, which two processes cannot share: their layers are read in threads."""


def _workers(count: int, scheme: str, prepare: Callable[[], object]) -> Workers:
    if scheme in REMOTE:
        from assay.adapters.workers import Threads

        return Threads(count)
    from assay.adapters.processes import Processes

    return Processes(count, prepare)


_JOINERS = ("assay.dependencies.assemble",)
"""What joins layers."""
_MATCHERS = (
    "assay.flows.scan", "assay.bootstrap.reports", "assay.bootstrap.database", "assay.adapters.advisorydb_place",
    "assay.flows.db_numbers", "assay.flows.vex_discovery", "assay.flows.imports", "assay.adapters.opa",
)  # fmt: skip
"""What a scan matches, looks into and decides with behind that; of what only some scans need, what most need."""


def _load(ahead: Sequence[str] = (), memory: Memory | None = None, *, matched: bool = False) -> None:
    """Import what would be imported next, if what is read is `matched` too, and ask what the program is, which keeping
    the inventory asks (`memory`): others still read the last layers.
    """
    for module in (*_JOINERS, *(_MATCHERS if matched else ()), *ahead):
        import_module(module)
    if matched:
        from assay.dependencies.versions import encoder_versions

        encoder_versions()  # loads every scheme: a database is asked whether it orders versions as they do
    if memory is not None:
        memory.program()


def _bench(
    settings: Settings, reading: Reading, progress: Progress, scheme: str, prepare: Callable[[], object] = _load
) -> Bench:
    """The tools; `prepare` is done as soon as hardly a layer is left to read."""
    from assay.adapters.workers import Threads
    from assay.dependencies.locks import ROWS
    from assay.flows.catalogue import Bench

    return Bench(
        table=(*_table(settings, reading), *ROWS),
        workers=_workers(settings.workers, scheme, prepare),
        beside=Threads(settings.workers).beside,
        cache=_cache(settings, reading),
        limits=LIMITS,
        strict=_strict(settings, reading),
        progress=progress,
    )


def _cache(settings: Settings, reading: Reading) -> LayerCache | None:
    from assay.adapters.layercache import FolderLayerCache

    return FolderLayerCache(Path(settings.cache), LIMITS) if reading.use_cache else None


def _strict(settings: Settings, reading: Reading) -> bool:
    return reading.strict or settings.ci


def _table(settings: Settings, reading: Reading) -> tuple[Cataloguer, ...]:
    """The cataloguers, with what the user knows beside what comes with Assay."""
    from assay.adapters.files import read_file
    from assay.dependencies import catalogers

    table = catalogers.TABLE
    if classifiers := reading.classifiers or settings.classifiers:
        data = read_file(classifiers, LIMITS.classifiers_bytes)
        table = catalogers.with_classifiers(data, Path(classifiers).name)
    if fingerprints := reading.fingerprints or settings.fingerprints:
        data = read_file(fingerprints, LIMITS.fingerprints_bytes)
        table = catalogers.with_fingerprints(table, data, Path(fingerprints).name)
    return table


def _tree(target: Target) -> FileTree:
    from assay.adapters.filesystem import DirectoryTree

    return DirectoryTree(Path(target.location))


def is_archive(path: str) -> bool:
    """Whether a file is an image archive."""
    from assay.adapters.archive_input import is_archive

    return is_archive(path)


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


def _engine(target: Target, _: Settings) -> ImageSource:
    import os

    from assay.adapters.engine import open_engine

    return open_engine(target, LIMITS, os.environ)


def _registry(target: Target, settings: Settings) -> ImageSource:
    import os

    from assay.adapters.registry import RegistrySource

    return RegistrySource(target, limits=LIMITS, insecure=settings.insecure, env=os.environ)


SOURCES: dict[str, Callable[[Target, Settings], ImageSource]] = {
    "oci-dir": _oci_dir,
    "oci-archive": _archive,
    "docker-archive": _archive,
    "docker": _engine,
    "podman": _engine,
    "file": _archive,
    "registry": _registry,
}


def image_source(target: Target, settings: Settings) -> ImageSource:
    """The adapter that reads this scheme."""
    return SOURCES[target.scheme](target, settings)
