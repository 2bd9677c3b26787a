"""The advice to the allocator is taken where there is one to take it, and saves page faults."""

import platform
import resource
import subprocess
import sys

import pytest

from assay.adapters.allocator import keep_freed_memory

WORK = """
import resource, sys
from assay.adapters.allocator import keep_freed_memory
if sys.argv[1] == "advised":
    keep_freed_memory()
for _ in range(200):
    pieces = [bytearray(350_000) for _ in range(8)]
    del pieces
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_glibc_takes_the_advice_and_faults_less() -> None:
    assert keep_freed_memory() is True
    faults = {
        word: int(subprocess.run([sys.executable, "-c", WORK, word], capture_output=True, check=True).stdout)
        for word in ("advised", "plain")
    }
    assert faults["advised"] <= faults["plain"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt > 0
