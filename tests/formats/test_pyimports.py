"""Imports of a Python source, read without a parser: what the real parser reads, in linear time."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assay
from assay.formats.pyimports import Import, read

SOURCES = sorted(Path(assay.__file__).parent.glob("formats/*.py"))


def of_parser(data: bytes) -> set[tuple[str, int, tuple[str, ...]]]:
    found: set[tuple[str, int, tuple[str, ...]]] = set()
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.Import):
            found |= {(alias.name, 0, ()) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "", node.level, tuple(alias.name for alias in node.names)))
    return found


def of_reader(data: bytes) -> set[tuple[str, int, tuple[str, ...]]]:
    return {(one.module, one.level, one.names) for one in read(data).imports}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a", [Import("a")]),
        ("import a.b as c, d", [Import("a.b"), Import("d")]),
        ("from a.b import c as d, e", [Import("a.b", ("c", "e"))]),
        ("from a import (b,  # why\n    c,\n)", [Import("a", ("b", "c"))]),
        ("from . import a", [Import("", ("a",), 1)]),
        ("from ... a import b", [Import("a", ("b",), 3)]),
        ("from .importer import b", [Import("importer", ("b",), 1)]),
        ("from a import *", [Import("a", ("*",))]),
        ("import a; import b", [Import("a"), Import("b")]),
        ("import \\\n  a", [Import("a")]),
        ("if x: import a", [Import("a", maybe=True)]),
        ("try:\n    import a\nexcept ImportError:\n    import b\n", [Import("a", maybe=True), Import("b", maybe=True)]),
        ("def f():\n    from a import b; import c\n", [Import("a", ("b",), maybe=True), Import("c", maybe=True)]),
        ("'''\nimport a\n'''\nimport b", [Import("b")]),
        ('x = "\\"import a"\nimport b', [Import("b")]),
        ("# import a\nimport b  # import c", [Import("b")]),
        ("x = f'''{y}\nimport a'''", []),
        ("important = 1\nfromage = 2\nimports.x", []),
        ("raise E from e", []),
        ("if TYPE_CHECKING:\n    import a\n\n    import b\nimport c", [Import("c")]),
        ("if typing.TYPE_CHECKING:\n    import a\nelse:\n    import b", [Import("b", maybe=True)]),
        ("import é", [Import("é")]),
        ("\ufeffimport a", [Import("a")]),
        ("import a\r\nimport b\rimport c", [Import("a"), Import("b"), Import("c")]),
    ],
)
def test_statements_are_read(source: str, expected: list[Import]) -> None:
    assert list(read(source.encode()).imports) == expected


@pytest.mark.parametrize(
    ("source", "sign"),
    [
        ("importlib.import_module(x)", "import_module"),
        ("__import__('a')", "__import__"),
        ("exec (code)", "exec"),
        ("eval(x)", "eval"),
        ("entry_points(group='x')", "entry_points"),
        ("sys.path.insert(0, x)", "sys.path"),
        ("__path__ = extend_path(__path__, __name__)", "__path__"),
        ("model.eval()", ""),
        ("cursor.exec(x)", ""),
        ("# exec(x)\n'eval(x)'", ""),
        ("# -*- coding: rot13 -*-\nvzcbeg n", "an encoding of its own"),
        ("# -*- coding: utf-8 -*-\n", ""),
        ("#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\n", ""),
        ("\0", "not text"),
    ],
)
def test_what_may_import_unseen_is_told(source: str, sign: str) -> None:
    assert read(source.encode()).opaque == sign


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_real_sources_are_read_as_the_parser_reads_them(path: Path) -> None:
    data = path.read_bytes()
    if b"TYPE_CHECKING" in data:
        assert of_reader(data) <= of_parser(data)
    else:
        assert of_reader(data) == of_parser(data)


NAMES = st.sampled_from(["a", "b.c", "_d1", "importer"])
PLAIN = st.builds("import {}".format, NAMES) | st.builds("from {} import x, y as z".format, NAMES)
LINES = st.one_of(
    PLAIN,
    st.builds("if x:\n    {}".format, PLAIN),
    st.builds("'''\n{}\n'''".format, PLAIN),
    st.builds('s = "{}"'.format, PLAIN),
    st.builds("# {}".format, PLAIN),
    st.builds("def f():\n    '{}'\n    return (1,\n  2)".format, PLAIN),
    st.sampled_from(["x = r'\\'", 'y = """a"b""c"""', "z = '#'", "w = b'\\\\'", "from . import q", "u = 'it' 's'"]),
)


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_any_mixture_is_read_as_the_parser_reads_it(source: str) -> None:
    try:
        expected = of_parser(source.encode())
    except SyntaxError:
        return
    assert of_reader(source.encode()) == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    read(data)
