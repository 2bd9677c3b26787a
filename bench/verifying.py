"""How long it takes to verify one Sigstore bundle: whole processes, and in process, against sigstore-python and cosign.

The bundle is a public one of the shared vectors (certificate, Rekor v1); in process also one of Rekor v2 with a
timestamp. Without the vectors there is nothing to verify, and the rows are left out.
"""

import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from assay.formats import trustroot
from assay.model.digest import Digest
from assay.trust.expect import Expected, Identity
from assay.trust.verify import verify_artifact
from images import SHARED
from measure import Contender, Row, missing

VECTORS = SHARED / "vectors" / "sigstore"
CASES = {"Rekor v1": "happy-path-v0.3-new-mediaType", "Rekor v2, timestamp": "rekor2-happy-path"}
ROUNDS = 60


def _case(name: str) -> dict[str, str]:
    cases = json.loads((VECTORS / "cases.json").read_bytes())
    return next(case for case in cases if case["case"] == name)


def processes() -> dict[str, Contender]:
    """Cold processes that verify the same bundle by the same identity."""
    if not VECTORS.is_dir():
        return {}
    case = _case(CASES["Rekor v1"])
    identity, issuer = case["certificate_identity"], case["certificate_oidc_issuer"]
    bundle, artifact = str(VECTORS / case["bundle"]), str(VECTORS / case["artifact"])
    root = ["--trusted-root", str(VECTORS / case["trusted_root"])]
    whose = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    argv = {"assay verify-bundle": [sys.executable, "-m", "assay", "verify-bundle", "--bundle", bundle, *whose, *root]}
    if find_spec("sigstore") is not None:
        short = ["--cert-identity", identity, "--cert-oidc-issuer", issuer]
        argv["sigstore-python verify"] = [
            sys.executable, "-m", "sigstore", "verify", "identity", "--offline", "--bundle", bundle, *short,
        ]  # fmt: skip
    if cosign := os.environ.get("ASSAY_COSIGN") or shutil.which("cosign"):
        argv["cosign verify-blob"] = [cosign, "verify-blob", "--bundle", bundle, *whose, *root]
    return {label: (lambda: None, [*words, artifact], {}) for label, words in argv.items()}


def in_process() -> dict[str, dict[str, float]]:
    """Median milliseconds by kind of bundle and library, the trusted root read before, contenders in turn."""
    return {kind: _timed(VECTORS, _case(name)) for kind, name in CASES.items()} if VECTORS.is_dir() else {}


def _timed(folder: Path, case: dict[str, str]) -> dict[str, float]:
    verifiers = {"assay": _ours(folder, case)}
    if find_spec("sigstore") is not None:
        verifiers["sigstore-python"] = _theirs(folder, case)
    spent: dict[str, list[float]] = {label: [] for label in verifiers}
    for _ in range(ROUNDS):
        for label, verify in verifiers.items():
            begun = time.perf_counter()
            verify()
            spent[label].append((time.perf_counter() - begun) * 1000)
    return {label: statistics.median(times) for label, times in spent.items()}


def _ours(folder: Path, case: dict[str, str]) -> Callable[[], object]:
    roots = trustroot.read((folder / case["trusted_root"]).read_bytes(), where="trusted root")
    whose = Identity(identity=case["certificate_identity"], issuer=case["certificate_oidc_issuer"])
    expected = Expected(identities=(whose,))
    data, target = (folder / case["bundle"]).read_bytes(), Digest.of((folder / case["artifact"]).read_bytes())
    return lambda: verify_artifact(data, target, roots, expected, "2026-01-01T00:00:00Z", name="bundle")


def _theirs(folder: Path, case: dict[str, str]) -> Callable[[], object]:
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier, policy

    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(folder / case["trusted_root"])))
    whose = policy.Identity(identity=case["certificate_identity"], issuer=case["certificate_oidc_issuer"])
    data, artifact = (folder / case["bundle"]).read_bytes(), (folder / case["artifact"]).read_bytes()
    return lambda: verifier.verify_artifact(artifact, Bundle.from_json(data), whose)


def rows(medians: dict[str, float], within: dict[str, dict[str, float]]) -> list[Row]:
    """Seconds of wall clock by process, milliseconds in process.

    Args:
        medians: wall clock of each contender of `processes`.
        within: of `in_process`.
    """
    ours, theirs = medians.get("assay verify-bundle"), medians.get("sigstore-python verify")
    none = "the shared vectors are not here" if ours is None else "sigstore-python is not installed"
    cold = "verify a bundle, cold process: wall"
    found = [
        missing(f"{cold}, s", 0.3, none) if ours is None else Row(f"{cold}, s", ours, 0.3),
        missing(f"{cold} / sigstore-python", 0.5, none)
        if ours is None or theirs is None
        else Row(f"{cold} / sigstore-python", ours / theirs, 0.5),
    ]
    for kind in CASES:
        times, what = within.get(kind, {}), f"verify a bundle in process, {kind}"
        mine, other = times.get("assay"), times.get("sigstore-python")
        found += [
            missing(f"{what}: ms", 8, none) if mine is None else Row(f"{what}: ms", mine, 8),
            missing(f"{what}: time / sigstore-python", 2, none)
            if mine is None or other is None
            else Row(f"{what}: time / sigstore-python", mine / other, 2),
        ]
    return found
