"""Which cataloguers want a file: tables computed once from the rows; no regular expression, no loop over rows.

`Chooser.choose` is the hot path: it is called for every file of every layer, nearly always to say no.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from assay.dependencies.cataloger import Cataloguer, File, Fragment
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Gap
from assay.model.limits import Limits

Rows = tuple[Cataloguer, ...]
_MAGIC_BYTES = 4
_EXECUTABLE_BITS = 0o111
_TAIL_BYTES = 4
"""Of a path, compared before anything else: `.jar`, and `json` of `package.json`."""


class _Condition(NamedTuple):
    """A row that wants a name or suffix only in some places: below a directory, or at one path."""

    row: Cataloguer
    path: str
    within: tuple[str, ...]
    ending: str = ""
    """A suffix of more than one part (`.deps.json`), kept under its last part."""
    folders: frozenset[str] = frozenset()


class Signs(NamedTuple):
    """What every file that any row wants shows: a walker that sees none of it need not ask. It proves nothing more.

    Of files with an ASCII path; the suffixes of others may fold to lower case in ways of their own.
    """

    tail_bytes: int
    tails: frozenset[bytes]
    """How the path of a file ends whose base name or suffix is wanted: its last `tail_bytes` bytes, or all of it."""
    folders: frozenset[bytes]
    """Where every file is wanted; with their closing slash, b"" for the root."""
    heads: frozenset[bytes]
    """First four bytes of programs; they count for executable files and for those of mode 0."""


class Chooser:
    """Answers which rows of a table want a file."""

    __slots__ = ("_directories", "_magic", "_names", "_suffixes", "signs")

    signs: Signs

    def __init__(self, table: Sequence[Cataloguer]) -> None:
        names: dict[str, list[_Condition]] = {}
        suffixes: dict[str, list[_Condition]] = {}
        directories: dict[str, list[Cataloguer]] = {}
        magic: dict[bytes, list[Cataloguer]] = {}
        for row in table:
            wants = row.wants
            for path in sorted(wants.paths):
                names.setdefault(path.rpartition("/")[2], []).append(_Condition(row, path, ()))
            for name in sorted(wants.names):
                names.setdefault(name, []).append(_Condition(row, "", wants.within, "", wants.folders))
            for suffix in sorted(wants.suffixes):
                last = suffix[suffix.rfind(".") :]
                suffixes.setdefault(last, []).append(
                    _Condition(row, "", wants.within, suffix if suffix != last else "", wants.folders)
                )
            for directory in sorted(wants.directories):
                directories.setdefault(directory, []).append(row)
            for start in sorted(wants.magic):
                magic.setdefault(start, []).append(row)
        self._names, self._suffixes = names, suffixes
        self._directories = {directory: tuple(rows) for directory, rows in directories.items()}
        self._magic = {start: tuple(rows) for start, rows in magic.items()}
        self.signs = _signs(names, suffixes, directories, magic)

    def choose(self, path: str, head: bytes, size: int, mode: int) -> Rows | None:
        """The rows that want this file, or None.

        Args:
            path: in the image, no leading slash.
            head: its first bytes; fewer than four (or none) is fine where they are not at hand.
            size: in bytes; an empty file has no magic.
            mode: permission bits; magic counts for executable files only (mode 0 = unknown, counts).
        """
        folder, _, base = path.rpartition("/")
        named = self._names.get(base)
        dot = base.rfind(".")
        ended = self._suffixes.get(base[dot:].lower()) if dot >= 0 else None
        listed = self._directories.get(folder)
        start = self._magic.get(head[:_MAGIC_BYTES]) if size and (mode & _EXECUTABLE_BITS or not mode) else None
        if named is None and ended is None:
            if start is None:
                return listed
            if listed is None:
                return start
        found: list[Cataloguer] = [*_holding(named or (), path), *_holding(ended or (), path)]
        found += [*(listed or ()), *(start or ())]
        return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found) or None

    def wants_magic(self, size: int, mode: int) -> bool:
        """Whether the first bytes of such a file could make a row want it."""
        return bool(self._magic) and size >= _MAGIC_BYTES and bool(mode & _EXECUTABLE_BITS or not mode)


def _signs(names: Iterable[str], suffixes: Iterable[str], directories: Iterable[str], magic: Iterable[bytes]) -> Signs:
    bases = [name.encode() for name in names if name.isascii()]
    endings = [suffix.encode() for suffix in suffixes if suffix.isascii()]
    # At most one byte more than the shortest: before a name that is a slash or nothing, before a suffix any byte.
    size = min([_TAIL_BYTES, *(len(ending) + 1 for ending in (*bases, *endings))])
    tails = {tail for base in bases for tail in ((b"/" + base)[-size:], base[-size:])}
    for ending in endings:
        cased = _cased(ending[-size:])
        tails |= cased
        if len(ending) < size:
            tails |= {bytes((byte,)) + end for byte in range(256) for end in cased}
    folders = [folder.encode() + b"/" if folder else b"" for folder in directories if folder.isascii()]
    return Signs(size, frozenset(tails), frozenset(folders), frozenset(magic))


def _cased(text: bytes) -> set[bytes]:
    """Every way to write it in large and small letters."""
    return {bytes(letters) for letters in product(*map(set, zip(text.lower(), text.upper(), strict=True)))}


def limit_of(rows: Iterable[Cataloguer], limits: Limits) -> int:
    """The greatest number of bytes any of these rows reads; a larger file need not be kept, only offered to `run`."""
    return max((_limit(row, limits) for row in rows), default=0)


def too_large(rows: Sequence[Cataloguer], path: str, size: int, limits: Limits) -> Gap | None:
    """The gap for a file none of its rows would read; such a file need not be kept at all."""
    limit = limit_of(rows, limits)
    return None if size <= limit else Gap("limit", path, None, f"{size} bytes, limit {limit}", rows[0].name)


def table_version(table: Sequence[Cataloguer]) -> str:
    """A short text that changes with every change of what a table finds; part of the layer cache's key."""
    digest = hashlib.sha256()
    for row in sorted(table, key=lambda row: row.name):
        wants = row.wants
        magic = {m.hex() for m in wants.magic}
        sets = (wants.paths, wants.names, wants.suffixes, wants.directories, magic, wants.folders)
        parts = [row.name, str(row.version), row.ecosystem, wants.limit, *wants.within]
        parts += [repr(sorted(values)) for values in sets]  # a path may hold a comma
        parts += [row.configuration] if row.configuration else []
        digest.update("\0".join(parts).encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()[:16]


def run(cataloguer: Cataloguer, file: File) -> Fragment:
    """Let one cataloguer read one file; whatever is wrong with the file becomes a gap and harms no other.

    A file larger than the row's limit is not read; its chunks may then be missing.
    """
    limit = _limit(cataloguer, file.limits)
    if file.size > limit:
        return _gap(
            Gap("limit", file.path, None, f"{file.size} bytes, limit {limit} ({cataloguer.wants.limit})"), cataloguer
        )
    if sum(map(len, file.chunks)) != file.size:
        return _gap(Gap("unreadable", file.path, None, f"fewer bytes than its size of {file.size}"), cataloguer)
    try:
        return cataloguer.catalogue(file)
    except MalformedError as error:
        return _gap(Gap("unreadable", file.path, None, _reason(error)), cataloguer)
    except UnsupportedError as error:
        return _gap(Gap("unsupported", file.path, None, _reason(error)), cataloguer)


def _holding(conditions: Iterable[_Condition], path: str) -> list[Cataloguer]:
    return [
        row
        for row, exact, within, ending, folders in conditions
        if (path == exact if exact else not within or path.startswith(within))
        and (not ending or path.lower().endswith(ending))
        and (not folders or path.rpartition("/")[0].rpartition("/")[2] in folders)
    ]


def _limit(row: Cataloguer, limits: Limits) -> int:
    return int(getattr(limits, row.wants.limit))


def _reason(error: MalformedError | UnsupportedError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _gap(gap: Gap, cataloguer: Cataloguer) -> Fragment:
    return Fragment(gaps=(Gap(gap.kind, gap.path, gap.layer, gap.reason, cataloguer.name),))
