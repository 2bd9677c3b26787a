"""CPE matching: NVD's trees in three values, off unless asked for, weak and labelled."""

import gzip
import json

import pytest

from advisorydbs import built, opened
from assay.dependencies import cpe
from assay.dependencies.matching import match
from assay.formats import cpename
from assay.formats.feeds import nvd
from assay.model.cpe import CpeName
from assay.model.errors import MalformedError
from assay.model.inventory import Component, Distro

DEBIAN = Distro(id="debian", version_id="12", codename="bookworm")
APP = "cpe:2.3:a:nginx:nginx:*:*:*:*:*:*:*:*"


def _m(criteria: str = APP, vulnerable: bool = True, **bounds: str) -> dict[str, object]:
    return {"vulnerable": vulnerable, "criteria": criteria, "matchCriteriaId": "X"} | bounds


def _node(*matches: object, operator: str = "OR", negate: bool = False) -> dict[str, object]:
    return {"operator": operator, "negate": negate, "cpeMatch": list(matches)}


def _config(*nodes: object, **more: object) -> dict[str, object]:
    return {"nodes": list(nodes)} | more


def _cve(
    *configurations: object, identifier: str = "CVE-2024-1111", status: str = "Analyzed", **more: object
) -> dict[str, object]:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    return {"cve": {
        "id": identifier, "sourceIdentifier": "x@example", "published": "2024-01-01T00:00:00.000", "lastModified": "2024-02-02T00:00:00.000",
        "vulnStatus": status, "cveTags": [{"sourceIdentifier": "x", "tags": ["disputed"]}],
        "descriptions": [{"lang": "en", "value": "A flaw"}],
        "metrics": {"cvssMetricV31": [{"source": "nvd", "type": "Primary", "cvssData": {"version": "3.1", "vectorString": vector, "baseScore": 9.8}}]},
        "weaknesses": [{"source": "nvd", "type": "Primary", "description": [{"lang": "en", "value": "CWE-787"}, {"lang": "en", "value": "NVD-CWE-noinfo"}]}],
        "configurations": list(configurations),
    } | more}  # fmt: skip


def _page(*records: object) -> bytes:
    return json.dumps({
        "resultsPerPage": len(records), "startIndex": 0, "totalResults": len(records), "format": "NVD_CVE", "version": "2.0",
        "timestamp": "2024-03-03T00:00:00.000", "vulnerabilities": list(records),
    }).encode()  # fmt: skip


def _judge(
    *configurations: object, version: str = "1.20.0", distro: Distro | None = DEBIAN, vendor: str = "nginx"
) -> bool | None:
    _, items = nvd.parse(_page(_cve(*configurations)), where="t")
    ((_, conditions),) = items
    return cpe.judge(conditions, vendor, "nginx", version, distro)[0]


WINDOWS = "cpe:2.3:o:microsoft:windows_10:*:*:*:*:*:*:*:*"
LINUX = "cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*"
ROUTER = "cpe:2.3:h:vendor:router:-:*:*:*:*:*:*:*"
BOOKWORM = "cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("bounds", "answer"),
    [
        ({}, True),
        ({"versionStartIncluding": "1.20.0", "versionEndExcluding": "1.20.1"}, True),
        ({"versionStartExcluding": "1.20.0"}, False),
        ({"versionEndExcluding": "1.20.0"}, False),
        ({"versionEndIncluding": "1.20.0"}, True),
        ({"versionEndIncluding": "1.3"}, False),
    ],
)
def test_bounds_are_inclusive_or_not(bounds, answer):
    assert _judge(_config(_node(_m(**bounds)))) is answer


@pytest.mark.parametrize(
    ("criteria", "answer"),
    [
        ("cpe:2.3:a:nginx:nginx:1.20.0:*:*:*:*:*:*:*", True),
        ("cpe:2.3:a:nginx:nginx:1.20.1:*:*:*:*:*:*:*", False),
        ("cpe:2.3:a:nginx:nginx:1.20.0:rc1:*:*:*:*:*:*", None),
        ("cpe:2.3:a:nginx:nginx:1.20.1:rc1:*:*:*:*:*:*", False),
        ("cpe:2.3:a:nginx:nginx:-:*:*:*:*:*:*:*", None),
        ("cpe:2.3:a:nginx:nginx:*:*:*:*:*:wordpress:*:*", None),
        ("cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*", False),
        ("cpe:2.3:a:nginx:njs:*:*:*:*:*:*:*:*", False),
    ],
)
def test_versions_updates_and_other_products(criteria, answer):
    assert _judge(_config(_node(_m(criteria)))) is answer


@pytest.mark.parametrize(("platform", "answer"), [(WINDOWS, False), (LINUX, True), (ROUTER, None), (BOOKWORM, True)])
def test_and_wants_the_platform(platform, answer):
    tree = _config(_node(_m()), _node(_m(platform, vulnerable=False)), operator="AND")
    assert _judge(tree) is answer
    either = _config(_node(_m()), _node(_m(platform, vulnerable=False), _m(LINUX, vulnerable=False)), operator="AND")
    assert _judge(either) is True


def test_without_a_distribution_a_platform_is_unknown():
    tree = _config(_node(_m()), _node(_m(WINDOWS, vulnerable=False)), operator="AND")
    assert _judge(tree, distro=None) is None


def test_a_product_that_only_has_to_be_there_is_not_the_vulnerable_one():
    other = _m("cpe:2.3:a:vendor:plugin:*:*:*:*:*:*:*:*")
    assert _judge(_config(_node(other), _node(_m(vulnerable=False)), operator="AND")) is False


