"""Changes a release process makes that the tag itself declares (rule A-04): each is checked, none is taken on trust.

gitattributes(5) `export-subst`, line ends, LFS pointers, and the settings that setuptools writes again.
"""

import configparser
import hashlib
import re
from collections.abc import Callable

from assay.source.gitobjects import lfs_digest

_PLACEHOLDER = re.compile(rb"\$Format:[^$\n]{1,500}\$")
_PLACEHOLDERS_COUNT = 50
_FILLED = rb"[^\n$`;|&<>(){}]{0,300}"
"""What may stand where a placeholder was: one line, and nothing a shell would act on."""
_STAMPED = frozenset({"tag_build", "tag_date", "tag_svn_revision", "tag_name"})


def why(path: str, ours: bytes, theirs: bytes, *, generated: str) -> str:
    """Why this change of a file is harmless; empty where nothing declares it.

    Args:
        path: in the archive.
        ours: what the archive holds.
        theirs: what the tag holds.
        generated: how the archive was made, a key of `archive_diff.GENERATED`.

    >>> why("version.txt", b"v1.2", b"$Format:%d$", generated="none")
    'filled in by export-subst'
    """
    for reason, holds in _RULES:
        if holds(path, ours, theirs, generated):
            return reason
    return ""


def _substituted(path: str, ours: bytes, theirs: bytes, generated: str) -> bool:
    pieces = _PLACEHOLDER.split(theirs)
    if not 1 < len(pieces) <= _PLACEHOLDERS_COUNT:
        return False
    return _fits(ours, pieces)


def _fits(ours: bytes, pieces: list[bytes]) -> bool:
    """Whether the text is the pieces with one short value between each; from the left, each as early as it fits."""
    if not ours.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    value = re.compile(_FILLED)
    for number, piece in enumerate(pieces[1:], 1):
        place = len(ours) - len(piece) if number == len(pieces) - 1 else ours.find(piece, at)
        if place < at or not ours.startswith(piece, place) or not value.fullmatch(ours, at, place):
            return False
        at = place + len(piece)
    return at == len(ours)


def _line_ends(path: str, ours: bytes, theirs: bytes, generated: str) -> bool:
    return b"\0" not in theirs and ours.replace(b"\r\n", b"\n") == theirs.replace(b"\r\n", b"\n")


def _large_file(path: str, ours: bytes, theirs: bytes, generated: str) -> bool:
    return hashlib.sha256(ours).hexdigest() == lfs_digest(theirs)


def _settings(path: str, ours: bytes, theirs: bytes, generated: str) -> bool:
    """setuptools writes setup.cfg again, without comments and with `[egg_info]` as it was resolved."""
    if generated != "python-sdist" or path != "setup.cfg":
        return False
    before, after = _options(theirs), _options(ours)
    return before is not None and before == after


def _options(data: bytes) -> dict[str, dict[str, str]] | None:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(data.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return None
    found = {name: {key: " ".join(value.split()) for key, value in parser.items(name)} for name in parser.sections()}
    stamped = {key: value for key, value in found.pop("egg_info", {}).items() if key not in _STAMPED}
    return found | ({"egg_info": stamped} if stamped else {})


_RULES: tuple[tuple[str, Callable[[str, bytes, bytes, str], bool]], ...] = (
    ("other ends of lines, nothing else", _line_ends),
    ("filled in by export-subst", _substituted),
    ("the large file its pointer names", _large_file),
    ("the same settings, written again by setuptools", _settings),
)
