"""What SUSE's documents mean where their lines contradict each other; the shapes are those of real documents."""

import json
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats.feeds import csaf_suse, csafvex
from fakes.distrofeeds import component, csaf, product

SERVER = "SUSE Linux Enterprise Server 12 SP4"
LTSS = SERVER + "-LTSS"
NEXT = "SUSE Linux Enterprise Server 12 SP5"


def build(name: str, version: str, source: str) -> dict[str, object]:
    """A binary package of a build, as SUSE's generator describes it."""
    return product(f"{name}-{version}", purl=f"pkg:rpm/suse/{name}@{version}?upstream={source}.src.rpm")


def bare(name: str, source: str = "") -> dict[str, object]:
    """A package without a version."""
    return product(name, purl=f"pkg:rpm/suse/{name}@" + (f"?upstream={source}.src.rpm" if source else ""))


def read(
    status: dict[str, Iterable[str]], products: Iterable[dict[str, object]], remedies: Iterable[object] = ()
) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """(release, name, state) to what fixes it."""
    branches = [product(place, "product_name") for place in (SERVER, LTSS, NEXT)] + list(products)
    named = sorted({identifier for said in status.values() for identifier in said})
    relations = [component(identifier.partition(":")[2], identifier.partition(":")[0]) for identifier in named]
    data = json.dumps(csaf("CVE-2024-1000", status, branches, relations, remedies)).encode()
    (told,) = csafvex.parse(data, feed="suse-vex", where="t")
    found = told.advisory.affected if told.advisory is not None else ()
    return {
        (one.ecosystem.removeprefix("SUSE:Linux Enterprise Server "), one.name, one.state): tuple(
            r.fixed for r in one.ranges
        )
        for one in found
    }


def test_what_is_fixed_in_a_release_is_affected_below_the_fix_and_not_for_ever() -> None:
    found = read(
        {"known_affected": [f"{SERVER}:libpcre1", f"{SERVER}:pcre"], "recommended": [f"{SERVER}:libpcre1-8.39-8.3.1"]},
        [bare("libpcre1", "pcre"), bare("pcre", "pcre"), build("libpcre1", "8.39-8.3.1", "pcre-8.39-8.3.1")],
    )
    assert found == {("12 SP4", "libpcre1", "fixed"): ("8.39-8.3.1",), ("12 SP4", "pcre", "open"): ("",)}


def test_long_term_support_and_the_release_are_one_lineage() -> None:
    products = [bare("libpcre1", "pcre"), build("libpcre1", "8.45-8.7.1", "pcre-8.45-8.7.1")]
    for affected, fixed in ((SERVER, LTSS), (LTSS, SERVER)):
        status = {"known_affected": [f"{affected}:libpcre1"], "recommended": [f"{fixed}:libpcre1-8.45-8.7.1"]}
        assert read(status, products) == {
            (release, "libpcre1", "fixed"): ("8.45-8.7.1",) for release in ("12 SP4", "12 SP4-LTSS")
        }
    other = {"known_affected": [f"{SERVER}:libpcre1"], "recommended": [f"{NEXT}:libpcre1-8.45-8.7.1"]}
    assert ("12 SP4", "libpcre1", "open") in read(other, products)


def test_a_package_left_out_has_the_version_of_the_same_build() -> None:
    """libldap-data is not among what is fixed here; the same document tells which version of it that build has."""
    products = [
        bare("libldap-data", "openldap2"), bare("odd", "openldap2"),
        build("libldap-2_4-2", "2.4.46-9.19.2", "openldap2-2.4.46-9.19.2"),
        build("libldap-data", "2.4.46-9.19.2", "openldap2-2.4.46-9.19.2"),
        build("odd", "1.2-9.20.1", "openldap2-2.4.46-9.20.1"),
    ]  # fmt: skip
    found = read(
        {
            "known_affected": [f"{SERVER}:libldap-data", f"{SERVER}:odd"],
            "recommended": [
                f"{SERVER}:libldap-2_4-2-2.4.46-9.19.2", f"{NEXT}:libldap-data-2.4.46-9.19.2", f"{NEXT}:odd-1.2-9.20.1",
            ],
        },
        products,
    )  # fmt: skip
    assert found[("12 SP4", "libldap-data", "fixed")] == ("2.4.46-9.19.2",)
    assert ("12 SP4", "libldap-data", "open") not in found
    assert ("12 SP4", "odd", "open") in found, "of that build no version of it is known: the cautious word holds"


