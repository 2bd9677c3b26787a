"""The pages about Dockerfiles and sources tell the truth: the commands run on the example, and every code is there."""

import re
from typing import get_args

import pytest

from assay.build.dockerfile import verdicts
from assay.source import archive_diff
from insidecommand import assay
from support import ROOT

HOW_TO = ROOT / "docs" / "how-to" / "import-a-dockerfile.md"
VERDICTS = ROOT / "docs" / "explanation" / "dockerfile-verdicts.md"
SOURCE = ROOT / "docs" / "explanation" / "verified-source.md"


def test_the_commands_of_the_page_run(tmp_path):
    pytest.importorskip("tree_sitter_bash", reason="the shell grammar has no wheel here")
    text = HOW_TO.read_text(encoding="utf-8")
    folder = tmp_path / "site"
    (folder / "public").mkdir(parents=True)
    (folder / "public" / "index.html").write_text("hello")
    (folder / "settings.json").write_text("{}")
    (folder / "Dockerfile").write_text(re.search(r"```dockerfile\n(.*?)```", text, re.DOTALL)[1])
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        words = line.split()
        assert words[0] == "assay"
        done = assay(*words[1:], home=tmp_path, cwd=folder)
        assert done.code == 0, f"{line}: {done.err}"


def test_every_code_stands_on_its_page():
    text = SOURCE.read_text(encoding="utf-8")
    assert set(get_args(archive_diff.Code)) <= set(re.findall(r"`(source\.[a-z-]+)`", text))
    text = VERDICTS.read_text(encoding="utf-8")
    codes = next(field.type for field in verdicts.msgspec.structs.fields(verdicts.Remark) if field.name == "code")
    for name in (*get_args(codes), *get_args(verdicts.Outcome)):
        assert f"`{name}`" in text, name


@pytest.mark.parametrize("page", [HOW_TO, VERDICTS, SOURCE], ids=lambda page: page.stem)
def test_what_the_pages_link_to_is_there(page):
    for place in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / place).exists(), place
