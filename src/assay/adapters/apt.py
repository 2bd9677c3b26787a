"""`apt-get` as a resolver in a private root: no network, no state of the machine, nothing installed; it only prints.

And the machine's own configuration of apt, where it says which archive has a suite.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay.model.errors import UnavailableError, UsageError
from assay.ports.packages import Resolved

_SECONDS = 120
_INST = re.compile(r"^Inst ([a-z0-9][a-z0-9+.-]+)(?::\S+)? \((\S+) ", re.MULTILINE)


class Apt:
    """The `Resolver` port."""

    def resolve(self, indexes: Sequence[bytes], wanted: Sequence[str], architecture: str) -> tuple[Resolved, ...]:
        """Ask apt what it would install into an empty system."""
        program = _program()
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            config = _configuration(root, architecture)
            repository = root / "repository"
            repository.mkdir()
            (repository / "Packages").write_bytes(b"\n\n".join(text.strip(b"\n") for text in indexes) + b"\n")
            (root / "etc" / "sources.list").write_text(f"deb [trusted=yes] file:{repository} ./\n", encoding="utf-8")
            environment = {"APT_CONFIG": str(config), "LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin")}
            _run([program, "update", "-qq"], environment)
            words = [program, "install", "--simulate", "--yes", "--no-install-recommends", "--", *sorted(set(wanted))]
            told = _run(words, environment)
        found = {Resolved(name, version) for name, version in _INST.findall(told)}
        return tuple(sorted(found))


class AptSources:
    """The `PackageSources` port: what `apt-get indextargets` names."""

    def mirror(self, suite: str, origin: str) -> str | None:
        """The archive that has a suite, as the machine's own configuration says."""
        if shutil.which("apt-get") is None:
            return None
        words = ["apt-get", "indextargets", "--format", "$(REPO_URI)\t$(RELEASE)", "Created-By: Packages"]
        environment = {**os.environ, "LC_ALL": "C"}
        for line in _run(words, environment).splitlines():
            address, _, release = line.partition("\t")
            if release == suite and address.startswith(("http://", "https://")):
                return address.rstrip("/")
        return None


def _program() -> str:
    found = shutil.which("apt-get")
    if found is None:
        raise UnavailableError(
            "apt-get not found",
            why="it says what a set of Debian packages pulls in",
            remedy="lock on a machine with apt; building needs only the lock and its store",
        )
    return found


def _configuration(root: Path, architecture: str) -> Path:
    """All of apt's folders inside the private root; nothing of the machine is read."""
    for name in ("etc/preferences.d", "etc/trusted.gpg.d", "state/lists/partial", "cache/archives/partial", "log"):
        (root / name).mkdir(parents=True)
    (root / "status").write_bytes(b"")
    lines = {
        "Dir": f"{root}/",
        "Dir::Etc": f"{root}/etc/",
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::sourcelist": f"{root}/etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": f"{root}/state/",
        "Dir::State::status": f"{root}/status",
        "Dir::Cache": f"{root}/cache/",
        "Dir::Log": f"{root}/log/",
        "Dir::Bin::dpkg": "/bin/true",
        "APT::Architecture": architecture,
        "APT::Install-Recommends": "false",
        "APT::Install-Suggests": "false",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    text = "".join(f'{name} "{value}";\n' for name, value in lines.items())
    text += f'#clear APT::Architectures;\nAPT::Architectures {{ "{architecture}"; }};\n'
    config = root / "apt.conf"
    config.write_text(text, encoding="utf-8")
    return config


def _run(words: list[str], environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError("apt-get does not run", why=str(error)) from error
    if done.returncode:
        told = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        why = "; ".join(line.strip() for line in told if line.startswith(("E:", " "))) or "; ".join(told[-3:])
        raise UsageError("the packages cannot be had together", why=why[:600], remedy="look at the names and suites")
    return done.stdout
