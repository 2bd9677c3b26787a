"""The tools that shape an image's bytes: which they are here, and which a lock means."""

from assay.build import lock as locks
from assay.build import spec as specs
from assay.formats import compressors, tarwrite
from assay.model.digest import Digest

_TAR = "tar"


def shaping_tools(spec: specs.Spec, lock: locks.Lock | None = None) -> tuple[locks.ShapingTool, ...]:
    """The tools that shape this image's bytes, as they are here; with a lock, those that it means.

    Raises:
        UnsupportedError: the compressor's library is not installed.
    """
    name = spec.image.layers.compression
    row = compressors.row(name) if lock is None else compressor(spec, lock)
    packer = locks.ShapingTool(
        name=name,
        version=row.version(),
        level=row.level,
        feeding=row.feeding,
        golden=str(compressors.golden(row.name)),
    )
    return (packer, locks.ShapingTool(name=_TAR, version=tarwrite.VERSION))


def shaping_names(spec: specs.Spec) -> frozenset[str]:
    """Names of the tools that a lock of this spec pins."""
    return frozenset((spec.image.layers.compression, _TAR))


def compressor(spec: specs.Spec, lock: locks.Lock) -> compressors.Compressor:
    """The row of the spec's compression that makes what the lock was promised (see `compressors.pinned`).

    Raises:
        UnsupportedError: its library is not installed.
    """
    name = spec.image.layers.compression
    promise = next((tool.golden for tool in lock.tools if tool.name == name and tool.golden), None)
    return compressors.pinned(name, Digest.parse(promise) if promise else None)
