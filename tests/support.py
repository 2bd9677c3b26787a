"""What several tests need: where shared data lies, and how to skip honestly where it does not."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_candidate = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
SHARED: Path | None = _candidate if (_candidate / "vectors").is_dir() else None

needs_shared = pytest.mark.skipif(SHARED is None, reason="the folder of shared data (../shared) is not present")


def shared(*parts: str) -> Path:
    """A path inside the shared folder; skips the test where it is absent."""
    if SHARED is None:
        pytest.skip("the folder of shared data (../shared) is not present")
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not in the shared folder")
    return path
