"""An image, a tree or an SBOM becomes an `Inventory`: every layer walked once, fragments joined.

The links do not know each other: this flow hands the walker (artifact) the cataloguers' wishes (dependencies) and turns
what the merged root says into sightings.
"""

from collections.abc import Iterable, Sequence

import msgspec

from assay.artifact.image import checked, same_diff_id
from assay.artifact.layers import LayerScan, walk_layer
from assay.artifact.rootfs import hidden_by
from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.chooser import Chooser, run, table_version
from assay.formats.codec import inflate
from assay.model.image import Descriptor, Image, Layer, Subject
from assay.model.inventory import Gap, Inventory
from assay.model.limits import Limits
from assay.ports.content import FileTree, ImageSource
from assay.ports.stores import LayerCache
from assay.ports.world import Progress, Workers


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """What one cataloguer read in one file of one layer."""

    path: str
    cataloguer: str
    fragment: Fragment


class LayerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one layer said; what the cache keeps."""

    scan: LayerScan
    hits: tuple[Hit, ...]


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The tools at hand: the cataloguers' table, workers, cache, limits."""

    table: tuple[Cataloguer, ...]
    workers: Workers
    cache: LayerCache | None
    limits: Limits
    strict: bool
    """Read every layer again to check its diffID, even when a record is remembered."""
    progress: Progress


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(LayerRecord)
_RECORD_FORM = 1
"""Rises with every change of `LayerRecord`."""


def catalogue_image(image: Image, source: ImageSource, bench: Bench) -> Inventory:
    """Walk all layers of one platform's image.

    Raises:
        UntrustedError: a blob or diffID does not match. MalformedError, UnsupportedError, UnavailableError.
    """
    chooser = Chooser(bench.table)
    version = f"{_RECORD_FORM}-{table_version(bench.table)}"
    bench.progress.stage(f"reading {len(image.layers)} layers of {image.subject.name}")
    ordered = sorted(image.layers, key=lambda layer: -(layer.size or 0))
    records = dict(
        zip(
            (layer.index for layer in ordered),
            bench.workers.map(lambda layer: _layer_record(layer, source, chooser, version, bench), ordered),
            strict=True,
        )
    )
    for layer in image.layers:
        same_diff_id(records[layer.index].scan.diff_id, layer)
    sightings = _sightings([records[layer.index] for layer in image.layers])
    gaps = [
        msgspec.structs.replace(gap, layer=layer.index)
        for layer in image.layers
        for gap in records[layer.index].scan.gaps
    ]
    facts = config_facts(image)
    return _inventory(image.subject, image.layers, sightings, gaps, bench, created=image.created, facts=facts)


def catalogue_tree(tree: FileTree, bench: Bench, *, installed: bool) -> Inventory:
    """Walk a directory: an unpacked root (`installed`), or a source tree, where lock files are packages."""
    chooser = Chooser(bench.table)
    bench.progress.stage(f"reading {tree.name}")
    sightings: list[Sighting] = []
    gaps: list[Gap] = []
    for entry in tree.walk():
        rows, sniff = chooser.choose(entry.path, b"", entry.size, entry.mode), None
        if not rows and chooser.wants_magic(entry.size, entry.mode):
            sniff = next(iter(tree.read(entry, entry.size)), b"")[:4]
            rows = chooser.choose(entry.path, sniff, entry.size, entry.mode)
        if not rows:
            continue
        limit = max(getattr(bench.limits, row.wants.limit) for row in rows)
        if entry.size > limit:
            gaps.append(Gap("limit", entry.path, None, f"{entry.size} bytes, limit {limit}", rows[0].name))
            continue
        chunks = tuple(tree.read(entry, limit))
        file = File(entry.path, chunks, sum(map(len, chunks)), bench.limits, installed)
        for row in rows:
            sightings.append(
                Sighting(cataloguer=row.name, path=entry.path, layer=None, removed_by=None, fragment=run(row, file))
            )
    gaps.extend(Gap("unreadable", path, None, reason, "filesystem") for path, reason in tree.unreadable())
    subject = Subject(name=tree.name, kind="rootfs" if installed else "directory")
    return _inventory(subject, (), sightings, gaps, bench, installed=installed)


def _layer_record(layer: Layer, source: ImageSource, chooser: Chooser, version: str, bench: Bench) -> LayerRecord:
    key = f"{layer.digest}-{version}" if layer.digest is not None else None
    if key and bench.cache is not None and not bench.strict:
        kept = bench.cache.get(key)
        if kept is not None:
            try:
                return _DECODER.decode(kept)
            except (msgspec.DecodeError, msgspec.ValidationError):
                pass  # a record of another form is no record: read the layer
    record = _read_layer(layer, source, chooser, bench)
    if key and bench.cache is not None:
        bench.cache.put(key, _ENCODER.encode(record))
    return record


def _read_layer(layer: Layer, source: ImageSource, chooser: Chooser, bench: Bench) -> LayerRecord:
    hits: list[Hit] = []
    where = f"layer {layer.index}, {layer.digest or layer.diff_id}"

    def take(path: str, chunks: tuple[bytes, ...], size: int, rows: tuple[Cataloguer, ...]) -> None:
        file = File(path, chunks, size, bench.limits)
        hits.extend(Hit(path=path, cataloguer=row.name, fragment=run(row, file)) for row in rows)

    descriptor = Descriptor(media_type=layer.media_type, digest=layer.digest, size=layer.size)
    with source.stream(descriptor) as stored:
        stream: Iterable[bytes] = checked(stored, descriptor, where=where)
        scan = walk_layer(
            inflate(stream, layer.media_type, bench.limits, where=where),
            chooser.choose,
            take,
            bench.limits,
            where=where,
        )
    return LayerRecord(scan=scan, hits=tuple(hits))


def _sightings(records: Sequence[LayerRecord]) -> list[Sighting]:
    places = [(index, hit.path) for index, record in enumerate(records) for hit in record.hits]
    hidden = hidden_by([record.scan for record in records], places)
    hits = (hit for record in records for hit in record.hits)
    return [
        Sighting(cataloguer=hit.cataloguer, path=path, layer=layer, removed_by=gone, fragment=hit.fragment)
        for (layer, path), hit, gone in zip(places, hits, hidden, strict=True)
    ]


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
    joined = assemble(sightings, layers, installed=installed)
    return Inventory(
        subject=subject,
        distro=joined.distro,
        components=joined.components,
        relations=joined.relations,
        gaps=bounded_gaps([*gaps, *joined.gaps], bench.limits),
        layers=tuple(layers),
        created=created,
        properties=facts,
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
