"""An image, a tree or an SBOM becomes an `Inventory`: every layer walked once, fragments joined.

The links do not know each other: this flow hands the walker (artifact) the cataloguers' wishes (dependencies) and turns
what the merged root says into sightings.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from assay.artifact import base_image
from assay.artifact.base_image import KnownBase
from assay.artifact.image import blob_of
from assay.artifact.integrity import check_diff_id
from assay.artifact.layers import SCAN_VERSION, LayerScan, scan_layer
from assay.artifact.rootfs import hidden_by, resolve_links
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.chooser import Chooser, Rows, limit_of, run, table_version
from assay.dependencies.functions import program_rows, with_functions
from assay.dependencies.origin import system_layer
from assay.flows.functions import LayerPrograms, Shelf, keep
from assay.formats import collector, wire
from assay.formats.codec import gzip_module
from assay.model.errors import UnavailableError
from assay.model.image import Image, Layer, Subject
from assay.model.inventory import Gap, Inventory
from assay.model.limits import Limits
from assay.ports.content import FileTree, ImageSource, TreeEntry
from assay.ports.world import Beside, Progress, Workers

if TYPE_CHECKING:
    from assay.ports.stores import LayerCache  # stands beside all that advisories are kept by


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """What one cataloguer read in one file of one layer."""

    path: str
    cataloguer: str
    fragment: Fragment


class LayerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one layer said; what the cache keeps."""

    scan: LayerScan
    hits: tuple[Hit, ...]

    def __reduce__(self) -> tuple[Callable[..., "LayerRecord"], tuple[object, ...]]:
        """How it travels from a worker process: in the cache's form, ten times faster than struct by struct."""
        try:
            return _decoded, (_ENCODER.encode(self),)
        except UnicodeEncodeError:  # a name outside UTF-8
            return _record, (self.scan, self.hits)


def _decoded(data: bytes) -> LayerRecord:
    return _DECODER.decode(data)