@pytest.mark.parametrize(
    ("tree", "answer"),
    [
        (_config(_node(_m()), _node(_m(WINDOWS, vulnerable=False), negate=True), operator="AND"), True),
        (_config(_node(_m()), _node(_m(LINUX, vulnerable=False), negate=True), operator="AND"), False),
        (_config(_node(_m()), _node(_m(ROUTER, vulnerable=False), negate=True), operator="AND"), None),
        (_config(_node(_m()), negate=True), False),
        (_config(_node(_m(), _m(WINDOWS, vulnerable=False), operator="AND")), False),
    ],
)
def test_negation_and_inner_and(tree, answer):
    assert _judge(tree) is answer


def test_one_configuration_is_enough():
    no = _config(_node(_m(versionEndExcluding="1.0")))
    assert _judge(no, _config(_node(_m()))) is True
    assert _judge(no, no) is False
    assert _judge() is False


def test_a_record_says_more_than_its_conditions_and_a_rejected_one_says_nothing():
    _, items = nvd.parse(
        _page(_cve(_config(_node(_m()))), _cve(_config(_node(_m())), identifier="CVE-2024-2222", status="Rejected")),
        where="t",
    )
    (facts, conditions), (rejected, none) = items
    assert (facts.marks, facts.cwes, facts.date, facts.scores[0].score) == (
        ("disputed",),
        ("CWE-787",),
        "2024-02-02",
        9.8,
    )
    assert (len(conditions), rejected.state, none) == (1, "REJECTED", ())


@pytest.mark.parametrize(
    "record",
    [
        _cve(identifier="CVE-1"), _cve(_config(_node(_m("cpe:2.3:a:b")))), {"cve": {}}, 7,
        _cve(_config(_node(operator="XOR"))), _cve(_config(_node(*[_m()] * 50_001))),
    ],
    ids=["id", "name", "empty", "number", "operator", "many"],
)  # fmt: skip
def test_bad_records_are_reported(record):
    _, items = nvd.parse(_page(record), where="t")
    (bad,) = items
    assert isinstance(bad, MalformedError)
    for document in (b"", b"[]", b"<html>"):
        with pytest.raises(MalformedError):
            nvd.parse(document, where="t")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            r"cpe:2.3:a:Vendor:lib\:x:1.0\+2:*:*:*:*:node.js:*:*",
            CpeName("a", "vendor", "lib:x", "1.0+2", "*", "node.js"),
        ),
        ("cpe:/a:vendor:prod%3ax:1.0", CpeName("a", "vendor", "prod:x", "1.0")),
        ("cpe:/o:linux:linux_kernel", CpeName("o", "linux", "linux_kernel")),
        ("cpe:2.3:x:v:p:*:*:*:*:*:*:*:*", None),
        ("cpe:2.3:a:v:p", None),
        ("pkg:npm/a", None),
        ("", None),
        ("cpe:2.3:a:" + "x" * 2_000, None),
    ],
)
def test_names(text, name):
    assert cpename.parse(text) == name


def _component(name: str, version: str, ecosystem: str = "generic", **properties: str) -> Component:
    return Component(
        key=name, purl=f"pkg:generic/{name}@{version}", ecosystem=ecosystem, name=name, version=version,
        properties=tuple(sorted(properties.items())),
    )  # fmt: skip


def test_from_the_feed_to_weak_labelled_findings(tmp_path):
    range_ = _config(_node(_m(versionEndExcluding="1.20.1")))
    folder = tmp_path / "feeds"
    folder.mkdir()
    page = _page(
        _cve(range_), _cve(range_, identifier="CVE-2024-2222", status="Rejected"),
        _cve(_config(_node(_m(), _m(ROUTER, vulnerable=False), operator="AND")), identifier="CVE-2024-3333"),
        _cve(_config(_node(_m("cpe:2.3:a:lodash:lodash:*:*:*:*:*:*:*:*"))), identifier="CVE-2024-4444"),
    )  # fmt: skip
    (folder / "nvdcve-2.0-2024.json.gz").write_bytes(gzip.compress(page))
    report = built(folder, tmp_path / "a.db")
    assert (report.status.feeds[0].name, report.status.feeds[0].records) == ("nvdcve-2.0-2024", 4)
    database = opened(tmp_path / "a.db")
    components = [
        _component("nginx", "1.20.0", cpe="cpe:2.3:a:nginx:nginx:1.20.0:*:*:*:*:*:*:*"),
        _component("Nginx", "1.20.1"),
        _component("other", "1", cpe="cpe:2.3:a:f5:nginx:1.20.0:*:*:*:*:*:*:*"),
        _component("lodash", "1.0.0", "npm"),
        _component("nginx-deb", "1.20.0", "deb", cpe="cpe:2.3:a:nginx:nginx:1.20.0:*:*:*:*:*:*:*"),
    ]
    matched = match(components, DEBIAN, database)
    assert matched.findings == ()
    found = cpe.match(components, matched.uncovered, DEBIAN, database, database)
    database.close()
    assert [(one.name, one.id, one.status, one.confidence) for one in found] == [
        ("Nginx", "CVE-2024-3333", "undetermined", "weak"),
        ("nginx", "CVE-2024-1111", "affected", "weak"),
        ("nginx", "CVE-2024-3333", "undetermined", "weak"),
    ]
    sure = found[1]
    assert (sure.fixed_in, sure.severity, sure.matched_range) == (("1.20.1",), "critical", "< 1.20.1")
    says = {step.rung: step.says for step in sure.reasons}
    assert cpe.LABEL in says["advisory"]
    assert "disputed" in says["advisory"]
    assert cpe.merged(found[:1], found) == found


def test_what_a_feed_speaks_for_is_never_matched_by_name():
    class Store:
        def cpes(self, products):
            assert list(products) == []
            return {}

        def enrich(self, cves):
            return {}

    store = Store()
    assert cpe.match([_component("nginx", "1")], (), DEBIAN, store, store) == ()
