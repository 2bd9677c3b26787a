"""Programs built by the real Go: stripped, position-independent, for other systems; the same answers for each."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.dependencies.go_program import Functions, GoProgram, read_program
from assay.formats.chunks import ChunkView
from assay.model.limits import DEFAULT_LIMITS

GO = shutil.which("go")
pytestmark = [pytest.mark.interop, pytest.mark.skipif(GO is None, reason="no Go on this machine")]
SOURCE = """package main

import (
	"fmt"
	"os"
)

type Box[K comparable] struct{ m map[K]int }

func (b *Box[K]) Put(k K) { b.m[k]++ }

type Plain struct{ n int }

func (p Plain) Len() int { return p.n*7 + 1 }

func Small(x int) int { return x + 1 }

func Closure() func() int { i := 0; return func() int { i++; return i } }

func Unused(x int) int { return x * 99 }

func (p *Plain) Unused() int { return p.n * 98 }

func main() {
	b := &Box[string]{map[string]int{}}
	b.Put("x")
	fmt.Fprintln(os.Stdout, Small(len(os.Args)), b.m, Closure()(), Plain{len(os.Args)}.Len())
}
"""
LINKED = ["Box.Put", "Plain.Len", "Small", "Closure", "main"]
NOT_LINKED = ["Unused", "Plain.Unused", "Smal", "Box.Take"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gosource")
    (folder / "go.mod").write_text("module example.test/app\n\ngo 1.21\n")
    (folder / "main.go").write_text(SOURCE)
    return folder


def build(source: Path, *words: str, **env: str) -> GoProgram:
    assert GO is not None
    out = source / f"app{len(list(source.iterdir()))}"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "GOCACHE", "GOPATH") if name in os.environ}
    settings = {"GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local", "GOPROXY": "off", "CGO_ENABLED": "0"}
    done = subprocess.run(
        [GO, "build", *words, "-o", str(out), "."],
        cwd=source, env=kept | settings | env, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"Go cannot build here: {done.stderr.decode()[-200:]}")
    found = read_program(ChunkView([out.read_bytes()], where=out.name), DEFAULT_LIMITS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("words", "env"),
    [
        ((), {}),
        (("-ldflags=-s -w", "-trimpath"), {}),
        (("-buildmode=pie",), {}),
        (("-gcflags=-l",), {}),
        (("-ldflags=-s -w",), {"GOOS": "windows"}),
        ((), {"GOOS": "darwin", "GOARCH": "arm64"}),
        ((), {"GOOS": "linux", "GOARCH": "s390x"}),
        ((), {"GOOS": "linux", "GOARCH": "386"}),
    ],
    ids=["plain", "stripped", "pie", "not inlined", "windows", "macos", "big-endian", "32 bits"],
)
def test_what_is_linked_is_seen_and_nothing_else(source: Path, words: tuple[str, ...], env: dict[str, str]) -> None:
    program = build(source, *words, **env)
    functions = Functions(program, DEFAULT_LIMITS)
    assert program.doubt == ""
    assert (program.system, program.main) == (env.get("GOOS", "linux"), "example.test/app")
    assert [name for name in [*LINKED, *NOT_LINKED] if functions.has("main", name)] == LINKED
    assert functions.has("os", "File.Write")
    assert not functions.has_package("net/http")
