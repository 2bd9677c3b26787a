"""Wheels laid out without an installer (binary distribution format, PyPA specification): RECORD is checked, all of it.

Nothing of the package runs; no byte-code, no `direct_url.json`. Console scripts are written as pip writes them.
"""

import base64
import configparser
import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator

from assay.formats import zipdirectory
from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

Spool = Callable[[Iterable[bytes]], Span]
_NAME = re.compile(r"([^-]+)-([^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_EXECUTABLE = 0o111
_SCRIPT = (
    "#!{python}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {first}\n"
    "if __name__ == '__main__':\n"
    "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({call}())\n"
)


def lay(
    data: bytes, file: str, *, owner: Owner, spool: Spool, limits: Limits, python: str = "/usr/bin/python3"
) -> Iterator[OwnedEntry]:
    """The entries of a wheel, relative to the folder it is installed into; scripts lie in `bin`.

    Args:
        data: the file, its digest checked.
        file: its name.
        owner: of every entry.
        spool: keeps files.
        limits: on sizes and counts.
        python: interpreter in the first line of scripts.

    Raises:
        MalformedError: not a wheel, a path that climbs. UntrustedError: a file that RECORD does not vouch for.
        UnsupportedError: more than a limit.
    """
    match = _NAME.fullmatch(file)
    if match is None:
        raise _bad(file, "its name is not a wheel's")
    files = _members(data, file, limits)
    info = next((path.split("/")[0] for path in files if re.fullmatch(r"[^/]+\.dist-info/WHEEL", path)), "")
    if not info:
        raise _bad(file, "it has no .dist-info/WHEEL")
    _check_record(files, info, file)
    stem = info.removesuffix(".dist-info")
    for path in sorted(files):
        content, mode = files[path]
        target, is_script = _target(path, stem)
        if target is None or path == f"{info}/direct_url.json" or path.endswith(".pyc"):
            continue
        if is_script and content.startswith(b"#!python"):
            content = f"#!{python}".encode() + content[content.find(b"\n") :] if b"\n" in content else content
        yield _entry(target, content, 0o755 if is_script or mode & _EXECUTABLE else 0o644, owner, spool)
    scripts = files.get(f"{info}/entry_points.txt")
    for name, text in _scripts(scripts[0] if scripts else b"", python, file):
        yield _entry(f"bin/{name}", text.encode(), 0o755, owner, spool)


def _members(data: bytes, file: str, limits: Limits) -> dict[str, tuple[bytes, int]]:
    view = ChunkView([data], where=file)
    directory = zipdirectory.read_directory(view, limits)
    found: dict[str, tuple[bytes, int]] = {}
    total = 0
    for member, facts in zip(directory.members, zipdirectory.attributes(directory), strict=True):
        if member.name.endswith("/"):
            continue
        parts = member.name.split("/")
        if not all(parts) or {".", ".."} & set(parts) or "\\" in member.name or "\0" in member.name:
            raise _bad(file, f"{member.name[:100]!r} leads out of it")
        if member.name in found:
            raise _bad(file, f"{member.name[:100]!r} is there twice")
        total += member.size
        if total > limits.archive_inflated_bytes:
            raise UnsupportedError(
                "wheel over its limits", where=file, why=f"{member.name[:100]} of {member.size} bytes"
            )
        content = zipdirectory.inflate(directory, member, limits.archive_inflated_bytes)
        found[member.name] = (content, facts.mode)
    return found


def _check_record(files: dict[str, tuple[bytes, int]], info: str, file: str) -> None:
    """Every file has a line and every line a file with that digest; RECORD itself and its signatures have none."""
    record = f"{info}/RECORD"
    if record not in files:
        raise _bad(file, "it has no RECORD")
    free = {record, f"{info}/RECORD.jws", f"{info}/RECORD.p7s"}
    told: dict[str, str] = {}
    try:
        for row in csv.reader(files[record][0].decode("utf-8", "replace").splitlines()):
            said = "".join(row[1:2])
            if row and row[0] not in free and told.setdefault(row[0], said) != said:
                raise _bad(file, f"RECORD has {row[0][:100]!r} twice")
    except csv.Error as error:
        raise _bad(file, f"RECORD: {error}") from error
    for path in sorted(files.keys() - free):
        algorithm, _, text = told.get(path, "").partition("=")
        if algorithm not in ("sha256", "sha384", "sha512"):
            raise UntrustedError("a wheel with a file nobody vouches for", where=f"{file} {path}", why="not in RECORD")
        digest = hashlib.new(algorithm, files[path][0]).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != text:
            raise UntrustedError("a wheel with a changed file", where=f"{file} {path}", why="RECORD has another digest")
    missing = sorted(told.keys() - files.keys())
    if missing:
        raise _bad(file, f"RECORD names {missing[0][:100]!r}, which is not there")


def _target(path: str, stem: str) -> tuple[str | None, bool]:
    """Where a file comes to lie, and whether it is a script."""
    prefix = f"{stem}.data/"
    if not path.startswith(prefix):
        return path, False
    scheme, _, rest = path[len(prefix) :].partition("/")
    if not rest:
        return None, False
    if scheme in ("purelib", "platlib", "data"):
        return rest, False
    if scheme == "scripts":
        return f"bin/{rest}", True
    return None, False  # headers: an image that runs needs none


def _scripts(data: bytes, python: str, file: str) -> Iterator[tuple[str, str]]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(data.decode("utf-8", "replace"))
    except configparser.Error as error:
        raise _bad(file, f"entry_points.txt: {error}") from error
    sections = [section for section in ("console_scripts", "gui_scripts") if parser.has_section(section)]
    for name, value in sorted({pair for section in sections for pair in parser.items(section)}):
        match = re.fullmatch(r"\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_][\w.]*)\s*(?:\[[^\]]*\])?\s*", value)
        if match is None or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
            raise _bad(file, f"the script {name[:60]!r} is not module:function")
        yield name, _SCRIPT.format(python=python, module=match[1], first=match[2].split(".")[0], call=match[2])


def _entry(path: str, content: bytes, mode: int, owner: Owner, spool: Spool) -> OwnedEntry:
    return OwnedEntry(TreeEntry(path=path.encode(), mode=mode, size=len(content)), owner, spool([content]))


def _bad(file: str, why: str) -> MalformedError:
    return MalformedError("not an acceptable wheel", where=file, why=why, remedy="fetch it again, or ask its author")
