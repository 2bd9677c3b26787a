"""Edges say what they are for; in an image lock files give edges between what is installed, each once."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import Sighting
from assay.dependencies.catalogers import TABLE
from assay.dependencies.chooser import run
from assay.formats.edges import one_each
from assay.model.inventory import Relation
from osfiles import layers, saw, stanza, wanted

SITE = "usr/lib/python3/site-packages/"


def seen(row: str, path: str, data: str, removed_by: int | None = None) -> Sighting:
    """What one named row says of a file, whichever others want it too."""
    cataloguer = next(one for one in TABLE if one.name == row)
    fragment = run(cataloguer, wanted(path, data))
    return Sighting(cataloguer=row, path=path, layer=0, removed_by=removed_by, fragment=fragment)


def wheel(name: str, version: str, *requires: str) -> Sighting:
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    return seen("pypi", f"{SITE}{name}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")


def node(path: str, name: str, version: str, **more: object) -> Sighting:
    return seen("npm", f"app/{path}package.json", json.dumps({"name": name, "version": version, **more}))


def edges(found: Assembled) -> set[tuple[str, str, str]]:
    names = {c.key: c.name for c in found.components}
    return {(names[r.source], names[r.target], r.scope) for r in found.relations if r.kind == "depends_on"}


def join(*sightings: Sighting) -> Assembled:
    return assemble(sightings, layers(2), installed=True)


POETRY = """
[[package]]
name = "flask"
version = "2.2.2"
[package.dependencies]
Jinja2 = "*"
Extra = {version = "*", optional = true}

[[package]]
name = "jinja2"
version = "3.1.2"
[package.dependencies]
markupsafe = "*"

[[package]]
name = "markupsafe"
version = "9.9"

