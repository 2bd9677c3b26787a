"""Feeds from anyone: whatever stands in a document, its reader gives records or says why not."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.feeds import alpinesecdb, csafvex, cve5, debiantracker, nvd
from assay.model.errors import MalformedError
from fakes.distrofeeds import redhat, resolved, secdb, suse, tracker, unresolved

CVE = {
    "cveMetadata": {"cveId": "CVE-2024-1111", "state": "PUBLISHED"},
    "containers": {
        "cna": {
            "affected": [{"packageURL": "pkg:npm/a", "versions": [{"version": "1", "status": "affected", "lessThan": "2"}]}],
            "metrics": [{"cvssV3_1": {"vectorString": "CVSS:3.1/AV:N", "baseScore": 1}}],
        },
        "adp": [{"metrics": [{"other": {"type": "ssvc", "content": {"options": [{"Exploitation": "poc"}]}}}]}],
    },
}  # fmt: skip
NVD = {"vulnerabilities": [{"cve": {"id": "CVE-2024-1111", "configurations": [
    {"nodes": [{"cpeMatch": [{"vulnerable": True, "criteria": "cpe:2.3:a:v:p:*:*:*:*:*:*:*:*"}]}]}]}}]}  # fmt: skip
READERS: dict[str, tuple[object, Callable[[bytes], Any]]] = {
    "redhat": (redhat(), lambda data: csafvex.parse(data, feed="f", where="t")),
    "suse": (suse(), lambda data: csafvex.parse(data, feed="f", where="t")),
    "tracker": (
        json.loads(tracker(bookworm=resolved("1"), trixie=unresolved(nodsa="x"))),
        lambda data: debiantracker.parse(data, feed="f", where="t"),
    ),
    "secdb": (
        json.loads(secdb("v3.20", a={"1-r0": ["CVE-2024-1111"]})),
        lambda data: alpinesecdb.parse(data, feed="f", where="t")[1],
    ),
    "cve5": (CVE, lambda data: [cve5.parse(data, feed="f", where="t")]),
    "nvd": (NVD, lambda data: nvd.parse(data, where="t")[1]),
}

_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just([]), st.just({}), st.just([[]]),
    st.sampled_from(["pkg:rpm/a@1", "CVE-2024-1111", "0", "cpe:/a:redhat:x:1", "a" * 5_000, "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")]),
)  # fmt: skip


def _places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _changed(value: Any, path: tuple[Any, ...], odd: object) -> Any:
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _changed(value[path[0]], path[1:], odd)
    return copy


def _whole(read: Callable[[bytes], Any], data: bytes) -> None:
    """Read to the end; every refusal has a reason and a remedy."""
    refused: list[object] = []
    try:
        refused += [item for item in read(data) if isinstance(item, MalformedError)]
    except MalformedError as error:
        refused.append(error)
    assert all(isinstance(error, MalformedError) and error.why and error.remedy for error in refused)


@pytest.mark.parametrize("form", READERS)
@given(data=st.data())
def test_one_odd_value_anywhere_gives_records_or_a_reason(form, data):
    document, read = READERS[form]
    path = data.draw(st.sampled_from(sorted(_places(document), key=repr)))
    changed = _changed(document, path, data.draw(_ODD))
    _whole(read, json.dumps(changed).encode())


@pytest.mark.parametrize("form", READERS)
@given(cut=st.floats(0, 1), junk=st.binary(max_size=5))
def test_a_document_that_is_cut_gives_a_reason(form, cut, junk):
    document, read = READERS[form]
    whole = json.dumps(document).encode()
    _whole(read, whole[: int(len(whole) * cut)] + junk)


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"product_tree":', b'{"vulnerabilities":['])
def test_depth_is_refused(form, opening):
    with pytest.raises(MalformedError):
        list(READERS[form][1](opening * 100_000))
