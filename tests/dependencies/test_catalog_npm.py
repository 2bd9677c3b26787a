"""npm packages in `node_modules` and npm lock files."""

import base64
import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.cataloger import File, Fragment
from assay.dependencies.catalogers import npm, npm_lock
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS


def read(path: str, content: Any, *, installed: bool = True) -> Fragment:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    row = npm.CATALOGUER if path.endswith("/package.json") else npm_lock.CATALOGUER
    return row.catalogue(File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed))


def manifest(**fields: Any) -> Fragment:
    return read("srv/node_modules/a/package.json", {"name": "a", "version": "1.0.0", **fields})


def test_a_scope_is_the_namespace() -> None:
    (package,) = read("srv/node_modules/@babel/core/package.json", {"name": "@babel/core", "version": "7.0.0"}).packages
    assert (package.name, package.namespace, package.purl_name) == ("@babel/core", "@babel", "core")


def test_an_alias_bears_its_own_name_and_answers_to_the_folder() -> None:
    (package,) = read("node_modules/old-width/package.json", {"name": "string-width", "version": "4.2.0"}).packages
    assert package.name == "string-width"
    assert package.provides == ("old-width",)
    assert package.properties == (("npm:alias", "old-width"),)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("opt/yarn-v1.22.22/package.json", True),
        ("opt/yarn-1.22.22/package.json", True),
        ("opt/yarn-v1.22.21/package.json", False),
        ("opt/berry-v1.22.22/package.json", False),
        ("srv/node_modules/a/test/yarn-v1.22.22/package.json", False),
        ("node_modules/a/yarn-v1.22.22/package.json", False),
    ],
)
def test_an_unpacked_archive_bears_name_and_version_in_its_folder(path: str, found: bool) -> None:
    fragment = read(path, {"name": "yarn", "version": "1.22.22"})
    assert [(p.name, p.version, p.confidence) for p in fragment.packages] == [("yarn", "1.22.22", "strong")] * found
    assert read(path, b"{") == Fragment()
    assert read(path, {"name": "/yarn", "version": "1.22.22"}) == Fragment()


@pytest.mark.parametrize(
    ("path", "confidence"),
    [
        ("node_modules/a/package.json", "certain"),
        ("usr/lib/node_modules/npm/node_modules/a/package.json", "certain"),
        ("srv/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", "certain"),
        ("srv/node_modules/.store/a-npm-1.0.0-abc/package/package.json", "certain"),
        ("usr/share/nodejs/a/package.json", "certain"),
        ("usr/share/nodejs/@s/a/node_modules/a/package.json", "certain"),
        ("usr/lib/x86_64-linux-gnu/nodejs/a/package.json", "certain"),
        ("srv/node_modules/b/vendor/node_modules/a/package.json", "weak"),
        ("srv/node_modules/b/dist/package.json", None),
        ("srv/node_modules/b/test/fixtures/a/package.json", None),
        ("srv/node_modules/.cache/a/package.json", None),
        ("srv/node_modules/.a-Xy12/package.json", None),
        ("srv/node_modules/@s/package.json", None),
        ("srv/app/package.json", None),
        ("package.json", None),
    ],
)
def test_only_a_folder_of_node_modules_is_a_package(path: str, confidence: str | None) -> None:
    found = npm.CATALOGUER.catalogue(
        File(path=path, chunks=(b'{"name":"a","version":"1.0.0"}',), size=30, limits=DEFAULT_LIMITS)
    )
    assert [package.confidence for package in found.packages] == ([confidence] if confidence else [])


@pytest.mark.parametrize(
    "body", [{}, {"name": "a"}, {"version": "1.0.0"}, {"name": 5, "version": "1"}, {"name": "", "version": ""}]
)
def test_a_manifest_without_name_or_version_is_neither_package_nor_gap(body: dict[str, Any]) -> None:
    assert read("node_modules/a/package.json", body) == Fragment()


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ({"license": "MIT"}, "MIT"),
        ({"license": {"type": "ISC", "url": "https://l.example"}}, "ISC"),
        ({"licenses": [{"type": "MIT"}, {"type": "Apache-2.0"}]}, "MIT OR Apache-2.0"),
        ({"license": "MIT", "licenses": [{"type": "MIT"}]}, "MIT"),
        ({"license": ["MIT", "BSD-2-Clause"]}, "MIT OR BSD-2-Clause"),
        ({"license": "(MIT OR CC0-1.0)"}, "(MIT OR CC0-1.0)"),
        ({"license": "SEE LICENSE IN LICENSE"}, ""),
        ({"license": "UNLICENSED"}, ""),
        ({"license": 7, "licenses": {"x": [[[]]]}}, ""),
    ],
)
def test_every_form_of_licence_is_read(fields: dict[str, Any], expression: str) -> None:
    licence = manifest(**fields).packages[0].licence
    assert {part for part in licence.expression.split(" OR ") if part} == {p for p in expression.split(" OR ") if p}
    assert bool(licence.reason) != bool(licence.expression)


