"""Direct or transitive in a source tree: what the manifests beside the locks ask for, or what the locks remember."""

import json

import pytest

from assay.dependencies.graph import Graph
from assay.model.image import Subject
from assay.model.inventory import Inventory
from writtentrees import tree


def standings(files: dict[str, str], *, installed: bool = False) -> dict[str, str]:
    """Name and version → direct, transitive or unknown."""
    found = tree(files, installed=installed)
    inventory = Inventory(
        subject=Subject(name="tree"),
        components=found.components,
        relations=found.relations,
    )
    graph = Graph(inventory)
    return {f"{c.name} {c.version}": graph.standing(c.key)[0] for c in found.components}


PACKAGE = json.dumps(
    {"name": "app", "dependencies": {"a": "^1.0.0", "al": "npm:d@^2"}, "devDependencies": {"b": "^2.0.0"}}
)
YARN = """# yarn lockfile v1


a@^1.0.0:
  version "1.2.0"
  dependencies:
    b "^1.0.0"

"al@npm:d@^2":
  version "2.0.0"

b@^1.0.0:
  version "1.5.0"

b@^2.0.0:
  version "2.1.0"
"""


def lock(packages: dict[str, dict[str, object]]) -> str:
    return json.dumps({"lockfileVersion": 3, "packages": packages})


def test_a_manifest_chooses_among_versions_by_its_constraint() -> None:
    assert standings({"package.json": PACKAGE, "yarn.lock": YARN}) == {
        "a 1.2.0": "direct", "b 1.5.0": "transitive", "b 2.1.0": "direct", "d 2.0.0": "direct",
    }  # fmt: skip


