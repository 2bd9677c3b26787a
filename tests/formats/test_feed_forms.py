"""KEV, EPSS, CVE metadata, lifecycles, lists of distributions."""

import json

import pytest

from assay.formats.feeds import cvemeta, distro, eol, epss, kev
from assay.model.errors import MalformedError
from assay.model.lifecycle import Product, Release


def test_kev_entries_and_the_bad_one():
    document = {
        "dateReleased": "2026-01-01T09:00:00Z",
        "vulnerabilities": [
            {"cveID": "CVE-2024-1234", "dateAdded": "2025-01-01", "dueDate": "2025-02-01", "knownRansomwareCampaignUse": "Known"},
            {"cveID": "CVE-2024-9", "dateAdded": "2025-01-01"},
            {"cveID": "CVE-2024-4321", "dateAdded": "soon"},
            {"cveID": "CVE-2008-0015", "product": "no dates"},
        ],
    }  # fmt: skip
    date, entries = kev.parse(json.dumps(document).encode(), where="kev.json")
    good, short, late, bare = entries
    assert date == "2026-01-01"
    assert good[0] == "CVE-2024-1234"
    assert good[1].ransomware == "Known"
    assert isinstance(short, MalformedError)
    assert isinstance(late, MalformedError)
    assert bare[1].date_added == ""


@pytest.mark.parametrize("odd", [5, None, [], {"cveID": []}, {"cveID": "CVE-2024-1234", "dateAdded": None}])
def test_an_entry_of_another_shape_costs_kev_that_entry_alone(odd):
    document = {"vulnerabilities": [odd, {"cveID": "CVE-2008-0015"}]}
    first, second = kev.parse(json.dumps(document).encode(), where="kev.json")[1]
    assert isinstance(first, MalformedError)
    assert second[0] == "CVE-2008-0015"


def test_epss_rows_carry_date_and_model():
    lines = [
        b"#model_version:v2025.03.14,score_date:2026-08-16T00:00:00Z", b"cve,epss,percentile",
        b"CVE-2024-1234,0.5,1.0\r\n", b"CVE-2024-1,0.5,0.5", b"CVE-2024-1235,1.5,0.5", b"\xff\xfe",
    ]  # fmt: skip
    first, *rest = epss.parse(lines, where="epss.csv")
    assert first[0] == "CVE-2024-1234"
    assert (first[1].score, first[1].percentile, first[1].date, first[1].model) == (
        0.5,
        1.0,
        "2026-08-16",
        "v2025.03.14",
    )
    assert [isinstance(item, MalformedError) for item in rest] == [True, True, True]
    assert "line 4" in rest[0].where


def test_cve_metadata():
    record = {
        "id": "CVE-2024-1234", "state": "PUBLISHED", "description": "Long\ntext", "modified": "2024-05-05T00:00:00Z",
        "cvss": [{"version": "3.1", "score": 9.8, "severity": "CRITICAL", "vector": "CVSS:3.1/x", "source": "cna"}],
        "ssvc": {"exploitation": "Active", "automatable": "yes", "technical_impact": "Total"},
    }  # fmt: skip
    found = cvemeta.parse(json.dumps(record).encode(), where="f")
    assert (found.summary, found.date, found.scores[0].severity) == ("Long text", "2024-05-05", "critical")
    assert (found.ssvc.exploitation, found.ssvc.technical_impact) == ("active", "total")


@pytest.mark.parametrize(
    "more",
    [{"id": "CVE-1"}, {"cvss": [{"version": "3.1", "score": 11}]}, {"cvss": [{"version": "9", "score": 1}]}, {"id": 5}],
)
def test_bad_cve_metadata(more):
    with pytest.raises(MalformedError):
        cvemeta.parse(json.dumps({"id": "CVE-2024-1234"} | more).encode(), where="f")


