"""Our own JSON: it reads back, its schema describes it, damaged ones are refused with the place."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from assay.formats import report as report_json
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.inventory import Inventory
from inventories import inventories
from reports import report, sample


def test_reads_back_whole() -> None:
    data = report_json.write(sample())
    assert report_json.read(data, "x") == sample()
    assert report_json.write(report_json.read(data, "x")) == data


@settings(max_examples=60, deadline=None)
@given(inventories())
def test_any_inventory_reads_back(inventory: Inventory) -> None:
    fields = ("subject", "distro", "components", "relations", "gaps", "layers", "created", "properties")
    value = msgspec.structs.replace(report(), **{name: getattr(inventory, name) for name in fields})
    assert report_json.read(report_json.write(value), "x") == value


def test_the_schema_holds() -> None:
    schema = report_json.schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for value in (sample(), report()):
        assert [e.message for e in validator.iter_errors(json.loads(report_json.write(value)))] == []
    broken = json.loads(report_json.write(sample()))
    broken["subject"]["digest"] = "md5:1"
    del broken["findings"][0]["status"]
    assert len(list(validator.iter_errors(broken))) == 2


def test_it_is_as_the_issue_names_it() -> None:
    document = json.loads(report_json.write(sample()))
    assert {"subject", "components", "findings", "gaps", "sources", "verdict"} <= document.keys()
    assert document["subject"]["digest"] == "sha256:" + "11" * 32
    assert document["layers"][0]["diff_id"] == "sha256:" + "33" * 32
    assert list(document) == sorted(document)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"schema": None}, "$.schema"),
        ({"subject": None}, "$.subject"),
        ({"subject": {"name": "x", "digest": "sha256:1"}}, "$.subject.digest"),
        ({"subject": {"name": "x", "digest": 1}}, "$.subject.digest"),
        ({"layers": [{"index": 0, "diff_id": "no"}]}, "$.layers[0].diff_id"),
        ({"layers": [1]}, "$.layers[0]"),
        ({"findings": [{}]}, "$.findings[0]"),
        ({"verdict": {"subject": {"name": "x", "index": "no"}}}, "$.verdict.subject.index"),
    ],
)
def test_damaged_reports_are_refused(change: dict[str, Any], place: str) -> None:
    document = json.loads(report_json.write(sample())) | change
    with pytest.raises(MalformedError) as caught:
        report_json.read(json.dumps(document).encode(), "x")
    assert place in caught.value.where


def test_other_versions_are_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        report_json.read(b'{"schema": "urn:assay:schema:report:2"}', "x")
    for data in (b"[]", b"{}", b"", b'{"schema": 1}'):
        with pytest.raises(AssayError):
            report_json.read(data, "x")
