"""What is asked of a program's names is answered as one pattern over all of them would; only sooner."""

import re

from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.cataloger import File
from assay.dependencies.catalogers import golang, rust
from assay.dependencies.functions import functions_of, program_rows, with_functions
from assay.dependencies.go_program import Functions, GoProgram, _packed, _strangers, read_program
from assay.formats.chunks import ChunkView
from assay.formats.gobuildinfo import GoBuild, GoModule
from assay.model.limits import DEFAULT_LIMITS
from dependencies.gotables import go_program

PATHS = ["a", "a/b", "gopkg.in/y.v2", "gopkg.in/y%2ev2", "net/http", "a.b/c"]
PARTS = ["T", "M", "Parse", "T2", "", "func1"]
TAILS = ["", ".func1", "[...]", "-fm", "2", ".M", "[a/b.X]"]
names = st.builds(
    lambda path, kind, method, tail, form: f"{path}.{form.format(kind=kind, method=method)}{tail}",
    st.sampled_from(PATHS), st.sampled_from(PARTS), st.sampled_from(PARTS), st.sampled_from(TAILS),
    st.sampled_from(["{kind}", "{kind}.{method}", "(*{kind}).{method}", "{kind}[...].{method}", "(*{kind}[...]).{method}"]),
)  # fmt: skip
symbols = st.one_of(
    st.sampled_from([part for part in PARTS if part]),
    st.builds("{}.{}".format, st.sampled_from(PARTS), st.sampled_from(PARTS)),
)


def spelled(path: str) -> str:
    folder, slash, last = path.rpartition("/")
    escaped = "".join(f"%{ord(c):02x}" if c in '.%"' else c for c in last)
    return f"(?:{re.escape(path)}|{re.escape(folder + slash + escaped)})"


def pattern(path: str, symbol: str, exact: bool) -> str:
    kind, dot, method = symbol.partition(".")
    name, generic = re.escape(kind), r"(?:\[[^\n]*\])?" if exact else ""
    if dot:
        name = f"(?:{name}{generic}|\\(\\*{name}{generic}\\))\\.{re.escape(method)}"
    start = "\n" if exact else ""
    return f"{start}{spelled(path)}\\.{name}(?!\\w)"


@given(st.lists(st.one_of(names, st.text(max_size=6)), max_size=8), st.sampled_from(PATHS), symbols, st.booleans())
def test_the_answers_are_those_of_one_pattern(found: list[str], path: str, symbol: str, exact: bool) -> None:
    text = "".join(f"\n{name}" for name in sorted(found)) + "\n"
    lines = sorted("\n".join(found).encode().split(b"\n"))  # as the reader of tables gives them: none of two lines
    functions = Functions(GoProgram(names=_packed(lines), exact=exact), DEFAULT_LIMITS)
    start = "\n" if exact else ""
    assert functions.has(path, symbol) == bool(re.search(pattern(path, symbol, exact), text))
    assert functions.among(path, [symbol]) == [symbol] * functions.has(path, symbol)
    assert functions.has_package(path) == bool(re.search(f"{start}{spelled(path)}\\.", text))
    whole = f"{start}(?:{spelled(path)}\\.|{re.escape(path)}/)"
    assert functions.has_module(path) == bool(re.search(whole, text))


FIRSTS = ["fmt", "github.com", "github.com.x", "q", "type:", "_x", "a[b", "go", "x.y", "main"]
RESTS = ["", ".F", "/p.F", "/p.(*T).M", ".(*T[q/r.S]).M", "/p", ":eq.x"]


@given(
    st.lists(st.builds("{}{}".format, st.sampled_from(FIRSTS), st.sampled_from(RESTS)), max_size=12),
    st.lists(st.sampled_from(["github.com/a/b", "x.y/z", "fmt"]), max_size=2),
)
def test_strangers_are_counted_as_one_by_one(found: list[str], modules: list[str]) -> None:
    def first(name: str) -> str:
        path, slash, _ = name.partition("/")
        return path if slash and "[" not in path and "(" not in path else re.split(r"[.:(]", name, maxsplit=1)[0]

    every = sorted(set(found))
    build = GoBuild(toolchain="go1.22", dependencies=tuple(GoModule(path=m, version="v1.0.0") for m in modules))
    known = {"fmt", "go", "main"} | {path.partition("/")[0] for path in modules}
    plain = (name for name in every if "." in name and not name.startswith(("type:", "type..", "go:", "go.", "_")))
    assert _strangers(build, [name.encode() for name in every]) == sum(
        first(name) not in known and (bool(modules) or "." not in first(name)) for name in plain
    )


def test_rows_made_to_look_find_what_they_found_and_the_functions() -> None:
    data = go_program(["example.test/lib.F"], modules=["example.test/lib"])
    file = File("bin/app", (data,), len(data), DEFAULT_LIMITS)
    table = with_functions((golang.CATALOGUER, rust.CATALOGUER))
    assert [(row.name, row.version) for row in table] == [
        (row.name, row.version) for row in (golang.CATALOGUER, rust.CATALOGUER)
    ]
    (fragment, other) = (row.catalogue(file) for row in table)
    assert fragment.packages == golang.catalogue(file).packages
    assert fragment.program == read_program(ChunkView([data], where="bin/app"), DEFAULT_LIMITS)
    assert (other.packages, other.program) == ((), None)
    assert [row.name for row in program_rows(table)] == ["golang", "rust"]


def test_what_is_no_program_has_no_functions() -> None:
    assert functions_of(File("x", (b"\x7fELF",), 4, DEFAULT_LIMITS)) is None
