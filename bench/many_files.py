"""A layer of three million empty files in an OCI layout: how much memory their names cost.

The archive is made and compressed as it is written, by hand (one header, patched for each name), since `tarfile` would
take minutes.

python bench/many_files.py FOLDER [COUNT]
"""

import hashlib
import json
import sys
import zlib
from pathlib import Path

COUNT = 3_000_000
_FILES_IN_FOLDER = 1_000
_OCI = "application/vnd.oci.image."


def header(name: str) -> bytes:
    """A ustar header of an empty file."""
    fields = (
        name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"0" * 11 + b"\0" + b"14000000000\0",
        b"0" + bytes(100) + b"ustar\x0000" + bytes(247),
    )
    total = sum(fields[0]) + 8 * 32 + sum(fields[1])
    return fields[0] + b"%06o\0 " % total + fields[1]


def layer(path: Path, count: int) -> tuple[str, str, int]:
    """Write the compressed layer: its digest, its diffID, its size."""
    outer, inner = hashlib.sha256(), hashlib.sha256()
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    size = 0
    with path.open("wb") as file:

        def put(data: bytes) -> None:
            nonlocal size
            outer.update(data)
            size += file.write(data)

        for first in range(0, count, _FILES_IN_FOLDER):
            names = range(first, min(first + _FILES_IN_FOLDER, count))
            folder = f"srv/{first // 1_000_000:03d}/{first // _FILES_IN_FOLDER:06d}"
            piece = b"".join([header(f"{folder}/file-{number:08d}") for number in names])
            inner.update(piece)
            put(packer.compress(piece))
        end = bytes(1024)
        inner.update(end)
        put(packer.compress(end) + packer.flush())
    return outer.hexdigest(), inner.hexdigest(), size


def image(folder: Path, count: int = COUNT) -> Path:
    """The layout, made once."""
    if (folder / "index.json").exists():
        return folder
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    digest, diff_id, size = layer(blobs / "new", count)
    (blobs / "new").rename(blobs / digest)

    def put(document: object, media_type: str) -> dict[str, object]:
        data = json.dumps(document, sort_keys=True).encode()
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(data)}

    rootfs = {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]}
    config = put({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}, _OCI + "config.v1+json")
    stored = {"mediaType": _OCI + "layer.v1.tar+gzip", "digest": f"sha256:{digest}", "size": size}
    manifest = {"schemaVersion": 2, "mediaType": _OCI + "manifest.v1+json", "config": config, "layers": [stored]}
    entry = put(manifest, _OCI + "manifest.v1+json")
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return folder


if __name__ == "__main__":
    image(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)