def test_dependencies_of_all_kinds_but_development_are_required() -> None:
    found = manifest(
        dependencies={"b": "^1", "alias": "npm:c@1"}, optionalDependencies={"d": "1"}, peerDependencies={"e": "1"},
        devDependencies={"f": "1"}, author={"name": "Ann", "email": "ann@mail.example"},
    )  # fmt: skip
    assert found.packages[0].depends == ("alias", "b", "d", "e")
    assert found.packages[0].maintainer == "Ann <ann@mail.example>"


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", b"[]", b"null", b'{"name": "a b", "version": "1"}', b'{"a":' * 10_000, b'{"name": "\xff"}'],
)
def test_a_damaged_manifest_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        read("node_modules/a/package.json", data)
    assert caught.value.where == "node_modules/a/package.json"


def test_a_byte_order_mark_is_forgiven_as_npm_does() -> None:
    assert read("node_modules/a/package.json", b'\xef\xbb\xbf{"name":"a","version":"1"}').packages


SHA512 = base64.b64encode(bytes(range(64))).decode()
LOCK3 = {
    "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": {"a": "^1", "al": "npm:b@2"}, "devDependencies": {"d": "1"}},
        "node_modules/a": {"version": "1.0.0", "integrity": f"sha512-{SHA512} md5-AAAA sha1-!!", "license": "MIT",
                           "dependencies": {"b": "^2"}},
        "node_modules/al": {"name": "b", "version": "2.0.0"},
        "node_modules/a/node_modules/b": {"version": "2.0.0", "dev": True},
        "node_modules/d": {"version": "1.0.0", "dev": True, "inBundle": True},
        "node_modules/o": {"version": "1.0.0", "devOptional": True},
        "node_modules/w": {"link": True, "resolved": "packages/w"},
        "packages/w": {"version": "0.1.0"},
    },
}  # fmt: skip
LOCK1 = {
    "lockfileVersion": 1,
    "dependencies": {
        "a": {
            "version": "1.0.0",
            "requires": {"b": "^2"},
            "integrity": f"sha512-{SHA512}",
            "dependencies": {"b": {"version": "2.0.0", "dev": True, "bundled": True}},
        },
        "al": {"version": "npm:@s/b@3.0.0"},
        "g": {"version": "git+ssh://git@host.example/x/g.git#" + "ab" * 20},
        "f": {"version": "file:../f"},
    },
}


def table(fragment: Fragment) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(p.name, p.version): tuple(name for name, _ in p.properties) for p in fragment.packages}


def test_a_lock_of_version_3_lists_packages_of_a_source_tree() -> None:
    found = read("app/package-lock.json", LOCK3, installed=False)
    assert table(found) == {
        ("a", "1.0.0"): (),
        ("b", "2.0.0"): (),
        ("d", "1.0.0"): ("npm:bundled", "npm:dev"),
        ("o", "1.0.0"): ("npm:dev", "npm:optional"),
        ("w", "0.1.0"): (),
    }
    first = found.packages[0]
    assert first.hashes == ("sha512:" + bytes(range(64)).hex(),)
    assert (first.kind, first.depends, first.licence.expression) == ("lock-file", ("b@2.0.0",), "MIT")


def test_a_lock_of_version_1_is_nested() -> None:
    found = read("app/npm-shrinkwrap.json", LOCK1, installed=False)
    assert table(found) == {
        ("@s/b", "3.0.0"): (),
        ("a", "1.0.0"): (),
        ("b", "2.0.0"): ("npm:bundled", "npm:dev"),
        ("f", ""): (),
        ("g", ""): ("npm:commit",),
    }
    assert {p.namespace for p in found.packages} == {"", "@s"}


@pytest.mark.parametrize(
    ("path", "root"), [("srv/package-lock.json", "srv/"), ("srv/node_modules/.package-lock.json", "srv/")]
)
def test_in_an_image_a_lock_only_adds_notes_to_the_folders(path: str, root: str) -> None:
    found = read(path, LOCK3)
    assert {package.name for package in found.packages} <= {"w"}  # which npm linked there
    assert {(note.directory.removeprefix(root + "node_modules/"), note.name) for note in found.notes} == {
        ("a/node_modules/b", "npm:dev"), ("d", "npm:dev"), ("d", "npm:bundled"), ("o", "npm:dev"), ("o", "npm:optional"),
        ("a", "npm:direct"), ("al", "npm:direct"), ("d", "npm:direct"),
    }  # fmt: skip


