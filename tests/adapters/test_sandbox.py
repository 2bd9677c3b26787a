"""Steps under bubblewrap: what they see, what ends them, and canaries that find every way out closed."""

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from assay.adapters import probe, sandboxes
from assay.adapters.sandbox import Bubblewrap, Launcher
from assay.adapters.unsharing import Unsharing
from assay.build import canaries, sealing
from assay.model.errors import UnavailableError, UnsupportedError
from assay.ports.sandbox import Finished, SandboxLimits, SealedCommand
from buildroot import has_shell, make

pytestmark = has_shell
Make = Callable[..., Launcher]


@pytest.fixture(scope="module", params=[Bubblewrap, Unsharing])
def box(request: pytest.FixtureRequest, root: Path) -> Make:
    """One rung of the ladder, where it works here."""
    if request.param is Bubblewrap and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    try:
        request.param().run(command(root, ":"))
    except UnsupportedError as error:
        pytest.skip(error.line())
    return request.param


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sealed") / "root", "cat", "id", "ls", "mkdir", "touch")


def command(root: Path, script: str, **given: object) -> SealedCommand:
    environment = sealing.environment(1_700_000_000, hardened=True, extra={})
    return SealedCommand(root=str(root), arguments=("/bin/sh", "-c", script), environment=environment, **given)


def run(box: Make, root: Path, script: str, **given: object) -> Finished:
    return box().run(command(root, script, **given))


def test_a_step_sees_its_fixed_environment_and_nothing_else(
    box: Make, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOSTILE", "1")
    done = run(
        box, root, "pwd; id -u; id -g; umask; echo $SOURCE_DATE_EPOCH $HOSTILE; cat /proc/sys/kernel/hostname; ls /"
    )
    assert done.exit_code == 0, done.log
    lines = done.log.decode().split("\n")
    assert lines[:6] == ["/build", "1000", "1000", "0022", "1700000000", "build"]
    assert set(lines[6:-1]) <= {"bin", "lib", "lib64", "usr", *sealing.MOUNT_POINTS}


def test_outputs_are_kept_and_the_exit_code_is_the_steps_own(box: Make, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for place in (out, tmp_path, *tmp_path.parents):
        if str(place).startswith("/tmp/") and place.stat().st_uid == os.getuid():
            place.chmod(0o755)
    done = run(box, root, "echo kept > /out/file; exit 7", output=str(out))
    assert (done.exit_code, done.stopped) == (7, "")
    assert (out / "file").read_text() == "kept\n"


def test_the_locked_root_cannot_be_written(box: Make, root: Path) -> None:
    done = run(box, root, "touch /usr/x")
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
def test_a_step_without_end_is_ended(box: Make, root: Path, script: str, limits: SandboxLimits, stopped: str) -> None:
    done = run(box, root, script, limits=limits)
    # A shell that may have no child any more ends by itself: the limit on processes came before the one on time.
    refused = "f()" in script and b"fork" in done.log.lower() and done.exit_code != 0
    assert done.stopped == stopped or refused
    assert len(done.log) <= limits.log_bytes


def test_a_file_without_end_is_cut(box: Make, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for place in (out, tmp_path, *tmp_path.parents):
        if str(place).startswith("/tmp/") and place.stat().st_uid == os.getuid():
            place.chmod(0o755)
    done = run(
        box, root, "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxx; done > /out/file",
        output=str(out), limits=SandboxLimits(seconds=20, output_bytes=500_000),
    )  # fmt: skip
    assert done.exit_code != 0 or done.stopped == "output"
    assert (out / "file").stat().st_size <= 500_000


def test_every_way_out_is_closed(box: Make, root: Path) -> None:
    tried = box()
    found = canaries.judge(tried.probe(command(root, ":")), tool=tried.describe(), filter_digest=tried.filter_digest())
    assert {one.name: one.state for one in found.seen} == {one.name: "closed" for one in canaries.CANARIES}
    assert (found.level, found.tool.split()[0] in ("bubblewrap", "unshare")) == ("sealed", True)
    assert found.filter_digest.startswith("sha256:")


def test_the_canaries_see_a_missing_filter(box: Make, root: Path) -> None:
    tried = box(filtered=False)
    found = canaries.judge(tried.probe(command(root, ":")), tool=tried.describe(), filter_digest="")
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


def test_the_next_rung_is_taken_where_the_program_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bwrap"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(sandboxes.best(), Bubblewrap)
    program.unlink()
    assert isinstance(sandboxes.best(), Unsharing)
    monkeypatch.setattr(platform, "machine", lambda: "abacus")
    with pytest.raises(UnsupportedError, match="no sandbox of our own"):
        sandboxes.best()


def test_what_the_launcher_itself_cannot_do_is_no_exit_code_of_the_step(box: Make, root: Path) -> None:
    missing = msgspec.structs.replace(command(root, ":"), arguments=("/bin/nothing",))
    with pytest.raises(UnavailableError):
        box().run(missing)
    nowhere = msgspec.structs.replace(command(root, ":"), root=str(root / "nowhere"))
    with pytest.raises(UnavailableError):
        box().run(nowhere)


def test_process_1_shows_nothing_and_hears_nothing(box: Make, root: Path) -> None:
    done = run(box, root, "kill -INT 1; kill -KILL 1; cat /proc/1/mem; ls /proc/1/root/; cat /proc/1/environ; exit 5")
    assert done.exit_code == 5, done.log
    assert done.log.count(b"Permission denied") + done.log.count(b"Input/output error") >= 1


def test_believed_to_be_root_it_still_has_no_rights(box: Make, root: Path) -> None:
    script = "id -u; cat /proc/self/status; echo 9 > /proc/sys/user/max_user_namespaces || echo refused"
    text = run(box, root, script, user=(0, 0)).log.decode()
    assert text.startswith("0\n")
    assert text.rstrip().endswith("refused")
    assert all(f"{name}:\t{0:016x}" in text for name in ("CapPrm", "CapEff", "CapBnd"))


def test_a_file_where_a_device_should_be_is_a_way_out(tmp_path: Path) -> None:
    """Launchers bind the host's nodes; `mv x /dev/null`, done once by root, makes one a file of the host."""
    (tmp_path / "stdin").symlink_to("/proc/self/fd/0")
    (tmp_path / "shm").mkdir()
    assert probe.devices(str(tmp_path)) == ("closed", "")
    (tmp_path / "null").write_text("of the host")
    (tmp_path / "sda").touch()
    assert probe.devices(str(tmp_path)) == ("open", "no such device: null, sda")
