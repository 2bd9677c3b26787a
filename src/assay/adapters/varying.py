"""What this machine can change around a build (`ports.varying.Varying`), and an honest word on what it cannot.

Linux gives an ordinary process: fewer processors (`sched_setaffinity(2)`), another kernel release and no address space
randomisation (`personality(2)`: UNAME26, ADDR_NO_RANDOMIZE), another umask, another order of making files. A process
of root may start the sandbox as another user. The wall clock is everybody's: a time namespace (`time_namespaces(7)`)
shifts the monotonic and the boot-time clock and no other. So programs are shown another one by a library of the host
(`faketime`), which reaches those that ask the C library for the time and no others.
"""

import ctypes
import getpass
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from assay.adapters import faketime, sandboxes
from assay.adapters.sandbox import NOBODY, Launcher
from assay.adapters.workshop import FolderWorkshop
from assay.model.comparison import Conditions
from assay.model.limits import Limits
from assay.model.rebuilding import Variation, VariationName
from assay.model.tree import OwnedEntry, TreeEntry
from assay.ports.workshop import Read

OTHER_UID = 65533
OTHER_UMASK = 0o077
CLOCK_SHIFT_SECONDS = 398 * 86_400
"""Another second, minute, hour, day, month and year, and another day of the week."""
_UNAME26, _NO_RANDOM, _ASK = 0x0020000, 0x0040000, 0xFFFFFFFF
_NAMES_COUNT = 24
_MEMORY = "/dev/shm"  # noqa: S108  (a file system that lists names as they were made)
_SMALL_BYTES = 64 << 20


