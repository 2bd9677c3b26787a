"""Ways to make the files of an image for a case: as an installation leaves them, or by a real install."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Files = dict[str, bytes]
Recipe = Callable[[Mapping[str, Any], Path], Files]
_CODENAMES = {"12": "bookworm", "13": "trixie"}
_CLIENT_SECONDS = 300


def _zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _debian_release(release: str) -> bytes:
    return f'ID=debian\nVERSION_ID="{release}"\nVERSION_CODENAME={_CODENAMES[release]}\n'.encode()


def debian(case: Mapping[str, Any], folder: Path) -> Files:
    """`packages`: name, version, source of each, installed on Debian `release`."""
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nSource: {source}\nArchitecture: amd64\n"
        f"Maintainer: M <m@example.org>\nVersion: {version}\nDescription: x\n"
        for name, version, source in case["packages"]
    )
    return {"etc/os-release": _debian_release(case["release"]), "var/lib/dpkg/status": status.encode()}


def alpine(case: Mapping[str, Any], folder: Path) -> Files:
    """`packages`: name, version, origin of each, installed on Alpine `release`."""
    installed = "".join(
        f"P:{name}\nV:{version}\nA:x86_64\nT:x\nL:MIT\no:{origin}\n\n" for name, version, origin in case["packages"]
    )
    release = f'ID=alpine\nVERSION_ID={case["release"]}.0\nPRETTY_NAME="Alpine Linux v{case["release"]}"\n'
    return {"etc/os-release": release.encode(), "lib/apk/db/installed": installed.encode()}


def nested_jar(case: Mapping[str, Any], folder: Path) -> Files:
    """An archive with the `pom.properties` of `artifact` as `lib.bin.jar` in a war in an ear."""
    group, artifact, version = case["artifact"].split(":")
    properties = f"groupId={group}\nartifactId={artifact}\nversion={version}\n".encode()
    inner = _zipped({f"META-INF/maven/{group}/{artifact}/pom.properties": properties})
    return {"srv/app.ear": _zipped({"web.war": _zipped({"WEB-INF/lib/lib.bin.jar": inner})})}


def maven(case: Mapping[str, Any], folder: Path) -> Files:
    """The real jar of `artifact` in a `shape`: plain, renamed (no META-INF), shaded into another, relocated in it."""
    program = shutil.which("mvn")
    if program is None:
        pytest.skip("no Maven on this machine")
    words = [program, "-q", "-B", "dependency:copy", f"-Dartifact={case['artifact']}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=_CLIENT_SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"Maven's registry does not deliver {case['artifact']}: {done.stdout[-300:]}")
    (jar,) = folder.glob("*.jar")
    return _SHAPES[case["shape"]](jar)


def _plain(jar: Path) -> Files:
    return {f"opt/lib/{jar.name}": jar.read_bytes()}


def _classes(jar: Path, prefix: str = "") -> dict[str, bytes]:
    """Everything but META-INF; below another package if asked for, every class changed by that as shading does."""
    with zipfile.ZipFile(jar) as archive:
        names = [n for n in archive.namelist() if not n.startswith("META-INF/") and not n.endswith("/")]
        return {prefix + n: archive.read(n) + (b"moved" if prefix else b"") for n in names}


def _renamed(jar: Path) -> Files:
    return {"opt/lib/helper.jar": _zipped(_classes(jar))}


_APPLICATION = {f"com/example/app/Part{i}.class": b"application %d" % i for i in range(3_000)}


def _shaded(jar: Path) -> Files:
    return {"opt/app.jar": _zipped(_APPLICATION | _classes(jar))}


def _relocated(jar: Path) -> Files:
    return {"opt/app.jar": _zipped(_APPLICATION | _classes(jar, "com/example/hidden/"))}


_SHAPES: dict[str, Callable[[Path], Files]] = {
    "plain": _plain,
    "renamed": _renamed,
    "shaded": _shaded,
    "relocated": _relocated,
}


def pip(case: Mapping[str, Any], folder: Path) -> Files:
    """What pip really installs for `requirement`."""
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target",
             str(folder / "site"), case["requirement"]]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=_CLIENT_SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"the index does not deliver {case['requirement']}: {done.stderr[-300:]}")
    site = folder / "site"
    return {
        f"usr/local/lib/python3.11/site-packages/{path.relative_to(site)}": path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


def apt(case: Mapping[str, Any], folder: Path) -> Files:
    """The control file of the real archive of `package`, as dpkg keeps it once it is unpacked."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        pytest.skip("no apt-get and dpkg-deb on this machine")
    if f'VERSION_ID="{case["release"]}"' not in Path("/etc/os-release").read_text():
        pytest.skip(f"apt-get here is not that of Debian {case['release']}")
    words = ["apt-get", "download", "-qq", case["package"]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=_CLIENT_SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"the archive does not deliver {case['package']}: {done.stderr[-300:]}")
    (archive,) = folder.glob("*.deb")
    control = subprocess.run(["dpkg-deb", "-f", archive], capture_output=True, check=True).stdout
    head, _, rest = control.partition(b"\n")
    status = head + b"\nStatus: install ok installed\n" + rest
    return {"etc/os-release": _debian_release(case["release"]), "var/lib/dpkg/status": status}


_PROGRAMS = {
    "prints": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("hello") }\n',
    "serves": 'package main\n\nimport "net/http"\n\nfunc main() { _ = http.ListenAndServe(":8080", nil) }\n',
}


def go(case: Mapping[str, Any], folder: Path) -> Files:
    """A real program, which Go linked without its symbol table; its stamp is set back to the release `toolchain`.

    The machine's own release is too new for any flaw; the table of functions stays what Go wrote.
    """
    program = shutil.which("go")
    if program is None:
        pytest.skip("no Go on this machine")
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.20\n")
    (folder / "main.go").write_text(_PROGRAMS[case["program"]])
    settings = {"GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local", "GOPROXY": "off", "CGO_ENABLED": "0"}
    words = [program, "build", "-trimpath", "-ldflags", "-s -w", "-o", "app", "."]
    done = subprocess.run(words, cwd=folder, capture_output=True, env={**os.environ, **settings}, check=False)
    if done.returncode:
        pytest.skip(f"Go cannot build here: {done.stderr.decode()[-200:]}")
    told = subprocess.run(
        [program, "env", "GOVERSION"], capture_output=True, env={**os.environ, **settings}, check=True
    )
    own, wanted = told.stdout.split()[0], str(case["toolchain"]).encode()
    if len(own) != len(wanted):
        pytest.skip(f"the stamp {own.decode()} cannot be set back to {wanted.decode()} in place")
    return {"opt/bin/app": (folder / "app").read_bytes().replace(own, wanted)}


WRITTEN: dict[str, Recipe] = {"debian": debian, "alpine": alpine, "nested-jar": nested_jar}
"""Recipes that need nothing but this machine's Python."""
INSTALLED: dict[str, Recipe] = {"maven": maven, "pip": pip, "apt": apt, "go": go}
"""Recipes that need a registry and its client."""
