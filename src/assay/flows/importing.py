"""What a Python program imports: who looks, and how the answer is remembered.

Asked only where a finding concerns an installed Python package. The answer follows from the image alone, so it is kept
under the manifest's digest. Nothing is imported here that only reading needs.
"""

from contextlib import suppress
from typing import Protocol

import msgspec

from assay.dependencies.importing import ImportGraph
from assay.model.inventory import Inventory
from assay.ports.stores import LayerCache

_VERSION = 2
"""Rises with every change of what a graph says."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(ImportGraph)


class ImportReader(Protocol):
    """Looks at what the Python program of a subject imports."""

    def imports(self, inventory: Inventory) -> ImportGraph | None:
        """What follows from its entry point. None: there is nothing to look into."""


def kept(inventory: Inventory, cache: LayerCache | None) -> ImportGraph | None:
    """What is remembered of the image an inventory is of."""
    digest = inventory.subject.digest
    data = cache.get(_key(str(digest))) if cache is not None and digest is not None else None
    if data is None:
        return None
    with suppress(msgspec.DecodeError, msgspec.ValidationError):  # of another form: no record
        return _DECODER.decode(data)
    return None


def keep(inventory: Inventory, found: ImportGraph, cache: LayerCache | None) -> None:
    """Remember it."""
    digest = inventory.subject.digest
    if cache is not None and digest is not None:
        with suppress(UnicodeEncodeError):  # a name outside UTF-8 cannot be kept: such an image is read each time
            cache.put(_key(str(digest)), _ENCODER.encode(found))


def _key(digest: str) -> str:
    return f"{digest}-imports-{_VERSION}"
