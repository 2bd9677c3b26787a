"""Hostile SBOMs and VEX documents: every one is a value or one named error, soon."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import cyclonedx, openvex, report, sbom, spdx
from assay.model.errors import AssayError, MalformedError
from inventories import TIME, TOOL, full

DEEP = 10_000
READERS: dict[str, Callable[[bytes], Any]] = {
    "sbom": lambda data: sbom.read(data, "x"),
    "cyclonedx": lambda data: cyclonedx.read(data, "x"),
    "spdx": lambda data: spdx.read(data, "x"),
    "openvex": lambda data: openvex.read(data, "x"),
    "report": lambda data: report.read(data, "x"),
}

HEAD = b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": '
BAD = {
    "duplicate names": b'{"bomFormat": "CycloneDX", "bomFormat": "SPDX"}',
    "duplicate names deep": HEAD + b'[{"type": "library", "name": "a", "name": "b"}]}',
    "deep arrays": HEAD + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep and unclosed": b"[" * DEEP,
    "NaN": HEAD + b"NaN}",
    "Infinity": HEAD + b"[-Infinity]}",
    "byte-order mark": b"\xef\xbb\xbf" + HEAD + b"[]}",
    "UTF-16": (HEAD + b"[]}").decode().encode("utf-16"),
    "Latin-1": HEAD + b'[{"type": "library", "name": "caf\xe9"}]}',
    "cut short": HEAD + b'[{"type": "lib',
    "trailing garbage": HEAD + b"[]} {}",
    "surrogate as a name": HEAD + b'[{"type": "library", "name": "a", "\\ud800": 1}]}',
    "surrogate as a type": HEAD + b'[{"type": "\\ud800", "name": "a"}]}',
    "number for text": HEAD + b'[{"type": "library", "name": 1}]}',
    "null for a list": HEAD + b"null}",
    "a number of a million digits": b"1" * 1_000_000,
    "empty": b"",
    "zeros": b"\0" * 1000,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_refused_with_one_error(reader: str, data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(MalformedError) as caught:
        READERS[reader](data)
    assert caught.value.where.startswith("x")
    assert caught.value.why
    assert caught.value.remedy
    assert len(caught.value.line()) < 1_000
    assert caught.value.line().isprintable()
    assert time.process_time() - started < 2


def test_a_megabyte_of_name_is_a_value() -> None:
    name = "n" * 1_000_000 + "\\" * 1_000_000
    item = {"type": "library", "name": name, "version": "1", "purl": "pkg:generic/" + "a/" * 100_000 + "b@1"}
    inventory = sbom.read(HEAD + json.dumps([item]).encode() + b"}", "x")
    assert inventory.components[0].name == name
    for form in (cyclonedx, spdx):
        assert form.read(form.write(inventory, tool=TOOL, timestamp=TIME), "y") == inventory
    assert all(len(gap.reason) < 1_000 for gap in inventory.gaps)


def test_terminal_escapes_do_not_leave_as_bytes() -> None:
    for form in (cyclonedx, spdx):
        data = form.write(full(), tool=TOOL, timestamp=TIME)
        text = data.decode("utf-8")
        assert not any(c != "\n" and not c.isprintable() for c in text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("assay:format", "2"),
        ("assay:format", "1"),
        ("assay:new", "x"),
        ("assay:layer", "[" * DEEP),
        ("assay:layer", '{"index": "a"}'),
        ("assay:layer", '{"index": 1, "diff_id": "sha256:zz"}'),
        ("assay:layer", '{"index": 1, "diff_id": 5}'),
        ("assay:gap", '{"kind": "none", "path": "", "layer": null, "reason": ""}'),
        ("assay:relation", "[1]"),
        ("assay:relation", '["a", "likes", "b"]'),
        ("assay:subject:index", "sha256:1"),
    ],
)
def test_damaged_facts_of_ours_are_refused(name: str, value: str) -> None:
    document = json.loads(cyclonedx.write(full(), tool=TOOL, timestamp=TIME))
    document["metadata"]["properties"].append({"name": name, "value": value})
    with pytest.raises(AssayError) as caught:
        sbom.read(json.dumps(document).encode(), "x")
    assert caught.value.remedy
    document = json.loads(spdx.write(full(), tool=TOOL, timestamp=TIME))
    note = document["annotations"][0]
    facts = [*json.loads(note["comment"].removeprefix("assay:facts:1 ")), [name, value]]
    note["comment"] = "assay:facts:1 " + json.dumps(facts)
    with pytest.raises(AssayError) as caught:
        sbom.read(json.dumps(document).encode(), "x")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("assay:introduced", "-1"),
        ("assay:introduced", "1e3"),
        ("assay:introduced", "9" * 5_000),
        ("assay:key:x", ""),
        ("assay:occurrence", "{}"),
        ("assay:occurrence", '["p", null, "k", "sure"]'),
    ],
)
def test_damaged_facts_of_a_component_are_refused(name: str, value: str) -> None:
    document = json.loads(cyclonedx.write(full(), tool=TOOL, timestamp=TIME))
    component = document["components"][1]
    component["properties"] = [{"name": name, "value": value}]
    with pytest.raises(MalformedError) as caught:
        sbom.read(json.dumps(document).encode(), "x")
    assert "$.components[1]" in caught.value.where


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_one_changed_byte_never_gives_a_traceback(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([cyclonedx, spdx]))
    document = bytearray(form.write(full(), tool=TOOL, timestamp=TIME))
    for _ in range(data.draw(st.integers(1, 3))):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    with suppress(AssayError):
        sbom.read(bytes(document), "x")
