"""The page about building tells the truth: its commands run, in their order, on the example it names."""

import re
import shutil

from command import assay
from support import ROOT

PAGE = (ROOT / "docs" / "how-to" / "build.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_run(tmp_path):
    shutil.copytree(ROOT / "examples" / "files", tmp_path / "files")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 8
    for line in lines:
        words = line.split()
        assert words[0] == "assay"
        done = assay(*words[1:], home=tmp_path, cwd=tmp_path / "files")
        assert done.code == 0, f"{line}: {done.err}"


def test_what_the_page_links_to_is_there():
    for place in re.findall(r"\]\((\.\./[^)]+)\)", PAGE):
        assert (ROOT / "docs" / "how-to" / place).exists(), place
