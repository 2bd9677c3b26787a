"""Advisory feeds."""

from collections.abc import Iterable, Iterator

from assay.dependencies.intervals import stored_ranges
from assay.dependencies.versions import GENERIC, scheme_for
from assay.formats import osv
from assay.formats.feeds import (
    alpinesecdb,
    csaf_suse,
    csafvex,
    cve5,
    cvemeta,
    debiantracker,
    distro,
    eol,
    epss,
    kev,
    nvd,
)
from assay.model.errors import MalformedError

from .shape import Harness, answers


def _order(ecosystem: str, version: str) -> bytes | None:
    return (scheme_for(ecosystem) or GENERIC).key(version)


def check_osv(data: bytes) -> None:
    """A record and the ranges that are stored of it; whatever is refused has a name that can be shown."""
    osv.identify(data)
    record = osv.parse(data, feed="x", order=_order)
    for affected in record.affected:
        scheme = scheme_for(affected.ecosystem) or GENERIC
        for row in stored_ranges(affected, advisory=record.id, feed="x", key=scheme.key):
            assert row.lo is None or row.hi is None or not row.hi or isinstance(row.hi, bytes)


def _all(rows: Iterator[object]) -> None:
    for row in rows:
        assert row is not None
        if isinstance(row, MalformedError):
            assert row.line()


def check_distro(data: bytes) -> None:
    """Both lists of a distribution."""
    answers(lambda _: distro.coverage(data, where="x"), b"")
    distro.never_affected(data, where="x")


def _seeds() -> Iterable[bytes]:
    yield b'{"result": [{"name": "debian", "releases": [{"name": "12", "eolFrom": "2026-06-10", "isEol": false}]}]}'
    yield b'{"debian": [{"cycle": "12", "eol": "2026-06-10", "support": true, "lts": false}]}'
    yield b'{"id": "CVE-2024-1000", "state": "PUBLISHED", "cvss": [{"version": "3.1", "score": 9.8}]}'


def check_cve5(data: bytes) -> None:
    """A record always has a name that can be shown, readable or not."""
    assert len(cve5.identify(data)) < 200
    cve5.parse(data, feed="x", where="x")


def check_csaf(data: bytes) -> None:
    """As for CVE records."""
    assert len(csafvex.identify(data)) < 200
    _all(csafvex.parse(data, feed="x", where="x"))


def _cve5() -> Iterable[bytes]:
    yield (
        b'{"dataType": "CVE_RECORD", "cveMetadata": {"cveId": "CVE-2024-1000", "state": "PUBLISHED"}, "containers": '
        b'{"cna": {"title": "t", "affected": [{"collectionURL": "https://pypi.org", "packageName": "p", "versions": '
        b'[{"version": "0", "lessThan": "2", "status": "affected", "versionType": "python"}]}], "metrics": '
        b'[{"cvssV3_1": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]}, "adp": [{"metrics": '
        b'[{"other": {"type": "ssvc", "content": {"timestamp": "2024-01-01T00:00:00Z", "options": '
        b'[{"Exploitation": "active"}, {"Automatable": "yes"}, {"Technical Impact": "total"}]}}}]}]}}'
    )


def _tracker() -> Iterable[bytes]:
    yield (
        b'{"xz-utils": {"CVE-2024-3094": {"description": "d", "releases": {"bookworm": {"status": "resolved", '
        b'"fixed_version": "0", "urgency": "not yet assigned", "repositories": {"bookworm": "5.4.1-1"}}, "sid": '
        b'{"status": "open", "nodsa": "minor", "nodsa_reason": "postponed", "repositories": {"sid": "5.6.1-1"}}}}}}'
    )


def _secdb() -> Iterable[bytes]:
    yield (
        b'{"distroversion": "v3.20", "reponame": "main", "packages": [{"pkg": {"name": "xz", "secfixes": '
        b'{"5.6.1-r2": ["CVE-2024-3094 GHSA-x"], "0": ["CVE-2020-1"]}}}]}'
    )


def _nvd() -> Iterable[bytes]:
    yield (
        b'{"timestamp": "2024-01-01T00:00:00", "vulnerabilities": [{"cve": {"id": "CVE-2024-1000", "vulnStatus": '
        b'"Analyzed", "configurations": [{"operator": "AND", "nodes": [{"operator": "OR", "negate": false, "cpeMatch": '
        b'[{"vulnerable": true, "criteria": "cpe:2.3:a:v:p:*:*:*:*:*:*:*:*", "versionEndExcluding": "2"}]}]}]}}]}'
    )


HARNESSES = (
    Harness(
        name="alpine-secdb", check=lambda data: _all(alpinesecdb.parse(data, feed="x", where="x")[1]),
        doors=(alpinesecdb.parse,), seeds=_secdb,
    ),
    Harness(name="csaf-advisories", check=check_csaf, doors=(csafvex.parse, csafvex.identify, csaf_suse.settle)),
    Harness(name="cve5", check=check_cve5, doors=(cve5.parse, cve5.identify), seeds=_cve5),
    Harness(
        name="debian-tracker", check=lambda data: _all(debiantracker.parse(data, feed="x", where="x")),
        doors=(debiantracker.parse,), seeds=_tracker,
    ),
    Harness(name="nvd", check=lambda data: _all(nvd.parse(data, where="x")[1]), doors=(nvd.parse,), seeds=_nvd),
    Harness(name="osv", check=check_osv, doors=(osv.parse, osv.identify)),
    Harness(
        name="epss", check=lambda data: _all(epss.parse(data.split(b"\n"), where="x")), doors=(epss.parse,),
        seeds=lambda: (b"#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss\nCVE-2024-2222,0.5,0.99",),
    ),
    Harness(name="kev", check=lambda data: _all(kev.parse(data, where="x")[1]), doors=(kev.parse,)),
    Harness(name="eol", check=lambda data: _all(eol.parse(data, where="x")[1]), doors=(eol.parse,), seeds=_seeds),
    Harness(name="cve-meta", check=lambda data: cvemeta.parse(data, where="x"), doors=(cvemeta.parse,), seeds=_seeds),
    Harness(name="distro-lists", check=check_distro, doors=(distro.coverage, distro.never_affected)),
)  # fmt: skip
"""Rows of the table."""
