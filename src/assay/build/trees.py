"""Layers of two images as trees of entries, with digest or content of what may differ.

Two layers are read side by side: where both have the same path next, contents are compared as they come, and only what
differs is hashed and kept. Paths that one has earlier than the other are held to each other by digest. Layers that
cannot be read so (a path twice), and layers merged, are read one image after the other, A's a second time for what
differs.
"""

import hashlib
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager

from assay.build import layers_of
from assay.build.layers_of import Row
from assay.formats import tarread
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.model.tree import TreeEntry
from assay.ports.stores import Spool

Opened = Callable[[], AbstractContextManager[Iterator[bytes]]]
"""Opens one layer, inflated; what was read is proven at its end."""
Keep = Callable[[bytes, bytes], bool]
"""Whether the content at a path, of a digest, is wanted."""
Tree = dict[bytes, Row]
_FORMS_COUNT = 1_000
"""Forms of headers kept once each; an archive has few."""


def both(
    before: Sequence[Opened], one: range, after: Sequence[Opened], other: range, spool: Spool, limits: Limits
) -> tuple[Tree, Tree]:
    """Entries of some layers of A and of B, each in the order of the last archive that has them.

    Two files' digests are the same where their contents are, and only there; they are empty where nothing was hashed.
    Files that differ have a span each, unless one of them is larger than `compare_file_bytes`.

    Args:
        before: A's layers.
        one: which of them.
        after: B's layers.
        other: which of them.
        spool: room for contents that differ.
        limits: `compare_file_bytes`, and those of tar archives.

    Raises:
        MalformedError, UnsupportedError: a layer no two readers would read alike.
        UntrustedError: a layer is not what its digest says.
    """
    if len(one) == len(other) == 1:
        try:
            found = _abreast(before[one.start], after[other.start], (one.start, other.start), spool, limits)
        except (MalformedError, UnsupportedError, UntrustedError):
            found = None  # what is wrong with A is told before what is wrong with B: read one after the other
        if found is not None:
            return found
    old = merged(before, one, spool, limits, lambda path, digest: False)
    new = merged(after, other, spool, limits, lambda path, digest: _differs(old.get(path), digest))
    _fetch(old, {path for path, row in new.items() if row.span is not None}, before, one, spool, limits)
    return old, new


def _differs(row: Row | None, digest: bytes) -> bool:
    return row is not None and row.entry.kind == "file" and row.digest != digest


def _fetch(
    tree: Tree, wanted: set[bytes], layers: Sequence[Opened], which: range, spool: Spool, limits: Limits
) -> None:
    """Read layers once more for contents nobody knew were wanted."""
    if wanted:
        kept = merged(layers, which, spool, limits, lambda path, digest: path in wanted, only=wanted)
        tree |= {path: kept[path] for path in wanted}


def merged(
    layers: Sequence[Opened], which: range, spool: Spool, limits: Limits, keep: Keep,
    *, only: Container[bytes] | None = None,
) -> Tree:  # fmt: skip
    """Entries of some layers as one tree, in the order of the last archive that has them; contents where asked.

    With `only` no other file is read, and has no digest.

    Raises:
        MalformedError, UnsupportedError: a layer no two readers would read alike.
    """
    tree: Tree = {}
    several = len(which) > 1
    for index in which:
        own: Tree = {}
        known: dict[tarread.Form, tarread.Form] = {}
        hidden: list[bytes] = []
        with layers[index]() as chunks:
            forms: list[tarread.Form] = []
            for entry, content in tarread.read(chunks, limits, where=f"layer {index}", forms=forms):
                form = forms.pop()
                form = known.setdefault(form, form) if len(known) < _FORMS_COUNT else form
                name = entry.path.rpartition(b"/")[2]
                if several and name.startswith(layers_of.WHITEOUT):
                    hidden.append(entry.path)
                    continue
                own.pop(entry.path, None)
                read = only is None or entry.path in only
                own[entry.path] = _row(entry, content, form, spool, limits, keep) if read else Row(entry)
        layers_of.cover(tree, hidden, own)
        tree |= own
    return tree


def _row(
    entry: TreeEntry, content: Iterator[bytes], form: tarread.Form, spool: Spool, limits: Limits, keep: Keep
) -> Row:
    if entry.kind != "file":
        return Row(entry, form=form)
    if entry.size > limits.compare_file_bytes:
        return Row(entry, _digest(content), form=form)
    data = b"".join(content)
    digest = _digest((data,))
    return Row(entry, digest, spool.add((data,)) if keep(entry.path, digest) else None, form)


