"""The base image out of provenance that lies beside an image: BuildKit's in the index, and what is attached.

No signature is checked, and so a claim sharpens where the base ends and is called a claim; nothing is refused for it.
Once the image's own index has listed the base's layers, nobody is asked who may have attached what.
"""

from collections.abc import Iterator
from itertools import islice

import msgspec

from assay.artifact import base_image
from assay.artifact.base_image import NamedBase
from assay.dependencies.origin import system_layer
from assay.flows.attached import Item, Place, Wanted, attached, fetched, in_index
from assay.formats import buildkit, bundle, dsse, intoto, predicates, slsa
from assay.model.digest import Digest
from assay.model.errors import AssayError
from assay.model.image import Image, Subject
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS, Limits

_TYPES = frozenset({predicates.PROVENANCE, predicates.PROVENANCE_V02})
_ITEMS_COUNT = 8
"""Provenances of one image that are looked at."""


def with_provenance(inventory: Inventory, image: Image, place: Place, limits: Limits = DEFAULT_LIMITS) -> Inventory:
    """The inventory with the base that provenance beside the image names; unchanged where a given base fits.

    Args:
        inventory: of the image.
        image: with its history and labels.
        place: where to look.
        limits: bounds on manifests and statements.
    """
    if inventory.base is None or inventory.base.method == "given":
        return inventory
    named = named_bases(place, image.subject, limits)
    if not named:
        return inventory
    found = base_image.find(image, system_layer=system_layer(inventory.components), named=named)
    return msgspec.structs.replace(inventory, base=found)


def named_bases(place: Place, subject: Subject, limits: Limits = DEFAULT_LIMITS) -> tuple[NamedBase, ...]:
    """Every image that a provenance about the subject names; one that cannot be read names none."""
    if subject.digest is None:
        return ()
    found: dict[tuple[str, str], NamedBase] = {}
    for item in islice(_items(place, subject, subject.digest, limits), _ITEMS_COUNT):
        try:
            for one in _named(item, fetched(place.store, item, limits), subject, limits):
                known = found.get((one.name, one.digest))
                if known is None or len(one.layers) > len(known.layers):
                    found[one.name, one.digest] = one
            if item.found == "index" and any(one.layers for one in found.values()):
                break
        except AssayError:
            continue  # evidence is judged by `verify`, which says what is wrong with it; here it only tells nothing
    return tuple(found.values())


def _items(place: Place, subject: Subject, digest: Digest, limits: Limits) -> Iterator[Item]:
    """What may be a provenance, the index's own first; a list that cannot be read is an empty one."""
    wanted = Wanted(types=_TYPES, manifests=True)
    about = [one for one in (digest, subject.index) if one is not None]
    try:
        if subject.index is not None and subject.index != digest:
            yield from (item for item in in_index(place.store, subject.index, digest, wanted, limits) if _may_be(item))
        for one in dict.fromkeys(about):
            yield from (item for item in attached(place, one, wanted, limits) if _may_be(item))
    except AssayError:
        return


def _may_be(item: Item) -> bool:
    return item.error is None and item.layer is not None and item.form in ("bundle", "envelope", "statement")


def _named(item: Item, data: bytes, subject: Subject, limits: Limits) -> Iterator[NamedBase]:
    where = item.place
    statement = intoto.read(_payload(item, data, limits), where=where, limits=limits)
    own = {digest.hex for digest in (subject.digest, subject.index) if digest is not None}
    if statement.predicate_type not in _TYPES or not any(one.digest.get("sha256") in own for one in statement.subject):
        return
    read = slsa.read(statement.predicate_type, statement.predicate, where=where)
    source = f"provenance at {where.partition(' layer ')[0]}"
    for one in buildkit.images(read.resolved_dependencies, statement.predicate):
        yield NamedBase(name=one.name, digest=one.digest, layers=one.layers, source=source, own=item.found == "index")


def _payload(item: Item, data: bytes, limits: Limits) -> bytes:
    """The statement inside, as it stands: whoever signed it was not asked."""
    if item.form == "statement":
        return data
    if item.form == "envelope":
        return dsse.read(data, where=item.place, limit=limits.bundle_bytes).payload
    envelope = bundle.read(data, where=item.place, limits=limits).envelope
    return envelope.payload if envelope is not None else b""
