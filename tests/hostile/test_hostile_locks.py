"""Manifests and locks written to harm: never a traceback, never a silent skip, bounded work."""

import json
import time

import pytest

from assay.dependencies.cataloger import File
from assay.dependencies.chooser import run
from assay.dependencies.locks import ROWS
from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.locks.markers import holds
from assay.model.limits import DEFAULT_LIMITS

NAMES = sorted({name for row in ROWS for name in row.wants.names} | {"x.csproj", "pylock.a.toml"})
SHAPES = [
    b"", b"\x00", b"\xff\xfe{", b"{", b"[]", b"null", b"{}", b"[" * 5_000, b'{"packages": [1]}', b"a: [",
    b'{"packages": {"": [], "node_modules/a": 3}, "dependencies": [1]}', b"{'" * 3_000, b"package = 3\n",
    b"[[package]]\nname = 3\n", b"[project]\ndependencies = 3\n", b'[project]\ndependencies = ["\xc3\x28"]\n',
    b"# x => y v1\n# \n", b"gem " * 1_000, b"DEPENDENCIES\n" + b"  a (\n" * 100, b"importers: x\nlockfileVersion: 9\n",
    b'{"workspaces": {"": 3}, "packages": {"a": []}}', b"__metadata:\n  version: 8\n",
    b'{"_meta": 3, "default": {"a": 1}}', b'{"packages": [{"name": "a/b"}, 3], "content-hash": []}',
    b'[tool.poetry]\ndependencies = 3\n[tool.poetry.group]\na = 3\n', b'[dependencies]\na = {workspace = true}\n',
    b'{"require": {"a/b": 3, "c/d": {}}, "config": 4}', b'[packages]\na = {version = 3}\n',
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_shape_gives_a_sheet_a_gap_or_nothing(name):
    for shape in SHAPES:
        file = File(f"p/{name}", (shape,), len(shape), DEFAULT_LIMITS)
        for row in ROWS:
            if name in row.wants.names or any(name.endswith(end) for end in row.wants.suffixes):
                fragment = run(row, file)
                assert not fragment.packages
                assert len(fragment.sheets) <= 1


@pytest.mark.parametrize("name", ["package-lock.json", "uv.lock", "Cargo.lock", "composer.lock", "pnpm-lock.yaml"])
def test_a_damaged_lock_still_says_that_it_is_there(name):
    (sheet,) = [
        sheet
        for row in ROWS
        if name in row.wants.names
        for sheet in run(row, File(name, (b"{[",), 2, DEFAULT_LIMITS)).sheets
    ]
    assert sheet.role == "lock"
    assert sheet.damaged


def test_too_many_wishes_are_refused_with_the_count():
    data = json.dumps({"dependencies": {f"p{n}": "1" for n in range(20_001)}}).encode()
    row = next(row for row in ROWS if row.name == "locks-npm")
    (sheet,) = run(row, File("package.json", (data,), len(data), DEFAULT_LIMITS)).sheets
    assert "20000" in sheet.damaged


@pytest.mark.parametrize("ecosystem", ["npm", "cargo", "composer", "gem", "pypi"])
def test_constraints_never_take_long(ecosystem):
    begun = time.process_time()
    for text in (
        "^" * 900, "||" * 450, "1." * 450, ">= " * 300, "0" * 990, "1 - " * 200, "~>" * 400, "x.x." * 200, "\u0661.2",
        "1.2.3-" + "a." * 400, "==" * 400, "!" * 900, ">=1," * 240, "1" + " " * 900, "@dev" * 200,
    ):  # fmt: skip
        assert satisfies(ecosystem, text, "1.2.3") in (True, False, None)
        assert satisfies(ecosystem, ">=1", text) in (True, False, None)
    assert time.process_time() - begun < 2


def test_markers_never_take_long():
    begun = time.process_time()
    for text in (
        "(" * 1_900,
        "os_name == 'x' and " * 90,
        "'" * 1_900,
        "a" * 3_000,
        "sys_platform in 'x'" + " " * 1_900,
    ):
        assert holds(text, "3.11") in (True, False, None)
    assert time.process_time() - begun < 2


def test_a_requirement_of_brackets_is_no_requirement():
    text = '[project]\ndependencies = ["a; ' + "(" * 1_900 + '"]\n'
    row = next(row for row in ROWS if row.name == "locks-python-manifest")
    (sheet,) = run(row, File("pyproject.toml", (text.encode(),), len(text), DEFAULT_LIMITS)).sheets
    assert "no requirement" in sheet.undecided[0]
