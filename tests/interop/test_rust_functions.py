"""Programs built by the real rustc: functions are seen in both manglings, and nothing is said of a stripped one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from assay.dependencies.go_program import Functions, GoProgram, read_rust_program
from assay.formats.chunks import ChunkView
from assay.model.limits import DEFAULT_LIMITS

RUSTC = shutil.which("rustc")
pytestmark = [pytest.mark.interop, pytest.mark.skipif(RUSTC is None, reason="no Rust on this machine")]
SOURCE = """
mod inner {
    pub struct Plain { pub n: usize }
    impl Plain { #[inline(never)] pub fn grow(&mut self) { self.n += std::env::args().count() } }
    pub struct Boxed<T> { pub v: Vec<T> }
    impl<T: Clone> Boxed<T> { #[inline(never)] pub fn push(&mut self, x: &T) { self.v.push(x.clone()) } }
    pub trait Act { fn act(&self) -> usize; }
    impl Act for Plain { #[inline(never)] fn act(&self) -> usize { self.n * std::env::args().count() } }
    #[inline(never)] pub fn plain(x: usize) -> usize { x + std::env::args().count() }
    pub fn unused(x: usize) -> usize { x * 99 }
}
use inner::Act;
fn main() {
    let mut p = inner::Plain { n: 1 };
    p.grow();
    let mut b = inner::Boxed { v: vec![String::new()] };
    b.push(&String::from("x"));
    println!("{} {} {}", inner::plain(p.n), b.v.len(), p.act());
}
"""


def build(folder: Path, *words: str) -> GoProgram | None:
    assert RUSTC is not None
    (folder / "app.rs").write_text(SOURCE)
    out = folder / "app"
    command = [RUSTC, "--crate-name", "app", "-O", *words, "-o", str(out), str(folder / "app.rs")]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"Rust cannot build here: {done.stderr.decode()[-200:]}")
    return read_rust_program(ChunkView([out.read_bytes()], where="app"), DEFAULT_LIMITS)


@pytest.mark.parametrize("words", [("-Csymbol-mangling-version=v0",), ()], ids=["v0", "usual"])
def test_what_is_linked_is_seen(tmp_path: Path, words: tuple[str, ...]) -> None:
    program = build(tmp_path, *words)
    assert program is not None
    assert program.doubt
    functions = Functions(program, DEFAULT_LIMITS)
    seen = ["app::inner::plain", "app::inner::Plain::grow", "app::inner::Boxed::push"]
    assert [path for path in [*seen, "app::inner::unused", "app::inner::pla"] if functions.has_path(path)] == seen


def test_a_stripped_program_says_nothing(tmp_path: Path) -> None:
    assert build(tmp_path, "-Cstrip=symbols") is None
