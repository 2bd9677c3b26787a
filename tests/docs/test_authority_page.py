"""The page about an authority of one's own: its commands, in their order, do what the page says."""

import re
import shlex

from insidecommand import assay
from running_authority import free_port
from support import ROOT

PAGE = (ROOT / "docs/how-to/authority.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
_LATER = {"serve"}
"""It would not end; `tests/interfaces/test_cli_authority.py` serves."""


def test_the_commands_of_the_page_run_one_after_the_other(tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    (tmp_path / "secret").write_text("correct horse")
    (tmp_path / "secret").chmod(0o600)

    def run(*words, stdin=b""):
        done = assay(*words, home=tmp_path, cwd=tmp_path, stdin=stdin)
        assert done.code == 0, (words, done.err)
        return done.out

    for owner in ("anna", "bert"):
        run("keys", "generate", owner, "--passphrase-file", "secret")
    run("authority", "init", "watcher", "--name", "watcher", "--url", "https://watch.other.example",
        "--issuer", "https://login.other.example", "email", "--no-passphrase")  # fmt: skip
    url = f"http://127.0.0.1:{free_port()}"
    ran = []
    for command in COMMANDS:
        words = [word.replace("https://sign.acme.example", url).replace("/media/stick", str(stick))
                 for word in shlex.split(command)]  # fmt: skip
        if words[0] != "assay" or words[2] in _LATER:
            continue
        if "witnesses.policy" in words:  # as the text above the command says
            run("authority", "configure", "watcher", "--witness-logs", "logs.policy", "--no-passphrase")
            lines = run("authority", "export", "watcher", "--what", "log-policy").decode().splitlines()
            witness = next(line for line in lines if line.startswith("witness "))
            (tmp_path / "witnesses.policy").write_text(f"{witness}\nquorum watcher\n")
        ran.append((words[1], words[2], run(*words[1:])))
    assert [command for _, command, _ in ran] == [
        "init", "export", "export", "export", "init", "show", "export", "configure", "rotate", "rotate", "sign", "update"
    ]  # fmt: skip
    assert b"moves trust to its operator" in next(out for _, command, out in ran if command == "show")
    assert {path.name for path in stick.iterdir()} == {"ca-root-1.key", "tsa-root-1.key"}
    assert b"version 2" in ran[-1][2]
