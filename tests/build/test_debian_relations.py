"""Whether packages are closed under what they depend on (Debian policy §7)."""

import time
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import lock as locks
from assay.build.debian.deb import Control
from assay.build.debian.relations import Wanting, clauses, wanting
from assay.dependencies.versions.deb import DEB
from assay.flows.collect_debian import of_role
from assay.model.errors import MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS
from debianworld import deb, room
from fakes.contentstore import MemoryContentStore


def control(name: str, version: str = "1.0-1", **fields: str) -> Control:
    return Control(name=name, version=version, architecture="amd64", **fields)


def missing(*packages: Control) -> list[str]:
    return [one.clause for one in wanting(packages, architecture="amd64", compare=DEB.compare)]


@pytest.mark.parametrize(
    "asks",
    [
        "", "b", "b (>= 1.0)", "b (= 2:1.0-3)", "b (<< 2:1.0-4)", "b (<= 2:1.0-3)", "b (>> 2:1.0~rc1)", "b (> 2:1.0-3)",
        "b:any", "b:amd64 (>= 1)", "nowhere | b", "b (<< 1) | virtual", "virtual", "versioned (>= 3)", "b,\n virtual ,",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["depends", "pre_depends"])
def test_what_is_there_satisfies(field: str, asks: str) -> None:
    other = control("b", "2:1.0-3", provides="virtual, versioned (= 3.1)")
    assert missing(control("a", **{field: asks}), other) == []


@pytest.mark.parametrize(
    "asks",
    [
        "c", "c | d", "b (>= 3:0)", "b (= 1.0-3)", "b (<< 2:1.0-3)", "b (>> 2:1.0-3)", "b:arm64", "virtual (>= 1)",
        "versioned (>= 4)", "c (>= 1) | b (<< 1)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["depends", "pre_depends"])
def test_what_is_not_there_is_told_as_it_was_asked_for(field: str, asks: str) -> None:
    other = control("b", "2:1.0-3", provides="virtual, versioned (= 3.1)")
    assert missing(control("a", **{field: f"b, {asks}"}), other) == [asks]


def test_everybody_who_asks_is_named() -> None:
    found = wanting([control("y", depends="x"), control("z", depends="x")], architecture="amd64", compare=DEB.compare)
    assert found == (Wanting("y", "x"), Wanting("z", "x"))


@pytest.mark.parametrize(
    "text", ["a b", "(>= 1)", "a (>= )", "a (~ 1)", "A", "a [amd64", "a || b", "${shlibs:Depends}"]
)
def test_what_is_no_relation_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError, match="no relation"):
        missing(control("a", depends=text))


@given(st.text(alphabet="ab0 (),|:>=<.-+~\n", max_size=60))
def test_any_text_is_a_relation_or_malformed(text: str) -> None:
    try:
        found = [relation for clause in clauses(text, "p") for relation in clause]
    except MalformedError:
        return
    assert all(relation.name for relation in found)


def test_a_hostile_field_is_read_in_little_time() -> None:
    started = time.process_time()
    for text in ("a" * 100_000 + "!", "a (" + " " * 100_000, "a (>= " + " " * 100_000, "a|" * 50_000 + "a"):
        try:
            missing(control("a", depends=text))
        except MalformedError:
            continue
    assert time.process_time() - started < 2


def _tree(*names: str) -> Any:
    files = {
        "aa": deb("aa", Depends="bb (>= 1.0)"),
        "bb": deb("bb", Pre_Depends="cc | dd"),
        "cc": deb("cc"),
    }
    store = MemoryContentStore()
    packages = []
    for name in names:
        blob = store.put([files[name]], limit=1 << 20)
        packages.append(
            locks.DebianPackage(
                name=name, version="1.0-1", architecture="amd64", source=name, source_version="1.0-1", path="p",
                size=blob.size, sha256=str(blob.digest), index="d/s", roles=("image",),
            )
        )  # fmt: skip
    lock = locks.Lock(spec="sha256:" + "a" * 64, epoch=1, packages=tuple(packages))
    with closing(room()) as spool:
        return of_role(lock, "image", "amd64", store=store, spool=spool, limits=DEFAULT_LIMITS, reviewed={})


@pytest.mark.parametrize(
    ("names", "says"),
    [("aa bb", "bb depends on cc | dd"), ("aa cc", "aa depends on bb (>= 1.0)"), ("aa", "aa depends on bb (>= 1.0)")],
)
def test_a_lock_that_lost_a_package_is_refused(names: str, says: str) -> None:
    with pytest.raises(UntrustedError, match="not whole") as caught:
        _tree(*names.split())
    assert caught.value.code == "LOCK_MISMATCH"
    assert says in caught.value.why
    assert caught.value.where == "packages for image"


@pytest.mark.parametrize("names", ["aa bb cc", "bb cc", "cc", ""])
def test_a_lock_that_is_whole_is_built(names: str) -> None:
    assert _tree(*names.split()).entries
