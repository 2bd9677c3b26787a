"""The functions in an image's programs, layer by layer: at hand in this process, or in the layer cache.

Nothing is imported here that only reading needs: a scan of what was read before opens no layer.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import msgspec

from assay.dependencies.go_program import GoProgram
from assay.model.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from assay.dependencies.reachability import Place
    from assay.model.image import Layer
    from assay.model.inventory import Inventory
    from assay.ports.stores import LayerCache

_VERSION = 4
"""Rises with every change of what a program's functions are, or of `LayerPrograms`."""


class ProgramReader(Protocol):
    """Looks into the programs of a subject that was read before."""

    def programs(self, inventory: Inventory, places: Sequence[Place]) -> Mapping[Place, GoProgram] | None:
        """What the programs at these places hold; places that cannot be read are left out. None: nothing to read."""


class LayerPrograms(msgspec.Struct, frozen=True, kw_only=True):
    """Every program of one layer that names its modules, by path."""

    diff_id: Digest
    programs: tuple[tuple[str, GoProgram], ...]

    def __reduce__(self) -> tuple[Callable[..., LayerPrograms], tuple[object, ...]]:
        """How it travels from a worker process: as a layer's record does, in the cache's form."""
        try:
            return _decoded, (_ENCODER.encode(self),)
        except UnicodeEncodeError:  # a name outside UTF-8
            return _programs, (self.diff_id, self.programs)


def _decoded(data: bytes) -> LayerPrograms:
    return _DECODER.decode(data)


def _programs(diff_id: Digest, programs: tuple[tuple[str, GoProgram], ...]) -> LayerPrograms:
    return LayerPrograms(diff_id=diff_id, programs=programs)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(LayerPrograms)


class Shelf:
    """The programs of the layers that this process has looked into."""

    def __init__(self) -> None:
        self._layers: dict[Digest | None, LayerPrograms] = {}

    def add(self, layer: Layer, found: LayerPrograms) -> None:
        """Lay the programs of a layer down."""
        self._layers[_name(layer)] = found

    def fetch(self, layers: Iterable[Layer], cache: LayerCache) -> None:
        """Lay down what the cache knows of layers that are not at hand."""
        for layer in layers:
            if self.get(layer) is None and (found := _kept(layer, cache)) is not None:
                self.add(layer, found)

    def get(self, layer: Layer) -> LayerPrograms | None:
        """The programs of a layer, or None if it was not looked into."""
        return self._layers.get(_name(layer))

    def at(self, layers: Iterable[Layer], places: Iterable[Place]) -> dict[Place, GoProgram]:
        """The programs at places in layers of one image; where there is none is left out."""
        by_index = {layer.index: dict(found.programs) for layer in layers if (found := self.get(layer)) is not None}
        return {
            (index, path): program
            for index, path in places
            if index is not None and (program := by_index.get(index, {}).get(path)) is not None
        }


def _name(layer: Layer) -> Digest | None:
    """By what content is told from content; every layer of an image has one of the two."""
    return layer.diff_id or layer.digest


def keep(layer: Layer, found: LayerPrograms, cache: LayerCache | None) -> None:
    """Remember a layer's programs, and that there are no others, under its digest."""
    if layer.digest is not None and cache is not None:
        with suppress(UnicodeEncodeError):  # a name outside UTF-8 cannot be kept: such a layer is read each time
            cache.put(_key(layer), _ENCODER.encode(found))


def _kept(layer: Layer, cache: LayerCache) -> LayerPrograms | None:
    data = cache.get(_key(layer)) if layer.digest is not None else None
    if data is None:
        return None
    try:
        found = _DECODER.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError):  # of another form: no record
        return None
    return found if layer.diff_id in (None, found.diff_id) else None


def _key(layer: Layer) -> str:
    return f"{layer.digest}-functions-{_VERSION}"
