"""Hardening read from programs: made by the host's compiler where there is one, and written byte by byte."""

import io
import shutil
import struct
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build import hardening

SOURCE = "#include <stdio.h>\n#include <string.h>\nint main(int c,char**v){char b[64];strncpy(b,v[0],(unsigned)c);puts(b);return c;}\n"
needs_compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on this machine")
FULL = ("-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now")
NONE = (
    "-O0",
    "-no-pie",
    "-fno-pie",
    "-fno-stack-protector",
    "-U_FORTIFY_SOURCE",
    "-Wl,-z,norelro,-z,lazy,-z,execstack",
)


def compiled(folder, *flags, name="x"):
    (folder / "x.c").write_text(SOURCE)
    done = subprocess.run(
        ["gcc", *flags, "-o", str(folder / name), str(folder / "x.c")], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"gcc cannot: {done.stderr.decode()[-200:]}")
    return (folder / name).read_bytes()


@needs_compiler
def test_a_program_with_everything(tmp_path):
    found = hardening.read("x", compiled(tmp_path, *FULL))
    assert found is not None
    states = (found.pie, found.relro, found.bind_now, found.stack_protector, found.fortify, found.no_exec_stack)
    assert (states, found.missing) == (("yes",) * 6, ())


@needs_compiler
def test_a_program_with_nothing(tmp_path):
    found = hardening.read("x", compiled(tmp_path, *NONE))
    assert found is not None
    assert found.missing == ("pie", "relro", "bind_now", "no_exec_stack")
    assert (found.stack_protector, found.fortify) == ("unseen", "unseen")


@needs_compiler
@pytest.mark.parametrize(
    ("flag", "lacks"),
    [
        ("-no-pie", "pie"),
        ("-Wl,-z,norelro", "relro"),
        ("-Wl,-z,lazy", "bind_now"),
        ("-Wl,-z,execstack", "no_exec_stack"),
    ],
)
def test_each_flag_taken_away_is_named(tmp_path, flag, lacks):
    found = hardening.read("x", compiled(tmp_path, *FULL, flag))
    assert found is not None
    assert lacks in found.missing


@needs_compiler
def test_a_library_is_position_independent_and_is_found_in_a_wheel(tmp_path):
    data = compiled(tmp_path, *FULL[3:], "-fPIC", "-shared")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/x.so", data)
        archive.writestr("m/__init__.py", b"")
    (found,) = hardening.inspect([("m.whl", out.getvalue()), ("README", b"text"), ("bad.whl", b"PK junk")])
    assert (found.path, found.pie, found.missing) == ("m.whl!/m/x.so", "yes", ())


def test_the_interpreter_here_can_be_read():
    with open(sys.executable, "rb") as file:
        data = file.read()
    if data.startswith(b"\x7fELF"):
        assert hardening.read("python", data) is not None


def elf(kind, *headers, order="<", go=False):
    body = b"".join(struct.pack(order + "IIQQQQQQ", h, flags, 0, 0, 0, 0, 0, 0) for h, flags in headers)
    start = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    start += struct.pack(order + "HHIQQQIHHHHHH", kind, 62, 1, 0, 64, 0, 0, 64, 56, len(headers), 64, 0, 0)
    return start + body + (b"\xff Go buildinf:" if go else b"")


@pytest.mark.parametrize("order", ["<", ">"])
def test_headers_say_what_they_say_in_either_order(order):
    found = hardening.read("x", elf(2, (0x6474E551, 6), order=order))
    assert found is not None
    assert (found.missing, found.bind_now) == (("pie", "relro"), "not-applicable")
    found = hardening.read("x", elf(3, (0x6474E551, 7), (0x6474E552, 4), order=order))
    assert found is not None
    assert found.missing == ("no_exec_stack",)


def test_of_a_go_program_only_what_go_has_is_asked():
    found = hardening.read("x", elf(2, (0x6474E551, 6), go=True))
    assert found is not None
    assert (found.language, found.missing, found.relro) == ("go", ("pie",), "not-applicable")


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh", b"\x7fELF", b"\x7fELF" + bytes(60), elf(1), elf(4), elf(3)[:40]])
def test_what_is_no_program_has_none(data):
    assert hardening.read("x", data) is None


@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_bytes_have_an_answer(junk, place):
    good = elf(3, (2, 4), (1, 4), (0x6474E551, 6))
    hardening.read("x", good[:place] + junk + good[place + len(junk) :])