class Machine:
    """This machine."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def plan(self, wanted: tuple[VariationName, ...]) -> tuple[Variation, ...]:
        """What can be varied."""
        rows = {
            "uid": self._uid, "cpus": self._cpus, "order": self._order, "clock": self._clock, "kernel": self._kernel,
            "umask": self._umask,
        }  # fmt: skip
        return tuple(rows[name]() for name in sorted(set(wanted)))

    @contextmanager
    def under(self, names: frozenset[str]) -> Iterator[Conditions]:
        """Change this process, and change it back."""
        with ExitStack() as stack:
            if "cpus" in names:
                stack.enter_context(_on_one_processor())
            if "kernel" in names:
                stack.enter_context(_personality(_UNAME26 | _NO_RANDOM))
            if "umask" in names:
                stack.callback(os.umask, os.umask(OTHER_UMASK))
            yield self.conditions(names)

    def conditions(self, names: frozenset[str] = frozenset()) -> Conditions:
        """What this process, and a step it starts with these variations, runs under."""
        return Conditions(
            cpus_count=len(os.sched_getaffinity(0)), kernel=os.uname().release, hostname=socket.gethostname(),
            user=_user(), uid=self._step_uid(names), clock_shift=CLOCK_SHIFT_SECONDS if "clock" in names else 0,
        )  # fmt: skip

    def sandbox(self, names: frozenset[str]) -> Launcher:
        """A sandbox, perhaps of another user."""
        return sandboxes.best(uid=OTHER_UID if "uid" in names else NOBODY)

    def workshop(self, names: frozenset[str]) -> FolderWorkshop:
        """Folders, perhaps filled the other way round."""
        return _Reversed(self._limits) if "order" in names else FolderWorkshop(self._limits)

    def _step_uid(self, names: frozenset[str]) -> int:
        if os.geteuid() != 0:
            return os.geteuid()
        return OTHER_UID if "uid" in names else NOBODY

    def _uid(self) -> Variation:
        if os.geteuid() != 0:
            return _cannot("uid", str(os.geteuid()), "an ordinary user cannot become another one")
        return Variation(name="uid", state="varied", before=str(NOBODY), after=str(OTHER_UID))

    def _cpus(self) -> Variation:
        count = len(os.sched_getaffinity(0))
        if count == 1:
            return _cannot("cpus", "1", "there is one processor only")
        return Variation(name="cpus", state="varied", before=str(count), after="1")

    def _kernel(self) -> Variation:
        release = os.uname().release
        try:
            with _personality(_UNAME26 | _NO_RANDOM):
                other = os.uname().release
        except OSError as error:
            return _cannot("kernel", release, f"personality: {error.strerror}")
        if other == release:
            return _cannot("kernel", release, "this kernel has one name only")
        return Variation(name="kernel", state="varied", before=release, after=other)

    def _umask(self) -> Variation:
        before = os.umask(OTHER_UMASK)
        os.umask(before)
        if before == OTHER_UMASK:
            return _cannot("umask", f"{before:04o}", "it is the strictest already")
        return Variation(name="umask", state="varied", before=f"{before:04o}", after=f"{OTHER_UMASK:04o}")

    def _clock(self) -> Variation:
        library = faketime.find()
        if not library:
            return _cannot("clock", "", f"no {faketime.PACKAGE}: apt-get install {faketime.PACKAGE}")
        try:
            named = f"{faketime.PACKAGE} {faketime.digest(library)} at {faketime.PLACE}"
        except OSError as error:
            return _cannot("clock", "", f"{library}: {error.strerror}")
        variables = ", ".join(name for name, _ in faketime.environment(CLOCK_SHIFT_SECONDS))
        after = f"{CLOCK_SHIFT_SECONDS // 86_400} days later in steps: {named}, named by {variables}"
        return Variation(name="clock", state="varied", before="the machine's", after=after)

    def _order(self) -> Variation:
        if _lists_as_made(None):
            return Variation(name="order", state="varied", before="made in the order of names", after="made backwards")
        if _memory() and _lists_as_made(_MEMORY):
            after = "small inputs made backwards, on a file system in memory"
            return Variation(name="order", state="varied", before="as the temporary folder lists them", after=after)
        return _cannot("order", "", "the temporary folder's file system lists names in an order of its own")


def _lists_as_made(folder: str | None) -> bool:
    """Whether the order in which files were made shows in the order they are listed in."""
    seen = []
    with tempfile.TemporaryDirectory(prefix="assay-order-", dir=folder) as room:
        for name, step in (("a", 1), ("b", -1)):
            place = os.path.join(room, name)
            os.mkdir(place)
            for number in range(_NAMES_COUNT)[::step]:
                os.close(os.open(os.path.join(place, f"f{number:02}"), os.O_CREAT | os.O_WRONLY, 0o600))
            seen.append(os.listdir(place))
    return seen[0] != seen[1]


def _memory() -> int:
    """Free bytes of the file system in memory; 0 where there is none, or nothing on it may run."""
    try:
        facts = os.statvfs(_MEMORY)
    except OSError:
        return 0
    usable = os.access(_MEMORY, os.W_OK) and not facts.f_flag & os.ST_NOEXEC
    return facts.f_bavail * facts.f_frsize if usable else 0


class _Reversed(FolderWorkshop):
    """Fills folders backwards: what reads a folder as the file system lists it sees another order."""

    @contextmanager
    def lay(self, entries: Iterable[OwnedEntry], read: Read, *, epoch: int) -> Iterator[str]:
        """A folder with these entries, each folder before what is in it, each hard link after its file."""
        items = list(entries)
        folders = [item for item in items if item.entry.kind == "directory"]
        links = [item for item in items if item.entry.kind == "hardlink"]
        rest = [item for item in items if item.entry.kind not in ("directory", "hardlink")]
        turned = sorted(folders, key=_backwards)
        size = sum(item.entry.size for item in items)
        room: FolderWorkshop = self
        if size <= _SMALL_BYTES and size * 4 < _memory() and not _lists_as_made(self._folder):
            room = FolderWorkshop(self._limits, _MEMORY)
        with FolderWorkshop.lay(room, [*turned, *reversed(rest), *reversed(links)], read, epoch=epoch) as place:
            yield place


def _backwards(item: OwnedEntry) -> tuple[int, tuple[int, ...]]:
    entry: TreeEntry = item.entry
    return entry.path.count(b"/"), tuple(-byte for byte in entry.path)


@contextmanager
def _on_one_processor() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _personality(bits: int) -> Iterator[None]:
    """`personality(2)` for this thread and what it starts.

    Raises:
        OSError: the kernel, or a filter, says no.
    """
    call = ctypes.CDLL(None, use_errno=True).personality
    call.argtypes, call.restype = [ctypes.c_ulong], ctypes.c_int
    before = call(_ASK)
    if before == -1 or call(before | bits) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    try:
        yield
    finally:
        call(before)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _cannot(name: VariationName, before: str, why: str) -> Variation:
    return Variation(name=name, state="not varied", before=before, why=why)
