"""Real slices of advisory feeds that other projects carry as test data, fetched when a test asks; never kept here."""

import os
import subprocess
import sys
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest

VUNNEL = "vunnel==0.65.1"
"""Slices of Wolfi's, Chainguard's and MinimOS's secdb, Debian's tracker, SUSE's and Red Hat's CSAF, NVD, Ubuntu's OSV,
and what vunnel makes of them."""
VULNERABLECODE = "vulnerablecode==40.2.0"
"""Slices of vulnrichment, EPSS, KEV, Alpine's secdb, Red Hat's CSAF."""
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
_SECONDS = 300


@lru_cache
def unpacked(requirement: str) -> Path:
    """The source distribution of a PyPI project, unpacked in the user's cache; skips the test where it cannot be had."""
    name = requirement.partition("==")[0]
    place = Path(os.environ.get("ASSAY_REAL_FEEDS") or _CACHE / "assay" / "real-feeds") / requirement.replace("==", "-")
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
        words += ["--no-binary", name, "--dest", folder, requirement]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{requirement} did not come within {_SECONDS} s")
        found = list(Path(folder).glob("*.tar.gz"))
        if done.returncode or len(found) != 1:
            pytest.skip(f"{requirement} cannot be had here: {done.stderr.strip()[-200:]}")
        goal = Path(folder, "unpacked")
        with tarfile.open(found[0]) as archive:
            # Pythons before 3.11.4 have no filters; what lies in the archive is only read.
            archive.extractall(goal, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        (top,) = goal.iterdir()
        top.rename(place)
    return place


def vunnel(provider: str, *parts: str) -> Path:
    """A path below a provider's test data."""
    return unpacked(VUNNEL).joinpath("tests", "unit", "providers", provider, "test-fixtures", *parts)


def vulnerablecode(*parts: str) -> Path:
    """A path below VulnerableCode's test data."""
    return unpacked(VULNERABLECODE).joinpath("vulnerabilities", "tests", "test_data", *parts)
