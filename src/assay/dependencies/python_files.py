"""The Python side of one layer: its sources, and which files installed distributions list.

Taken out while the layer is walked. Only a second look asks for it, where a finding concerns a Python package and the
image's entry point is a Python program.
"""

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from posixpath import normpath
from typing import Any, cast

import msgspec

from assay.dependencies.python_graph import Tree
from assay.model.limits import Limits

_EXECUTABLE_BITS = 0o111
_SCRIPT_BYTES = 256 * 1024
_COMPILED = (".so", ".pyd")
_LISTS = frozenset({"RECORD", "installed-files.txt", "top_level.txt"})
_HOOK_LINES_COUNT = 1_000


class PythonLayer(msgspec.Struct, kw_only=True):
    """What one layer holds of it, by path."""

    sources: dict[str, bytes] = {}
    """Deflated: few of them will be asked for, and to read what each imports costs four times as much. Empty where a
    file is too large."""
    shebangs: dict[str, str] = {}
    extensions: list[str] = []
    """Compiled modules, with their whole names."""
    records: dict[str, tuple[str, ...]] = {}
    """A list of files → the paths in it."""
    hooks: dict[str, tuple[str, ...]] = {}
    cut: str = ""

    def paths(self) -> list[str]:
        """Every file it speaks of."""
        return [
            *self.sources,
            *(self.shebangs.keys() - self.sources.keys()),
            *self.extensions,
            *self.records,
            *self.hooks,
        ]

    def without(self, gone: Collection[str]) -> None:
        """Forget files that something else replaced."""
        for path in gone:
            for group in cast(tuple[dict[str, Any], ...], (self.sources, self.shebangs, self.records, self.hooks)):
                group.pop(path, None)
        if gone:
            self.extensions = [path for path in self.extensions if path not in gone]

    def __reduce__(self) -> tuple[Callable[..., "PythonLayer"], tuple[object, ...]]:
        """How it travels from a worker process: in one piece, ten times faster than struct by struct."""
        try:
            return _decoded, (_ENCODER.encode(self),)
        except UnicodeEncodeError:  # a name outside UTF-8
            return _made, (self.sources, self.shebangs, self.extensions, self.records, self.hooks, self.cut)


def _made(*parts: Any) -> PythonLayer:
    return PythonLayer(**dict(zip(PythonLayer.__struct_fields__, parts, strict=True)))


def _decoded(data: bytes) -> PythonLayer:
    return _DECODER.decode(data)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(PythonLayer)


class Gatherer:
    """Takes the Python side of one layer out of a walk over it: `choose` and `take` of `artifact.layers`."""

    def __init__(self, limits: Limits) -> None:
        self.found = PythonLayer()
        self._limits = limits
        self._bytes = self._kept = self._files = 0

    def choose(self, path: str, head: bytes, size: int, mode: int) -> str | None:
        """What a file is to be read as; None for what needs no reading."""
        name = path.rpartition("/")[2]
        if name.endswith(_COMPILED):
            if self._counts():
                self.found.extensions.append(path)
            return None
        kind = _kind(path, name, head, size, mode)
        if kind is None or not self._counts():
            return None
        limit = self._limits.python_source_bytes if kind in ("source", "script") else self._limits.metadata_bytes
        if size > limit:
            if kind == "source":
                self.found.sources[path] = b""
            else:
                self._cut(f"{path} is too large to be read: {size} bytes")
            return None
        self._bytes += size
        if self._bytes > self._limits.python_layer_bytes:
            self._cut(f"a layer holds more than {self._limits.python_layer_bytes} bytes of Python")
            return None
        return kind

    def take(self, kind: str, path: str, chunks: Sequence[bytes], _size: int, _mode: int) -> None:
        """Read one file that was chosen."""
        data = b"".join(chunks)
        if kind == "script":
            line = data[2:400].split(b"\n", 1)[0].decode("utf-8", "replace").strip()
            self.found.shebangs[path] = line
            if b"py" not in data[:400].split(b"\n", 1)[0]:
                return
        if kind in ("source", "script"):
            self._keep(path, data)
        elif kind == "hook":
            lines = data.decode("utf-8", "replace").splitlines()
            self.found.hooks[path] = tuple(lines[:_HOOK_LINES_COUNT])
        else:
            self.found.records[path] = tuple(_listed(kind, path, data))

    def _keep(self, path: str, data: bytes) -> None:
        deflated = zlib.compress(data, 1)
        self._kept += len(deflated)
        if self._kept > self._limits.python_kept_bytes:
            self._cut(f"a layer holds more than {self._limits.python_kept_bytes} bytes of Python, deflated")
        else:
            self.found.sources[path] = deflated

    def _counts(self) -> bool:
        self._files += 1
        if self._files > self._limits.python_files_count:
            self._cut(f"a layer holds more than {self._limits.python_files_count} files of Python")
            return False
        return True

    def _cut(self, why: str) -> None:
        self.found.cut = self.found.cut or why


