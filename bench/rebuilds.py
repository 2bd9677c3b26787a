"""Two builds of one image that differ in a few dozen files: our comparison against diffoscope's, causes against text.

Both read one layer of the same uncompressed tars; ours also the manifest and configuration around it. diffoscope writes
its report nowhere.

python bench/rebuilds.py [OCI_DIR]          prints this row alone
"""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from images import find_image
from measure import Contender, Row, alternate, median, missing
from peers import CACHE

FILES = 40
"""Text files that get another date."""
LAYER_BYTES = 256 << 20
"""Content of the layer's files: what lies behind is left out, or diffoscope takes minutes a round."""
ROUNDS = 2
WHAT, BAR = "structural comparison: wall / diffoscope", 0.05
_OCI = "application/vnd.oci.image."


def dated(data: bytes, day: int) -> bytes:
    """The same layer, with a date in some text files and another time on them."""
    out, left, total = io.BytesIO(), FILES, 0
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w", format=old.format) as new:
        for info in old:
            total += info.size
            if total > LAYER_BYTES:
                break
            content = old.extractfile(info).read() if info.isreg() else b""
            if info.isreg() and left and 100 < info.size < 20_000 and b"\0" not in content:
                left -= 1
                content += b"\nbuilt 2026-01-%02d 10:00:00\n" % day
                info.size, info.mtime = len(content), info.mtime + day
            new.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()


def layout(folder: Path, tar: bytes) -> None:
    """An OCI layout of one layer."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes, kind: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": _OCI + kind, "digest": f"sha256:{digest}", "size": len(data)}

    config = {
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2, "mediaType": _OCI + "manifest.v1+json",
        "config": put(json.dumps(config).encode(), "config.v1+json"),
        "layers": [put(gzip.compress(tar, 1, mtime=0), "layer.v1.tar+gzip")],
    }  # fmt: skip
    root = put(json.dumps(manifest).encode(), "manifest.v1+json")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [root]}))


def pair(image: Path) -> Path:
    """A folder with `a`, `b` (layouts) and `a.tar`, `b.tar` (the same layers)."""
    folder = CACHE / f"rebuilds-{LAYER_BYTES >> 20}"
    if (folder / "b.tar").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index = json.loads((image / "index.json").read_text())
    manifest = json.loads((image / "blobs/sha256" / index["manifests"][0]["digest"][7:]).read_text())
    data = gzip.decompress((image / "blobs/sha256" / manifest["layers"][0]["digest"][7:]).read_bytes())
    for name, day in (("a", 1), ("b", 2)):
        tar = dated(data, day)
        layout(folder / name, tar)
        (folder / f"{name}.tar").write_bytes(tar)
    return folder


def rows(image: str | None = None) -> list[Row]:
    """The ratio of both comparisons."""
    if shutil.which("diffoscope") is None:
        return [missing(WHAT, BAR, "diffoscope is not installed")]
    folder = pair(find_image(image)[0])
    ours = [sys.executable, "-m", "assay", "compare", f"oci-dir:{folder}/a", f"oci-dir:{folder}/b", "-o", "json"]
    told = json.loads(subprocess.run(ours, capture_output=True, check=False).stdout)
    assert told["counts"] == {"time": FILES, "timestamp": FILES}, told["counts"]
    theirs = ["diffoscope", "--no-progress", "--text", "/dev/null", str(folder / "a.tar"), str(folder / "b.tar")]
    contenders: dict[str, Contender] = {
        "assay compare": (lambda: None, ours, {}),
        "diffoscope": (lambda: None, theirs, {}),
    }
    mine, other = (median(runs) for runs in alternate(contenders, ROUNDS).values())
    if (mine.code, other.code) != (1, 1):  # both say that they differ
        return [missing(WHAT, BAR, f"exit {mine.code} and {other.code}, where 1 says that they differ")]
    return [Row(WHAT, mine.wall / other.wall, BAR)]


if __name__ == "__main__":
    for row in rows(sys.argv[1] if len(sys.argv) > 1 else None):
        print(row)
