"""Writes a database that is put in place when it is finished."""

from collections.abc import Callable, Mapping, Sequence

from assay.adapters.advisorydb_writer import Writer
from assay.adapters.newfile import NewFile
from assay.model.advisory import Feed
from assay.ports.stores import DatabaseStatus


class PlacedWriter(Writer):
    """A writer whose `finish` hands the finished file over."""

    def __init__(
        self, new: NewFile, number: Callable[[str], int], settle: Callable[[DatabaseStatus], DatabaseStatus]
    ) -> None:
        self._settle = settle
        super().__init__(new.path, number)

    def finish(self, feeds: Sequence[Feed], encoders: Mapping[str, int], classes: Mapping[str, str]) -> DatabaseStatus:
        """Finish the file, have it approved, rename it over the old one."""
        return self._settle(super().finish(feeds, encoders, classes))