def test_a_lock_of_npm_chooses_by_the_folder_each_member_finds() -> None:
    packages: dict[str, dict[str, object]] = {
        "": {"workspaces": ["web"], "dependencies": {"b": "*"}},
        "web": {"version": "0.1.0", "dependencies": {"b": "*", "c": "*"}},
        "node_modules/web": {"link": True, "resolved": "web"},
        "node_modules/b": {"version": "1.0.0"},
        "node_modules/c": {"version": "1.0.0", "dependencies": {"b": "^3", "gone": "1"}},
        "node_modules/c/node_modules/b": {"version": "3.0.0"},
        "node_modules/@types/b": {"version": "9.0.0"},
        "web/node_modules/b": {"version": "2.0.0"},
    }
    assert standings({"package-lock.json": lock(packages)}) == {
        "@types/b 9.0.0": "unknown", "b 1.0.0": "direct", "b 2.0.0": "direct", "b 3.0.0": "transitive",
        "c 1.0.0": "direct", "web 0.1.0": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("version", [1, 3])
def test_edges_of_an_npm_lock_lead_where_node_finds_them(version: int) -> None:
    """Neither a package of the same name elsewhere, nor one whose scope is left out."""
    nested = {
        "x": {"version": "1.0.0"},
        "y": {"version": "2.0.0"},
        "@types/y": {"version": "5.0.0"},
        "z": {"version": "1.0.0"},
    }
    if version == 1:
        nested["x"] |= {"requires": {"y": "1", "z": "*", "gone": "*"}, "dependencies": {"y": {"version": "1.0.0"}}}
        text = json.dumps({"lockfileVersion": 1, "dependencies": nested})
    else:
        packages: dict[str, dict[str, object]] = {f"node_modules/{name}": dict(body) for name, body in nested.items()}
        packages["node_modules/x"]["dependencies"] = {"y": "1", "z": "*", "gone": "*"}
        packages["node_modules/x/node_modules/y"] = {"version": "1.0.0"}
        text = lock(packages)
    found = tree({"package-lock.json": text})
    names = {c.key: f"{c.name} {c.version}" for c in found.components}
    assert {(names[r.source], names[r.target]) for r in found.relations} == {
        ("x 1.0.0", "y 1.0.0"), ("x 1.0.0", "z 1.0.0"),
    }  # fmt: skip


POM = """<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
<dependencies><dependency><groupId>o</groupId><artifactId>l</artifactId><version>2</version></dependency></dependencies></project>"""


def test_a_pom_and_a_dockerfile_name_only_requests() -> None:
    files = {"pom.xml": POM, "Dockerfile": "FROM debian:12\n"}
    assert set(standings(files).values()) == {"direct"}


def test_what_go_calls_indirect_is_transitive() -> None:
    text = "module example.org/m\n\ngo 1.22\n\nrequire a.example/b v1.0.0\nrequire c.example/d v1.1.0 // indirect\n"
    found = standings({"go.mod": text})
    assert found["a.example/b v1.0.0"] == "direct"
    assert found["c.example/d v1.1.0"] == "transitive"


def test_without_a_manifest_the_standing_is_unknown() -> None:
    assert set(standings({"yarn.lock": YARN}).values()) == {"unknown"}


def test_a_tower_of_folders_ends_fast() -> None:
    place = "node_modules/a/" * 20_000 + "node_modules/b"
    body: dict[str, object] = {"version": "1.0.0", "dependencies": {f"n{index}": "1" for index in range(2_000)}}
    found = tree({"package-lock.json": lock({place: body})})
    assert [component.name for component in found.components] == ["b"]


WORKFLOW = "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n"


@pytest.mark.parametrize(
    "folder",
    ["node_modules/x/", "lib/python3.12/site-packages/x/", "go/pkg/mod/a.example/x@v1.0.0/",
     ".cargo/registry/src/index.crates.io-6f17d22bba15001f/x-1.0.0/"],
)  # fmt: skip
def test_what_packages_were_published_with_is_no_wish_of_the_tree(folder: str) -> None:
    files = {".github/workflows/ci.yml": WORKFLOW, "Dockerfile": "FROM debian:12\n", "yarn.lock": YARN, "pom.xml": POM}
    alone = tree(files)
    assert len(alone.components) == 7
    both = tree(files | {f"{folder}{name}": text.replace("12", "11") for name, text in files.items()})
    assert (both.components, both.gaps) == (alone.components, alone.gaps)
    assert tree({f"{folder}{name}": text for name, text in files.items()}).components == ()


@pytest.mark.parametrize("folder", ["pkg/mod/", "pkg/mod/cache/", "services/registry/src/", "registry/src/web-app/"])
def test_a_project_may_have_folders_named_as_those_of_caches(folder: str) -> None:
    assert len(tree({f"{folder}Dockerfile": "FROM debian:12\n", f"{folder}yarn.lock": YARN}).components) > 1


@pytest.mark.parametrize("installed", [False, True])
def test_a_manifest_without_a_lock_asks_for_what_lies_beside_it(installed: bool) -> None:
    files = {
        "app/package.json": json.dumps({"dependencies": {"a": "^1"}, "devDependencies": {"gone": "1"}}),
        "app/node_modules/a/package.json": json.dumps({"name": "a", "version": "1.0.0", "dependencies": {"b": "1"}}),
        "app/node_modules/b/package.json": json.dumps({"name": "b", "version": "1.0.0"}),
        "other/node_modules/a/package.json": json.dumps({"name": "a", "version": "2.0.0"}),
    }
    assert standings(files, installed=installed) == {"a 1.0.0": "direct", "a 2.0.0": "unknown", "b 1.0.0": "transitive"}


def test_what_pub_calls_transitive_is() -> None:
    row = '  {name}:\n    dependency: {need}\n    description: {{name: {name}}}\n    source: hosted\n    version: "1.0.0"\n'
    text = "packages:\n" + row.format(name="a", need='"direct main"') + row.format(name="b", need="transitive")
    assert standings({"pubspec.lock": text}) == {"a 1.0.0": "direct", "b 1.0.0": "transitive"}


def test_a_central_list_is_asked_for_by_the_projects_below_it() -> None:
    items = "".join(f'<PackageVersion Include="{name}" Version="1.0.0" />' for name in "ABC")
    always = '<GlobalPackageReference Include="D" Version="1.0.0" />'
    files = {
        "src/Directory.Packages.props": f"<Project><ItemGroup>{items}{always}</ItemGroup></Project>",
        "src/a/a.csproj": '<Project><PackageReference Include="a" /><PackageReference Include="C" Version="2" /></Project>',
        "b/b.csproj": '<Project><PackageReference Include="B" /></Project>',
    }
    assert standings(files) == {"A 1.0.0": "direct", "B 1.0.0": "unknown", "C 1.0.0": "unknown", "D 1.0.0": "direct"}


COMPILED = """#
# This file is autogenerated by pip-compile with Python 3.12
#
asgiref==3.7.2 \\
    --hash=sha256:{sum}
    # via django
django==4.2
    # via
    #   -r requirements.in
    #   My_Ext
my-ext==1.0  # via app (pyproject.toml)
typing-extensions==4.9.0
    # via asgiref
    # via -c constraints.txt

# The following packages are considered to be unsafe in a requirements file:
# setuptools
six==1.16.0
"""


def test_marks_of_a_compiled_requirements_file_tell_who_asked() -> None:
    files = {"requirements.txt": COMPILED.replace("{sum}", "ab" * 32)}
    assert standings(files) == {
        "asgiref 3.7.2": "transitive", "django 4.2": "direct", "my-ext 1.0": "direct",
        "typing-extensions 4.9.0": "transitive", "six 1.16.0": "unknown",
    }  # fmt: skip
    found = tree(files)
    names = {c.key: c.name for c in found.components}
    assert {(names[r.source], names[r.target]) for r in found.relations} == {
        ("django", "asgiref"), ("my-ext", "django"), ("asgiref", "typing-extensions"),
    }  # fmt: skip


def test_a_requirements_file_that_leaves_a_version_open_was_written_by_hand() -> None:
    assert standings({"requirements.txt": "flask>=2\nrequests==2.31.0\n"}) == {
        "flask ": "direct", "requests 2.31.0": "direct",
    }  # fmt: skip


def test_a_requirements_file_that_pins_every_line_may_be_a_list_of_all_that_was_installed() -> None:
    pinned = "flask==2.0\nwerkzeug==2.0\n"
    assert set(standings({"requirements.txt": pinned}).values()) == {"unknown"}
    assert standings({"requirements.txt": pinned, "requirements.in": "flask\n"})["flask 2.0"] == "direct"
