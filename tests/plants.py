"""A sealed root with the few programs that planted differences need, and a way to build twice in it."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from assay.adapters.varying import Machine
from assay.build import sealing
from assay.build.comparators import Pair, explain, looking
from assay.model.comparison import Cause, Conditions
from assay.model.limits import DEFAULT_LIMITS
from assay.ports.sandbox import SealedCommand
from buildroot import lay, make

EPOCH = 1_700_000_000
ALL = frozenset({"cpus", "kernel", "umask", "order", "uid"})
PROGRAMS = (
    "date",
    "head",
    "nproc",
    "uname",
    "mktemp",
    "gzip",
    "zip",
    "ar",
    "cat",
    "ls",
    "mkdir",
    "touch",
    "id",
    "sort",
    "gcc",
)
_LISTING = """
import json, sys, zipfile, py_compile, hashlib, importlib.util, os
files = [getattr(m, "__spec__").origin for m in list(sys.modules.values()) if getattr(m, "__spec__", None)]
print(json.dumps([sys.executable, os.path.dirname(os.__file__), [f for f in files if f and os.path.exists(f)]]))
"""


class Outcome(msgspec.Struct):
    """What a build left, and what it ran under."""

    files: dict[str, bytes]
    conditions: Conditions
    log: bytes


@contextlib.contextmanager
def room() -> Iterator[Path]:
    """A folder that another user may enter: pytest's own may be closed by another session at any time."""
    with tempfile.TemporaryDirectory(prefix="assay-plants-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


def root_with(folder: Path, *, compiler: bool = False, python: bool = False) -> Path:
    """A root with a shell and the programs; with `python` a bare interpreter too."""
    present = [name for name in PROGRAMS if shutil.which(name) and (name != "gcc" or compiler)]
    root = make(folder, *present)
    if compiler:
        for name in ("cc1", "as"):
            found = subprocess.run(["gcc", f"-print-prog-name={name}"], capture_output=True, text=True, check=True)
            path = shutil.which(found.stdout.strip()) or found.stdout.strip()
            lay(path, root, root / path.lstrip("/"))
        (root / "usr" / "include").mkdir(parents=True)
        (root / "usr" / "include" / "stdc-predef.h").write_text("")
    if python:
        _python(root)
    return root


def _python(root: Path) -> None:
    words = ["/usr/bin/python3", "-I", "-S", "-B", "-c", _LISTING]
    program, library, files = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    lay(program, root, root / "usr/bin/python3")
    for file in files:
        if file.startswith(library):
            target = root / file.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            if file.endswith(".so"):
                lay(file, root, target)


def once(
    root: Path, script: str, folder: Path, names: frozenset[str] = frozenset(), *, extra: dict[str, str] | None = None,
    drop: tuple[str, ...] = (),
    inputs: str = "",
) -> Outcome:  # fmt: skip
    """Run a script as a step runs, with some conditions changed and some guards of its environment removed."""
    machine = Machine(DEFAULT_LIMITS)
    out = folder / f"out{len(list(folder.iterdir()))}"
    out.mkdir()
    out.chmod(0o777)
    fixed = sealing.environment(EPOCH, hardened=False, extra=extra or {})
    environment = tuple((name, value) for name, value in fixed if name not in drop)
    command = SealedCommand(
        root=str(root),
        arguments=("/bin/sh", "-eu", "-c", script),
        environment=environment,
        output=str(out),
        inputs=inputs,
    )
    with machine.under(names) as conditions:
        started = int(time.time())
        command = msgspec.structs.replace(command, clock_shift=conditions.clock_shift)
        done = machine.sandbox(names).run(command)
    conditions = msgspec.structs.replace(conditions, started=started, finished=int(time.time()))
    assert done.exit_code == 0, done.log.decode("utf-8", "replace")
    files = {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    return Outcome(files, conditions, done.log)


def differences(one: Outcome, other: Outcome) -> list[Cause]:
    """Why what two builds left differs."""
    assert one.files.keys() == other.files.keys()
    at = looking(one.conditions, other.conditions, DEFAULT_LIMITS)
    found = []
    for name, before in one.files.items():
        found += explain(Pair(path=name, name=name, before=before, after=other.files[name]), at)
    return found