def _record(scan: LayerScan, hits: tuple[Hit, ...]) -> LayerRecord:
    return LayerRecord(scan=scan, hits=hits)


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The tools at hand: the cataloguers' table, workers, cache, limits."""

    table: tuple[Cataloguer, ...]
    workers: Workers
    cache: "LayerCache | None"
    limits: Limits
    strict: bool
    """Read every layer again to check its diffID, even when a record is remembered."""
    progress: Progress
    beside: Beside = nullcontext
    """For a layer that is read while other workers have nothing to do."""
    bases: tuple[KnownBase, ...] = ()
    """Images that may be the base of what is read."""
    shelf: Shelf | None = None
    """Where the functions of programs go, as a scan asks for them next; None takes none out."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(LayerRecord)
_NOTHING = Fragment()
_LONE_SHARE = 4
"""A layer is lone if all behind it are together at most one such part of its size."""
_RECORD_FORM = 1
"""Rises with every change of `LayerRecord`."""


def catalogue_image(image: Image, source: ImageSource, bench: Bench) -> Inventory:
    """Walk all layers of one platform's image.

    Raises:
        UntrustedError: a blob or diffID does not match. MalformedError, UnsupportedError, UnavailableError.
    """
    chooser = Chooser(bench.table if bench.shelf is None else with_functions(bench.table))
    version = f"{_RECORD_FORM}-{SCAN_VERSION}-{table_version(bench.table)}"
    bench.progress.stage(f"reading {len(image.layers)} layers of {image.subject.name}")
    with collector.paused():
        kept = {layer.index: _kept(layer, version, bench) for layer in image.layers}
    records = {index: record for index, record in kept.items() if record is not None}
    unread = sorted((layer for layer in image.layers if layer.index not in records), key=_biggest_first)
    with collector.paused():
        if len(unread) > 1:
            _prepare(bench.table)
        lone = _lone(unread)
        read = bench.workers.map(
            lambda layer: _fresh(layer, source, chooser, version, bench, lone=layer.index in lone), unread
        )
    for layer, (record, programs) in zip(unread, read, strict=True):
        records[layer.index] = record
        if bench.shelf is not None:
            bench.shelf.add(layer, programs)
    for layer in image.layers:
        check_diff_id(layer.diff_id, records[layer.index].scan.diff_id, where=f"layer {layer.index}")
    with collector.paused():
        return _joined(image, records, bench)


def _prepare(table: Sequence[Cataloguer]) -> None:
    """Load what readers need at their first file, once: workers are forked from this process."""
    gzip_module()
    for row in table:
        if row.prepare is not None:
            row.prepare()


def _joined(image: Image, records: Mapping[int, LayerRecord], bench: Bench) -> Inventory:
    """What all layers say together."""
    sightings, gaps = _sightings([records[layer.index] for layer in image.layers])
    gaps += [
        msgspec.structs.replace(gap, layer=layer.index)
        for layer in image.layers
        for gap in records[layer.index].scan.gaps
    ]
    created = image.created if wire.is_instant(image.created) else ""
    if created != image.created:
        why = f"the config's `created` is no RFC 3339 time: {image.created[:60]!a}"
        gaps.append(Gap("unreadable", "", None, why, "config"))
    facts = config_facts(image)
    found = _inventory(image.subject, image.layers, sightings, gaps, bench, created=created, facts=facts)
    base = base_image.find(image, bench.bases, system_layer=system_layer(found.components))
    return msgspec.structs.replace(found, base=base)


def with_bases(inventory: Inventory, bases: Sequence[KnownBase]) -> Inventory:
    """An inventory that was read from an SBOM, with what given bases say of its layers."""
    base = base_image.given(inventory.layers, bases) or base_image.not_given(inventory.base, bases)
    return msgspec.structs.replace(inventory, base=base)


def catalogue_tree(tree: FileTree, bench: Bench, *, installed: bool) -> Inventory:
    """Walk a directory: an unpacked root (`installed`), or a source tree, where lock files are packages."""
    chooser = Chooser(bench.table)
    bench.progress.stage(f"reading {tree.name}")
    sightings: list[Sighting] = []
    gaps: list[Gap] = []
    for entry in tree.walk():
        try:
            sightings.extend(_tree_sightings(tree, entry, chooser, bench.limits, installed=installed))
        except UnavailableError as error:
            gaps.append(Gap("unreadable", entry.path, None, error.why or error.what, "filesystem"))
    gaps.extend(Gap("unreadable", path, None, reason, "filesystem") for path, reason in tree.unreadable())
    subject = Subject(name=tree.name, kind="rootfs" if installed else "directory")
    return _inventory(subject, (), sightings, gaps, bench, installed=installed)


def _tree_sightings(
    tree: FileTree, entry: TreeEntry, chooser: Chooser, limits: Limits, *, installed: bool
) -> list[Sighting]:
    rows = chooser.choose(entry.path, b"", entry.size, entry.mode)
    if rows is None and chooser.wants_magic(entry.size, entry.mode):
        head = next(iter(tree.read(entry, entry.size)), b"")[:4]
        rows = chooser.choose(entry.path, head, entry.size, entry.mode)
    if rows is None:
        return []
    limit = limit_of(rows, limits)
    chunks = tuple(tree.read(entry, limit)) if entry.size <= limit else ()
    file = File(entry.path, chunks, entry.size, limits, installed)
    return [
        Sighting(cataloguer=row.name, path=entry.path, layer=None, removed_by=None, fragment=run(row, file))
        for row in rows
    ]


def _biggest_first(layer: Layer) -> int:
    return -(layer.size or 0)


def _key(layer: Layer, version: str) -> str:
    return f"{layer.digest}-{version}"


def _kept(layer: Layer, version: str, bench: Bench) -> LayerRecord | None:
    """What the cache holds of a layer; a record of another form is no record."""
    if layer.digest is None or bench.cache is None or bench.strict:
        return None
    data = bench.cache.get(_key(layer, version))
    if data is None:
        return None
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def read_programs(layers: Sequence[Layer], source: ImageSource, bench: Bench) -> list[LayerPrograms]:
    """The functions of the programs in some layers, read again for them alone; remembered.

    Raises:
        UntrustedError: a blob or its diffID does not match. MalformedError, UnsupportedError, UnavailableError.
    """
    chooser = Chooser(program_rows(bench.table))

    def read(layer: Layer) -> LayerPrograms:
        _, programs = _taken_out(_read_layer(layer, source, chooser, bench))
        keep(layer, programs, bench.cache)
        return programs

    with collector.paused():
        return bench.workers.map(read, layers)


def _lone(ordered: Sequence[Layer]) -> frozenset[int]:
    """Of layers in the order they are begun, the indexes of those behind which so little is left that others wait.

    An image of one layer, above all: checked and inflated beside its walk it takes a fifth less time.
    """
    found, left = set(), 0
    for layer in reversed(ordered):
        size = layer.size or 0
        if left * _LONE_SHARE <= size:
            found.add(layer.index)
        left += size
    return frozenset(found)


def _fresh(
    layer: Layer, source: ImageSource, chooser: Chooser, version: str, bench: Bench, *, lone: bool
) -> tuple[LayerRecord, LayerPrograms]:
    """The layer and the functions of its programs, read now and remembered."""
    record, programs = _taken_out(_read_layer(layer, source, chooser, bench, lone=lone))
    if layer.digest is not None and bench.cache is not None:
        with suppress(UnicodeEncodeError):  # a name outside UTF-8 cannot be kept: such a layer is read each time
            bench.cache.put(_key(layer, version), _ENCODER.encode(record))
    if bench.shelf is not None:
        keep(layer, programs, bench.cache)
    return record, programs


def _taken_out(record: LayerRecord) -> tuple[LayerRecord, LayerPrograms]:
    """A record as it is without the functions of programs, and these."""
    programs = {hit.path: hit.fragment.program for hit in record.hits if hit.fragment.program is not None}
    found = LayerPrograms(diff_id=record.scan.diff_id, programs=tuple(programs.items()))
    if not programs:
        return record, found
    hits = tuple(
        replace(hit, fragment=replace(hit.fragment, program=None)) if hit.fragment.program is not None else hit
        for hit in record.hits
    )
    return LayerRecord(scan=record.scan, hits=hits), found


def _read_layer(
    layer: Layer, source: ImageSource, chooser: Chooser, bench: Bench, *, lone: bool = False
) -> LayerRecord:
    hits: list[Hit] = []
    refused: list[Hit] = []
    where = f"layer {layer.index}, {layer.digest or layer.diff_id}"

    def choose(path: str, head: bytes, size: int, mode: int) -> Rows | None:
        rows = chooser.choose(path, head, size, mode)
        if rows is not None and size > limit_of(rows, bench.limits):
            refused.extend(_hits(rows, File(path, (), size, bench.limits)))  # each says so; nothing is read
            return None
        return rows

    def take(rows: Rows, path: str, chunks: tuple[bytes, ...], size: int, _mode: int) -> None:
        hits.extend(_hits(rows, File(path, chunks, size, bench.limits)))

    with source.stream(blob_of(layer)) as stored:
        beside = bench.beside if lone else nullcontext
        scan = scan_layer(stored, layer, choose, take, bench.limits, where=where, signs=chooser.signs, beside=beside)
    return LayerRecord(scan=scan, hits=_latest(hits, refused, scan.superseded))


def _hits(rows: Rows, file: File) -> list[Hit]:
    return [Hit(path=file.path, cataloguer=row.name, fragment=run(row, file)) for row in rows]


def _latest(hits: Sequence[Hit], refused: Sequence[Hit], superseded: Sequence[str]) -> tuple[Hit, ...]:
    """Of entries with one name the last one in the layer counts; names replaced by something else do not.

    A file that was too large to read stays as the gap it gave, whatever came under its name before.
    """
    gone = frozenset(superseded)
    last = {(hit.path, hit.cataloguer): hit for hit in hits if hit.path not in gone}
    for hit in refused:
        last.setdefault((hit.path, hit.cataloguer), hit)
    return tuple(last.values())


def _sightings(records: Sequence[LayerRecord]) -> tuple[list[Sighting], list[Gap]]:
    """Every hit with its place and what hides it; a hard link to a read file shows its content once more.

    A hit that says nothing (half of them: a program is no package of Go, of Rust …) is a file that was read, no more.
    """
    scans = [record.scan for record in records]
    by_place: dict[tuple[int, str], list[Hit]] = {}
    for index, record in enumerate(records):
        for hit in record.hits:
            by_place.setdefault((index, hit.path), []).append(hit)
    resolved, dangling = resolve_links(scans)
    linked = {(link.layer, link.path): by_place.get((link.target_layer, link.target), []) for link in resolved}
    by_place |= linked
    hidden = hidden_by(scans, by_place)
    sightings = [
        Sighting(
            cataloguer=hit.cataloguer, path=place[1], layer=place[0], removed_by=hidden[place], fragment=hit.fragment
        )
        for place, hits in by_place.items()
        for hit in hits
        if hit.fragment != _NOTHING
    ]
    gaps = [
        Gap("unreadable", path, layer, f"hard link to {target}, which is not there", "layer")
        for layer, path, target in dangling
    ]
    gaps += [
        Gap("skipped", path, layer, "hard link to a file that was not read under its own name", "layer")
        for (layer, path), hits in linked.items()
        if not hits
    ]
    return sightings, gaps


def _inventory(
    subject: Subject,
    layers: Sequence[Layer],
    sightings: Sequence[Sighting],
    gaps: Sequence[Gap],
    bench: Bench,
    *,
    installed: bool = True,
    created: str = "",
    facts: tuple[tuple[str, str], ...] = (),
) -> Inventory:
    from assay.dependencies.assemble import assemble  # 25 ms, which workers spend on layers (bootstrap.stock)

    joined = assemble(sightings, layers, installed=installed, limits=bench.limits)
    return Inventory(
        subject=subject,
        distro=joined.distro,
        components=joined.components,
        relations=joined.relations,
        gaps=bounded_gaps([*gaps, *joined.gaps], bench.limits),
        layers=tuple(layers),
        created=created,
        properties=facts,
        locks=joined.locks,
    )


def config_facts(image: Image) -> tuple[tuple[str, str], ...]:
    """User and labels of the image config as sorted properties."""
    labels = ((f"config.label:{name}", value) for name, value in image.labels.items())
    return tuple(sorted([("config.user", image.user), *labels]))


def bounded_gaps(gaps: Sequence[Gap], limits: Limits) -> tuple[Gap, ...]:
    """Sorted and distinct; past the limit one closing gap counts the rest."""
    ordered = sorted(set(gaps), key=lambda gap: (gap.kind, gap.path, gap.layer or 0, gap.reason, gap.by))
    if len(ordered) <= limits.gaps_count:
        return tuple(ordered)
    rest = len(ordered) - limits.gaps_count
    return (*ordered[: limits.gaps_count], Gap("limit", "", None, f"{rest} more gaps are not listed", "gaps"))
