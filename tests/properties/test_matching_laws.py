"""Laws of matching: the order of the input does not matter, keys change nothing, less evidence never calms."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.matching import match
from assay.model.advisory import Advisory
from assay.model.finding import Finding
from assay.model.inventory import Component, Distro, SourcePackage
from fakes.advisories import MemoryStore, advisory

DISTRO = Distro(id="debian", version_id="12")
versions = st.sampled_from(
    ["1", "1.0", "1.1", "1.2-1", "1.2-1~deb12u1", "2.0~bpo12+1", "2.0", "junk!", "", "1.0+deb11u1"]
)
bounds = st.sampled_from(["", "1.0", "1.1", "1.2-1", "2.0", ">= 1"])
places = st.sampled_from(
    [("Debian:12", "lib"), ("Debian:12", "linux"), ("PyPI", "lib"), ("Go", "lib"), ("Debian:11", "lib")]
)
cves = st.lists(st.sampled_from(["CVE-2024-0001", "CVE-2024-0002", "GHSA-1"]), max_size=2, unique=True)


@st.composite
def records(draw: st.DrawFn) -> list[Advisory]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        ecosystem, name = draw(places)
        ranges = draw(st.lists(st.tuples(bounds, bounds), max_size=2))
        listed = tuple(draw(st.lists(versions.filter(bool), max_size=2)))
        state = "" if ranges or listed else "unspecified"
        aliases = tuple(draw(cves))
        found.append(advisory(f"A-{number}", ecosystem, name, *ranges, versions=listed, state=state, aliases=aliases))
    return found


@st.composite
def components(draw: st.DrawFn) -> list[Component]:
    found: list[Component] = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["deb", "pypi", "golang"]))
        version = draw(versions)
        source = SourcePackage(draw(st.sampled_from(["lib", "linux"])), version) if kind == "deb" else None
        owners = [item.key for item in found if item.ecosystem == "deb"]
        found.append(
            Component(
                key=f"{kind}-{number}", purl=f"pkg:{kind}/lib@{version}", ecosystem=kind, version=version, source=source,
                name=draw(st.sampled_from(["lib", "linux-libc-dev"])) if kind == "deb" else "lib",
                owner=draw(st.sampled_from(["", *owners])) if kind != "deb" else "",
                introduced=0, removed_by=draw(st.sampled_from([None, None, 1])),
            )
        )  # fmt: skip
    return found


coverings = st.lists(places.map(lambda place: (place[0], "")), max_size=3)


def by_place(found: tuple[Finding, ...]) -> dict[tuple[str, str], Finding]:
    return {(finding.component, finding.id): finding for finding in found}


@given(records(), components(), coverings, st.randoms(use_true_random=False))
def test_order_does_not_matter(
    rows: list[Advisory], items: list[Component], covers: list[tuple[str, str]], dice: random.Random
) -> None:
    found = match(items, DISTRO, MemoryStore(rows, covers=covers))
    shuffled = MemoryStore(dice.sample(rows, len(rows)), covers=covers)
    assert match(dice.sample(items, len(items)), DISTRO, shuffled) == found


@given(records(), components(), coverings)
def test_keys_change_nothing(rows: list[Advisory], items: list[Component], covers: list[tuple[str, str]]) -> None:
    """The index of keys is a short cut of comparing one by one, never another answer."""

    def facts(store: MemoryStore) -> set[tuple[str, str, str]]:
        return {(f.component, f.id, f.status) for f in match(items, DISTRO, store).findings}

    assert facts(MemoryStore(rows, covers=covers)) == facts(MemoryStore(rows, covers=covers, keys=False))


@given(records(), components(), coverings)
def test_one_finding_per_class_and_component(
    rows: list[Advisory], items: list[Component], covers: list[tuple[str, str]]
) -> None:
    found = match(items, DISTRO, MemoryStore(rows, covers=covers))
    assert len(by_place(found.findings)) == len(found.findings)
    spoken = {finding.component for finding in found.findings}
    assert spoken.isdisjoint(item.component for item in found.uncovered)


@given(records(), components(), coverings, st.data())
def test_less_evidence_never_turns_a_finding_into_not_affected(
    rows: list[Advisory], items: list[Component], covers: list[tuple[str, str]], data: st.DataObject
) -> None:
    """5.2: take away a place, a version, a layer, an owner or another component: no finding becomes `not_affected`."""
    before = by_place(match(items, DISTRO, MemoryStore(rows, covers=covers)).findings)
    if not items:
        return
    less = list(items)
    place = data.draw(st.integers(0, len(items) - 1))
    what = data.draw(st.sampled_from(["removed_by", "version", "owner", "component", "introduced"]))
    if what == "component":
        del less[place]
    else:
        empty: dict[str, object] = {"removed_by": None, "version": "", "owner": "", "introduced": None}
        source = None if what == "version" else less[place].source
        less[place] = msgspec.structs.replace(less[place], source=source, **{what: empty[what]})
    after = by_place(match(less, DISTRO, MemoryStore(rows, covers=covers)).findings)
    for where, finding in before.items():
        if finding.status != "not_affected" and where in after:
            assert after[where].status != "not_affected"


@given(records(), components())
def test_a_version_nobody_can_read_is_never_calm(rows: list[Advisory], items: list[Component]) -> None:
    """What is in range with a version is at least undetermined without one."""
    store = MemoryStore(rows, covers=[("PyPI", "")])
    for item in items:
        if item.ecosystem != "pypi" or item.owner or item.removed_by is not None:
            continue
        known = by_place(match([item], None, store).findings)
        unread = by_place(match([msgspec.structs.replace(item, version="?")], None, store).findings)
        assert known.keys() <= unread.keys()
        assert all(finding.status != "not_affected" for finding in unread.values())
