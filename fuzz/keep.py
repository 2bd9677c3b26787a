"""Minimise a harness's corpus and keep it: the smallest inputs that together take every way that all of them take.

    keep.py [HARNESS …]

A way is a step from one line of `assay` to the next, as `sys.settrace` sees it; no fuzzer is needed.
"""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "fuzz")]

import store  # noqa: E402
from harnesses import TABLE, Harness, answers  # noqa: E402

CORPUS, CRASHES = ROOT / ".fuzz" / "corpus", ROOT / ".fuzz" / "crashes"
TRIED_COUNT, KEPT_COUNT, KEPT_BYTES = 500, 40, 48 * 1024
"""Of one harness: inputs that are looked at, and how many and how many bytes of them are kept."""
Step = tuple[object, int, int]


def ways(row: Harness, data: bytes) -> set[Step]:
    """The steps this input takes."""
    found: set[Step] = set()

    def enter(frame: FrameType, _event: str, _: Any) -> Any:
        code = frame.f_code
        if "/assay/" not in code.co_filename:
            return None
        last = 0

        def line(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            if event == "line":
                found.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return line

        return line

    sys.settrace(enter)
    try:
        answers(row.check, data)
    except Exception:
        found = set()  # a finding is not kept; its test is
    finally:
        sys.settrace(None)
    return found


def keep(row: Harness) -> int:
    """How many inputs were kept."""
    folder = CORPUS / row.name
    files = sorted(folder.iterdir(), key=lambda path: (path.stat().st_size, path.name)) if folder.is_dir() else []
    inputs = sorted({*store.read(row.name), *(path.read_bytes() for path in files)}, key=lambda data: (len(data), data))
    if len(inputs) > TRIED_COUNT:
        inputs = [inputs[number * len(inputs) // TRIED_COUNT] for number in range(TRIED_COUNT)]
    taken: set[Step] = set()
    chosen: list[bytes] = []
    size = 0
    for data in inputs:
        new = ways(row, data) - taken
        if new and len(data) <= row.bytes_limit and len(chosen) < KEPT_COUNT and size + len(data) <= KEPT_BYTES:
            chosen.append(data)
            taken |= new
            size += len(data)
    store.write(row.name, chosen)
    return len(chosen)


if __name__ == "__main__":
    for each in TABLE:
        if not sys.argv[1:] or each.name in sys.argv[1:]:
            print(f"{each.name:<28}{keep(each):>4}", flush=True)
