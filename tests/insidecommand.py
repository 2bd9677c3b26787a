"""`command.assay` without a process of its own, where a test types many commands and none of them serves."""

import contextlib
import io
import os
import sys
from pathlib import Path
from unittest import mock

from assay.interfaces.cli.main import main
from command import Done


def assay(*words: str, home: Path, cwd: Path | None = None, stdin: bytes = b"") -> Done:
    """Run `assay WORDS` in this process: its environment, its folder and its streams are put back afterwards."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1767323045"}
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    code = 0
    with (
        mock.patch.dict(os.environ, env, clear=True), mock.patch.object(sys, "argv", ["assay", *words]),
        mock.patch.object(sys, "stdin", given), contextlib.chdir(cwd or home),
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
    ):  # fmt: skip
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.buffer.getvalue(), err.buffer.getvalue().decode())
