"""Wheels laid without an installer: RECORD vouches for every file, and no path leads out."""

import base64
import hashlib
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.build import wheel
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import Owner
from debianworld import room, shown

OWNER = Owner("dependency", "py")
INFO = "x-1.dist-info"
FILES = {
    "x/__init__.py": b"a = 1\n",
    "x/__pycache__/a.pyc": b"old",
    f"{INFO}/METADATA": b"Name: x\nVersion: 1\n",
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\n",
    f"{INFO}/direct_url.json": b"{}",
}


def line(path, data, algorithm="sha256"):
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()
    return f"{path},{algorithm}={digest},{len(data)}\n"


def make(files=None, record=None, modes=None, more=""):
    files = FILES if files is None else files
    if record is None:
        record = "".join(line(path, data) for path, data in files.items()) + f"{INFO}/RECORD,,\n" + more
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in {**files, f"{INFO}/RECORD": record.encode()}.items():
            info = zipfile.ZipInfo(path)
            info.external_attr = (modes or {}).get(path, 0o100644) << 16
            archive.writestr(info, data)
    return out.getvalue()


def lay(data, file="x-1-py3-none-any.whl"):
    spool = room()
    try:
        found = shown(wheel.lay(data, file, owner=OWNER, spool=spool.add, limits=DEFAULT_LIMITS))
        return {path: (item.entry.mode, b"".join(spool.read(item.span))) for path, item in found.items()}
    finally:
        spool.close()


def test_a_wheel_lies_as_an_installer_lays_it_without_byte_code():
    found = lay(make())
    assert set(found) == {"x/__init__.py", f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/RECORD"}
    assert found["x/__init__.py"] == (0o644, b"a = 1\n")


def test_schemes_and_scripts():
    files = FILES | {
        "x-1.data/scripts/run": b"#!python\nprint()\n", "x-1.data/scripts/plain": b"#!/bin/sh\n",
        "x-1.data/purelib/p.py": b"", "x-1.data/data/share/d": b"", "x-1.data/headers/h.h": b"",
        f"{INFO}/entry_points.txt": b"[console_scripts]\ntool = x.cli:main\n[gui_scripts]\nwin = x:Gui.run [extra]\n",
        "x/tool": b"", "x/lib.so": b"",
    }  # fmt: skip
    found = lay(make(files, modes={"x/lib.so": 0o100755}))
    assert found["bin/run"] == (0o755, b"#!/usr/bin/python3\nprint()\n")
    assert found["bin/plain"] == (0o755, b"#!/bin/sh\n")
    assert {"p.py", "share/d"} <= set(found)
    assert not any("headers" in path or path.endswith("h.h") for path in found)
    assert found["x/lib.so"][0] == 0o755
    mode, text = found["bin/tool"]
    assert mode == 0o755
    assert text.startswith(b"#!/usr/bin/python3\n")
    assert b"from x.cli import main" in text
    assert b"sys.exit(main())" in text
    assert b"from x import Gui" in found["bin/win"][1]
    assert b"sys.exit(Gui.run())" in found["bin/win"][1]


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (make(record="".join(line(p, d + b"!") for p, d in FILES.items())), UntrustedError, "changed file"),
        (make(record=f"{INFO}/RECORD,,\n"), UntrustedError, "nobody vouches"),
        (make(record="".join(line(p, d, "md5") for p, d in FILES.items())), UntrustedError, "nobody vouches"),
        (make(more=line("gone.py", b"")), MalformedError, "not there"),
        (make(more=line("x/__init__.py", b"two")), MalformedError, "twice"),
        (make(more='"' + "x" * 200_000 + '"\n'), MalformedError, "RECORD"),
        (make(FILES | {"../x": b""}), MalformedError, "leads out"),
        (make(FILES | {"/etc/x": b""}), MalformedError, "leads out"),
        (make(FILES | {"x-1.data/purelib//etc/x": b""}), MalformedError, "leads out"),
        (make(FILES | {"./x": b""}), MalformedError, "leads out"),
        (make(FILES | {"a\\..\\b": b""}), MalformedError, "leads out"),
        (
            make(FILES | {f"{INFO}/entry_points.txt": b"[console_scripts]\nx = os; evil\n"}),
            MalformedError,
            "module:function",
        ),
        (
            make(FILES | {f"{INFO}/entry_points.txt": b"[console_scripts]\n../x = a:b\n"}),
            MalformedError,
            "module:function",
        ),
        (make(FILES | {f"{INFO}/entry_points.txt": b"[a\n"}), MalformedError, "entry_points"),
        (make({"x": b""}), MalformedError, "WHEEL"),
        (b"", MalformedError, ""),
        (b"PK\x05\x06" + bytes(18), MalformedError, "WHEEL"),
    ],
)
def test_what_is_no_wheel_is_refused(data, error, says):
    with pytest.raises(error) as caught:
        lay(data)
    assert says in caught.value.line()


def test_a_file_name_that_is_no_wheels_is_refused():
    with pytest.raises(MalformedError, match="acceptable"):
        lay(make(), "x.whl")


@settings(max_examples=80)
@given(st.binary(max_size=60), st.integers(0, 1200))
def test_a_wheel_with_any_bytes_changed_is_the_same_files_or_refused(junk, place):
    good = make()
    try:
        found = lay(good[:place] + junk + good[place + len(junk) :])
    except AssayError:
        return
    content = {path: data for path, (_, data) in found.items() if not path.endswith("RECORD")}
    assert set(content.values()) <= {*FILES.values()}
