"""Advisory feeds."""

from collections.abc import Iterable, Iterator

from assay.dependencies.intervals import stored_ranges
from assay.dependencies.versions import GENERIC, scheme_for
from assay.formats import osv
from assay.formats.feeds import cvemeta, distro, eol, epss, kev
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


HARNESSES = (
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
