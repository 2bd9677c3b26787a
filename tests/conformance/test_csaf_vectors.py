"""The mandatory tests of CSAF 2.0 on the documents of its technical committee: failing ones are named, valid ones pass."""

import json
from typing import Any

import pytest

from assay.formats import csaf_rules, csaf_schema, csaf_vex_read, vex
from assay.formats.vex_flaws import examine
from assay.model.errors import MalformedError
from support import SHARED, needs_shared, shared

pytestmark = needs_shared


def _cases(kind: str) -> list[Any]:
    if SHARED is None:
        return []
    table = json.loads((SHARED / "vectors" / "csaf" / "testcases.json").read_text())["tests"]
    rows = [(row["id"], file["name"].rpartition("/")[2]) for row in table for file in row.get(kind, ())]
    return [pytest.param(test, name, id=f"{test} {name[-16:-5]}") for test, name in rows]


def _failed(name: str) -> set[str]:
    data = shared("vectors", "csaf", "mandatory", name).read_bytes()
    return {problem.test for problem in csaf_rules.check(csaf_schema.load(json.loads(data), where=name))}


@pytest.mark.parametrize(("test", "name"), _cases("failures"))
def test_failing_document_is_named(test: str, name: str) -> None:
    assert test in _failed(name)
    data = shared("vectors", "csaf", "mandatory", name).read_bytes()
    assert test in {code for _, code, _ in examine(data, name).problems}
    if test in csaf_vex_read.DECIDING:
        with pytest.raises(MalformedError, match="mandatory test"):
            vex.read(data, name)


@pytest.mark.parametrize(("test", "name"), _cases("valid"))
def test_valid_document_passes_every_test(test: str, name: str) -> None:
    assert _failed(name) == set()
    data = shared("vectors", "csaf", "mandatory", name).read_bytes()
    has_vex = b'"product_status"' in data
    try:
        assert bool(vex.read(data, name)) == has_vex
    except MalformedError as error:
        assert not has_vex, error  # noqa: PT017 - a document without VEX is the only one refused


def test_every_mandatory_test_has_a_rule() -> None:
    table = json.loads(shared("vectors", "csaf", "testcases.json").read_text())["tests"]
    assert [row["id"] for row in table] == list(csaf_rules.RULES)
