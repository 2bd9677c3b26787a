"""Programs (ELF, PE, Mach-O) and what is inside them: build information, audit data, bundles, notes, versions."""

import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from assay.dependencies import classifiers
from assay.formats import auditdata, elfnotes, executable, gobuildinfo, gopclntab, netbundle, pyimports, rustsymbols
from assay.formats.chunks import ChunkView
from assay.model.limits import DEFAULT_LIMITS

from .archives import pieces
from .shape import Check, Harness

_RULES = classifiers.read_rules(Path(classifiers.__file__).with_name("classifiers.toml").read_bytes(), "x")
_NAMES = tuple(sorted({name.replace("#", "3.11").replace("*", "x") for rule in _RULES for name in rule.files}))


def _viewed(door: Callable[[ChunkView], Any]) -> Check:
    """A check that asks twice, the bytes whole and in chunks: the answer is the same."""

    def check(data: bytes) -> None:
        try:
            whole = door(ChunkView([data], where="x"))
        except Exception as error:
            try:
                door(ChunkView(pieces(data), where="x"))
            except type(error):
                raise error from None
            raise AssertionError(f"{type(error).__name__} only when the bytes are in one piece") from error
        assert whole == door(ChunkView(pieces(data), where="x"))

    return check


def _program(view: ChunkView) -> object:
    program = executable.read_program(view, b".go.buildinfo", b"__go_buildinfo")
    if program is None:
        return None
    assert all(place.offset >= 0 for place in program.places)
    return program.places


def check_classifiers(data: bytes) -> None:
    """The first byte says what the program is called."""
    if data:
        name = _NAMES[data[0] % len(_NAMES)]
        for text in (False, True):
            classifiers.builtin().classify(name, ChunkView([data[1:]], where="x"), text=text)


def check_rules(data: bytes) -> None:
    """A file of rules that is taken can be asked."""
    rules = classifiers.read_rules(data, "x")
    classifiers.Classifiers(rules).named("python3.11", text=False)


def _crates() -> Iterable[bytes]:
    """An ELF file with a `.dep-v0` section, made by hand."""
    listed = b'{"packages":[{"name":"a","version":"1.0.0","source":"crates.io","root":true,"dependencies":[1]},'
    content = zlib.compress(listed + b'{"name":"b","version":"2.0.0","source":"git","kind":"build"}]}')
    names = b"\0.dep-v0\0.shstrtab\0"
    at = 64
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHL3QL6H", 2, 62, 1, 0, 0, at + len(content) + len(names), 0, 64, 56, 0, 64, 3, 2)
    rows = bytes(64)
    rows += struct.pack("<LL4QLLQQ", 1, 1, 0, 0, at, len(content), 0, 0, 1, 0)
    rows += struct.pack("<LL4QLLQQ", 9, 3, 0, 0, at + len(content), len(names), 0, 0, 1, 0)
    yield head + content + names + rows


def _rules() -> Iterable[bytes]:
    yield (
        b'[[classifier]]\nname = "x"\nfiles = ["x#"]\nliteral = "version "\n'
        b"pattern = 'version (?P<version>[0-9.]+)'\npurl = \"pkg:generic/x@{version}\"\n"
    )


def check_imports(data: bytes) -> None:
    """Names are parts of the source, without spaces; a comment before it, after it or a string imports nothing more."""
    found = pyimports.read(data)
    for one in found.imports:
        for name in (one.module, *one.names):
            assert not name or not name[0].isspace()
            assert len(name) <= len(data)
    assert len(set(found.imports)) == len(found.imports)
    if not found.opaque:
        assert pyimports.read(data + b"\n# import what\n").imports == found.imports


HARNESSES = (
    Harness(name="elf-notes", check=_viewed(elfnotes.read_elf), doors=(elfnotes.read_elf,), seeds=_crates),
    Harness(name="executable", check=_viewed(_program), doors=(executable.read_program,), seeds=_crates),
    Harness(
        name="go-build", check=_viewed(lambda view: gobuildinfo.read_go_build(view, DEFAULT_LIMITS)),
        doors=(gobuildinfo.read_go_build,),
    ),
    Harness(
        name="go-modinfo", doors=(gobuildinfo.parse_modinfo,),
        check=lambda data: gobuildinfo.parse_modinfo(data.decode("utf-8", "replace"), toolchain="go1.22", where="x"),
    ),
    Harness(
        name="go-functions", check=_viewed(lambda view: gopclntab.read_functions(view, DEFAULT_LIMITS)),
        doors=(gopclntab.read_functions,), seeds=_crates,
    ),
    Harness(
        name="python-imports", check=check_imports, doors=(pyimports.read,),
        seeds=lambda: (b"from . import a, b as c\nimport d.e\n", b"if TYPE_CHECKING:\n  import a\nx = '''\n'''\n"),
    ),
    Harness(
        name="rust-functions", check=_viewed(lambda view: rustsymbols.read_rust_functions(view, DEFAULT_LIMITS)),
        doors=(rustsymbols.read_rust_functions,), seeds=_crates,
    ),
    Harness(
        name="rust-mangling", check=lambda data: rustsymbols.demangle(data.decode("latin-1")),
        doors=(rustsymbols.demangle,), seeds=lambda: (b"_ZN4core3fmt5write17h0123456789abcdefE", b"_RNvC1a1b"),
    ),
    Harness(
        name="rust-audit", check=_viewed(lambda view: auditdata.read_audit_data(view, DEFAULT_LIMITS)),
        doors=(auditdata.read_audit_data,), seeds=_crates,
    ),
    Harness(
        name="net-bundle", check=_viewed(lambda view: netbundle.read_net_bundle(view, DEFAULT_LIMITS)),
        doors=(netbundle.read_net_bundle,),
    ),
    Harness(name="classifiers", check=check_classifiers, doors=(classifiers.Classifiers,)),
    Harness(name="classifier-rules", check=check_rules, doors=(classifiers.read_rules,), seeds=_rules),
)  # fmt: skip
"""Rows of the table."""
