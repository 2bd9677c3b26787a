"""What an image's Python program imports: its layers are read once more for it."""

from assay.artifact.image import blob_of
from assay.artifact.layers import LayerScan, scan_layer
from assay.artifact.rootfs import hidden_by
from assay.dependencies.importing import ImportGraph
from assay.dependencies.python_files import Gatherer, PythonLayer, tree
from assay.dependencies.python_graph import graph
from assay.dependencies.python_start import Command, start
from assay.flows.catalogue import Bench
from assay.formats import collector
from assay.model.image import Image, Layer
from assay.model.limits import Limits
from assay.ports.content import ImageSource


def read_imports(image: Image, source: ImageSource, bench: Bench) -> ImportGraph:
    """Follow the imports of an image's entry point.

    Raises:
        UntrustedError: a blob does not match its digest. MalformedError, UnsupportedError, UnavailableError.
    """
    command = command_of(image)
    early = start(command, lambda _: "python")  # whatever file it names may be a script
    if early.reason:
        return graph(early, tree((), {}), bench.limits)
    bench.progress.stage(f"looking at what {early.says[:60]} imports")
    with collector.paused():
        read = bench.workers.map(lambda layer: _layer(layer, source, bench.limits), image.layers)
        layers = [layer for _, layer in read]
        places = [(index, path) for index, layer in enumerate(layers) for path in layer.paths()]
        hidden = hidden_by([scan for scan, _ in read], places)
        found = tree(layers, {place: above is None for place, above in hidden.items()})
        return graph(start(command, found.shebangs.get), found, bench.limits)


def command_of(image: Image) -> Command:
    """What the config starts."""
    pairs = (line.partition("=") for line in image.environment)
    environment = tuple((name, value) for name, _, value in pairs)
    return Command(words=image.command, working_dir=image.working_dir, environment=environment)


def _layer(layer: Layer, source: ImageSource, limits: Limits) -> tuple[LayerScan, PythonLayer]:
    gatherer = Gatherer(limits)
    where = f"layer {layer.index}, {layer.digest or layer.diff_id}"
    with source.stream(blob_of(layer)) as stored:
        scan = scan_layer(stored, layer, gatherer.choose, gatherer.take, limits, where=where)
    gatherer.found.without(scan.superseded)
    return scan, gatherer.found
