"""The example of files, copied, and `assay` typed in it: in this process, with a home of its own."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.interfaces.cli import main
from command import Done
from support import ROOT

Run = Callable[..., Done]
_ELSEWHERE = ("XDG_DATA_HOME", "ASSAY_STORE", "SOURCE_DATE_EPOCH")


def copied(folder: Path) -> Path:
    """A copy of the example, without a lock."""
    project = folder / "files"
    shutil.copytree(ROOT / "examples" / "files", project)
    (project / "assay.lock.json").unlink(missing_ok=True)
    return project


def typed_in(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in a project: its exit code, what it printed where."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(project.parent))
    for name in _ELSEWHERE:
        monkeypatch.delenv(name, raising=False)

    def type_in(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["assay", *words])
        capsys.readouterr()
        code = 0
        try:
            main.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return Done(code, told.out.encode(), told.err)

    return type_in
