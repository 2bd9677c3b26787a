"""What an image carries, told from its layers alone: files, what is hidden, what package databases say they own.

An image that was cut down shows it: packages still listed whose files are gone, files of packages that are gone, bytes
that a later layer hides and every pull still fetches.
"""

import csv
import io
from collections.abc import Iterator, Sequence

import msgspec

from assay.build import layers_of
from assay.build.layers_of import Row
from assay.build.trees import Opened
from assay.formats import tarread
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits

_DPKG = b"var/lib/dpkg/"
_INFO, _STATUS_D = _DPKG + b"info/", _DPKG + b"status.d/"
_APK = b"lib/apk/db/installed"
_RECORD = b".dist-info/RECORD"
_OWN_DATABASES = ("var/lib/dpkg/", "lib/apk/", "var/lib/rpm/", "usr/lib/sysimage/rpm/")
SHELLS = frozenset(b"ash bash busybox csh dash fish ksh mksh rbash rksh sash sh tcsh toybox yash zsh".split())
PACKAGE_MANAGERS = frozenset(
    b"apk apt apt-get apt-cache aptitude cargo composer conda corepack dnf dpkg easy_install gem go microdnf mvn npm"
    b" npx opkg pacman pip pip3 pipx pnpm poetry rpm uv yarn yum zypper".split()
)
_PROGRAM_FOLDERS = (
    b"bin/", b"sbin/", b"usr/bin/", b"usr/sbin/", b"usr/local/bin/", b"usr/local/sbin/", b"opt/", b"busybox/",
)  # fmt: skip


class Anatomy(msgspec.Struct, frozen=True, kw_only=True):
    """One image, taken apart."""

    files: dict[str, int]
    """Visible files and links → bytes."""
    hidden: dict[str, int]
    """Files a later layer deletes or replaces, with all their copies' bytes."""
    set_id: tuple[str, ...]
    shells: tuple[str, ...]
    package_managers: tuple[str, ...]
    owned: frozenset[str]
    """Paths some package database or record lists."""
    missing: tuple[str, ...]
    """Listed as a package's own, and not there."""
    residue: tuple[str, ...]
    """Left of packages that were removed."""
    has_database: bool
    gaps: tuple[str, ...] = ()


def take_apart(layers: Sequence[Opened], limits: Limits) -> Anatomy:
    """Read every layer once.

    Args:
        layers: lowest first.
        limits: of tar archives; `text_database_bytes` for a package database.
    """
    tree: dict[bytes, Row] = {}
    texts: dict[bytes, bytes] = {}
    hidden: dict[str, int] = {}
    gaps: list[str] = []
    for number, opened in enumerate(layers):
        own: dict[bytes, Row] = {}
        marks: list[bytes] = []
        try:
            with opened() as chunks:
                for entry, content in tarread.read(chunks, limits, where=f"layer {number}"):
                    if entry.path.rpartition(b"/")[2].startswith(layers_of.WHITEOUT):
                        marks.append(entry.path)
                        continue
                    own[entry.path] = Row(entry)
                    if _is_database(entry.path) and entry.size <= limits.text_database_bytes:
                        texts[entry.path] = b"".join(content)
        except (MalformedError, UnsupportedError) as error:
            gaps.append(f"layer {number}: {error.line()}")
        for row in layers_of.cover(tree, marks, own):
            if row.entry.kind != "directory":
                hidden[_text(row.entry.path)] = hidden.get(_text(row.entry.path), 0) + row.entry.size
        tree |= own
    return _anatomy(tree, {path: data for path, data in texts.items() if path in tree}, hidden, tuple(gaps))


def _anatomy(
    tree: dict[bytes, Row], texts: dict[bytes, bytes], hidden: dict[str, int], gaps: tuple[str, ...]
) -> Anatomy:
    links = {path: row.entry.link for path, row in tree.items() if row.entry.kind == "symlink"}
    files = {path: row.entry for path, row in tree.items() if row.entry.kind != "directory"}
    installed, leaving = _dpkg_states(texts)
    stale = {path for path in texts if installed and path.startswith(_INFO) and _package(path) not in installed}
    owned = _paths({path: data for path, data in texts.items() if path not in stale}, links)
    left = {path for path in files if installed and path.startswith(_INFO) and _package(path) not in installed}
    left |= (_paths({path: texts[path] for path in stale}, links) & files.keys()) - owned
    programs = {path: path.rpartition(b"/")[2] for path in files if path.startswith(_PROGRAM_FOLDERS)}
    runnable = {path for path, entry in files.items() if entry.kind in ("file", "hardlink")}
    return Anatomy(
        files={_text(path): entry.size for path, entry in files.items()},
        hidden=hidden,
        set_id=_sorted(path for path in runnable if files[path].mode & 0o6000),
        shells=_sorted(path for path, name in programs.items() if name in SHELLS),
        package_managers=_sorted(path for path, name in programs.items() if name in PACKAGE_MANAGERS),
        owned=frozenset(_text(path) for path in owned),
        missing=_sorted(path for path in owned if path not in tree),
        residue=tuple(sorted({_text(path) for path in left} | {f"package {name}" for name in leaving})),
        has_database=bool(texts),
        gaps=gaps,
    )


