"""Small images made in a test: layers from dictionaries, as an OCI layout; real bytes, real digests."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

OCI = "application/vnd.oci.image"
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def dpkg_status(*packages: tuple[str, str]) -> bytes:
    """A dpkg database of (name, version) pairs."""
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: M <m@example.org>\n"
        f"Version: {version}\nDescription: x\n"
        for name, version in packages
    ).encode()


def metadata(name: str, version: str) -> bytes:
    """A wheel's METADATA."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n\n".encode()


def tar(files: Mapping[str, bytes]) -> bytes:
    """A tar of regular files, in the order given; those below `opt/bin/` are executable."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mtime = len(data), 1_700_000_000
            member.mode = 0o755 if path.startswith("opt/bin/") else 0o644
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def dump(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class LayoutBuilder:
    """Writes blobs into a layout folder and remembers nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')

    def put(self, data: bytes, media_type: str) -> dict[str, object]:
        value = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs" / "sha256" / value).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{value}", "size": len(data)}

    def image(
        self,
        layers: Sequence[Mapping[str, bytes]],
        *,
        user: str = "65534",
        architecture: str = "amd64",
        run: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """One manifest; returns its descriptor. `run` goes into the config's own `config` (`Cmd`, `Env`)."""
        tars = [tar(layer) for layer in layers]
        config = {
            "created": "2024-01-02T03:04:05Z", "architecture": architecture, "os": "linux",
            "config": {"User": user, **(run or {})},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(t).hexdigest()}" for t in tars]},
            "history": [{"created_by": f"step {i}"} for i in range(len(tars))],
        }  # fmt: skip
        manifest = {
            "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
            "config": self.put(dump(config), f"{OCI}.config.v1+json"),
            "layers": [self.put(gzip.compress(t, mtime=0), f"{OCI}.layer.v1.tar+gzip") for t in tars],
        }  # fmt: skip
        descriptor = self.put(dump(manifest), f"{OCI}.manifest.v1+json")
        return descriptor | {"platform": {"os": "linux", "architecture": architecture}}

    def index(self, *entries: Mapping[str, object]) -> None:
        """Write index.json."""
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": list(entries)}
        (self.folder / "index.json").write_bytes(dump(index))


def layout(
    folder: Path,
    layers: Sequence[Mapping[str, bytes]],
    *,
    user: str = "65534",
    run: Mapping[str, object] | None = None,
) -> str:
    """An OCI layout with one image tagged `latest`; returns the manifest's digest."""
    builder = LayoutBuilder(folder)
    descriptor = builder.image(layers, user=user, run=run)
    builder.index(descriptor | {"annotations": {"org.opencontainers.image.ref.name": "latest"}})
    return str(descriptor["digest"])


def demo_layers() -> list[dict[str, bytes]]:
    """A Debian base, then Python packages, then an upgrade of one of them."""
    site = "usr/lib/python3/dist-packages"
    return [
        {
            "etc/os-release": OS_RELEASE,
            "var/lib/dpkg/status": dpkg_status(("bash", "5.2.15-2+b2"), ("openssl", "3.0.9-1")),
        },
        {
            f"{site}/jinja2-3.1.2.dist-info/METADATA": metadata("Jinja2", "3.1.2"),
            f"{site}/requests-2.30.0.dist-info/METADATA": metadata("requests", "2.30.0"),
        },
        {
            f"{site}/.wh.requests-2.30.0.dist-info": b"",
            f"{site}/requests-2.32.3.dist-info/METADATA": metadata("requests", "2.32.3"),
        },
    ]
