"""What this program consists of, as one digest: the key of everything remembered from run to run.

To read some 800 small files takes 15 ms, to ask the system about them 4. So a digest is kept under what the system
says of each file: size, place on the disk, and when it was last changed, by which every write and every exchange shows
(`st_ctime` is the system's own; nobody sets it back, as installers and builders do with `st_mtime`). By the same time a
program is told that was exchanged while it runs: what is on the disk then is not what gave the results.
"""

import functools
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import assay

if TYPE_CHECKING:
    from assay.ports.stores import LayerCache

_SKIPPED = "__pycache__"
_SETTLED_NS = 2_000_000_000
"""A file changed more recently may be changed again within what its file system counts as the same moment."""
_START_FIELD = 19
"""Of those behind the name: `starttime`, in ticks since the machine was booted."""
_Entry = tuple[str, int, int, int, int, int]
"""Path, size, device, inode, time of the content and of the last change."""


def program_digest(cache: "LayerCache | None" = None) -> str:
    """A digest of the names and bytes of all files of the package and of the interpreter's version.

    Args:
        cache: where the digest of files that have not changed is kept.

    Returns:
        Hexadecimal; "" if a file cannot be read (a package inside a zip), or was changed since this process began or
        just before: then nothing is remembered.
    """
    root = str(Path(assay.__file__).parent)
    try:
        entries = sorted(_entries(root))
        if not _settled(entries):
            return ""
        key = _key(root, entries) if cache is not None and _telling(entries) else ""
        known = cache.get(key) if cache is not None and key else None
        if known is not None:
            return known.decode("ascii", "replace")
        digest = _content(root, entries)
        if cache is not None and key and sorted(_entries(root)) == entries:
            cache.put(key, digest.encode())
    except OSError:
        return ""
    return digest


def directory_hash() -> str:
    """The `dirHash` (in-toto digest set v1) of this package's installed files, byte-code aside.

    Beside the package the same is said by
    `find assay -type f -not -path "*/__pycache__/*" | LC_ALL=C sort | xargs sha256sum | sha256sum`.

    Returns:
        Hexadecimal; "" if a file cannot be read, or has a name this form cannot hold.
    """
    root = str(Path(assay.__file__).parent)
    total = hashlib.sha256()
    try:
        names = sorted(os.fsencode(path) for path, *_ in _entries(root))
        for name in names:
            if b"\n" in name:
                return ""
            with open(name, "rb", buffering=0) as file:
                one = hashlib.sha256(file.read()).hexdigest()
            total.update(b"%s  assay%s\n" % (one.encode(), name[len(os.fsencode(root)) :]))
    except OSError:
        return ""
    return total.hexdigest()


def _content(root: str, entries: list[_Entry]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path, *_ in entries:
        with open(path, "rb", buffering=0) as file:  # three times as fast as Path.open
            data = file.read()
        digest.update(f"\0{path[len(root) :]}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        digest.update(data)
    return digest.hexdigest()


def _key(root: str, entries: list[_Entry]) -> str:
    told = repr((sys.version, assay.__version__, root, entries))
    return f"program {hashlib.sha256(told.encode('utf-8', 'surrogateescape')).hexdigest()}"


def _settled(entries: list[_Entry]) -> bool:
    """Whether these files are those this process was made of: the latest change is old enough.

    Not if one was changed a moment before it began, since then, or (says its time) will have been.
    """
    return max(entry[-1] for entry in entries) < _began_ns() - _SETTLED_NS


@functools.cache
def _began_ns() -> int:
    """When this process began, by the clock that files are dated with; now, where the system does not tell.

    This module is loaded late: before it, a command may have waited long for what comes on its standard input.
    """
    now = time.time_ns()
    try:
        with open("/proc/self/stat", "rb", buffering=0) as file:  # proc_pid_stat(5): the name may hold any character
            ticks = int(file.read().rpartition(b")")[2].split()[_START_FIELD])
        since_boot = ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        return now - max(time.clock_gettime_ns(time.CLOCK_BOOTTIME) - since_boot, 0)
    except (OSError, ValueError, IndexError, AttributeError):
        return now


def _telling(entries: list[_Entry]) -> bool:
    """Whether what the system says tells these files from any others.

    Not if all have one time: then a file system says so that keeps none (an image packed reproducibly), and another
    release may look the same.
    """
    return len({entry[-1] for entry in entries}) > 1


def _entries(folder: str) -> list[_Entry]:
    found: list[_Entry] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != _SKIPPED:
                    found += _entries(entry.path)
            else:
                s = entry.stat()
                found.append((entry.path, s.st_size, s.st_dev, s.st_ino, s.st_mtime_ns, s.st_ctime_ns))
    return found