def test_a_lock_published_inside_a_package_is_not_obeyed() -> None:
    assert read("srv/node_modules/x/npm-shrinkwrap.json", LOCK3, installed=False) == Fragment()
    assert read("srv/node_modules/x/package-lock.json", LOCK3) == Fragment()


@pytest.mark.parametrize(
    "data", [b"null", b"[]", b"not json", b'{"packages": 5}', b'{"packages": {"a": 5}}', b'{"a":' * 10_000]
)
def test_a_damaged_lock_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        read("app/package-lock.json", data, installed=False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(
                    ["name", "version", "license", "licenses", "packages", "dependencies", "requires", "dev", ""]
                )
                | st.text(max_size=4),
                inner,
                max_size=4,
            )
            | st.lists(inner, max_size=3)
        ),
        max_leaves=15,
    )
)
def test_any_json_is_a_fragment_or_malformed(value: Any) -> None:
    for path in ("node_modules/a/package.json", "app/package-lock.json"):
        with suppress(MalformedError):
            read(path, value, installed=False)


def test_seven_hundred_manifests_take_less_than_60_ms() -> None:
    body = json.dumps({"name": "a", "version": "1.0.0", "license": "MIT", "author": "A <a@b.example>",
                       "dependencies": {f"d{n}": "^1.0.0" for n in range(10)}, "scripts": {f"s{n}": "x" * 60 for n in range(20)}}).encode()  # fmt: skip
    files = [
        File(path=f"node_modules/a{n}/package.json", chunks=(body,), size=len(body), limits=DEFAULT_LIMITS)
        for n in range(700)
    ]
    best = 9.0
    for _ in range(3):
        begun = time.process_time()
        assert sum(len(npm.catalogue(file).packages) for file in files) == 700
        best = min(best, time.process_time() - begun)
    assert best < 0.06


def test_what_npm_runs_at_installation_is_told_on_one_line() -> None:
    (package,) = manifest(scripts={"postinstall": "node x.js\n && curl y", "preinstall": "a", "test": "t"}).packages
    assert package.properties == (("npm:install-script", "preinstall: a; postinstall: node x.js && curl y"),)
    (package,) = manifest(scripts={"install": 1, "postinstall": "z" * 900}).packages
    assert len(dict(package.properties)["npm:install-script"]) == 300
    assert manifest(scripts=["install"]).packages[0].properties == ()


def test_a_lock_tells_where_a_package_came_from_and_no_secret() -> None:
    entry = {
        "version": "1.0.0", "resolved": "https://jane:secret@Packages.acme.example:8443/a/-/a-1.0.0.tgz?token=x",
        "hasInstallScript": True, "deprecated": "use b",
    }  # fmt: skip
    lock: dict[str, Any] = {"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": entry}}
    (package,) = read("srv/package-lock.json", lock, installed=False).packages
    assert package.properties == (
        ("npm:deprecated", "use b"),
        ("npm:install-script", "true"),
        ("npm:registry", "https://packages.acme.example:8443"),
    )
    notes = read("srv/node_modules/.package-lock.json", lock).notes
    assert {(note.name, note.value) for note in notes} == {
        ("npm:deprecated", "use b"), ("npm:registry", "https://packages.acme.example:8443"),
    }  # fmt: skip
    for resolved in ("file:../a", "git+ssh://git@h/x#" + "a" * 40, "https://", "https://ho st/x", 7):
        lock["packages"]["node_modules/a"] = {"version": "1.0.0", "resolved": resolved}
        (package,) = read("srv/package-lock.json", lock, installed=False).packages
        assert "npm:registry" not in dict(package.properties)


def test_workspaces_that_npm_linked_are_installed() -> None:
    lock = {
        "lockfileVersion": 3,
        "packages": {
            "node_modules/@me/a": {"resolved": "packages/a", "link": True},
            "packages/a": {"name": "@me/a", "version": "0.1.0", "license": "MIT", "dependencies": {"ms": "2"}},
            "node_modules/b": {"resolved": "libs/b", "link": True},
            "libs/b": {"version": "2.0.0"},
            "node_modules/up": {"resolved": "../up", "link": True},
            "../up": {"version": "1.0.0"},
            "node_modules/none": {"resolved": "libs/none", "link": True},
            "node_modules/new": {"resolved": "libs/new", "link": True},
            "libs/new": {"name": "new"},
            "libs/unlinked": {"version": "1.0.0"},
        },
    }
    found = read("srv/node_modules/.package-lock.json", lock).packages
    assert [(p.name, p.version, p.path) for p in found] == [
        ("b", "2.0.0", "srv/libs/b/package.json"),
        ("@me/a", "0.1.0", "srv/packages/a/package.json"),
    ]
    assert (found[1].namespace, found[1].depends, found[1].licence.expression) == ("@me", ("ms",), "MIT")
    assert read("srv/package-lock.json", lock).packages == ()
