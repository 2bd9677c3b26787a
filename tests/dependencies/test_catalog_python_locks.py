"""Lock files of Poetry, uv, PDM, Pipenv and PEP 751: the same project, told by each tool in its own way."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.cataloger import File, Fragment, Package
from assay.dependencies.catalogers import (
    pdm_lock,
    pipfile_lock,
    poetry_lock,
    pylock,
    pypi_requirements,
    uv_lock,
)
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS

ROWS = {
    "poetry.lock": poetry_lock.CATALOGUER,
    "uv.lock": uv_lock.CATALOGUER,
    "pdm.lock": pdm_lock.CATALOGUER,
    "Pipfile.lock": pipfile_lock.CATALOGUER,
    "pylock.toml": pylock.CATALOGUER,
    "pylock.dev.toml": pylock.CATALOGUER,
    "pyproject.toml": pylock.CATALOGUER,
    "requirements.txt": pypi_requirements.CATALOGUER,
}
SHA = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
COMMIT = "ab" * 20

POETRY1 = f"""
[[package]]
name = "Flask"
version = "3.0.0"
category = "main"
optional = false

[package.dependencies]
Jinja_2 = ">=3"

[[package]]
name = "jinja-2"
version = "3.1.0"
category = "main"

[[package]]
name = "pytest"
version = "8.0.0"
category = "dev"

[[package]]
name = "g"
version = "1.0"
[package.source]
type = "git"
url = "https://host.example/o/g.git"
reference = "main"
resolved_reference = "{COMMIT}"

[metadata]
lock-version = "1.1"
[metadata.files]
Flask = [{{file = "flask.whl", hash = "{SHA}"}}, {{file = "flask.tar.gz", hash = "{OTHER}"}}]
"""
POETRY2 = f"""
[[package]]
name = "Flask"
version = "3.0.0"
groups = ["main", "dev"]
files = [{{file = "flask.whl", hash = "{SHA}"}}, {{file = "flask.tar.gz", hash = "{OTHER}"}}]
[package.dependencies]
Jinja_2 = ">=3"

[[package]]
name = "jinja-2"
version = "3.1.0"
groups = ["main"]

[[package]]
name = "pytest"
version = "8.0.0"
groups = ["dev"]

[[package]]
name = "g"
version = "1.0"
groups = ["main"]
[package.source]
type = "git"
resolved_reference = "{COMMIT}"

[metadata]
lock-version = "2.1"
"""
UV = f"""
version = 1
requires-python = ">=3.11"

[[package]]
name = "demo"
source = {{ editable = "." }}
dependencies = [{{ name = "flask" }}, {{ name = "g" }}]
[package.dev-dependencies]
dev = [{{ name = "pytest" }}]

[[package]]
name = "flask"
version = "3.0.0"
source = {{ registry = "https://packages.example/simple" }}
dependencies = [{{ name = "jinja-2" }}]
sdist = {{ url = "https://packages.example/flask.tar.gz", hash = "{OTHER}", size = 1 }}
wheels = [{{ url = "https://packages.example/flask.whl", hash = "{SHA}", size = 1 }}]

[[package]]
name = "jinja-2"
version = "3.1.0"
source = {{ registry = "https://packages.example/simple" }}

[[package]]
name = "pytest"
version = "8.0.0"
source = {{ registry = "https://packages.example/simple" }}
dependencies = [{{ name = "jinja-2" }}]

[[package]]
name = "g"
version = "1.0"
source = {{ git = "https://host.example/o/g.git?rev=main#{COMMIT}" }}
"""
PDM = f"""
[metadata]
lock_version = "4.5.0"

[[package]]
name = "flask"
version = "3.0.0"
groups = ["default", "dev"]
dependencies = ["Jinja_2>=3"]
files = [{{file = "flask.whl", hash = "{SHA}"}}, {{file = "flask.tar.gz", hash = "{OTHER}"}}]

[[package]]
name = "flask"
version = "3.0.0"
extras = ["async"]
groups = ["default"]
dependencies = ["flask==3.0.0"]

[[package]]
name = "jinja-2"
version = "3.1.0"
groups = ["default"]

[[package]]
name = "pytest"
version = "8.0.0"
groups = ["dev"]

[[package]]
name = "g"
version = "1.0"
groups = ["default"]
git = "https://host.example/o/g.git"
revision = "{COMMIT}"
"""
PIPFILE = json.dumps(
    {
        "_meta": {"hash": {"sha256": "x"}, "sources": []},
        "default": {
            "flask": {"version": "==3.0.0", "hashes": [SHA, OTHER]},
            "jinja-2": {"version": "==3.1.0"},
            "g": {"git": "https://host.example/o/g.git", "ref": COMMIT},
        },
        "develop": {"pytest": {"version": "==8.0.0"}, "flask": {"version": "==3.0.0"}},
    }
)
PYLOCK = f"""
lock-version = "1.0"
created-by = "x"

