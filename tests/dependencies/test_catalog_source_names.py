"""What source trees name without a package manager's lock: images, actions, Conan's packages, Yarn's archives."""

import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Fragment, Package, Sighting
from assay.dependencies.catalogers import TABLE, conan, dockerfile, pypi_record, workflow_uses, yarn_cache
from assay.dependencies.chooser import Chooser, run
from assay.dependencies.image_names import image_package
from assay.model.inventory import Gap
from assay.model.limits import DEFAULT_LIMITS
from support import needs_shared, shared

ROWS = {row.name: row for row in TABLE}
SHA = "0123456789abcdef" * 4
COMMIT = "b4ffde65f46336ab88eb53be808477a3936bae11"


def read(row: str, path: str, data: bytes, *, installed: bool = False) -> Fragment:
    chunks = tuple(data[at : at + 700] for at in range(0, len(data), 700))
    return run(ROWS[row], File(path, chunks, len(data), DEFAULT_LIMITS, installed))


def named(fragment: Fragment) -> list[tuple[str, str]]:
    return [(package.name, package.version) for package in fragment.packages]


def facts(package: Package) -> dict[str, str]:
    return dict(package.properties)


DOCKERFILE = f"""# escape=`
# a comment
ARG VERSION=3.12
ARG BASE
FROM --platform=$BUILDPLATFORM golang:1.22 AS build
RUN echo `
# a comment between
 FROM nowhere
RUN <<EOF
FROM here-document
EOF
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/
FROM python:${{VERSION}}-slim@sha256:{SHA} as app
COPY --from=build /x /x
COPY --from=0 /y /y
RUN --mount=type=bind,from=alpine:3.20,target=/m ls
FROM $BASE
FROM scratch
FROM app
""".encode()


def test_a_dockerfile_names_its_images_and_not_its_stages() -> None:
    found = read("dockerfile", "src/Dockerfile", DOCKERFILE)
    assert named(found) == [
        ("alpine", "3.20"),
        ("ghcr.io/astral-sh/uv", "0.5"),
        ("golang", "1.22"),
        ("python", f"sha256:{SHA}"),
    ]
    by = {package.name: facts(package) for package in found.packages}
    assert by["python"] == {
        "docker:by": "FROM", "docker:pinned": "true", "docker:stage": "app", "docker:tag": "3.12-slim",
    }  # fmt: skip
    assert by["golang"]["docker:pinned"] == "false"
    assert by["alpine"]["docker:by"] == "RUN --mount"
    assert [gap.reason for gap in found.gaps] == ["FROM '$BASE': the argument BASE has no default"]


@pytest.mark.parametrize("text", ["\\", "\\\n\\\n", "FROM", "FROM \\\n", "# escape=\n", "ARG\nCOPY", "RUN <<E"])
def test_an_unfinished_dockerfile_names_nothing(text: str) -> None:
    assert read("dockerfile", "Dockerfile", text.encode()) == Fragment()


def test_nothing_of_it_counts_in_an_image() -> None:
    assert read("dockerfile", "Dockerfile", DOCKERFILE, installed=True) == Fragment()


@pytest.mark.parametrize(
    ("reference", "purl"),
    [
        ("debian", ("", "debian", "latest", ())),
        ("docker.io/library/debian:12", ("", "debian", "12", ())),
        ("bitnami/redis:7", ("bitnami", "redis", "7", ())),
        ("localhost:5000/a/b:c", ("a", "b", "c", (("repository_url", "localhost:5000"),))),
        ("gcr.io/distroless/static", ("distroless", "static", "latest", (("repository_url", "gcr.io"),))),
    ],
)
def test_names_of_images(reference: str, purl: tuple[str, str, str, tuple[tuple[str, str], ...]]) -> None:
    package = image_package(reference, {})
    assert package is not None
    assert (package.namespace, package.purl_name, package.version, package.qualifiers) == purl


@pytest.mark.parametrize("text", ["", "UPPER", "a:b:c", "a@sha256:00", "a b", "-x", "a:", "x" * 2_000, "a//b"])
def test_texts_that_name_no_image(text: str) -> None:
    assert image_package(text, {}) is None