def test_lifecycles_in_both_forms_say_the_same():
    own = {
        "debian": {
            "title": "Debian", "category": "os", "identifiers": [{"purl": "pkg:deb/debian/x"}, {"repology": "debian_12"}],
            "releases": [{"releaseCycle": "12", "codename": "Bookworm", "eol": "2026-06-10", "eoes": False, "releaseDate": "2023-06-10", "latest": "12.9", "latestReleaseDate": "2025-01-11"}],
        },
    }  # fmt: skip
    served = {
        "schema_version": "1.2.0", "last_modified": "2026-08-22T00:00:00Z",
        "result": [{
            "name": "debian", "label": "Debian", "category": "os",
            "identifiers": [{"type": "purl", "id": "pkg:deb/debian/x"}, {"type": "repology", "id": "debian_12"}],
            "releases": [{"name": "12", "codename": "Bookworm", "isEol": False, "eolFrom": "2026-06-10", "eoesFrom": False, "releaseDate": "2023-06-10", "latest": {"name": "12.9", "date": "2025-01-11"}}],
        }],
    }  # fmt: skip
    expected = Product(
        name="debian", title="Debian", category="os", identifiers=("pkg:deb/debian/x", "repology:debian_12"),
        releases=(Release(cycle="12", codename="Bookworm", released="2023-06-10", ends="2026-06-10", extended_until="no", latest="12.9", latest_date="2025-01-11"),),
    )  # fmt: skip
    assert list(eol.parse(json.dumps(own).encode(), where="f")[1]) == [expected]
    date, products = eol.parse(json.dumps(served).encode(), where="f")
    assert (date, list(products)) == ("2026-08-22", [expected])


def test_a_bad_product_is_named():
    _, products = eol.parse(
        b'{"good":{"title":"G","releases":[]},"bad":{"releases":5},"Bad Name":{"title":"x","releases":[]}}', where="f"
    )
    kinds = [type(item) for item in products]
    assert kinds == [MalformedError, MalformedError, Product]


def test_lists_of_distributions():
    data = b'{"release":"bookworm","snapshot":"2026-11-22","sources":{"b":{"version":"1"},"a":{"version":"2"}}}'
    assert distro.coverage(data, where="f") == ("Debian:12", "2026-11-22", (("a", "2"), ("b", "1")))
    rows = distro.never_affected(b'{"v3.17":[{"id":"CVE-2024-1","package":"curl"}]}', where="f")
    assert rows == (("Alpine:v3.17", "curl", "CVE-2024-1"),)
    versionless = b'{"release":"bookworm","snapshot":"2026","sources":{"a":{"version":""}}}'
    for bad in (b"{}", b'{"release":"hamm","snapshot":"1998","sources":{}}', b"\xff", versionless):
        with pytest.raises(MalformedError):
            distro.coverage(bad, where="f")
    with pytest.raises(MalformedError):
        distro.never_affected(b'{"v3.17":[{"id":"no id","package":"curl"}]}', where="f")


@pytest.mark.parametrize("parse", [kev.parse, eol.parse, distro.coverage, distro.never_affected, cvemeta.parse])
@pytest.mark.parametrize("data", [b"", b"[1]", b"{" * 9_000, b'{"result":[[[[', b"\xff" * 50, b'"x"'])
def test_no_bytes_escape_the_one_error(parse, data):
    with pytest.raises(MalformedError):
        parse(data, where="f")


def test_small_epss_scores_are_written_with_an_exponent():
    lines = (
        b"CVE-2025-9970,7e-05,0.00428",
        b"CVE-2025-9971,1.5e-05,1e-05",
        b"CVE-2025-9972,7e05,0.1",
        b"CVE-2025-9973,e-5,0.1",
    )
    one, two, *bad = epss.parse(lines, where="t")
    assert [(one[1].score, two[1].score, two[1].percentile)] == [(7e-05, 1.5e-05, 1e-05)]
    assert [isinstance(item, MalformedError) for item in bad] == [True, True]
