"""Steps under bubblewrap: what they see, what ends them, and canaries that find every way out closed."""

import os
from pathlib import Path

import pytest

from assay.adapters.sandbox import Bubblewrap
from assay.build import canaries, sealing
from assay.model.errors import UnavailableError
from assay.ports.sandbox import Finished, SandboxLimits, SealedCommand
from buildroot import has_bubblewrap, has_shell, make

pytestmark = [has_bubblewrap, has_shell]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sealed") / "root", "cat", "id", "ls", "mkdir", "touch")


def command(root: Path, script: str, **given: object) -> SealedCommand:
    environment = sealing.environment(1_700_000_000, hardened=True, extra={})
    return SealedCommand(root=str(root), arguments=("/bin/sh", "-c", script), environment=environment, **given)


def run(root: Path, script: str, **given: object) -> Finished:
    return Bubblewrap().run(command(root, script, **given))


def test_a_step_sees_its_fixed_environment_and_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTILE", "1")
    done = run(root, "pwd; id -u; id -g; umask; echo $SOURCE_DATE_EPOCH $HOSTILE; cat /proc/sys/kernel/hostname; ls /")
    assert done.exit_code == 0, done.log
    lines = done.log.decode().split("\n")
    assert lines[:6] == ["/build", "1000", "1000", "0022", "1700000000", "build"]
    assert set(lines[6:-1]) <= {"bin", "lib", "lib64", "usr", *sealing.MOUNT_POINTS}


def test_outputs_are_kept_and_the_exit_code_is_the_steps_own(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for place in (out, tmp_path, *tmp_path.parents):
        if str(place).startswith("/tmp/") and place.stat().st_uid == os.getuid():
            place.chmod(0o755)
    done = run(root, "echo kept > /out/file; exit 7", output=str(out))
    assert (done.exit_code, done.stopped) == (7, "")
    assert (out / "file").read_text() == "kept\n"


def test_the_locked_root_cannot_be_written(root: Path) -> None:
    done = run(root, "touch /usr/x")
    assert done.exit_code != 0
    assert b"Read-only" in done.log


@pytest.mark.parametrize(
    ("script", "limits", "stopped"),
    [
        ("while :; do :; done", SandboxLimits(seconds=0.5), "deadline"),
        ("f() { f | f & }; f; while :; do :; done", SandboxLimits(seconds=1, processes_count=32), "deadline"),
        ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", SandboxLimits(seconds=20, log_bytes=100_000), "log"),
    ],
)
def test_a_step_without_end_is_ended(root: Path, script: str, limits: SandboxLimits, stopped: str) -> None:
    done = run(root, script, limits=limits)
    refused = b"fork" in done.log.lower()  # where other sandboxes of this user leave it no process at all
    assert done.stopped == stopped or refused
    assert len(done.log) <= limits.log_bytes


def test_a_file_without_end_is_cut(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for place in (out, tmp_path, *tmp_path.parents):
        if str(place).startswith("/tmp/") and place.stat().st_uid == os.getuid():
            place.chmod(0o755)
    done = run(
        root, "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxx; done > /out/file",
        output=str(out), limits=SandboxLimits(seconds=20, output_bytes=500_000),
    )  # fmt: skip
    assert done.exit_code != 0 or done.stopped == "output"
    assert (out / "file").stat().st_size <= 500_000


def test_every_way_out_is_closed(root: Path) -> None:
    box = Bubblewrap()
    found = canaries.judge(box.probe(command(root, ":")), tool=box.describe(), filter_digest=box.filter_digest())
    assert {one.name: one.state for one in found.seen} == {one.name: "closed" for one in canaries.CANARIES}
    assert (found.level, found.tool[:10]) == ("sealed", "bubblewrap")
    assert found.filter_digest.startswith("sha256:")


def test_the_canaries_see_a_missing_filter(root: Path) -> None:
    box = Bubblewrap(filtered=False)
    found = canaries.judge(box.probe(command(root, ":")), tool=box.describe(), filter_digest="")
    assert found.level == "namespaced"
    assert set(found.open_names) == {one.name for one in canaries.CANARIES if one.needs_filter}


def test_what_nobody_saw_is_not_closed() -> None:
    assert canaries.judge({}, tool="x", filter_digest="").level == "open"
    states = {one.name: ("closed", "") for one in canaries.CANARIES}
    assert canaries.judge(states, tool="x", filter_digest="").level == "sealed"
    del states["keyring"]
    assert canaries.judge(states, tool="x", filter_digest="").level == "open"
    assert canaries.judge(states | {"tcp": ("open", "")}, tool="x", filter_digest="").level == "open"


def test_without_the_program_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnavailableError, match="bwrap not found") as caught:
        Bubblewrap()
    assert "apt-get install bubblewrap" in caught.value.remedy
