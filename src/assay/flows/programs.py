"""A second look at an image: the functions of the few programs that a vulnerability of known functions concerns.

Only the layers that hold such a program are read again, and of them only these files are kept. What was found is
remembered in the layer cache, under a key of its own.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.go_program import GoProgram, read_program, read_rust_program
from assay.dependencies.reachability import Place
from assay.flows.catalogue import Bench, read_layer_again
from assay.formats.chunks import ChunkView
from assay.model.errors import UnavailableError, UnsupportedError
from assay.model.image import Image
from assay.model.inventory import Inventory
from assay.ports.content import FileTree, ImageSource, TreeEntry


class ProgramReader(Protocol):
    """Looks into the programs of a subject that was read before."""

    def programs(self, inventory: Inventory, places: Sequence[Place]) -> Mapping[Place, GoProgram] | None:
        """What the programs at these places hold; places that cannot be read are left out. None: nothing to read."""


def programs_of_image(
    image: Image, source: ImageSource, places: Sequence[Place], bench: Bench
) -> dict[Place, GoProgram]:
    """The programs at places of an image's layers.

    Raises:
        UntrustedError: a blob does not match its digest. MalformedError, UnsupportedError, UnavailableError.
    """
    wanted: dict[int, set[str]] = defaultdict(set)
    for index, path in places:
        if index is not None:
            wanted[index].add(path)
    layers = [layer for layer in image.layers if layer.index in wanted]
    if layers:
        bench.progress.stage(f"looking into {len(places)} programs for vulnerable functions")
    found: dict[Place, GoProgram] = {}
    for layer in layers:
        record = read_layer_again(layer, source, (_row(frozenset(wanted[layer.index])),), bench)
        found.update(((layer.index, hit.path), hit.fragment.program) for hit in record.hits if hit.fragment.program)
    return found


def programs_of_tree(tree: FileTree, places: Sequence[Place], bench: Bench) -> dict[Place, GoProgram]:
    """The programs at places of a directory; what is gone or too large by now is left out."""
    found: dict[Place, GoProgram] = {}
    limit = bench.limits.program_bytes
    for place in places:
        path = place[1]
        try:
            chunks = tuple(tree.read(TreeEntry(path, 0, 0), limit))
        except (UnavailableError, UnsupportedError):
            continue
        fragment = _look(File(path, chunks, sum(map(len, chunks)), bench.limits))
        if fragment.program is not None:
            found[place] = fragment.program
    return found


def _look(file: File) -> Fragment:
    view = ChunkView(file.chunks, where=file.path)
    return Fragment(program=read_program(view, file.limits) or read_rust_program(view, file.limits))


def _row(paths: frozenset[str]) -> Cataloguer:
    wants = Wanted(paths=paths, limit="program_bytes")
    return Cataloguer(name="functions", version=3, ecosystem="", wants=wants, catalogue=_look)