def _digest(content: Iterator[bytes] | tuple[bytes, ...]) -> bytes:
    state = hashlib.sha256()
    for piece in content:
        state.update(piece)
    return state.digest()


class _Walk:
    """One of two archives: the entry it stands at, and what it passed."""

    __slots__ = ("_entries", "_forms", "_known", "content", "entry", "form", "lacking", "path", "tree")

    def __init__(self, chunks: Iterator[bytes], limits: Limits, where: str, headers: tarread.Headers) -> None:
        self._forms: list[tarread.Form] = []
        self._known: dict[tarread.Form, tarread.Form] = {}
        self._entries = tarread.read(chunks, limits, where=where, forms=self._forms, headers=headers)
        self.tree: Tree = {}
        self.lacking: set[bytes] = set()
        """Paths whose content turned out to be wanted after it had passed."""
        self.entry: TreeEntry | None = None
        self.path, self.form = b"", (b"", b"", b"")
        self.content: Iterator[bytes] = iter(())

    def step(self) -> bool:
        """Go to the next entry or the end; whether its path is new."""
        found = next(self._entries, None)
        if found is None:
            self.entry = None
            return True
        self.entry, self.content = found
        self.path = self.entry.path
        form = self._forms.pop()
        self.form = self._known.setdefault(form, form) if len(self._known) < _FORMS_COUNT else form
        return self.path not in self.tree


def _abreast(
    before: Opened, after: Opened, numbers: tuple[int, int], spool: Spool, limits: Limits
) -> tuple[Tree, Tree] | None:
    """Both layers at once; None where a path stands in one of them twice."""
    headers: tarread.Headers = {}
    with before() as first, after() as second:
        one = _Walk(first, limits, f"layer {numbers[0]}", headers)
        other = _Walk(second, limits, f"layer {numbers[1]}", headers)
        new = one.step() and other.step()
        while new and (one.entry is not None or other.entry is not None):
            if one.entry is not None and other.entry is not None and one.path == other.path:
                _pair(one, other, spool, limits.compare_file_bytes)
                new = one.step() and other.step()
                continue
            ahead, behind = (one, other) if _is_first(one, other) else (other, one)
            _alone(ahead, behind, spool, limits)
            new = ahead.step()
    if not new:
        return None
    for walk, opened in ((one, before), (other, after)):
        _fetch(walk.tree, walk.lacking, (opened,), range(1), spool, limits)
    return one.tree, other.tree


def _is_first(one: _Walk, other: _Walk) -> bool:
    """Which to read on where paths differ: what the other has passed, else what comes first in order of names.

    A wrong guess costs time: what is met later is held to its digest.
    """
    if one.entry is None or other.entry is None:
        return other.entry is None
    if (passed := one.path in other.tree) or other.path in one.tree:
        return passed
    return one.path.replace(b"/", b"\0") < other.path.replace(b"/", b"\0")


def _pair(one: _Walk, other: _Walk, spool: Spool, limit: int) -> None:
    """The same path in both."""
    a, b = one.entry, other.entry
    assert a is not None and b is not None  # noqa: S101, PT018
    if a.kind != "file" or b.kind != "file":
        one.tree[one.path], other.tree[other.path] = Row(a, form=one.form), Row(b, form=other.form)
    elif a.size > limit or b.size > limit:
        one.tree[one.path] = Row(a, _digest(one.content), form=one.form)
        other.tree[other.path] = Row(b, _digest(other.content), form=other.form)
    else:
        # In the pieces they come in: layers in step are cut alike, and what is alike needs not be put together.
        pieces, others = list(one.content), list(other.content)
        if pieces == others or (before := b"".join(pieces)) == (after := b"".join(others)):
            one.tree[one.path] = row = Row(a, form=one.form)
            other.tree[other.path] = row if a is b and one.form == other.form else Row(b, form=other.form)
            return
        one.tree[one.path] = Row(a, _digest((before,)), spool.add((before,)), one.form)
        other.tree[other.path] = Row(b, _digest((after,)), spool.add((after,)), other.form)


def _alone(ahead: _Walk, behind: _Walk, spool: Spool, limits: Limits) -> None:
    """A path the other one has passed already, or does not have yet."""
    entry = ahead.entry
    assert entry is not None  # noqa: S101
    passed = behind.tree.get(entry.path)
    row = _row(entry, ahead.content, ahead.form, spool, limits, lambda path, digest: _differs(passed, digest))
    if row.span is not None:
        behind.lacking.add(entry.path)
    ahead.tree[entry.path] = row
