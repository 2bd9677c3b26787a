"""The images that are measured and compared: built once by the shared tool, or a small stand-in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from peers import CACHE, ROOT

SHARED = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
NAMES = ("big", "debian")


def find_image(given: str | None, name: str = "big") -> tuple[Path, str]:
    """The image's layout (ASSAY_IMAGES names a folder of finished ones) and what to call it."""
    if given:
        return Path(given), Path(given).name
    tool = SHARED / "tools" / "mkimages.py"
    for folder in (os.environ.get("ASSAY_IMAGES", ""), CACHE / "images"):
        if folder and (Path(folder) / name / "index.json").exists():
            return Path(folder) / name, name
    if tool.exists() and os.geteuid() == 0 and shutil.which("mmdebstrap") and shutil.which("npm"):
        subprocess.run([sys.executable, str(tool), str(CACHE / "images"), "--only", name], check=True)
        return CACHE / "images" / name, name
    small = CACHE / "images" / "demo"
    if not (small / "index.json").exists():
        subprocess.run([sys.executable, str(ROOT / "examples" / "demo_image.py"), str(small)], check=True)
    return small, "demo (a stand-in: the bars are meant for `big`)"


def find_images() -> list[tuple[str, str]]:
    """Reference and name of each image to compare on, once each."""
    found = dict(find_image(None, name) for name in NAMES)
    return [(f"oci-dir:{path}", name) for path, name in found.items()]