[[package]]
name = "extra"
version = "1.0"
"""


def test_a_lock_in_an_image_gives_edges_between_what_is_installed_as_locked() -> None:
    found = join(
        seen("poetry-lock", "app/poetry.lock", POETRY),
        wheel("Flask", "2.2.2"),
        wheel("Jinja2", "3.1.2"),
        wheel("MarkupSafe", "2.1.1"),
    )
    assert edges(found) == {("Flask", "Jinja2", "runtime")}
    assert sorted(c.name for c in found.components) == ["Flask", "Jinja2", "MarkupSafe"]


def test_what_only_an_extra_asks_for_is_an_optional_edge() -> None:
    found = join(seen("poetry-lock", "app/poetry.lock", POETRY), wheel("Flask", "2.2.2"), wheel("extra", "1.0"))
    assert edges(found) == {("Flask", "extra", "optional")}


def test_pnpm_and_uv_tell_optional_edges() -> None:
    pnpm = (
        "lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    resolution: {}\n  b@1.0.0:\n    resolution: {}\n"
        "  c@1.0.0:\n    resolution: {}\n\nsnapshots:\n\n  a@1.0.0:\n    dependencies:\n      b: 1.0.0\n"
        "    optionalDependencies:\n      c: 1.0.0\n  b@1.0.0: {}\n  c@1.0.0: {}\n"
    )
    uv = (
        '[[package]]\nname = "x"\nversion = "1"\ndependencies = [{ name = "y" }]\n'
        '[package.optional-dependencies]\nmore = [{ name = "y" }, { name = "z" }]\n'
        '[[package]]\nname = "y"\nversion = "1"\n[[package]]\nname = "z"\nversion = "1"\n'
    )
    found = join(
        seen("pnpm-lock", "app/pnpm-lock.yaml", pnpm),
        *(node(f"node_modules/{name}/", name, "1.0.0") for name in "abc"),
        seen("uv-lock", "srv/uv.lock", uv),
        *(wheel(name, "1") for name in "xyz"),
    )
    assert edges(found) == {
        ("a", "b", "runtime"), ("a", "c", "optional"), ("x", "y", "runtime"), ("x", "z", "optional"),
    }  # fmt: skip


def test_an_edge_that_metadata_knows_too_is_there_once_and_keeps_its_scope() -> None:
    found = join(
        seen("poetry-lock", "app/poetry.lock", POETRY), wheel("Flask", "2.2.2", "jinja2>=3"), wheel("Jinja2", "3.1.2")
    )
    assert edges(found) == {("Flask", "Jinja2", "runtime")}
    assert len([r for r in found.relations if r.kind == "depends_on"]) == 1


def test_a_lock_that_a_layer_removed_says_nothing() -> None:
    found = join(
        seen("poetry-lock", "app/poetry.lock", POETRY, removed_by=1), wheel("Flask", "2.2.2"), wheel("Jinja2", "3.1.2")
    )
    assert edges(found) == set()


def test_node_modules_beside_their_lock_have_each_edge_once() -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"a": "1"}},
            "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1"}},
            "node_modules/b": {"version": "1.0.0"},
        },
    }
    found = join(
        seen("npm-lock", "app/package-lock.json", json.dumps(lock)),
        node("node_modules/a/", "a", "1.0.0", dependencies={"b": "1"}),
        node("node_modules/b/", "b", "1.0.0"),
    )
    assert edges(found) == {("a", "b", "runtime")}
    assert ("npm:direct", "true") in next(c for c in found.components if c.name == "a").properties


def test_yarn_names_exactly_which_of_two_versions() -> None:
    yarn = (
        '# yarn lockfile v1\n\na@1:\n  version "1.0.0"\n  dependencies:\n    b "^2"\n\n'
        'b@^1:\n  version "1.0.0"\n\nb@^2:\n  version "2.0.0"\n'
    )
    found = join(
        seen("yarn-lock", "app/yarn.lock", yarn),
        node("node_modules/a/", "a", "1.0.0"),
        node("node_modules/b/", "b", "1.0.0"),
        node("node_modules/a/node_modules/b/", "b", "2.0.0"),
    )
    versions = {c.key: c.version for c in found.components}
    assert [versions[r.target] for r in found.relations] == ["2.0.0"]


def test_npm_tells_optional_and_peer_edges_from_plain_ones() -> None:
    found = join(
        node(
            "node_modules/a/", "a", "1.0.0",
            dependencies={"b": "1", "c": "1"}, optionalDependencies={"c": "1"}, peerDependencies={"b": "1", "d": "1"},
        ),
        *(node(f"node_modules/{name}/", name, "1.0.0") for name in "bcd"),
    )  # fmt: skip
    assert edges(found) == {("a", "b", "runtime"), ("a", "c", "optional"), ("a", "d", "peer")}


def npm_lock(version: int, **entries: object) -> Sighting:
    table = {f"node_modules/{name}" if len(name) == 1 else name: body for name, body in entries.items()}
    lock = {"lockfileVersion": version, "packages": {"": {"dependencies": {"a": "1"}}, **table}}
    path = "app/package-lock.json"
    row = next(one for one in TABLE if one.name == "npm-lock")
    file = wanted(path, json.dumps(lock), installed=False)
    return Sighting(cataloguer=row.name, path=path, layer=0, removed_by=None, fragment=run(row, file))


@pytest.mark.parametrize("version", [2, 3])
def test_an_npm_lock_tells_what_its_edges_are_for(version: int) -> None:
    plain = {name: {"version": "1.0.0"} for name in "bcde"}
    more = {
        "a": {
            "version": "1.0.0",
            "dependencies": {"b": "1", "c": "1"},
            "optionalDependencies": {"c": "1"},
            "peerDependencies": {"b": "1", "d": "1"},
            "devDependencies": {"e": "1"},
        },
        "work": {"version": "1.0.0", "dependencies": {"a": "1"}, "devDependencies": {"al": "npm:e@1", "a": "1"}},
    }
    found = assemble([npm_lock(version, **plain, **more)], layers(2), installed=False)
    assert edges(found) == {
        ("a", "b", "runtime"), ("a", "c", "optional"), ("a", "d", "peer"), ("work", "a", "runtime"), ("work", "e", "dev"),
    }  # fmt: skip


def test_of_two_copies_in_an_npm_lock_the_stronger_need_holds() -> None:
    weak = {"version": "1.0.0", "optionalDependencies": {"b": "1", "c": "1"}}
    strong = {"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}, "peerDependencies": {"c": "1"}}
    plain = {name: {"version": "1.0.0"} for name in "bc"}
    for first, second in ((weak, strong), (strong, weak)):
        found = assemble(
            [npm_lock(3, a=first, **{"node_modules/x/node_modules/a": second}, **plain)], layers(2), installed=False
        )
        assert edges(found) == {("a", "b", "runtime"), ("a", "c", "peer")}


def test_an_npm_lock_of_version_1_does_not_tell() -> None:
    lock = {
        "lockfileVersion": 1,
        "dependencies": {"a": {"version": "1.0.0", "requires": {"b": "1"}}, "b": {"version": "1.0.0"}},
    }
    row = next(one for one in TABLE if one.name == "npm-lock")
    (a, _) = run(row, wanted("app/package-lock.json", json.dumps(lock), installed=False)).packages
    assert (a.depends, a.scope, a.scoped) == (("b",), "", ())


def test_what_debian_recommends_is_an_optional_edge() -> None:
    status = stanza("curl", "1", "Depends: libc6", "Recommends: ca-certificates, gone, libc6")
    found = join(saw("var/lib/dpkg/status", status + stanza("libc6", "1") + stanza("ca-certificates", "1")))
    assert edges(found) == {("curl", "libc6", "runtime"), ("curl", "ca-certificates", "optional")}


_edges = st.lists(
    st.builds(
        Relation,
        st.sampled_from("ab"),
        st.just("depends_on"),
        st.sampled_from("ab"),
        st.sampled_from(["", "runtime", "dev", "x"]),
    ),
    max_size=8,
)


@given(_edges, st.randoms())
def test_the_strongest_scope_holds_in_any_order(some: list[Relation], random: Random) -> None:
    found = one_each(some)
    mixed = list(some)
    random.shuffle(mixed)
    assert one_each(mixed) == found
    assert one_each(found) == found
    assert len({(r.source, r.target) for r in found}) == len(found)
    assert not any(r.scope == "dev" for r in found if Relation(r.source, r.kind, r.target, "runtime") in some)
