"""Package URLs beyond the specification's cases: laws, real names, hostile text."""

import timeit
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import purl
from assay.model.errors import MalformedError
from assay.model.purl import Purl

_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
_segment = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/"), min_size=1, max_size=12)
_name = _text.filter(bool)
_purls = st.builds(
    Purl,
    st.sampled_from(["deb", "npm", "golang", "generic", "github", "swift"]),
    st.lists(_segment, max_size=3).map("/".join),
    _name,
    _text,
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9._-]{0,6}", fullmatch=True), _name, max_size=3).map(
        lambda d: tuple(d.items())
    ),
    st.lists(_segment.filter(lambda s: s not in {".", ".."}), max_size=3).map("/".join),
)


@given(_purls)
def test_what_is_written_reads_back(value: Purl) -> None:
    text = purl.to_string(value)
    assert purl.parse(text) == purl.normalise(value)
    assert purl.to_string(purl.parse(text)) == text
    assert text.isascii()


@given(st.text(max_size=60) | st.text(alphabet="pkg:/@?#=&%.a1A", max_size=30).map(lambda t: "pkg:" + t))
def test_any_text_is_a_value_or_malformed(text: str) -> None:
    try:
        once = purl.to_string(purl.parse(text))
    except MalformedError:
        return
    assert purl.to_string(purl.parse(once)) == once


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            Purl("deb", "Debian", "libstdc++6", "12.2.0-14+deb12u1", (("distro", "debian-12"), ("arch", "amd64"))),
            "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
        ),
        (Purl("pypi", "", "Foo_Bar.baz", "1.0RC1"), "pkg:pypi/foo-bar.baz@1.0rc1"),
        (Purl("npm", "@babel", "core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0"),
        (Purl("golang", "", "stdlib", "1.21.0"), "pkg:golang/stdlib@1.21.0"),
        (Purl("golang", "github.com/Azure", "go-autorest"), "pkg:golang/github.com/Azure/go-autorest"),
        (Purl("github", "Package-URL", "Purl-Spec"), "pkg:github/package-url/purl-spec"),
        (Purl("bitbucket", "BirKenfeld", "Pygments-main"), "pkg:bitbucket/birkenfeld/pygments-main"),
        (Purl("generic", "", "caf\xe9 \udcff"), "pkg:generic/caf%C3%A9%20%FF"),
        (Purl("rpm", "fedora", "Curl", "1", (("epoch", ""),)), "pkg:rpm/fedora/Curl@1"),
    ],
)
def test_known_names(value: Purl, text: str) -> None:
    assert purl.to_string(value) == text
    assert purl.to_string(purl.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pkg:",
        "pkg:npm",
        "pkg:npm/",
        "pkg:npm/@1.0",
        "pkg:pypi/a/b@1",
        "pkg:maven/io@1",
        "pkg:npm/a?x",
        "pkg:npm/a?x=1&X=2",
        "pkg:npm/a%zz",
        "pkg:golang/github.com%2Fa/b",
        "pkg:npm/\ud800",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        purl.to_string(purl.parse(text, where="components[3]"))
    assert caught.value.why


def test_writing_costs_no_more_than_reading() -> None:
    """A ratio within one run: no clock of a busy machine decides."""
    value = Purl("deb", "debian", "libstdc++6", "12.2.0-14+deb12u1", (("arch", "amd64"), ("distro", "debian-12")))
    text = purl.to_string(value)

    def cost(action: Callable[[], object]) -> float:
        return min(timeit.repeat(action, number=500, repeat=9, timer=process_time))

    assert cost(lambda: purl.to_string(value)) < 1.5 * cost(lambda: purl.parse(text))
