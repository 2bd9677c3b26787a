"""Our base scores against those that publishers of CVE records computed with their own calculators."""

import gzip
import json

import pytest

from assay.formats.cvss import score
from support import shared

# A publisher may print the score with its temporal, threat or environmental metrics; only bare vectors are compared.
_OTHERS = ("/E:", "/RL:", "/RC:", "/CR:", "/IR:", "/AR:", "/MAV:", "/MAC:", "/MVC:")
# Publishers' slips: the printed score belongs to another vector of the record (share of the compared, in percent).
_SLIPS_PERCENT = {"2.0": 0.0, "3.0": 0.1, "3.1": 0.5, "4.0": 0.5}


@pytest.fixture(scope="module")
def published():
    found = {version: [] for version in _SLIPS_PERCENT}
    with gzip.open(shared("data", "advisories", "cve-meta.jsonl.gz")) as file:
        for line in file:
            for item in json.loads(line).get("cvss", ()):
                if not any(mark in item["vector"] for mark in _OTHERS):
                    found[item["version"]].append((item["vector"], item["score"]))
    return found


@pytest.mark.parametrize("version", sorted(_SLIPS_PERCENT))
def test_scores_agree(version, published):
    pairs = published[version]
    wrong = [(vector, value) for vector, value in pairs if score(vector, source="").score != value]
    print(f"CVSS {version}: {len(pairs) - len(wrong)} of {len(pairs)} agree")
    assert len(pairs) > 1_000
    assert len(wrong) <= len(pairs) * _SLIPS_PERCENT[version] / 100, wrong[:10]
