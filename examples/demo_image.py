"""Make a small real image, a Debian root with Python and a few wheels, as an OCI layout; no root, no daemon.

    python examples/demo_image.py OUT_DIR

Needs Debian's (or a derivative's) `apt-get` and `dpkg-deb`, and pip; all use the sources the machine is set up with.
Packages are downloaded into a private folder, unpacked into one layer, and recorded in a dpkg database as dpkg would
have written it; maintainer scripts do not run. A second layer holds Python packages, old ones on purpose: the scan has
something to say. The image is meant to be looked at, not to be deployed.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1700000000"))
CREATED = "2023-11-14T22:13:20Z"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
DEBS = ("base-files", "base-passwd", "python3-minimal", "libpython3-stdlib", "ca-certificates", "curl", "busybox")
WHEELS = (
    "flask==2.2.2",
    "jinja2==3.1.2",
    "werkzeug==2.2.2",
    "requests==2.30.0",
    "urllib3==1.26.15",
    "certifi==2022.12.7",
)
SITE = "usr/local/lib/python3/dist-packages"


def run(*argv: str, **how: object) -> str:
    """Run a client quietly and return its output; a failure shows what it printed."""
    done = subprocess.run(argv, check=False, capture_output=True, text=True, **how)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(f"demo_image: {' '.join(argv[:3])} … failed with {done.returncode}:\n{done.stderr[-2000:]}")
    return str(done.stdout)


def download_debs(folder: Path) -> list[Path]:
    """Download the closure of `DEBS` as for an empty machine; returns the .deb files, sorted."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    options = [
        f"Dir::State::lists={folder}/lists",
        f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}",
        f"Dir::Cache::archives={folder}/archives",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=",
        "APT::Install-Recommends=false",
        "Acquire::Languages=none",
        "APT::Get::AllowUnauthenticated=false",
    ]
    flags = [part for option in options for part in ("-o", option)]
    run("apt-get", *flags, "-qq", "update")
    run("apt-get", *flags, "-qq", "-y", "--download-only", "install", *DEBS)
    return sorted((folder / "archives").glob("*.deb"))


def debian_layer(debs: list[Path]) -> bytes:
    """One tar: every file of the packages, and the dpkg database that describes them."""
    seen: set[str] = set()
    status: list[str] = []
    info: dict[str, bytes] = {}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for deb in debs:
            control = run("dpkg-deb", "-f", str(deb))
            name = next(line[9:] for line in control.splitlines() if line.startswith("Package: "))
            status.append(control.rstrip("\n").replace("\n", "\nStatus: install ok installed\n", 1) + "\n")
            data = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], check=True, capture_output=True).stdout
            names = []
            with tarfile.open(fileobj=io.BytesIO(data)) as package:
                for member in package:
                    path = member.name.removeprefix("./").rstrip("/")
                    names.append("/" + path if path not in ("", ".") else "/.")
                    if path in ("", ".") or path in seen:
                        continue
                    seen.add(path)
                    member.name, member.uname, member.gname = path, "", ""
                    member.mtime = min(int(member.mtime), EPOCH)
                    if member.islnk():
                        member.linkname = member.linkname.removeprefix("./")
                    layer.addfile(member, package.extractfile(member) if member.isreg() else None)
            info[f"var/lib/dpkg/info/{name}.list"] = ("\n".join(names) + "\n").encode()
        info["var/lib/dpkg/status"] = "\n".join(status).encode()
        for path in sorted(info):
            add(layer, path, info[path])
    return out.getvalue()


def python_layer() -> bytes:
    """One tar with `WHEELS` installed under /usr/local."""
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=out, mode="w") as layer:
        run(
            sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check",
            "--only-binary=:all:", "--no-deps", f"--target={folder}", *WHEELS,
        )  # fmt: skip
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.relative_to(folder).parts[0] != "bin":
                add(layer, f"{SITE}/{path.relative_to(folder)}", path.read_bytes())
    return out.getvalue()


def add(layer: tarfile.TarFile, path: str, data: bytes) -> None:
    """Add one regular file with fixed owner, mode and time."""
    member = tarfile.TarInfo(path)
    member.size, member.mtime, member.mode = len(data), EPOCH, 0o644
    layer.addfile(member, io.BytesIO(data))


def write_layout(out: Path, layers: list[tuple[str, bytes]]) -> str:
    """Write an OCI layout with one manifest tagged `latest`; returns the manifest's digest."""
    blobs = out / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(data: bytes, media_type: str) -> dict[str, object]:
        value = hashlib.sha256(data).hexdigest()
        (blobs / value).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{value}", "size": len(data)}

    def dump(value: object) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    oci = "application/vnd.oci.image"
    config = {
        "created": CREATED, "architecture": ARCHITECTURE, "os": "linux",
        "config": {"User": "65534", "Env": [f"PYTHONPATH=/{SITE}"], "Entrypoint": ["/usr/bin/python3"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for _, tar in layers]},
        "history": [{"created": CREATED, "created_by": by} for by, _ in layers],
    }  # fmt: skip
    manifest = dump({
        "schemaVersion": 2, "mediaType": f"{oci}.manifest.v1+json",
        "config": put(dump(config), f"{oci}.config.v1+json"),
        "layers": [put(gzip.compress(tar, 6, mtime=0), f"{oci}.layer.v1.tar+gzip") for _, tar in layers],
    })  # fmt: skip
    entry = put(manifest, f"{oci}.manifest.v1+json") | {
        "annotations": {"org.opencontainers.image.ref.name": "latest"},
        "platform": {"os": "linux", "architecture": ARCHITECTURE},
    }
    index = {"schemaVersion": 2, "mediaType": f"{oci}.index.v1+json", "manifests": [entry]}
    (out / "index.json").write_bytes(dump(index))
    (out / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
    return str(entry["digest"])


def main() -> None:
    """Make the image in the folder named on the command line."""
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        base = debian_layer(download_debs(Path(folder)))
    layers = [("debian: " + " ".join(DEBS), base), ("pip install " + " ".join(WHEELS), python_layer())]
    print(write_layout(out, layers))


if __name__ == "__main__":
    main()
