"""The specification's own examples: whole documents are read and written back, fragments are refused."""

import json

import pytest
from jsonschema import Draft202012Validator

from assay.formats import openvex
from assay.model.errors import MalformedError
from support import needs_shared, shared

pytestmark = needs_shared

DOCUMENTS = ("OPENVEX-SPEC__1", "OPENVEX-SPEC__2", "README__1")
FRAGMENTS = ("ATTESTING__1", "ATTESTING__2")
"""An in-toto statement and a single VEX statement: no OpenVEX documents, and not to be read as ones."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_read_and_written_back(name: str) -> None:
    data = shared("vectors", "openvex", "examples", f"{name}.json").read_bytes()
    source = json.loads(data)
    statements = openvex.read(data, name)
    assert [s.vulnerability for s in statements] == [s["vulnerability"]["name"] for s in source["statements"]]
    assert [s.status for s in statements] == [s["status"] for s in source["statements"]]
    assert [[p.identifiers[0] for p in s.products] for s in statements] == [
        [p["@id"] for p in s["products"]] for s in source["statements"]
    ]
    assert {s.author for s in statements} == {source["author"]}
    assert {s.timestamp for s in statements} == {"2023-01-09T00:02:03Z"}
    again = openvex.write_statements(statements, author=source["author"], timestamp=source["timestamp"])
    schema = json.loads(shared("vectors", "openvex", "openvex_json_schema.json").read_text())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [e.message for e in validator.iter_errors(json.loads(again))] == []
    read = openvex.read(again, name)
    assert [(s.vulnerability, s.status, s.products, s.timestamp, s.author) for s in read] == [
        (s.vulnerability, s.status, s.products, s.timestamp, s.author) for s in statements
    ]


@pytest.mark.parametrize("name", FRAGMENTS)
def test_fragment_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        openvex.read(shared("vectors", "openvex", "examples", f"{name}.json").read_bytes(), name)
