"""Base or application: given bases are certain, history strong or weak, all else unknown, each with its reason."""

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from assay.artifact.base_image import DIGEST, NAME, KnownBase, NamedBase, find, given, not_given
from assay.model.digest import Digest
from assay.model.image import BuildStep, Image, Layer, Subject
from assay.model.inventory import BaseImage


def number(n: int) -> Digest:
    return Digest("sha256", f"{n:064x}")


def image(count: int, *steps: BuildStep, **more: dict[str, str]) -> Image:
    layers = tuple(Layer(index=n, diff_id=number(n)) for n in range(count))
    return Image(subject=Subject(name="app"), layers=layers, history=steps, **more)  # type: ignore[arg-type]


def known(count: int, name: str = "debian:12", first: int = 0) -> KnownBase:
    return KnownBase(name=name, digest=f"sha256:{name}", diff_ids=tuple(number(first + n) for n in range(count)))


def layer(text: str, created: str = "") -> BuildStep:
    return BuildStep(text, False, created)


def empty(text: str, created: str = "") -> BuildStep:
    return BuildStep(text, True, created)


def test_the_longest_given_base_that_is_a_prefix_is_certain() -> None:
    found = find(image(4), [known(1), known(2, "python:3"), known(3, "other", first=1), known(9, "longer")])
    assert (found.layers_count, found.confidence, found.method) == (2, "certain", "given")
    assert (found.name, found.digest) == ("python:3", "sha256:python:3")


def test_an_image_with_the_layers_of_a_base_is_that_base() -> None:
    assert find(image(2), [known(2)]).layers_count == 2


def test_a_given_base_that_is_not_below_is_said_and_proves_nothing() -> None:
    found = find(image(2), [known(1, "alpine:3", first=7)])
    assert (found.layers_count, found.confidence, found.method) == (None, "unknown", "none")
    assert found.reason.startswith("alpine:3 is not below this image; ")


def test_a_base_without_layers_or_without_diff_ids_is_below_nothing() -> None:
    bare = KnownBase(name="scratch", digest="", diff_ids=())
    nameless = KnownBase(name="old", digest="", diff_ids=(None,))
    assert given((Layer(index=0, diff_id=None),), [bare, nameless]) is None


def test_a_command_before_another_layer_ends_the_base() -> None:
    steps = [layer("ADD file:1 in / "), empty('CMD ["bash"]'), layer("COPY . /app"), empty('CMD ["/app"]')]
    found = find(image(2, *steps))
    assert (found.layers_count, found.confidence, found.method) == (1, "weak", "history")


def test_a_gap_in_time_behind_it_makes_it_strong_and_preferred() -> None:
    old, new = "2024-01-01T00:00:00Z", "2024-02-01T00:00:00.5+01:00"
    steps = [
        layer("ADD file:1 in / ", old), empty('/bin/sh -c #(nop)  CMD ["bash"]', old),
        layer("RUN pip", new), empty('ENTRYPOINT ["x"]', new), layer("COPY . /app", new),
    ]  # fmt: skip
    found = find(image(3, *steps))
    assert (found.layers_count, found.confidence) == (1, "strong")
    assert "743 h later" in found.reason


def test_the_own_command_at_the_end_is_no_boundary() -> None:
    assert find(image(1, layer("ADD rootfs /"), empty('CMD ["sh"]'))).confidence == "unknown"


def test_a_history_that_does_not_fit_the_layers_says_nothing() -> None:
    steps = [layer("ADD file:1"), empty('CMD ["bash"]'), layer("COPY . /app")]
    assert find(image(3, *steps)).layers_count is None


@pytest.mark.parametrize("method", ["annotation", "label"])
def test_a_name_alone_does_not_say_where_the_base_ends(method: str) -> None:
    found = find(image(2, **{f"{method}s": {NAME: "debian:12", DIGEST: str(number(9))}}))
    assert (found.name, found.digest, found.method) == ("debian:12", str(number(9)), method)
    assert (found.layers_count, found.confidence) == (None, "unknown")


def test_the_annotation_of_this_image_goes_before_a_label_that_may_be_inherited() -> None:
    assert find(image(2, annotations={NAME: "python:3"}, labels={NAME: "debian:12"})).name == "python:3"


def test_the_lowest_layer_with_the_distribution_is_weak_and_one_alone_is_unknown() -> None:
    assert find(image(2), system_layer=0).layers_count == 1
    assert find(image(2), system_layer=0).confidence == "weak"
    assert find(image(1), system_layer=0).layers_count is None
    assert find(image(2), system_layer=1).layers_count is None


def test_nothing_given_changes_nothing() -> None:
    base = BaseImage(reason="x")
    assert not_given(base, ()) is base
    assert not_given(None, [known(1)]) is None


_text = st.sampled_from(['CMD ["a"]', "ENTRYPOINT x", "COPY", "", "2024-01-01T00:00:00Z", "9999-99-99"]) | st.text(
    max_size=5
)
_steps = st.lists(st.builds(BuildStep, _text, st.booleans(), _text), max_size=8)


@any_of(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=4),
    st.integers(0, 5),
    st.booleans(),
)
def test_what_a_provenance_claims_is_never_certain_and_only_what_lies_there(
    claims: list[tuple[int, int, bool]], count: int, bare: bool
) -> None:
    layers = tuple(Layer(index=n, diff_id=number(n), digest=None if bare else number(100 + n)) for n in range(count))
    named = [
        NamedBase(
            name=f"base{n}",
            digest=f"sha256:{n}",
            layers=tuple(str(number(100 + first + at)) for at in range(n)),
            source="provenance",
            own=own,
        )
        for n, first, own in claims
    ]
    found = find(Image(subject=Subject(name="app"), layers=layers), named=named)
    assert found.confidence != "certain"
    if found.layers_count is not None:
        assert found.method == "provenance"
        assert not bare
        assert any(one.layers and len(one.layers) == found.layers_count and one.own >= (found.confidence == "strong")
                   for one in named)  # fmt: skip
    own = [n for n, first, mine in claims if mine and not first and 0 < n <= count]
    if own and not bare:
        assert (found.layers_count, found.confidence) == (max(own), "strong")


@any_of(_steps, st.integers(0, 6), st.none() | st.integers(0, 6))
def test_whatever_the_history_says_a_boundary_lies_between_layers_and_is_never_certain(
    steps: list[BuildStep], count: int, system: int | None
) -> None:
    found = find(image(count, *steps), system_layer=system)
    assert found.confidence != "certain"
    assert found.reason
    assert (found.layers_count is None) == (found.confidence == "unknown")
    assert found.layers_count is None or 0 < found.layers_count < count
