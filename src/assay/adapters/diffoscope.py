"""diffoscope as a program beside us, for readers who want every byte told; nothing of it is imported."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from assay.model.errors import UnavailableError

_SECONDS = 600
_OUTPUT_BYTES = 8 << 20


class Diffoscope:
    """The program on the path."""

    def __init__(self) -> None:
        found = shutil.which("diffoscope")
        if found is None:
            raise UnavailableError(
                "diffoscope not found", why="--diffoscope runs it as a program of its own",
                remedy="apt-get install diffoscope-minimal, or do without: the causes above are ours",
            )  # fmt: skip
        self._program = found

    def differences(self, name: str, before: Iterable[bytes], after: Iterable[bytes]) -> str:
        """What it says about two contents.

        Raises:
            UnavailableError: it failed, or took more than ten minutes.
        """
        with tempfile.TemporaryDirectory(prefix="assay-compare-") as folder:
            paths = []
            for side, chunks in (("a", before), ("b", after)):
                path = Path(folder, side, name)
                path.parent.mkdir()
                with path.open("xb") as file:
                    for chunk in chunks:
                        file.write(chunk)
                paths.append(str(path))
            words = [
                self._program,
                "--no-progress",
                "--max-text-report-size",
                str(_OUTPUT_BYTES),
                "--text",
                "-",
                *paths,
            ]
            try:
                done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
            except (OSError, subprocess.SubprocessError) as error:
                raise UnavailableError("diffoscope did not finish", where=name, why=str(error)[:300]) from error
            if done.returncode not in (0, 1):
                why = done.stderr.decode("utf-8", "replace").strip()[-300:]
                raise UnavailableError("diffoscope failed", where=name, why=why or f"exit {done.returncode}")
            return done.stdout[:_OUTPUT_BYTES].decode("utf-8", "replace")