@needs_shared
def test_buildkits_own_examples_are_read_without_a_defect() -> None:
    folder = shared("vectors", "dockerfile")
    examples = sorted(folder.glob("*/Dockerfile"))
    assert len(examples) >= 10
    images = 0
    for example in examples:
        found = read("dockerfile", "Dockerfile", example.read_bytes())
        result = (example.parent / "result").read_text()
        wanted = [words[1] for line in result.splitlines() if (words := line.split('"')) and words[0] == "(from "]
        expected = {package.name for name in wanted if (package := image_package(name, {})) and name != "scratch"}
        assert {package.name for package in found.packages} >= expected, example
        images += len(found.packages)
    assert images >= 10


WORKFLOW = f"""
jobs:
  a:
    uses: octo/reusable/.github/workflows/ci.yml@v1
    steps:
      - uses: actions/checkout@{COMMIT} # v4.1.1
      - name: x
        uses: "actions/cache/restore@v4"
      - uses: ./local
      - uses: docker://alpine:3.20
      - run: |
          echo
          uses: not/this@v1
      - uses: nonsense
""".encode()


def test_a_workflow_names_its_actions_and_whether_they_are_pinned() -> None:
    found = read("workflow-uses", ".github/workflows/ci.yml", WORKFLOW)
    assert named(found) == [
        ("actions/cache", "v4"),
        ("actions/checkout", COMMIT),
        ("alpine", "3.20"),
        ("octo/reusable", "v1"),
    ]
    cache, checkout, _, reusable = found.packages
    assert facts(checkout) == {"github:pinned": "true", "github:commit-comment": "v4.1.1"}
    assert (facts(cache)["github:pinned"], cache.subpath) == ("false", "restore")
    assert reusable.subpath == ".github/workflows/ci.yml"
    assert [gap.reason for gap in found.gaps] == ["line 14: uses 'nonsense' names no action"]


def test_only_workflows_and_actions_are_read() -> None:
    chooser = Chooser(TABLE)
    for path in (".github/workflows/a.yml", "sub/.github/workflows/a.yaml"):
        assert "workflow-uses" in [row.name for row in chooser.choose(path, b"", 9, 0o644) or ()]
    assert read("workflow-uses", "other/workflows/ci.yml", WORKFLOW) == Fragment()
    assert named(read("action-uses", "action.yml", WORKFLOW))
    assert read("workflow-uses", ".github/workflows/ci.yml", WORKFLOW, installed=True) == Fragment()


CONAN1 = json.dumps(
    {
        "graph_lock": {
            "nodes": {
                "0": {"ref": "app/1.0", "path": "conanfile.py", "requires": ["1"], "build_requires": ["3"]},
                "1": {"ref": "openssl/3.0.7@user/stable#0a1b", "requires": ["2"]},
                "2": {"ref": "zlib/1.2.13"},
                "3": {"ref": "cmake/3.27.1"},
            }
        },
        "version": "0.4",
    }
).encode()


def test_conan_1_locks_a_graph() -> None:
    cmake, openssl, zlib = read("conan", "conan.lock", CONAN1).packages
    assert (openssl.name, openssl.version, openssl.depends) == ("openssl", "3.0.7", ("zlib",))
    assert openssl.qualifiers == (("channel", "stable"), ("rrev", "0a1b"), ("user", "user"))
    assert facts(cmake) == {"conan:tool": "true"}
    assert facts(zlib) == {}


def test_conan_2_locks_lists() -> None:
    lock = {"version": "0.5", "requires": ["zlib/1.3#f00d%1675.5", "BAD"], "build_requires": ["ninja/1.11"]}
    found = read("conan", "conan.lock", json.dumps(lock).encode())
    assert named(found) == [("ninja", "1.11"), ("zlib", "1.3")]
    assert found.packages[1].qualifiers == (("rrev", "f00d"),)
    assert "first 'BAD'" in found.gaps[0].reason


def test_a_conanfile_says_what_is_wished() -> None:
    text = (
        b"# top\n[requires]\nzlib/1.3\nfmt/[>=9 <11]\n[options]\nzlib:shared=True\n[tool_requires]\ncmake/3.27.1 # x\n"
    )
    fmt, zlib, cmake = sorted(read("conan", "conanfile.txt", text).packages, key=lambda p: p.version)
    assert (fmt.version, facts(fmt), zlib.version) == ("", {"conan:range": ">=9 <11"}, "1.3")
    assert facts(cmake) == {"conan:tool": "true"}


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"graph_lock": 1, ', b"\xff\xfe"])
def test_a_lock_that_is_none_is_a_gap(data: bytes) -> None:
    found = read("conan", "conan.lock", data)
    assert found.packages == ()
    assert [gap.kind for gap in found.gaps] == ["unreadable"]


