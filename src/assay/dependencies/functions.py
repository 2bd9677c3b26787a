"""The functions of a program, taken out while its bytes are at hand for its modules.

Names of functions are no part of an inventory (they would be most of it), but a scan asks for them next: a row that
reads which modules a program was made from can give its functions with them, so that no layer is read twice.
"""

from collections.abc import Callable, Sequence

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment
from assay.dependencies.go_program import GoProgram, read_program, read_rust_program
from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError

_ROWS = frozenset({"golang", "rust"})
"""Names of the rows that read build information."""


def with_functions(table: Sequence[Cataloguer]) -> tuple[Cataloguer, ...]:
    """The table, its rows that read build information made to fill `Fragment.program` too.

    Names and versions stay, so what else they find is kept under the same key: take the programs out first.
    """
    return tuple(_looking(row) if row.name in _ROWS else row for row in table)


def program_rows(table: Sequence[Cataloguer]) -> tuple[Cataloguer, ...]:
    """Only the rows of a table that give functions, made to give them."""
    return tuple(_looking(row) for row in table if row.name in _ROWS)


def functions_of(file: File) -> GoProgram | None:
    """The functions of a file; None where it is no program that is read, or its build information is broken."""
    view = ChunkView(file.chunks, where=file.path)
    try:
        return read_program(view, file.limits) or read_rust_program(view, file.limits)
    except MalformedError:
        return None


def _looking(row: Cataloguer) -> Cataloguer:
    return msgspec.structs.replace(row, catalogue=_both(row.catalogue))


def _both(catalogue: Callable[[File], Fragment]) -> Callable[[File], Fragment]:
    def catalogued(file: File) -> Fragment:
        found = catalogue(file)
        return msgspec.structs.replace(found, program=functions_of(file)) if found.packages else found

    return catalogued
