"""What the writers of the usual forms load, named, so that it can be loaded while layers are still read."""

from collections.abc import Sequence

from assay.interfaces.cli.options import Output

_WRITERS = {
    "cyclonedx-json": ("assay.formats.cyclonedx_write",),
    "json": ("assay.formats.report",),
    "spdx-json": ("assay.formats.spdx",),
    "table": ("assay.interfaces.cli.render.table", "shutil"),
}
"""Not every form: one that is not named is loaded when it is written."""


def modules(wanted: Sequence[Output]) -> tuple[str, ...]:
    """The modules that writing these outputs will need."""
    return tuple(module for output in wanted for module in _WRITERS.get(output.format, ()))
