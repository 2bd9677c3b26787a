"""Only `trust/verify.py` turns a claim into evidence: read from the source, not from good intentions.

`trust/observed.py` makes evidence of what the process itself has seen, and can vouch for nobody else.
"""

import ast
from pathlib import Path

from support import ROOT

SOURCE = ROOT / "src" / "assay"
ALLOWED = SOURCE / "trust" / "verify.py"
OBSERVED = SOURCE / "trust" / "observed.py"


def makers(path: Path) -> list[int]:
    """Lines that call `Evidence(...)` under any name the module gave it, or decode bytes straight into it."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {"Evidence"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {a.asname for a in node.names if a.name == "Evidence" and a.asname}
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        text = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        handed = [a for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Name)]
        decodes = text in {"convert", "decode", "Decoder", "replace"} and any(a.id in names for a in handed)
        if text in names or decodes:
            lines.append(node.lineno)
    return lines


def test_only_the_verifier_makes_evidence():
    found = {str(path.relative_to(SOURCE)): lines for path in sorted(SOURCE.rglob("*.py")) if (lines := makers(path))}
    assert set(found) == {str(path.relative_to(SOURCE)) for path in (ALLOWED, OBSERVED)}
    assert len(found[str(OBSERVED.relative_to(SOURCE))]) == 1


def test_what_the_process_saw_is_vouched_for_by_itself_alone():
    tree = ast.parse(OBSERVED.read_text("utf-8"))
    signers = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "Signer"]
    assert len(signers) == 1
    kind = next(k.value for k in signers[0].keywords if k.arg == "kind")
    assert isinstance(kind, ast.Constant)
    assert kind.value == "self"


def test_the_reader_of_this_test_sees_what_it_should(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text("from a import Evidence as E\nimport m\nE(x=1)\nm.Evidence()\nm.convert({}, E)\nm.other()\n")
    assert makers(sample) == [3, 4, 5]
