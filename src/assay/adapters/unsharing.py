"""Build steps where bubblewrap is missing: the same sandbox by a launcher of our own (`unshared`)."""

import contextlib
import platform
import tempfile
from functools import cache
from pathlib import Path

import msgspec

from assay.adapters import unshared
from assay.adapters.bareinterpreter import interpreter
from assay.adapters.sandbox import NOBODY, Launcher, Mount
from assay.build import sealing, seccomp
from assay.model.errors import UnsupportedError
from assay.ports.sandbox import SealedCommand


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
        return [*interpreter(), "-I", "-S", "-B", "-c", _source(), str(number)], (number,)


@cache
def _source() -> str:
    """The launcher's text: it need not be where the user it runs as can read it."""
    return Path(unshared.__file__).read_text(encoding="utf-8")
