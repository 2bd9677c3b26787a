"""The kept corpus: one ZIP archive a harness in `corpus/`, the same bytes for the same inputs."""

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"
_DAY = (2026, 1, 1, 0, 0, 0)


def read(harness: str, folder: Path = FOLDER) -> list[bytes]:
    """The kept inputs of a harness, in the order of their names; none when there is no archive."""
    path = folder / f"{harness}.zip"
    if not path.is_file():
        return []
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in sorted(archive.namelist())]


def write(harness: str, inputs: Iterable[bytes], folder: Path = FOLDER) -> None:
    """Keep these inputs, each under its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    named = {hashlib.sha256(data).hexdigest()[:16]: data for data in inputs}
    with zipfile.ZipFile(folder / f"{harness}.zip", "w") as archive:
        for name, data in sorted(named.items()):
            archive.writestr(zipfile.ZipInfo(name, _DAY), data, zipfile.ZIP_DEFLATED, 9)
