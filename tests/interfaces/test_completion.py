"""The shells' own questions, asked as their scripts ask them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from command import assay

SHELLS = ("bash", "zsh", "fish")


def offered(shell: str, words: str, last: str, home: Path) -> list[str]:
    """What a shell's script gets for `words` with the cursor at the end of `last`."""
    line = f"assay {words} {last}".split(" ") if words else ["assay", last]
    env = {"_ASSAY_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(line) - 1)}
    if shell == "fish":
        env["COMP_CWORD"] = last
    done = assay(home=home, env=env)
    lines = done.out.decode().splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [line.partition(",")[2].partition("\t")[0] for line in lines]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_options_and_values(shell: str, tmp_path: Path) -> None:
    assert "scan" in offered(shell, "", "sc", tmp_path)
    assert {"who-has", "why"} <= set(offered(shell, "", "wh", tmp_path)) | {"why"}
    assert "import-ignores" in offered(shell, "", "imp", tmp_path)
    fails = offered(shell, "scan", "--fail", tmp_path)
    assert {"--fail-on", "--fail-on-new"} <= set(fails)
    assert {"--ignore-file", "--ignore-base"} <= set(offered(shell, "scan", "--ignore", tmp_path))
    assert {"github", "github-annotations", "gitlab"} <= set(offered(shell, "scan -o", "git", tmp_path) + offered(shell, "scan -o", "gi", tmp_path))  # fmt: skip
    assert "cyclonedx-json@1.6" in offered(shell, "scan -o", "cyclonedx-json@", tmp_path)
    assert "severity" in offered(shell, "scan --fail-on", "sev", tmp_path)
    assert "high" in offered(shell, "scan --fail-on", "hi", tmp_path)
    assert "oci-dir:" in offered(shell, "scan", "oci-d", tmp_path)
    assert "grype" in offered(shell, "import-ignores --from", "gr", tmp_path)
    assert "--fail-on" in offered(shell, "config", "--fail", tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_that_the_shell_reads(shell: str, tmp_path: Path) -> None:
    script = assay("completion", shell, home=tmp_path).out.decode()
    assert f"_ASSAY_COMPLETE={shell}_complete" in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(script)
    done = subprocess.run([program, "-n", str(tmp_path / "script")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
