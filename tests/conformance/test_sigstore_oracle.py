"""What we believe, sigstore-python believes: on every kind of bundle, the unusual ones, and mutants we let through."""

from pathlib import Path

import pytest

import trustworld as w
from assay.formats import trustroot
from bundlekinds import KINDS, TRAPS
from bundlemutants import mutants

pytest.importorskip("sigstore", reason="sigstore-python is not installed")
UNSUPPORTED = {
    "intoto": "Integrated time only supported|Unsupported DSSE log entry type|Input should be a valid array",
    "statement logged as hashedrekord 0.0.1": "Unsupported DSSE log entry type",
    "certificate timestamp by an unknown log": "Expected one certificate timestamp",
    "alone in its tree": "logIndex",  # it takes an absent index, which means 0, for a missing one
    "first leaf": "logIndex",
    "'logIndex') null": "logIndex",
    "'logIndex') removed": "logIndex",
}
"""Part of a case's name, and what sigstore-python 4.5.1 says that it cannot do."""


def cases() -> dict[str, bytes]:
    """By name: what we believe by certificate."""
    found = {}
    for name, (made, listed) in KINDS.items():
        if made.certificate is None:
            continue  # it does not read key bundles
        found[name] = made.data()
        for path, what, data in mutants(made.data()):
            if what in listed.get(path, ()):
                found[f"{name}: {path} {what}"] = data
    for name, make in TRAPS.items():
        made = make()
        found[name] = made if isinstance(made, bytes) else made.data()
    return found


CASES = cases()


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier, policy

    path: Path = tmp_path_factory.mktemp("oracle") / "trusted_root.json"
    path.write_bytes(trustroot.write(w.roots()))
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(path)))
    whose = policy.Identity(identity=w.IDENTITY.identity, issuer=w.IDENTITY.issuer)

    def verify(data: bytes) -> None:
        bundle = Bundle.from_json(data)
        if b'"dsseEnvelope"' in data:
            verifier.verify_dsse(bundle, whose)
        else:
            verifier.verify_artifact(w.ARTIFACT, bundle, whose)

    return verify


@pytest.mark.parametrize("case", CASES)
def test_what_we_believe_the_oracle_believes(ask, case):
    from sigstore.errors import Error

    assert w.check(CASES[case]).times
    why = next((reason for part, reason in UNSUPPORTED.items() if part in case), None)
    if why is None:
        ask(CASES[case])
        return
    with pytest.raises(Error, match=why):
        ask(CASES[case])
