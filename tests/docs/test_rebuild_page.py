"""The page about rebuilding tells the truth: its commands run, and its tables name what there is."""

import re
import shutil
from typing import get_args

from assay.model.comparison import CauseClass, Verdict
from assay.model.rebuilding import VariationName
from command import assay
from support import ROOT

PAGE = (ROOT / "docs" / "how-to" / "rebuild.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_run(tmp_path):
    shutil.copytree(ROOT / "examples" / "files", tmp_path / "files")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 8
    for line in lines:
        words = line.split()
        assert words[0] == "assay"
        done = assay(*words[1:], home=tmp_path, cwd=tmp_path / "files")
        assert done.code == 0, f"{line}: {done.err}{done.out.decode()}"


def test_every_name_the_program_says_is_on_the_page():
    for name in (*get_args(CauseClass), *get_args(Verdict), *get_args(VariationName)):
        assert re.search(rf"[`\s]{name}[`\s,]", PAGE), name