def _paths(texts: dict[bytes, bytes], links: dict[bytes, bytes]) -> set[bytes]:
    return {_settled(path, links) for path in _listed(texts)}


def unowned(anatomy: Anatomy, seen: frozenset[str]) -> tuple[str, ...]:
    """Files that no database lists, that are no database's own, and that no cataloguer saw a component in."""
    found = anatomy.files.keys() - anatomy.owned - seen
    return tuple(sorted(path for path in found if not path.startswith(_OWN_DATABASES)))


def _is_database(path: bytes) -> bool:
    if path.startswith(_INFO):
        return path.endswith(b".list")
    if path.startswith(_STATUS_D):
        return True
    return path in (_DPKG + b"status", _APK) or path.endswith(_RECORD)


def _listed(texts: dict[bytes, bytes]) -> Iterator[bytes]:
    """Every path that a database or record lists, without leading slash."""
    for path, data in texts.items():
        if path.startswith(_INFO):
            yield from (line.strip(b"/") for line in data.splitlines() if line.strip(b"/."))
        elif path.endswith(b".md5sums"):
            yield from (line.partition(b"  ")[2].removeprefix(b"./") for line in data.splitlines())
        elif path == _APK:
            yield from _apk(data)
        elif path.endswith(_RECORD):
            yield from _record(path, data)


def _apk(data: bytes) -> Iterator[bytes]:
    """`F:` names a folder, `R:` a file in it (apk's installed database)."""
    folder = b""
    for line in data.splitlines():
        if line.startswith(b"F:"):
            folder = line[2:]
        elif line.startswith(b"R:"):
            yield folder + b"/" + line[2:] if folder else line[2:]


def _record(path: bytes, data: bytes) -> Iterator[bytes]:
    """Paths of a RECORD are beside the folder that holds it (PyPA, "Recording installed projects")."""
    above = path.rpartition(b"/")[0].rpartition(b"/")[0].split(b"/")
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8", "surrogateescape"))))
    except csv.Error:
        return
    for row in rows:
        parts, place = (row[0] if row else "").encode("utf-8", "surrogateescape").split(b"/"), list(above)
        for part in parts:
            if part == b"..":
                place = place[:-1]
            elif part not in (b"", b"."):
                place.append(part)
        yield b"/".join(place)


def _dpkg_states(texts: dict[bytes, bytes]) -> tuple[set[bytes], set[str]]:
    """Names that are installed, and those of which only configuration is left."""
    installed, leaving = set(), set()
    for stanza in texts.get(_DPKG + b"status", b"").split(b"\n\n"):
        fields = dict(line.partition(b": ")[::2] for line in stanza.splitlines() if not line.startswith(b" "))
        name, state = fields.get(b"Package", b"").strip(), fields.get(b"Status", b"").split()
        if not name:
            continue
        if state[-1:] == [b"installed"]:
            installed |= {name, name + b":" + fields.get(b"Architecture", b"").strip()}
        else:
            leaving.add(_text(name))
    return installed, leaving


def _package(path: bytes) -> bytes:
    """`libc6:amd64` of `var/lib/dpkg/info/libc6:amd64.list`."""
    return path.rpartition(b"/")[2].rpartition(b".")[0]


def _settled(path: bytes, links: dict[bytes, bytes]) -> bytes:
    """The path with merged-/usr links followed (`bin/ls` is `usr/bin/ls`)."""
    first, slash, rest = path.partition(b"/")
    target = links.get(first)
    return target.strip(b"/") + slash + rest if target and slash else path


def _sorted(paths: Iterator[bytes]) -> tuple[str, ...]:
    return tuple(sorted(_text(path) for path in paths))


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