def archive(**members: object) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, value in members.items():
            zipped.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return out.getvalue()


def test_yarns_archives_are_read_in_place() -> None:
    core = {"name": "@babel/core", "version": "7.25.2", "license": "MIT", "dependencies": {"debug": "^4"}}
    core |= {"peerDependencies": {"x": "1", "y": "1"}, "peerDependenciesMeta": {"x": {"optional": True}}}
    data = archive(
        **{
            "node_modules/@babel/core/package.json": core,
            "node_modules/@babel/core/lib/package.json": {"type": "module"},
            "node_modules/@babel/core/node_modules/ms/package.json": {"name": "ms", "version": "2.0.0"},
        }
    )
    found = read("yarn-cache", "app/.yarn/cache/@babel-core-npm-7.25.2-8.zip", data, installed=True)
    core_package, ms = found.packages
    assert (core_package.name, core_package.namespace, core_package.depends) == (
        "@babel/core",
        "@babel",
        ("debug", "y"),
    )
    assert core_package.licence.expression == "MIT"
    assert ms.path.endswith(".zip!/node_modules/@babel/core/node_modules/ms/package.json")
    assert read("yarn-cache", "app/cache/a.zip", data) == Fragment()


@pytest.mark.parametrize("data", [b"PK", archive(**{"node_modules/a/package.json": b"["}), b""])
def test_a_damaged_archive_is_a_gap(data: bytes) -> None:
    found = read("yarn-cache", ".yarn/cache/a.zip", data)
    assert not found.packages
    assert [gap.kind for gap in found.gaps] == ["unreadable"]


UNKNOWN = Fragment(gaps=(Gap("unknown-program", "opt/t/bin/ruff", None, "a program without identity", "binaries"),))


def gaps_with(record: bytes, path: str) -> list[str]:
    seen = [
        Sighting(cataloguer="binaries", path="opt/t/bin/ruff", layer=0, removed_by=None, fragment=UNKNOWN),
        Sighting(cataloguer="pypi-record", path=path, layer=0, removed_by=None, fragment=read("pypi-record", path, record)),
    ]  # fmt: skip
    return [gap.path for gap in assemble(seen, (), installed=True, limits=DEFAULT_LIMITS).gaps]


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (b"ruff/x.py,,\n../../../bin/ruff,sha256=x,9\n", "opt/t/lib/python3.12/site-packages/ruff-1.dist-info/RECORD"),
        (b'"../../bin/ruff",sha256=x,9\r\n', "opt/t/ruff-1.dist-info/RECORD"),
        (b"/opt/t/bin/ruff,,\n", "x/ruff-1.dist-info/RECORD"),
        (b"../../bin/ruff\n", "opt/t/lib/ruff.egg-info/installed-files.txt"),
    ],
)
def test_a_program_a_wheel_lists_is_no_unknown_program(record: bytes, path: str) -> None:
    assert gaps_with(record, path) == []


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (b"../../../bin/other,,\n", "opt/t/lib/python3.12/site-packages/ruff-1.dist-info/RECORD"),
        (b"../../../bin/ruff,,\n", "opt/t/lib/python3.12/site-packages/RECORD"),
        (b"", "opt/t/ruff-1.dist-info/RECORD"),
    ],
)
def test_one_that_no_wheel_lists_stays_unknown(record: bytes, path: str) -> None:
    assert gaps_with(record, path) == ["opt/t/bin/ruff"]


READERS = [
    (dockerfile.CATALOGUER, "Dockerfile"),
    (workflow_uses.ROWS[0], ".github/workflows/a.yml"),
    (conan.CATALOGUER, "conan.lock"),
    (conan.CATALOGUER, "conanfile.txt"),
    (yarn_cache.CATALOGUER, ".yarn/cache/a.zip"),
    (pypi_record.CATALOGUER, "a.dist-info/RECORD"),
]
_PIECES = [
    "FROM ",
    "ARG A=$A$A\n",
    "RUN <<E\n",
    "uses: a/b@",
    "\\\n",
    "- ",
    "[requires]\n",
    "a/[",
    "PK\x05\x06",
    '"',
    ",",
    "\n",
    "${A:-",
]


@pytest.mark.parametrize(("row", "path"), READERS)
@given(text=st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=30).map("".join))
def test_any_text_is_read_or_a_gap(row: object, path: str, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    found = run(row, File(path, (data,), len(data), DEFAULT_LIMITS, False))  # type: ignore[arg-type]
    assert isinstance(found, Fragment)
