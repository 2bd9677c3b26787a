"""A second look at what was read before: the functions of programs that a vulnerability of known functions concerns.

A scan that reads an image takes them out in its one pass (`dependencies.functions`). Where an inventory was read
without them, only the layers that hold such a program are read again, and what was found is remembered.
"""

from collections.abc import Sequence

from assay.dependencies.cataloger import File
from assay.dependencies.functions import functions_of
from assay.dependencies.go_program import GoProgram
from assay.dependencies.reachability import Place
from assay.flows.catalogue import Bench, read_programs
from assay.flows.functions import Shelf
from assay.model.errors import UnavailableError, UnsupportedError
from assay.model.image import Image, Layer
from assay.ports.content import FileTree, ImageSource, TreeEntry


def read_again(image: Image, source: ImageSource, layers: Sequence[Layer], shelf: Shelf, bench: Bench) -> None:
    """Look into the programs of some layers of an image, and lay on the shelf what they hold.

    Raises:
        UntrustedError: a blob does not match its digest. MalformedError, UnsupportedError, UnavailableError.
    """
    wanted = {layer.index for layer in layers}
    unread = [layer for layer in image.layers if layer.index in wanted]
    bench.progress.stage(f"looking into the programs of {len(unread)} layers for vulnerable functions")
    for layer, found in zip(unread, read_programs(unread, source, bench), strict=True):
        shelf.add(layer, found)


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
        program = functions_of(File(path, chunks, sum(map(len, chunks)), bench.limits))
        if program is not None:
            found[place] = program
    return found
