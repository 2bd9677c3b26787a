"""The floor: what any reader of an image must pay. Inflate each layer and hash it before and after, nothing else.

python bench/floor.py OCI_DIR
"""

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

try:
    from isal import isal_zlib as zlib
except ImportError:
    import zlib  # type: ignore[no-redef]

CHUNK = 128 * 1024


def one(path: Path) -> tuple[str, str]:
    """(digest of the blob, digest of the tar)."""
    outer, inner, inflate = hashlib.sha256(), hashlib.sha256(), zlib.decompressobj(31)
    with path.open("rb") as blob:
        while chunk := blob.read(CHUNK):
            outer.update(chunk)
            inner.update(inflate.decompress(chunk))
    return outer.hexdigest(), inner.hexdigest()


def main() -> None:
    """Do it for every layer of the layout's first manifest, two threads, biggest first."""
    root = Path(sys.argv[1])
    blobs = root / "blobs" / "sha256"
    digest = json.loads((root / "index.json").read_bytes())["manifests"][0]["digest"]
    layers = json.loads((blobs / digest[7:]).read_bytes())["layers"]
    layers.sort(key=lambda layer: -layer["size"])
    with ThreadPoolExecutor() as pool:
        for found in pool.map(one, [blobs / layer["digest"][7:] for layer in layers]):
            print(*found)


if __name__ == "__main__":
    main()