def test_a_name_with_numbers_at_its_end_is_not_cut() -> None:
    """SUSE's generator makes `libpcre2@8-0` of `libpcre2-8-0`."""
    cut = product("libpcre2-8-0", purl="pkg:rpm/suse/libpcre2@8-0")
    assert read({"known_affected": [f"{SERVER}:libpcre2-8-0"]}, [cut]) == {("12 SP4", "libpcre2-8-0", "open"): ("",)}
    whole = product("curl-8.0.1-150400.5.41.1", purl="pkg:rpm/suse/curl@8.0.1-150400.5.41.1")
    assert ("12 SP4", "curl", "open") in read({"known_affected": [f"{SERVER}:curl-8.0.1-150400.5.41.1"]}, [whole])


def test_what_will_not_be_fixed_stays_unless_a_fix_is_there() -> None:
    remedy = [{"category": "no_fix_planned", "details": "No fix", "product_ids": [f"{SERVER}:a"]}]
    found = read({"known_affected": [f"{SERVER}:a"], "recommended": [f"{SERVER}:b-1.0-1.1"]},
                 [bare("a", "s"), build("b", "1.0-1.1", "s-1.0-1.1"), build("a", "1.0-1.1", "s-1.0-1.1")], remedy)  # fmt: skip
    assert ("12 SP4", "a", "will-not-fix") in found


def test_other_vendors_documents_are_left_as_they_are() -> None:
    unfixed = {("Red Hat:enterprise_linux:9", "a", "open"): {""}}
    csaf_suse.settle({("Red Hat:enterprise_linux:9", "a"): {"1-1"}}, unfixed, {})
    assert unfixed


_releases = st.sampled_from(
    [
        "SUSE:Linux Enterprise Server 12 SP2",
        "SUSE:Linux Enterprise Server 12 SP2-LTSS",
        "SUSE:Linux Enterprise Module for Legacy 12 SP2",
        "SUSE:Linux Enterprise Server 12 SP3",
        "openSUSE:Tumbleweed",
    ]
)
_names = st.sampled_from(["a", "b", "c"])
_versions = st.sampled_from(["1-1", "2-1"])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.tuples(_releases, _names), st.dictionaries(_versions, st.sampled_from(["s-1-1", "s-2-1"]), min_size=1)),
    st.sets(st.tuples(_releases, _names, st.sampled_from(["open", "will-not-fix"]))),
)  # fmt: skip
def test_nothing_affected_is_taken_away_without_a_fix_in_its_place(
    builds: dict[tuple[str, str], dict[str, str]], affected: set[tuple[str, str, str]]
) -> None:
    """Whatever goes leaves a version below which the package is affected, in the same channel."""
    fixed: dict[tuple[str, str], set[str]] = csafvex._Said().fixed
    fixed.update({place: set(known) for place, known in builds.items()})
    unfixed = {one: {""} for one in affected}
    csaf_suse.settle(fixed, unfixed, builds)
    for release, name, _ in affected - set(unfixed):
        assert fixed[(release, name)]
    assert set(unfixed) <= affected


def test_products_of_their_own_are_no_channels() -> None:
    names = ("SUSE:Linux Enterprise Micro 5.5", "SUSE:Manager Server 4.3", "openSUSE:Leap 15.5", "openSUSE:Tumbleweed")
    assert [csaf_suse.release_of(name) for name in names] == list(names)
    assert csaf_suse.release_of("SUSE:Linux Enterprise Server 16.0") == "16.0"
    assert csaf_suse.release_of("SUSE:Linux Enterprise Server 15") == "15"
    assert csaf_suse.release_of("Red Hat:enterprise_linux:9") == ""
