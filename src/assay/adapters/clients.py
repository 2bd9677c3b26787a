"""The machine's own pip, npm and go, asked where packages come from; pip also brings the wheels that fit."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay.model.errors import UnavailableError, UsageError
from assay.ports.packages import Wheel

_SECONDS = 600
_WHEEL_BYTES = 2 << 30


class Clients:
    """The `LanguageClients` port."""

    def wheels(self, lines: Sequence[str], *, python: str, machine: str, glibc: str, pure: bool) -> tuple[Wheel, ...]:
        """Wheels by `pip download`, with hashes required and nothing built."""
        if not lines:
            return ()
        with tempfile.TemporaryDirectory() as folder:
            wanted, place = Path(folder, "requirements.txt"), Path(folder, "wheels")
            wanted.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--no-input",
                     "--only-binary", ":all:", "--python-version", python, "--dest", str(place),
                     "--disable-pip-version-check", "--no-cache-dir", "-r", str(wanted)]  # fmt: skip
            words += _platforms(machine, glibc, python, pure=pure)
            _run(words, "pip", "the wheels cannot be had", dict(os.environ))
            found = []
            for path in sorted(place.iterdir()):
                if path.stat().st_size > _WHEEL_BYTES:
                    raise UsageError("a wheel is too large", where=path.name, why=f"limit {_WHEEL_BYTES} bytes")
                found.append(Wheel(file=path.name, data=path.read_bytes()))
            return tuple(found)

    def registry(self) -> str:
        """What `npm config get registry` says."""
        program = shutil.which("npm")
        if program is None:
            raise _missing("npm", "where npm packages come from")
        return _address(_run([program, "config", "get", "registry"], "npm", "npm does not answer", _quiet()), "npm")

    def proxy(self) -> str:
        """The first address of `go env GOPROXY`."""
        program = shutil.which("go")
        if program is None:
            raise _missing("go", "where Go modules come from")
        told = _run([program, "env", "GOPROXY"], "go", "go does not answer", dict(os.environ))
        return _address(told.replace("|", ",").split(",")[0], "go")


def _platforms(machine: str, glibc: str, python: str, *, pure: bool) -> list[str]:
    if pure:
        return ["--platform", "any", "--implementation", "py", "--abi", "none"]
    newest = int(glibc.split(".")[1])
    words = ["--implementation", "cp"]
    for minor in range(newest, 4, -1):
        words += ["--platform", f"manylinux_2_{minor}_{machine}"]
    for old in ("manylinux2014", "manylinux2010", "manylinux1"):
        words += ["--platform", f"{old}_{machine}"]
    words += ["--platform", "any", "--abi", f"cp{python.replace('.', '')}", "--abi", "abi3", "--abi", "none"]
    return words


def _quiet() -> dict[str, str]:
    return {**os.environ, "NO_UPDATE_NOTIFIER": "1", "npm_config_loglevel": "error"}


def _address(text: str, client: str) -> str:
    found = text.strip().splitlines()[-1].strip() if text.strip() else ""
    if not found.startswith(("https://", "http://")):
        raise UnavailableError(
            f"{client} names no address", why=found[:100] or "it says nothing", remedy=f"configure {client}"
        )
    return found.rstrip("/")


def _run(words: list[str], client: str, what: str, environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"{client} does not run", why=str(error)) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        why = "; ".join(line for line in lines if line.startswith("ERROR")) or "; ".join(lines[-2:])
        raise UsageError(what, where=client, why=why[:500], remedy="look at versions, hashes and platforms")
    return done.stdout


def _missing(program: str, why: str) -> UnavailableError:
    return UnavailableError(
        f"{program} not found", why=f"it knows {why}", remedy=f"install {program}; building needs only the lock"
    )
