"""What the builder consists of, as its provenance tells it."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

import assay
from assay.adapters.program import directory_hash
from assay.adapters.sandbox import Bubblewrap
from assay.build import builder_parts
from assay.build.lock import ShapingTool

GOLDEN = "sha256:" + "a" * 64
HERE = builder_parts.sandbox("bubblewrap 0.8.0", "b" * 64)


def test_the_program_has_a_digest_where_it_is_known_and_none_elsewhere() -> None:
    told = builder_parts.program("assay", "1.2", "c" * 64)
    assert (told.uri, told.digest) == ("pkg:pypi/assay@1.2", {"dirHash": "c" * 64})
    assert builder_parts.program("assay", "1.2", "").digest == {}


def test_a_golden_digest_is_not_passed_off_as_the_librarys() -> None:
    tools = [ShapingTool(name="tar", version="1"), ShapingTool(name="gzip", version="deflate 1", golden=GOLDEN)]
    (told,) = builder_parts.compressors(tools)
    assert (told.name, told.digest) == ("gzip", {})
    assert told.annotations == {"role": "compressor", "version": "deflate 1", "golden": GOLDEN}


@pytest.mark.parametrize(
    ("described", "elsewhere", "digest"),
    [
        ("bubblewrap 0.8.0", False, {"sha256": "b" * 64}),
        ("bubblewrap 0.8.0", True, {}),
        ("bubblewrap 0.7.0", False, {}),
        ("unshare", False, {}),
    ],
)
def test_a_digest_is_told_of_the_very_sandbox_alone(described: str, elsewhere: bool, digest: dict[str, str]) -> None:
    (told,) = builder_parts.sandboxes([described, described], [HERE], elsewhere=elsewhere)
    assert told.digest == digest
    assert f"{told.name} {told.annotations.get('version', '')}".strip() == described


def test_the_hash_of_the_package_is_the_one_anybody_can_make() -> None:
    folder = Path(assay.__file__).parent
    command = 'find assay -type f -not -path "*/__pycache__/*" | LC_ALL=C sort | xargs sha256sum | sha256sum'
    told = subprocess.run(["/bin/sh", "-c", command], cwd=folder.parent, capture_output=True, text=True, check=True)
    assert directory_hash() == told.stdout.split()[0]


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_sandbox_tells_the_digest_of_its_program() -> None:
    program = str(shutil.which("bwrap"))
    assert Bubblewrap().program_digest() == hashlib.sha256(Path(program).read_bytes()).hexdigest()
    assert Bubblewrap(program="/nowhere/bwrap").program_digest() == ""
