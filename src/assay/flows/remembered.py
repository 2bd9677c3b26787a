"""The inventory of an image that this very program has read before, as it was then.

An inventory follows from the image's manifest and config, the layers they name by digest, and the program. The key
holds the first three and the record begins with the program, so a change of any of them, a single character of our own
code included, reads again; and who has no record of an image need not know yet what the program is. Nothing is imported
here that only reading needs: that is what makes a rescan quick.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from assay.formats import collector
from assay.model.image import Image
from assay.model.inventory import Inventory
from assay.model.limits import Limits

if TYPE_CHECKING:
    from assay.ports.stores import LayerCache

_ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(Inventory)


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Where inventories are kept, and what they depend on beside the image."""

    cache: "LayerCache"
    program: Callable[[], str]
    """A digest of everything the program consists of; "" where it cannot be told: then nothing is kept."""
    limits: Limits


def remembered(image: Image, memory: Memory | None, read: Callable[[], Inventory]) -> Inventory:
    """The inventory as kept, else `read()`, which is then kept.

    Args:
        image: resolved and verified; layers without a digest cannot be remembered.
        memory: None to read in any case.
        read: catalogues the image; whatever it raises goes through, and nothing is kept.
    """
    if memory is None or any(layer.digest is None for layer in image.layers):
        return read()
    try:
        key = _key(image, memory)
    except UnicodeEncodeError:  # a label outside UTF-8
        return read()
    data = memory.cache.get(key)
    if data is not None and (program := memory.program()) and data.startswith(known := _head(program)):
        with collector.paused(), suppress(msgspec.DecodeError, msgspec.ValidationError):  # of another form: no record
            return _DECODER.decode(memoryview(data)[len(known) :])
    found = read()
    if program := memory.program():
        with suppress(UnicodeEncodeError):  # a name outside UTF-8 cannot be kept: such an image is read each time
            memory.cache.put(key, _head(program) + _ENCODER.encode(found))
    return found


def _key(image: Image, memory: Memory) -> str:
    facts = _ENCODER.encode((image, memory.limits))
    return f"inventory-{hashlib.sha256(facts).hexdigest()}"


def _head(program: str) -> bytes:
    return b"inventory of %s\n" % program.encode()
