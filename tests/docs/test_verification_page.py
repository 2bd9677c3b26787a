"""The page about verification names every code a bundle can be refused with, and every outcome."""

import re
from typing import get_args

from assay.trust.examine import Result
from support import ROOT

PAGE = (ROOT / "docs/explanation/verification.md").read_text(encoding="utf-8")
ROOMS = (
    "material", "proof", "log", "entry", "verify", "certificate", "timestamps", "chain", "witness", "dsse",
)  # fmt: skip
CODE = re.compile(r'(?:\b_?(?:no|malformed|refuse)\(\s*|code=)"([A-Z]{3,}(?:_[A-Z]+)*)"')


def test_every_code_has_its_place():
    source = [(ROOT / "src/assay/trust" / f"{name}.py").read_text() for name in ROOMS]
    source.append((ROOT / "src/assay/formats/trustroot.py").read_text())
    codes = {code for text in source for code in CODE.findall(text)} | {"KEY_WINDOW", "KEY_REVOKED"}
    assert len(codes) > 35
    assert codes - set(re.findall(r"`([A-Z_]+)`", PAGE)) == set()


def test_every_outcome_has_its_word():
    assert set(get_args(Result)) <= set(re.findall(r"`([a-z-]+)`", PAGE))
