"""A bare interpreter for what runs before or inside of a sandbox: the standard library's few modules, no packages."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

_LAYING = threading.Lock()
_SECONDS = 20.0
_LISTING = """
import ctypes, json, os, platform, signal, socket, struct, sys
specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
modules = [spec.origin for spec in specs if spec is not None and spec.has_location]
maps = {line.split(maxsplit=5)[5].rstrip() for line in open("/proc/self/maps") if "/" in line}
print(json.dumps([os.path.dirname(os.__file__), sorted({*modules, os.__file__} - {None}), sorted(maps)]))
"""
"""What a bare interpreter with the imports of canaries and launcher has loaded: its modules and its libraries."""


def lay_interpreter(folder: str, place: str) -> tuple[str, ...]:
    """Lay a bare interpreter into a folder of its own: the locked root need not have one, nobody may see this one.

    Args:
        folder: where it is laid.
        place: what the folder is called where it is started.

    Returns:
        The words that start it there.
    """
    program = os.path.realpath(sys.executable)
    words = [program, "-I", "-S", "-B", "-c", _LISTING]
    told = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=True)  # noqa: S603
    library, modules, maps = json.loads(told.stdout)
    modules_place = Path(folder, "home", "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    for module in modules:
        relative = os.path.relpath(module, library)
        if not relative.startswith(".."):
            _copy_module(module, modules_place / relative)
    shared = [path for path in maps if ".so" in os.path.basename(path) and not path.startswith(library + os.sep)]
    for path in shared:
        for name in _names(os.path.basename(path)):
            copy(path, Path(folder, "lib", name))
    copy(program, Path(folder, "home", "bin", "python"))  # beside its modules: it finds them without being told
    start = [f"{place}/home/bin/python"]
    loader = next((os.path.basename(path) for path in shared if os.path.basename(path).startswith("ld-")), "")
    if loader:
        start = [f"{place}/lib/{loader}", "--library-path", f"{place}/lib", *start]
    return tuple(start)


def _copy_module(source: str, target: Path) -> None:
    """With the compiled form and the time it was compiled of: to compile them is most of what a start takes."""
    copy(source, target)
    about = os.stat(source)
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))
    compiled = cache_from_source(source, optimization="")
    if os.path.exists(compiled):
        copy(compiled, Path(cache_from_source(str(target), optimization="")))


def _names(library: str) -> list[str]:
    """A library's file name and the shorter ones others know it by: `libffi.so.8.1.2` is `libffi.so.8` to them."""
    stem, mark, version = library.partition(".so.")
    if not mark:
        return [library]
    parts = version.split(".")
    return [f"{stem}.so.{'.'.join(parts[:count])}" for count in range(1, len(parts) + 1)]


def copy(source: str, target: Path) -> None:
    """Lay a file that everybody may read and run, in folders that everybody may enter."""
    for parent in (*reversed(target.parents),):
        if not parent.exists():
            parent.mkdir()
            parent.chmod(0o755)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def interpreter() -> tuple[str, ...]:
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
