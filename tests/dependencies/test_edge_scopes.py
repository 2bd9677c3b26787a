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
from writtentrees import tree

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
    plain = {name: {"version": "1.0.0"} for name in "bcd"}
    more = {
        "node_modules/al": {"name": "e", "version": "1.0.0"},
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
    assert (a.depends, a.scope, a.scoped) == (("b@1.0.0",), "", ())


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


def crate(name: str, version: str, *needs: str, local: bool = False) -> str:
    lines = [f'[[package]]\nname = "{name}"\nversion = "{version}"']
    if not local:
        lines.append('source = "registry+https://example.org/index"')
    return "\n".join([*lines, f"dependencies = {json.dumps(list(needs))}", ""])


CARGO_LOCK = "version = 4\n" + "\n".join(
    [
        crate("app", "0.1.0", "cc", "inner", "log", "rand 0.7.3", "rand 0.8.5", "serde_json", "winapi", local=True),
        crate("inner", "0.1.0", "log", "regex", local=True),
        *(crate(name, "1.0.0") for name in ("cc", "regex", "winapi")),
        crate("log", "0.4.20", "value-bag"),
        crate("value-bag", "1.0.0"),
        crate("rand", "0.7.3"),
        crate("rand", "0.8.5"),
        crate("serde_json", "1.0.100"),
    ]
)
CARGO = """
[workspace]
members = ["inner"]
[workspace.dependencies]
expressions = { package = "regex", version = "1" }
[package]
name = "app"
version = "0.1.0"
[dependencies]
inner = { path = "inner" }
rand = "0.8"
json = { package = "serde-json", version = "1", optional = true }
[dev-dependencies]
old-rand = { package = "rand", version = "0.7" }
log = "0.4"
[build-dependencies]
cc = "1"
[target.'cfg(windows)'.dependencies]
winapi = "1"
"""
INNER = """
[package]
name = "inner"
version.workspace = true
[dependencies]
log = "0.4"
[dev-dependencies]
expressions = { workspace = true }
"""


def test_cargo_tells_edges_for_tests_and_builds_from_those_of_the_program() -> None:
    found = tree({"Cargo.lock": CARGO_LOCK, "Cargo.toml": CARGO, "inner/Cargo.toml": INNER})
    versions = {c.key: f"{c.name} {c.version}" for c in found.components}
    assert {(versions[r.source], versions[r.target], r.scope) for r in found.relations} == {
        ("app 0.1.0", "cc 1.0.0", "build"), ("app 0.1.0", "inner 0.1.0", "runtime"), ("app 0.1.0", "log 0.4.20", "dev"),
        ("app 0.1.0", "rand 0.7.3", "dev"), ("app 0.1.0", "rand 0.8.5", "runtime"),
        ("app 0.1.0", "serde_json 1.0.100", "optional"), ("app 0.1.0", "winapi 1.0.0", "runtime"),
        ("inner 0.1.0", "log 0.4.20", "runtime"), ("inner 0.1.0", "regex 1.0.0", "dev"),
        ("log 0.4.20", "value-bag 1.0.0", ""),  # what a crate of the registry needs for what, its own manifest says
    }  # fmt: skip
    assert next(one.with_manifest for one in found.locks if one.manifest == "inner/Cargo.toml") == "yes"
    direct = {versions[c.key] for c in found.components if ("cargo:direct", "true") in c.properties}
    assert direct == set(versions.values()) - {"app 0.1.0", "inner 0.1.0", "value-bag 1.0.0"}


def test_a_vendored_crate_brings_its_manifest() -> None:
    log = '[package]\nname = "log"\nversion = "0.4.20"\n[build-dependencies]\nvalue-bag = "1"\n'
    found = tree({"Cargo.lock": CARGO_LOCK, "Cargo.toml": CARGO, "vendor/log/Cargo.toml": log})
    assert ("log", "value-bag", "build") in edges(found)


def test_of_two_manifests_of_one_name_neither_speaks() -> None:
    found = tree({"Cargo.lock": CARGO_LOCK, "Cargo.toml": CARGO, "a/Cargo.toml": INNER, "b/Cargo.toml": INNER})
    assert ("inner", "log", "") in edges(found)


GRADLE = """
group = 'com.example'
version = '1.0'
dependencies {
    implementation 'org.a:run:1.0'
    compileOnly 'org.a:offered:1.0'
    testImplementation 'org.a:proof:1.0'
    annotationProcessor 'org.a:maker:1.0'
}
"""
GRADLE_LOCK = """# This is a Gradle generated file for dependency locking.
org.a:run:1.0=compileClasspath,runtimeClasspath,testCompileClasspath,testRuntimeClasspath
org.a:below:1.0=runtimeClasspath,testRuntimeClasspath
org.a:offered:1.0=compileClasspath
org.a:proof:1.0=testCompileClasspath,testRuntimeClasspath
org.a:maker:1.0=annotationProcessor
org.a:tool:1.0=checkstyle
org.a:other:1.0=mine
empty=
"""


def test_gradle_tells_what_the_project_needs_its_modules_for() -> None:
    found = tree({"app/build.gradle": GRADLE, "app/gradle.lockfile": GRADLE_LOCK})
    project = "com.example:app"
    assert edges(found) == {
        (project, "org.a:run", "runtime"), (project, "org.a:offered", "provided"), (project, "org.a:proof", "test"),
        (project, "org.a:maker", "build"),
    }  # fmt: skip
    facts = {c.name: dict(c.properties) for c in found.components}
    assert {name: said.get("maven:scope", "") for name, said in facts.items() if name != project} == {
        "org.a:run": "runtime", "org.a:below": "runtime", "org.a:offered": "provided", "org.a:proof": "test",
        "org.a:maker": "build", "org.a:tool": "build", "org.a:other": "",
    }  # fmt: skip
    assert {name for name, said in facts.items() if said.get("maven:direct")} == {
        "org.a:run", "org.a:offered", "org.a:proof", "org.a:maker",
    }  # fmt: skip
    assert next(c.purl for c in found.components if c.name == project) == "pkg:maven/com.example/app@1.0"


def test_a_project_without_a_written_group_is_no_component() -> None:
    found = tree({"app/build.gradle": GRADLE.replace("group =", "def g ="), "app/gradle.lockfile": GRADLE_LOCK})
    assert edges(found) == set()
    assert len(found.components) == 7
    assert any(("maven:direct", "true") in c.properties for c in found.components)
