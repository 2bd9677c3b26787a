"""The program that watches a launcher as an ordinary user: marks, starts it, and tells what was opened.

It is run by a bare interpreter in front of the launcher, which is given its text and that of its two parts
(`tracer_handles`), so it imports nothing else of Assay. What is marked must be the step's alone, so it belongs to
namespaces of the user's own, mounted over each folder where nobody else sees it:

- an overlay without an upper layer. The kernel lets a user mark its folders, one by one, for what is opened in them
  (`FAN_EVENT_ON_CHILD`, fanotify_mark(2)); nothing is copied.
- where that cannot be had (kernels before 6.8, folders an overlay does not take), a tmpfs with a copy of each folder,
  which may be marked as a whole.

Events name a folder by its handle and the entry in it by its name (`FAN_REPORT_DFID_NAME`, fanotify_init(2)); the table
of folders' handles is made before the launcher starts, and the step cannot rename anything, for its root is read-only.

    python -I -S -B -c SOURCE PLAN -- LAUNCHER…
"""

import json
import os
import select
import stat
import sys

from assay.adapters.tracer_events import BUFFER_BYTES, Seen, queued
from assay.adapters.tracer_kernel import (
    ADD,
    HANDLE_FID,
    ON_CHILD,
    bind,
    cover,
    die_with_parent,
    handles,
    mark,
    mark_tmpfs,
    namespaces,
    new_group,
    uncover,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_GATHERED_MILLISECONDS = 5
"""Events of this long are read together: to be woken by each of them is what would slow a step down."""
_PIECE_BYTES = 1 << 24
OVERLAY, COPY = "fanotify of an overlay", "fanotify of a copy"
"""What the trace is named, by what was marked."""


def overlaid(folders: "list[tuple[str, str]]", empty: str) -> "tuple[int, dict[bytes, str]]":
    """Overlays on the folders with a mark on each folder in them; the group that sees them, and their handles.

    Raises:
        OSError: that cannot be done here; everything is as before.
    """
    covered: list[str] = []
    group = new_group()
    try:
        found: dict[bytes, str] = {}
        for folder, place in folders:
            paths = _folders(folder)
            cover(folder, empty)
            covered.append(folder)
            for path in paths:
                mark(group, os.fsencode(path), ADD, ON_CHILD)
            own = handles(paths, folder, place, HANDLE_FID)
            if own.keys() & found.keys():
                raise OSError(0, "two folders have one handle", folder)
            found |= own
    except OSError:
        os.close(group)
        for folder in covered:
            uncover(folder)
        raise
    return group, found


def _copy(source: bytes, target: bytes, linked: "dict[tuple[int, int], bytes]") -> None:
    """A folder with its modes, times and hard links; owners are the user's own anyway."""
    facts = os.lstat(source)
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        one, other = source + b"/" + name, target + b"/" + name
        about = os.lstat(one)
        if stat.S_ISDIR(about.st_mode):
            _copy(one, other, linked)
        elif stat.S_ISLNK(about.st_mode):
            os.symlink(os.readlink(one), other)
            os.utime(other, ns=(about.st_mtime_ns, about.st_mtime_ns), follow_symlinks=False)
        elif stat.S_ISREG(about.st_mode):
            first = linked.setdefault((about.st_dev, about.st_ino), other) if about.st_nlink > 1 else other
            if first != other:
                os.link(first, other)
            else:
                _file(one, other, about)
        else:
            raise OSError(0, "a folder of a step holds a device, a socket or a pipe", os.fsdecode(one))
    os.chmod(target, stat.S_IMODE(facts.st_mode))
    os.utime(target, ns=(facts.st_mtime_ns, facts.st_mtime_ns))


def _file(source: bytes, target: bytes, about: os.stat_result) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        left = about.st_size
        while left > 0 and (sent := os.sendfile(writing, reading, None, min(left, _PIECE_BYTES))):
            left -= sent
        os.fchmod(writing, stat.S_IMODE(about.st_mode))
        os.utime(writing, ns=(about.st_mtime_ns, about.st_mtime_ns))
    finally:
        os.close(reading)
        os.close(writing)


def _folders(folder: str) -> "list[str]":
    """All folders in one, itself first.

    Raises:
        OSError: one cannot be read, or there is something else than folders, files and links: in a step's root that
            has no place, and an overlay takes some devices for names that are gone.
    """
    found = [folder]
    for path in found:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found.append(entry.path)
                elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                    raise OSError(0, "a folder of a step holds a device, a socket or a pipe", entry.path)
    return found


def _followed(group: int, process: int, seen: Seen) -> int:
    """Read events until the launcher ends; its exit code. Opening queues its event, so the last ones are there then."""
    ended = os.pidfd_open(process)
    waiting, gathering = select.poll(), select.poll()
    waiting.register(group, select.POLLIN)
    waiting.register(ended, select.POLLIN)
    gathering.register(ended, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in waiting.poll()]
        for data in queued(group):
            seen.take(data)
        if ended in ready:
            return _code(os.waitpid(process, 0)[1])
        gathering.poll(_GATHERED_MILLISECONDS)


def _told(plan: "dict[str, Any]", **found: object) -> None:
    """One document at the end of the pipe; without one nothing is known."""
    try:
        with open(plan["report"], "wb") as file:
            file.write(json.dumps(found).encode() + b"\n")
    except OSError:
        return


def _prepared(plan: "dict[str, Any]") -> "tuple[int, dict[bytes, str], str]":
    """What is to be watched, in place of the folders: the group that sees it, its folders' handles, what it is."""
    namespaces()
    how = OVERLAY
    try:
        if not plan["overlays"]:
            raise OSError(0, "no overlay is wanted")
        group, folders = overlaid(plan["folders"], plan["place"])
    except OSError:
        how = COPY
        group, folders = _copied(plan)
    for _ in queued(group):  # what preparing it opened
        pass
    return group, folders, how


def _copied(plan: "dict[str, Any]") -> "tuple[int, dict[bytes, str]]":
    group = mark_tmpfs(plan["place"], plan["bytes"])
    folders: dict[bytes, str] = {}
    for number, (folder, place) in enumerate(plan["folders"]):
        copy = f"{plan['place']}/{number}"
        _copy(os.fsencode(folder), os.fsencode(copy), {})
        folders |= handles(_folders(copy), copy, place)
        bind(copy, folder)
    return group, folders


def _watched(plan: "dict[str, Any]", launcher: "list[str]", group: int, folders: "dict[bytes, str]", how: str) -> int:
    """Start, follow, tell. From here on the launcher runs: whatever fails, it is not started a second time."""
    process = os.fork()
    if process == 0:
        _start(launcher)
    seen = Seen(folders, plan["paths"])
    try:
        code = _followed(group, process, seen)
    except OSError as error:
        seen.flaw = f"events cannot be read: {error.strerror}"
        code = _code(os.waitpid(process, 0)[1])
    flaw = seen.flaw or ("" if seen.begun else "no program was seen to start")
    state = "overflow" if seen.lost else "unavailable" if flaw else "complete"
    _told(plan, state=state, detail=flaw, how=how, reads=sorted(seen.reads), programs=sorted(seen.programs))
    return code


def _start(launcher: "list[str]") -> "NoReturn":
    """Become the launcher, and die with whoever watches."""
    try:
        die_with_parent()
        os.execv(launcher[0], launcher)  # noqa: S606
    finally:
        os._exit(127)


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main(words: "list[str]") -> int:
    """Watch the launcher; where that cannot be prepared, tell so and let it run all the same.

    What is prepared belongs to a child, so that nothing of it is in the way of an unwatched launcher.
    """
    with open(words[0], encoding="utf-8") as file:
        plan = json.load(file)
    launcher = words[2:]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            die_with_parent()
            prepared = _prepared(plan)
        except (OSError, AttributeError) as error:  # the second: a C library without the call
            _told(plan, state="unavailable", detail=_why(error)[:200])
            os.write(writing, b"x")
            os._exit(1)
        os._exit(_watched(plan, launcher, *prepared))
    os.close(writing)
    code = _code(os.waitpid(child, 0)[1])
    if os.read(reading, 1):
        os.execv(launcher[0], launcher)  # noqa: S606
    return code


def tried(place: str, lower: str) -> "tuple[str, str]":
    """In a child of its own: see an event of either kind.

    Args:
        place: an empty folder.
        lower: a folder with an empty file `file`.

    Returns:
        Why an overlay's folders, and why a tmpfs cannot be marked; empty where they can.
    """
    try:
        namespaces()
    except OSError as error:
        return _why(error), _why(error)
    return _trial(lower, lambda: overlaid([(lower, "")], place)), _trial(place, lambda: _made(place))


def _made(place: str) -> "tuple[int, dict[bytes, str]]":
    group = mark_tmpfs(place, 1 << 20)
    with open(f"{place}/file", "wb"):
        pass
    for _ in queued(group):
        pass
    return group, handles(_folders(place), place, "")


def _trial(folder: str, prepare: "Callable[[], tuple[int, dict[bytes, str]]]") -> str:
    try:
        group, folders = prepare()
        with open(f"{folder}/file", "rb"):
            pass
        seen = Seen(folders, 1)
        seen.begun = True
        seen.take(os.read(group, BUFFER_BYTES))
    except (OSError, AttributeError) as error:  # the second: a C library without the call
        return _why(error)
    return "" if seen.reads == {"/file"} else "fanotify: events without names"


def _why(error: Exception) -> str:
    return f"{getattr(error, 'filename', None) or 'fanotify'}: {getattr(error, 'strerror', None) or error}"


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
