"""Fill the corpus from our own tests: while they run, whatever they hand to a parser's door is kept.

    seeds.py [TEST …]

Tests that read third-party vectors are left out (the shared folder is hidden from them), so all of it is ours. The
inputs land in `.fuzz/corpus`, one folder a harness; `run.py --keep` minimises and keeps them.
"""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

from harnesses import TABLE, Harness

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / ".fuzz" / "corpus"
TESTS = (
    "formats", "dependencies", "artifact/test_tar.py", "artifact/test_reference.py", "artifact/test_image.py",
    "trust", "policy", "adapters/test_credentials.py",
)  # fmt: skip
"""Where our inputs are; most of a test's time goes into being watched."""
_SLOW = ("test_version_oracles.py", "test_matching", "test_alias_classes.py", "test_chooser.py", "test_licences.py")
SEEDS_COUNT = 400
"""Of one harness; properties would fill the disk."""


def code_of(door: Any) -> CodeType | None:
    """The code that runs when a door is asked; a class is asked by making one."""
    function = door.__init__ if isinstance(door, type) else door
    return function.__code__ if isinstance(function, FunctionType) else None


def inputs(row: Harness, value: Any) -> Iterable[bytes]:
    """The bytes of what a door was handed; nothing for what is no plain input."""
    if isinstance(value, bytes | bytearray):
        yield bytes(value)
    elif isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, list | tuple) and all(isinstance(part, bytes) for part in value):
        yield b"".join(value)
    elif isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        yield "\n".join(value).encode("utf-8", "surrogatepass")
    elif hasattr(value, "pieces") and hasattr(value, "size"):
        yield value.read(0, min(value.size, row.bytes_limit))
    elif hasattr(value, "chunks") and hasattr(value, "path"):
        data = b"".join(value.chunks)
        if len(row.paths) < 2:
            yield data
        else:
            ending = value.path.rpartition("/")[2].rpartition(".")[2]
            found = (n for n, path in enumerate(row.paths) if path.endswith((value.path.rpartition("/")[2], ending)))
            yield bytes([next(found, 0)]) + data


class Picker:
    """A pytest plug-in that looks at every call of a door."""

    def __init__(self) -> None:
        self.doors: dict[CodeType, list[Harness]] = {}
        self.kept: dict[str, set[bytes]] = {row.name: set() for row in TABLE}
        for row in TABLE:
            for door in row.doors:
                code = code_of(door)
                if code is not None:
                    self.doors.setdefault(code, []).append(row)

    def look(self, frame: FrameType, event: str, _: Any) -> None:
        """The profile function."""
        rows = self.doors.get(frame.f_code) if event == "call" else None
        if not rows:
            return
        names = [name for name in frame.f_code.co_varnames[: frame.f_code.co_argcount] if name != "self"]
        for row in rows:
            kept = self.kept[row.name]
            if names and len(kept) < SEEDS_COUNT:
                kept.update(data for data in inputs(row, frame.f_locals.get(names[0])) if len(data) <= row.bytes_limit)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Properties make inputs without end, and slowly under a profile; the fuzzer makes its own."""
        items[:] = [
            item for item in items
            if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
            and not item.path.name.startswith(_SLOW)
        ]  # fmt: skip

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self) -> Any:
        """Only while a test itself runs."""
        sys.setprofile(self.look)
        yield
        sys.setprofile(None)

    def save(self) -> None:
        """One file an input."""
        for name, kept in self.kept.items():
            folder = CORPUS / name
            folder.mkdir(parents=True, exist_ok=True)
            for data in kept:
                (folder / f"test-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)


def main() -> int:
    """Run the tests, then save."""
    os.environ["ASSAY_SHARED"] = "/nonexistent"
    picker = Picker()
    words = sys.argv[1:] or [f"tests/{name}" for name in TESTS]
    code = 0
    for word in words:
        code = max(code, int(pytest.main(["-q", "-p", "no:cacheprovider", word], plugins=[picker])))
        picker.save()
    empty = [row.name for row in TABLE if not picker.kept[row.name]]
    print(f"{sum(map(len, picker.kept.values()))} inputs; none for: {', '.join(empty) or 'no harness'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