[[packages]]
name = "demo"
directory = {{ path = "." }}

[[packages]]
name = "flask"
version = "3.0.0"
dependencies = [{{name = "Jinja_2"}}]
sdist = {{ name = "flask.tar.gz", hashes = {{ sha256 = "{OTHER[7:]}" }} }}
[[packages.wheels]]
name = "flask.whl"
hashes = {{ sha256 = "{SHA[7:]}" }}

[[packages]]
name = "jinja-2"
version = "3.1.0"
marker = "'dev' in dependency_groups or python_version < '4'"

[[packages]]
name = "pytest"
version = "8.0.0"
marker = "python_version > '3' and 'dev' in dependency_groups"

[[packages]]
name = "g"
version = "1.0"
vcs = {{ type = "git", url = "https://host.example/o/g.git", commit-id = "{COMMIT}" }}
"""
TOLD = [("poetry.lock", POETRY1), ("poetry.lock", POETRY2), ("uv.lock", UV), ("pdm.lock", PDM),
        ("Pipfile.lock", PIPFILE), ("pylock.toml", PYLOCK)]  # fmt: skip
FORMS = pytest.mark.parametrize(
    ("path", "content"), TOLD, ids=["poetry-1", "poetry-2", "uv", "pdm", "pipenv", "pylock"]
)


def read(path: str, content: str | bytes, *, installed: bool = False) -> Fragment:
    data = content.encode() if isinstance(content, str) else content
    row = ROWS[path.rpartition("/")[2]]
    return row.catalogue(File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed))


def by_name(path: str, content: str) -> dict[str, Package]:
    return {package.purl_name: package for package in read(path, content).packages}


@FORMS
def test_every_form_tells_the_same_packages(path: str, content: str) -> None:
    found = by_name(f"app/{path}", content)
    git = "" if path == "Pipfile.lock" else "1.0"
    assert {name: package.version for name, package in found.items()} == {
        "flask": "3.0.0", "jinja-2": "3.1.0", "pytest": "8.0.0", "g": git,
    }  # fmt: skip
    assert {(package.kind, package.ecosystem) for package in found.values()} == {("lock-file", "pypi")}


@FORMS
def test_hashes_commits_and_groups_are_kept(path: str, content: str) -> None:
    found = by_name(f"app/{path}", content)
    assert found["flask"].hashes == (SHA, OTHER)
    assert dict(found["g"].properties)["pypi:commit"] == COMMIT
    assert {name for name, package in found.items() if "pypi:dev" in dict(package.properties)} == {"pytest"}


@FORMS
def test_edges_are_kept_where_the_form_has_them(path: str, content: str) -> None:
    assert by_name(path, content)["flask"].depends == (() if path == "Pipfile.lock" else ("jinja-2",))


def test_uv_follows_extras_to_what_they_need() -> None:
    text = UV.replace('{ name = "g" }]', '{ name = "g" }, { name = "pytest", extra = ["x"] }]', 1)
    text += '\n[package.optional-dependencies]\nx = [{ name = "flask", version = "3.0.0" }]\n'
    found = by_name("uv.lock", text)
    assert "pypi:dev" not in dict(found["pytest"].properties)
    assert found["g"].depends == ("flask==3.0.0",)
    assert "flask==3.0.0" in found["flask"].provides


def test_other_toml_files_are_left_alone() -> None:
    assert read("app/pyproject.toml", "not toml at all") == Fragment()
    assert len(read("app/pylock.dev.toml", PYLOCK).packages) == 4


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("poetry.lock", "package = 5"), ("poetry.lock", "["), ("poetry.lock", b"\xff"), ("uv.lock", "package = {}"),
        ("pdm.lock", "package = 'x'"), ("Pipfile.lock", "[]"), ("Pipfile.lock", '{"default": 5}'), ("Pipfile.lock", ""),
        ("Pipfile.lock", '{"a": ' * 10_000), ("pylock.toml", ""), ("pylock.toml", 'lock-version = "1.0"'),
        ("poetry.lock", "a = " + "[" * 50_000), ("uv.lock", "a." * 50_000 + "a = 1"),
    ],
)  # fmt: skip
def test_a_damaged_lock_is_malformed(path: str, content: str | bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        read(f"app/{path}", content)
    assert caught.value.where.startswith(f"app/{path}")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("uv.lock", "version = 2"),
        ("pylock.toml", 'lock-version = "2.0"\npackages = []'),
        ("uv.lock", '[[package]]\nname = "a"\nsource = {editable = "."}\n[package.dev-dependencies]\n'
         + "".join(f"g{n} = []\n" for n in range(1_000))),
    ],
)  # fmt: skip
def test_what_no_project_has_is_not_supported(path: str, content: str) -> None:
    with pytest.raises(UnsupportedError):
        read(path, content)


@given(st.sampled_from(TOLD), st.data())
def test_any_change_is_a_fragment_or_one_of_two_errors(form: tuple[str, str], data: st.DataObject) -> None:
    path, content = form
    at = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 30))
    piece = data.draw(st.text(alphabet="ab=. \n\"'{}[],#1-", max_size=12))
    with suppress(MalformedError, UnsupportedError):
        read(path, content[:at] + piece + content[at + length :])


# --- requirements -------------------------------------------------------------------------------------------------


def requirement(line: str) -> Fragment:
    return read("app/requirements.txt", line)


@pytest.mark.parametrize(
    ("line", "name", "version"),
    [
        ("a==1.0", "a", "1.0"), ("a == 1.0 ; python_version < '3'", "a", "1.0"), ("a===1.0", "a", "1.0"),
        ("a[x,y]==1.0,>=0.5", "a", "1.0"), ("a (==1.0)", "a", "1.0"), ("a>=1,<2", "a", ""), ("a==1.*", "a", ""),
        ("a==1.0,==2.0", "a", ""), ("a", "a", ""), ("a # ==1.0", "a", ""),
        ("a @ https://h.example/a-1.0-py3-none-any.whl", "a", "1.0"), ("a @ git+https://h.example/a@" + COMMIT, "a", ""),
        ("-e git+https://h.example/a.git@v1#egg=a", "a", ""), ("./wheels/a-1.0-py3-none-any.whl", "a", "1.0"),
        ("--editable=git+https://h.example/a.git#egg=a", "a", ""), ("git+https://h.example/a.git@v1#egg=a", "a", ""),
        ("git+ssh://git@h.example/a.git#egg=a&subdirectory=x", "a", ""), ("hg+http://h.example/a#egg=a[x]", "a", ""),
    ],
)  # fmt: skip
def test_a_requirement_names_a_project_and_a_version_only_if_it_is_fixed(line: str, name: str, version: str) -> None:
    found = requirement(line)
    assert [(package.name, package.version) for package in found.packages] == [(name, version)]
    assert found.gaps == ()


@pytest.mark.parametrize(
    "line",
    ["-r other.txt", "--requirement=base.in", "-rother.txt", "-c constraints.txt", "--constraint c.txt", "-e .", ".",
     "./local", "https://h.example/x.zip", "a==${X}", "a==", "a b", "=1", "a=1", "-e ./x", "a==1.0 --hash=sha256:12"],
)  # fmt: skip
def test_what_is_not_followed_is_a_gap_with_its_line(line: str) -> None:
    (gap,) = requirement("# first\n" + line + "\n").gaps
    assert gap.reason.startswith("line 2: ")


@pytest.mark.parametrize("line", ["", "# a", "--index-url https://h.example", "-i https://h.example", "--pre",
                                  "-r requirements-dev.txt", "--find-links x", "-f x"])  # fmt: skip
def test_what_names_no_package_says_nothing(line: str) -> None:
    assert requirement(line) == Fragment()


def test_hashes_of_continued_lines_and_credentials_of_urls() -> None:
    (pinned,) = requirement(f"a==1 \\\n  --hash={SHA} \\\n  --hash {OTHER}\n").packages
    assert pinned.hashes == (SHA, OTHER)
    (located,) = requirement(f"a @ https://u:pw@h.example/a-1-py3-none-any.whl#sha256={'ab' * 32}").packages
    assert located.hashes == (SHA,)
    assert dict(located.properties)["pypi:direct-url"].startswith("https://h.example/")


@pytest.mark.parametrize(
    "content",
    ["a" + "-." * 200_000 + "\n", "a[" * 200_000, "a==1 " + "--hash=" * 100_000, "\\\n" * 200_000, "a==1 " + " " * 400_000,
     "a" + "," * 200_000, "x-1-" * 100_000 + ".whl", "./" + "-" * 300_000 + ".whl", "http://" + "[" * 200_000],
)  # fmt: skip
def test_hostile_requirements_end_fast(content: str) -> None:
    begun = time.process_time()
    with suppress(MalformedError, UnsupportedError):
        requirement(content)
    assert time.process_time() - begun < 2


@given(st.text(alphabet="ab1.=<>~![];@:/-\\\n #$,rce{}%", max_size=60))
def test_any_text_is_a_fragment(content: str) -> None:
    found = requirement(content)
    assert all(package.name for package in found.packages)
