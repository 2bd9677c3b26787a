"""A folder of text files is read whole, in one order, links to folders left alone, within its limit."""

import os
from pathlib import Path

import pytest

from assay.adapters.files import read_folder
from assay.model.errors import MalformedError, UnavailableError, UsageError

ENDINGS = (".rego", ".json")


def test_files_with_the_endings_come_sorted_by_their_parts(tmp_path: Path) -> None:
    for name in ("b.rego", "a/z.rego", "a-b.rego", "a.rego", "a/data.json", "note.txt", ".rego", "a/x.rego.bak"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = read_folder(f"{tmp_path}/", 1_000, ENDINGS)
    assert list(found.items()) == [(name, name) for name in ("a/data.json", "a/z.rego", "a-b.rego", "a.rego", "b.rego")]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.rego").write_text("x")
    (tmp_path / "loop.rego").symlink_to(tmp_path)
    (tmp_path / "link.rego").symlink_to(tmp_path / "real" / "a.rego")
    assert list(read_folder(str(tmp_path), 100, ENDINGS)) == ["link.rego", "real/a.rego"]


def test_no_rule_is_left_out_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone.rego").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no such file"):
        read_folder(str(tmp_path), 100, ENDINGS)
    (tmp_path / "gone.rego").unlink()
    (tmp_path / "shut").mkdir()
    real = os.scandir

    def scandir(folder: str) -> "object":
        if folder.endswith("shut"):
            raise PermissionError(13, "Permission denied", folder)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(UnavailableError, match="cannot read"):
        read_folder(str(tmp_path), 100, ENDINGS)


def test_what_is_too_large_or_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text("x" * 60)
    (tmp_path / "b.rego").write_text("x" * 60)
    with pytest.raises(MalformedError, match="folder too large"):
        read_folder(str(tmp_path), 100, ENDINGS)
    (tmp_path / "b.rego").write_bytes(b"\xff")
    with pytest.raises(MalformedError, match="not UTF-8"):
        read_folder(str(tmp_path), 100, ENDINGS)
    with pytest.raises(UsageError):
        read_folder(str(tmp_path / "a.rego"), 100, ENDINGS)
