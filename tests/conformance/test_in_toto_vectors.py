"""Statements out of the in-toto specification parse into the model and come back equal."""

import json
from pathlib import Path

import pytest

from assay.formats import intoto
from support import SHARED, needs_shared

FILES = sorted((SHARED / "vectors/in-toto").glob("*.json")) if SHARED else []
STATEMENTS = [f for f in FILES if "_type" in json.loads(f.read_text())]
pytestmark = needs_shared


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda p: p.stem)
def test_statement(path: Path):
    document = json.loads(path.read_text())
    read = intoto.read(path.read_bytes(), where=path.name)
    assert read.payload == path.read_bytes()
    written = intoto.statement(read.subject, read.predicate_type, read.predicate)
    assert json.loads(written.payload) == {**document, "_type": intoto.STATEMENT_V1}
    assert intoto.read(written.payload, where="again") == written


def test_there_are_statements_among_the_vectors():
    assert len(STATEMENTS) >= 5
