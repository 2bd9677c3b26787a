"""Build steps where bubblewrap is missing: the same sandbox by a launcher of our own (`unshared`)."""

import atexit
import contextlib
import os
import platform
import shutil
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

import msgspec

from assay.adapters import unshared
from assay.adapters.sandbox import NOBODY, Launcher, Mount, lay_interpreter
from assay.build import sealing, seccomp
from assay.model.errors import UnsupportedError
from assay.ports.sandbox import SealedCommand

_LAYING = threading.Lock()


class Unsharing(Launcher):
    """The `Sandbox` port by the kernel's own calls."""

    mark = b"unshared: "

    def __init__(self, *, filtered: bool = True, tracing: bool = False, uid: int = NOBODY) -> None:
        super().__init__(filtered=filtered, tracing=tracing, uid=uid)
        machine = seccomp.ARCHITECTURES.get(platform.machine())
        if machine is None:
            raise UnsupportedError(
                "no sandbox of our own on this machine", where=platform.machine(),
                why="the numbers of its system calls are not known", remedy="apt-get install bubblewrap",
            )  # fmt: skip
        self._pivot_root = machine.numbers["pivot_root"]

    def describe(self) -> str:
        """It has no version but Assay's."""
        return "unshare"

    def _words(
        self, stack: contextlib.ExitStack, command: SealedCommand, extra: tuple[Mount, ...]
    ) -> tuple[list[str], tuple[int, ...]]:
        binds = [(command.inputs, "/src", False)] if command.inputs else []
        binds += [(command.output, "/out", True)] if command.output else []
        plan = {
            "root": command.root,
            "arguments": command.arguments,
            "environment": command.environment,
            "user": command.user or (sealing.UID, sealing.GID),
            "hostname": sealing.HOSTNAME,
            "memory_bytes": command.limits.memory_bytes,
            "binds": [*binds, *((source, target, False) for source, target in extra)],
            "filter": (self._filter or b"").hex(),
            "pivot_root": self._pivot_root,
        }
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (the stack is the context)
        file.write(msgspec.json.encode(plan))
        file.seek(0)
        number = file.fileno()
        return [*_interpreter(), "-I", "-S", "-B", "-c", _source(), str(number)], (number,)


def _interpreter() -> tuple[str, ...]:
    """This one; nobody, whom root becomes, gets a copy, for root's own may lie where nobody may look."""
    if os.geteuid() != 0:
        return (os.path.realpath(sys.executable),)
    with _LAYING:
        return _laid()


@cache
def _laid() -> tuple[str, ...]:
    """One copy for all steps of this process, gone with it."""
    folder = tempfile.mkdtemp(prefix="assay-launcher-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)  # noqa: S103
    return lay_interpreter(folder, folder)


@cache
def _source() -> str:
    """The launcher's text: it need not be where the user it runs as can read it."""
    return Path(unshared.__file__).read_text(encoding="utf-8")
