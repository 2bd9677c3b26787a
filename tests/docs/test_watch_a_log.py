"""The page about watching a log: its commands do what it says, and it names every alert there is."""

import re
import shlex
from typing import get_args

from assay.formats import trustroot
from assay.trust.watch import Kind
from command import assay
from support import ROOT
from watchedlogs import Town

PAGE = (ROOT / "docs/how-to/watch-a-log.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_commands_of_the_page_run(tmp_path):
    town = Town(tmp_path)
    town.sign("anna@acme.example")
    (tmp_path / "trusted_root.json").write_bytes(trustroot.write(town.roots()))
    codes = []
    for command in COMMANDS:
        words = shlex.split(command.replace("https://sign.acme.example/", "").replace("login.acme", "issuer"))
        done = assay(*words[1:], home=tmp_path, cwd=tmp_path)
        codes.append((words[2], done.code))
    assert codes == [("monitor", 0), ("show", 0), ("get", 0), ("prove", 0)]
    assert (tmp_path / "watch" / "monitor").is_file()


def test_every_alert_has_a_row():
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(get_args(Kind))