def _kind(path: str, name: str, head: bytes, size: int, mode: int) -> str | None:
    if name.endswith(".py"):
        return "source"
    if name.endswith(".pth"):
        return "hook"
    if name in _LISTS:
        folder = path.rpartition("/")[0]
        return name if folder.endswith((".dist-info", ".egg-info")) else None
    if head.startswith(b"#!") and size <= _SCRIPT_BYTES and (mode & _EXECUTABLE_BITS or not mode):
        return "script"
    return None


def _listed(kind: str, path: str, data: bytes) -> Iterable[str]:
    """Modules that a list of files names: paths in the image, or bare names of `top_level.txt`."""
    text = data.decode("utf-8", "replace")
    folder = path.rpartition("/")[0]
    if kind == "top_level.txt":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "RECORD":  # a name holds a comma or a quote rarely: then it is quoted
        names = [
            line.split(",", 1)[0] if line[:1] != '"' else line[1 : line.rfind('"')].replace('""', '"')
            for line in text.splitlines()
        ]
        base = folder.rpartition("/")[0]
    else:
        names, base = text.splitlines(), folder
    modules = (n for n in names if n.endswith((".py", *_COMPILED)) or "/bin/" in n)
    return [n if n[:1] == "/" else f"{base}/{n}" if ".." not in n else normpath(f"/{base}/{n}")[1:] for n in modules]


def tree(layers: Sequence[PythonLayer], visible: Mapping[tuple[int, str], bool]) -> Tree:
    """The final root's Python side.

    Args:
        layers: lowest first.
        visible: (index, path) of every path of every layer → whether it is in the final root.
    """
    sources: dict[str, bytes] = {}
    """Deflated: few of them will be asked for, and to read what each imports costs four times as much. Empty where a
    file is too large."""
    shebangs: dict[str, str] = {}
    hooks: dict[str, tuple[str, ...]] = {}
    extensions: set[str] = set()
    records: dict[str, tuple[str, ...]] = {}
    tops: dict[str, tuple[str, ...]] = {}
    for index, layer in enumerate(layers):
        sources |= {path: said for path, said in layer.sources.items() if visible[index, path]}
        hooks |= {path: lines for path, lines in layer.hooks.items() if visible[index, path]}
        shebangs |= {path: line for path, line in layer.shebangs.items() if visible[index, path]}
        extensions.update(_module(path) for path in layer.extensions if visible[index, path])
        for path, names in layer.records.items():
            if visible[index, path]:
                folder, _, kind = path.rpartition("/")
                (tops if kind == "top_level.txt" else records)[folder] = names
    owned = {
        folder: tuple(_module(name) if name.endswith(_COMPILED) else name for name in names)
        for folder, names in records.items()
    }
    return Tree(
        sources=sources,
        shebangs=shebangs,
        extensions=frozenset(extensions),
        records=owned,
        tops=tops,
        hooks=hooks,
        cut=next((layer.cut for layer in layers if layer.cut), ""),
    )


def _module(path: str) -> str:
    """`a/b.cpython-311-x86_64-linux-gnu.so` → `a/b`."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"
