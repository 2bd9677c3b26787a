"""Large statements: the memory a verification takes is bounded by the largest of them, not by how many there are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.flows.attest import sign_and_attach
from assay.flows.signing import KeyMaker
from assay.formats import predicates
from fakes.layouts import demo_layers, layout
from signing import NOW, P256, claim

VERIFY = """
import sys
from pathlib import Path
from assay.adapters.layout_store import LayoutStore
from assay.flows.verify import collect
from assay.trust import keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
store = LayoutStore(Path(sys.argv[1]))
key = keyring.key(Path(sys.argv[2]).read_bytes(), name="key")
subject = store.describe().digest
done = collect(store, subject, None, Expected(keys=Keyring((key,))), "2026-11-02T03:04:05Z", whole=False)
assert {row.outcome for row in done.rows} == {"verified"}
status = Path("/proc/self/status").read_text()  # rusage would count the tester's own size before exec
print(len(done.rows), int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""
SIZE = 2_000_000


class FixedClock:
    def now(self) -> str:
        return NOW


def sbom(serial: int) -> dict[str, object]:
    parts = [
        {
            "type": "library",
            "name": f"package-{i}",
            "version": f"{serial}.{i}",
            "purl": f"pkg:npm/package-{i}@{serial}.{i}",
        }
        for i in range(SIZE // 110)
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": serial, "components": parts}


pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read memory from")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("big")
    (made / "key.pub").write_bytes(P256.public_key())
    for name, count in (("none", 0), ("one", 1), ("three", 3)):
        layout(made / name, demo_layers())
        store = LayoutStore(made / name)
        subject = store.describe()
        assert subject.digest is not None
        for serial in range(count):
            made_now = [claim(subject.digest, sbom(serial), predicates.CYCLONEDX)]
            sign_and_attach(store, subject, made_now, KeyMaker(P256, FixedClock()), FixedClock(), force=True)
        small = [claim(subject.digest)]
        sign_and_attach(store, subject, small, KeyMaker(P256, FixedClock()), FixedClock())
    return made


def peak(folder: Path, name: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", VERIFY, str(folder / name), str(folder / "key.pub")],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    count, size = done.stdout.split()
    assert int(count) == {"none": 1, "one": 2, "three": 4}[name]
    return int(size)


def test_three_take_no_more_than_one(folder: Path) -> None:
    size = len(json.dumps(sbom(0)))
    nothing, one, three = (peak(folder, name) for name in ("none", "one", "three"))
    assert one - nothing < 7 * size, f"{(one - nothing) / size:.1f} times its size"
    assert three - one < 4 * size, f"two more take {(three - one) / size:.1f} times the size of one"
