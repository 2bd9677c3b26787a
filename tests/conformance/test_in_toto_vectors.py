"""What stands in the in-toto specification parses into the model and comes back equal: all 15 pieces, one test each."""

import json
from pathlib import Path

import pytest

from assay.formats import claims, dsse, intoto, predicate_values
from assay.model.errors import MalformedError
from assay.model.predicates import Custom
from assay.model.statement import ResourceDescriptor
from support import SHARED, needs_shared

FILES = sorted((SHARED / "vectors/in-toto").glob("*.json")) if SHARED else []
STATEMENTS = [f for f in FILES if "_type" in json.loads(f.read_text())]
DESCRIPTORS = [f for f in FILES if "resource_descriptor" in f.name]
ENVELOPES = [f for f in FILES if "payloadType" in json.loads(f.read_text())]
UNTYPED = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
pytestmark = needs_shared


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda p: p.stem)
def test_statement(path: Path):
    document = json.loads(path.read_text())
    read = intoto.read(path.read_bytes(), where=path.name)
    assert read.payload == path.read_bytes()
    written = intoto.statement(read.subject, read.predicate_type, read.predicate)
    assert json.loads(written.payload) == {**document, "_type": intoto.STATEMENT_V1}
    assert intoto.read(written.payload, where="again") == written


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda p: p.stem)
def test_predicate_as_a_typed_value(path: Path):
    read = intoto.read(path.read_bytes(), where=path.name)
    value = predicate_values.read(read, where=path.name)
    assert isinstance(value, Custom) == (read.predicate_type == UNTYPED)
    assert predicate_values.write(value) == json.loads(path.read_text())["predicate"]


@pytest.mark.parametrize("path", DESCRIPTORS, ids=lambda p: p.stem)
def test_resource_descriptor(path: Path):
    document = json.loads(path.read_text())
    assert claims.write(claims.read(document, ResourceDescriptor, where=path.name, what="a descriptor")) == document


@pytest.mark.parametrize("path", ENVELOPES, ids=lambda p: p.stem)
def test_envelope_in_form_only(path: Path):
    # The page writes placeholders where base64 belongs: the shape is right, and the content is refused by name.
    with pytest.raises(MalformedError, match="base64"):
        dsse.read(path.read_bytes(), where=path.name, limit=1 << 20)
    document = json.loads(path.read_text())
    document["payload"], document["signatures"][0]["sig"] = "e30=", "AA=="
    envelope = dsse.read(json.dumps(document).encode(), where=path.name, limit=1 << 20)
    assert json.loads(dsse.write(envelope)) == document


def test_every_piece_is_one_of_these():
    assert len(FILES) == 15
    assert len(STATEMENTS) + len(DESCRIPTORS) + len(ENVELOPES) == 15
