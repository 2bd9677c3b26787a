"""The inventory of an image that this very program has read before, as it was then.

An inventory follows from the image's manifest and config, the layers they name by digest, and the program. The key
holds all of these, so a change of any of them, a single character of our own code included, reads again. Nothing is
imported here that only reading needs: that is what makes a rescan quick.
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
    program: str
    """A digest of everything the program consists of."""
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
    if data is not None:
        with collector.paused(), suppress(msgspec.DecodeError, msgspec.ValidationError):  # of another form: no record
            return _DECODER.decode(data)
    found = read()
    with suppress(UnicodeEncodeError):  # a name outside UTF-8 cannot be kept: such an image is read each time
        memory.cache.put(key, _ENCODER.encode(found))
    return found


def _key(image: Image, memory: Memory) -> str:
    facts = _ENCODER.encode((image, memory.limits))
    return f"inventory-{hashlib.sha256(facts).hexdigest()}-{memory.program}"
