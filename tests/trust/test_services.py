"""Which services of a signing config are signed with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.signingconfig import Selection, Service, SigningConfig
from assay.formats.trustroot import Validity, instant
from assay.model.errors import UnavailableError, UnsupportedError
from assay.trust.services import LOG_VERSIONS, choose

NOW = "2026-06-01T00:00:00Z"
ANY, ALL = Selection("ANY"), Selection("ALL")


def service(name: str, version: int = 1, start: str = "2026-01-01", end: str = "", operator: str = "a") -> Service:
    window = Validity(f"{start}T00:00:00Z", f"{end}T00:00:00Z" if end else "")
    return Service(url=f"https://{name}.example", major_api_version=version, valid_for=window, operator=operator)


CA, TSA = service("ca"), service("tsa")


def config(*logs: Service, logs_by: Selection = ANY, times=(TSA,), times_by: Selection = ANY, authorities=(CA,)):
    return SigningConfig(
        authorities=authorities, logs=logs, log_selection=logs_by, timestamps=times, timestamp_selection=times_by
    )


@pytest.mark.parametrize(
    ("logs", "chosen"),
    [
        ((service("one", 1), service("two", 2)), "two"),
        ((service("two", 2), service("three", 3), service("one", 1)), "two"),
        ((service("new", 1, "2026-05-01"), service("old", 1, "2025-01-01")), "new"),
        ((service("old", 1, "2025-01-01"), service("new", 1, "2026-05-01")), "new"),
        ((service("ended", 2, "2025-01-01", "2026-05-31"), service("open", 1)), "open"),
        ((service("coming", 2, "2026-06-02"), service("open", 1)), "open"),
        ((service("last", 2, "2025-01-01", "2026-06-01"),), "last"),
        ((service("first", 1, operator="b"), service("second", 2, operator="a")), "first"),
    ],
)
def test_the_best_of_the_first_operator(logs, chosen):
    assert choose(config(*logs), NOW).log.url == f"https://{chosen}.example"


def test_selectors_count_operators():
    times = (service("a1"), service("a2", start="2026-02-01"), service("b", operator="b"), service("c", operator="c"))

    def urls(by):
        return [
            s.url[8:].partition(".")[0] for s in choose(config(service("l"), times=times, times_by=by), NOW).timestamps
        ]

    assert urls(ANY) == ["a2"]
    assert urls(ALL) == ["a2", "b", "c"]
    assert urls(Selection("EXACT", 2)) == ["a2", "b"]
    with pytest.raises(UnsupportedError, match="too few operators"):
        urls(Selection("EXACT", 4))


def test_a_bundle_carries_one_entry():
    two = (service("a"), service("b", operator="b"))
    assert choose(config(*two), NOW).log.url == "https://a.example"
    for by in (ALL, Selection("EXACT", 2)):
        with pytest.raises(UnsupportedError, match="several logs"):
            choose(config(*two, logs_by=by), NOW)
    assert choose(config(two[0], logs_by=ALL), NOW).log.url == "https://a.example"


def test_what_is_missing_is_said():
    with pytest.raises(UnavailableError, match="no transparency log"):
        choose(config(service("three", 3)), NOW)
    with pytest.raises(UnavailableError, match="no certificate authority"):
        choose(config(service("log"), authorities=(service("ca", 2),)), NOW)
    with pytest.raises(UnsupportedError, match="nothing would tell when"):
        choose(config(service("log", 2), times=()), NOW)
    assert choose(config(service("log", 1), times=()), NOW).timestamps == ()


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(0, 12), st.sampled_from("abc")), max_size=8)
)
def test_what_is_chosen_is_usable_and_nothing_of_its_operator_is_better(rows):
    logs = [
        service(f"l{i}", version, f"2026-{start:02d}-01", f"2027-{end:02d}-01" if end else "", operator)
        for i, (version, start, end, operator) in enumerate(rows)
    ]
    usable = [s for s in logs if s.major_api_version in LOG_VERSIONS and s.valid_for.holds(instant(NOW))]
    try:
        chosen = choose(config(*logs), NOW).log
    except UnavailableError:
        assert not usable
        return
    assert chosen in usable
    rank = lambda s: (s.major_api_version, s.valid_for.start)  # noqa: E731
    assert rank(chosen) == max(rank(s) for s in usable if s.operator == chosen.operator)
