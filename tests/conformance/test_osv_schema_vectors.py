"""The OSV schema's own words against our reader: what validates is read, every id prefix and event form included."""

import gzip
import json

import pytest
from jsonschema import Draft202012Validator

from assay.formats import osv
from assay.model.errors import MalformedError
from support import shared

# The schema lets these pass; we refuse them, because the schema's text asks for more than its rules can say.
STRICTER = {
    "event-empty-introduced": "an empty version names no version",
    "package-without-name": "an empty name names no package",
}
LENIENT = {"versions-null": "null says nothing, as it does for aliases, where the schema allows it"}
LOCAL_PREFIXES = ("PKB-", "NSWG-ECO-", "RETIREJS-", "RUBYSEC-", "FOP-")
"""Records of feeds that are not on the schema's list of id prefixes."""


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(shared("vectors", "osv-schema", "osv-schema.json").read_text()))


def _affected(*events, kind="SEMVER", **more):
    package = {"ecosystem": "npm", "name": "p"}
    return {"affected": [{"package": package, "ranges": [{"type": kind, "events": list(events)}]} | more]}


CASES = {
    "smallest": {},
    "withdrawn": {"withdrawn": "2026-01-01T00:00:00Z"},
    "fraction": {"published": "2026-01-01T00:00:00.123456Z"},
    "no-zone": {"published": "2026-01-01T00:00:00"},
    "offset": {"published": "2026-01-01T00:00:00+02:00"},
    "aliases-text": {"aliases": "CVE-2024-1"},
    "aliases-null": {"aliases": None},
    "upstream": {"upstream": ["CVE-2024-1"]},
    "open": _affected({"introduced": "0"}),
    "fixed": _affected({"introduced": "0"}, {"fixed": "1.0.0"}),
    "last": _affected({"introduced": "1.0.0"}, {"last_affected": "1.0.0"}),
    "limit": _affected({"introduced": "1.0.0"}, {"limit": "2.0.0"}),
    "fixed-only": _affected({"fixed": "1.0.0"}),
    "no-events": _affected(),
    "two-in-one-event": _affected({"introduced": "0", "fixed": "1"}),
    "unknown-event": _affected({"introduced": "0"}, {"patched": "1"}),
    "event-empty-introduced": _affected({"introduced": ""}),
    "number-version": _affected({"introduced": 0}),
    "versions-null": _affected({"introduced": "0"}, versions=None),
    "versions-number": _affected({"introduced": "0"}, versions=[1]),
    "package-without-name": {"affected": [{"package": {"ecosystem": "npm", "name": ""}}]},
    "package-missing-ecosystem": {"affected": [{"package": {"name": "p"}}]},
    "severity-v4": {"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}]},
    "references": {"references": [{"type": "WEB", "url": "https://example.org"}]},
    "reference-without-url": {"references": [{"type": "WEB"}]},
    "database-specific": {"database_specific": {"anything": [1, {"x": None}]}},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_the_schema_accepts_is_read_and_what_it_refuses_is_refused(name, validator):
    record = {"id": "GHSA-2222-3333-4444", "modified": "2026-01-01T00:00:00Z", "schema_version": "1.7.3"} | CASES[name]
    valid = validator.is_valid(record)
    try:
        osv.parse(json.dumps(record).encode(), feed="t")
        read = True
    except MalformedError:
        read = False
    assert read == ((valid and name not in STRICTER) or name in LENIENT)


@pytest.mark.parametrize(
    "feed", ["pypi", "go", "crates.io", "almalinux", "debian-12", "maven-projectkb", "npm", "bitnami"]
)
def test_real_records_validate_and_are_read(feed, validator):
    with gzip.open(shared("data", "advisories", f"{feed}.jsonl.gz")) as file:
        lines = [line for line, _ in zip(file, range(15), strict=False)]
    for line in lines:
        record = json.loads(line)
        errors = [error for error in validator.iter_errors(record) if list(error.path) != ["id"]]
        assert not errors or not record["id"].startswith(LOCAL_PREFIXES), errors
        assert not errors, errors
        assert osv.parse(line, feed=feed).id == record["id"]
