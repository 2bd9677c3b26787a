"""Layers one over another: what the upper ones hide of the lower (OCI image-spec 1.1, layer.md, "Whiteouts")."""

from collections.abc import Mapping, Sequence

import msgspec

from assay.formats.tarread import Form
from assay.model.tree import Span, TreeEntry

WHITEOUT, OPAQUE = b".wh.", b".wh..wh..opq"


class Row(msgspec.Struct, frozen=True, gc=False):
    """An entry, and of a file its digest; its bytes where they were kept."""

    entry: TreeEntry
    digest: bytes = b""
    span: Span | None = None
    form: Form = (b"", b"", b"")
    """What the headers say beside the entry (`tarread.read`)."""


def cover(tree: dict[bytes, Row], marks: Sequence[bytes], above: Mapping[bytes, Row]) -> list[Row]:
    """Take out of a tree what a layer over it hides or replaces.

    Args:
        tree: everything below; changed.
        marks: the layer's whiteouts.
        above: its entries.

    Returns:
        What was taken out.
    """
    opaque = {mark.rpartition(b"/")[0] for mark in marks if mark.rpartition(b"/")[2] == OPAQUE}
    gone = {victim(mark) for mark in marks} | {path for path, row in above.items() if row.entry.kind != "directory"}
    paths = [path for path in tree if path in gone or path in above or is_below(path, gone) or is_below(path, opaque)]
    return [tree.pop(path) for path in paths]


def victim(mark: bytes) -> bytes:
    """The path a whiteout deletes; of an opaque mark nothing that exists."""
    folder, slash, name = mark.rpartition(b"/")
    return mark if name == OPAQUE else folder + slash + name[len(WHITEOUT) :]


def is_below(path: bytes, folders: set[bytes]) -> bool:
    """Whether one of the folders above a path is among these."""
    while folders and path:
        path = path.rpartition(b"/")[0]
        if path in folders:
            return True
    return False
