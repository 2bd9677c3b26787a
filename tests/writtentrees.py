"""A source tree of written files: every wanted file read by every row that wants it, and what they say together."""

from collections.abc import Mapping

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import File, Sighting
from assay.dependencies.catalogers import TABLE
from assay.dependencies.chooser import Chooser, run
from assay.dependencies.locks import ROWS
from assay.model.limits import DEFAULT_LIMITS, Limits

CHOOSER = Chooser((*TABLE, *ROWS))


def tree(files: Mapping[str, str], *, installed: bool = False, limits: Limits = DEFAULT_LIMITS) -> Assembled:
    """Path to text; `installed`: as if it lay in an image."""
    sightings = []
    for path, text in files.items():
        data = text.encode()
        file = File(path, (data,), len(data), limits, installed)
        for row in CHOOSER.choose(path, data[:4], len(data), 0o644) or ():
            sightings.append(
                Sighting(cataloguer=row.name, path=path, layer=None, removed_by=None, fragment=run(row, file))
            )
    return assemble(sightings, (), installed=installed, limits=limits)
