"""What we believe, `@sigstore/verify` believes: every kind of bundle, the unusual ones, and mutants we let through."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import trustworld as w
from assay.formats import trustroot
from bundlekinds import KINDS, TRAPS
from bundlemutants import mutants
from jstools import js_client
from support import ROOT

pytestmark = pytest.mark.interop
UNSUPPORTED = {
    "'messageDigest')": "invalid bundle",  # it asks for a digest that the format leaves optional
    "certificate timestamp by an unknown log": "SCT verification failed",  # it wants every one to be of a listed log
    "a timestamp by somebody else beside": "timestamp could not be verified",  # likewise
}
"""Part of a case's name, and what `@sigstore/verify` 4.1.3 says that it cannot do."""


def cases() -> dict[str, bytes]:
    found = {}
    for name, (made, listed) in KINDS.items():
        found[name] = made.data()
        for path, what, data in mutants(made.data()):
            if what in listed.get(path, ()):
                found[f"{name}: {path} {what}"] = data
    for name, make in TRAPS.items():
        made = make()
        found[name] = made if isinstance(made, bytes) else made.data()
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the oracle says of each: empty, or why it refuses."""
    node, client = js_client()
    script = Path(client).with_name("oracle.mjs")
    shutil.copy(ROOT / "tests/interop/js/oracle.mjs", script)
    place = tmp_path_factory.mktemp("js")
    rows = []
    for name, data in CASES.items():
        by_key = b'"hint"' in data
        proven = w.check(data, w.BY_KEY if by_key else w.BY_IDENTITY)
        row = {"name": name, "bundle": data.decode(), "times": min(len(proven.times), 1)}
        if not by_key:
            row |= {"identity": f"^{re.escape(w.IDENTITY.identity)}$", "issuer": w.IDENTITY.issuer}
        rows.append(row)
    (place / "root.json").write_bytes(trustroot.write(w.roots()))
    (place / "cases.json").write_text(json.dumps(rows))
    (place / "artifact").write_bytes(w.ARTIFACT)
    (place / "key.pub").write_text(w.pem(w.MANAGED.public_key(), "PUBLIC KEY"))
    words = [node, str(script), "root.json", "cases.json", "artifact", "key.pub"]
    done = subprocess.run(words, cwd=place, capture_output=True, check=True, timeout=120)
    return {row["name"]: row["why"] for row in map(json.loads, done.stdout.splitlines())}


CASES = cases()


@pytest.mark.parametrize("case", CASES)
def test_what_we_believe_the_oracle_believes(answers, case):
    reason = next((why for part, why in UNSUPPORTED.items() if part in case), "")
    if not reason:
        assert answers[case] == ""
    else:
        assert reason in answers[case]
