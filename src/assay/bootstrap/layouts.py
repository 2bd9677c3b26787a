"""Where an image or a store is written to on this machine."""

import re
from pathlib import Path

from assay.model.errors import UsageError


def layout_of(output: str) -> tuple[Path, str]:
    """The folder and the tag of `oci-dir:PATH[:TAG]`, which need not be there yet."""
    scheme, colon, rest = output.partition(":")
    found = re.fullmatch(r"(.+?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?", rest, re.DOTALL)
    last = found[1].rpartition("/")[2] if found else ""
    if scheme != "oci-dir" or not colon or found is None or "@" in last or last.endswith(":"):
        raise UsageError(
            "not a place to build into",
            why=repr(output),
            remedy="write oci-dir:PATH or oci-dir:PATH:TAG; `assay load` brings it to a registry",
        )
    return Path(found[1]), found[2] or ""
