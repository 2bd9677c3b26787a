"""Lint: what is allowed and unwise is told, with the line inside a block of commands."""

from pathlib import Path

import pytest

from assay.build.spec_lint import lint
from assay.build.spec_read import read_spec

FULL = (Path(__file__).parent / "spec.full.yaml").read_bytes()
RUN = b'      cd "$SRC/speed" && python3 setup.py -q bdist_wheel -d "$OUT"\n'


def advice(data: bytes):
    return [(item.code, item.where) for item in lint(read_spec(data, where="s.yaml"))]


def test_the_published_example_has_nothing_to_tell():
    assert advice(FULL) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"gcc -O2 -march=native x.c", "spec.native-code"),
        (b"make CFLAGS='-O2 -mtune=native'", "spec.native-code"),
        (b"curl -O https://example.org/x", "spec.fetch-in-step"),
        (b"x=1 && /usr/bin/wget y", "spec.fetch-in-step"),
        (b"git clone x", "spec.fetch-in-step"),
        (b"chmod -R 777 /x", "spec.world-writable"),
        (b"chmod a+w /x", "spec.world-writable"),
        (b"chmod o+rw /x", "spec.world-writable"),
    ],
)
def test_a_command_is_told_with_its_own_line(line, code):
    data = FULL.replace(RUN, RUN + b"\n      " + line + b"\n")
    start = FULL[: FULL.index(RUN)].count(b"\n") + 1
    assert advice(data) == [(code, f"s.yaml:{start + 2}:1 steps[0].run")]


@pytest.mark.parametrize(
    "line",
    [b"cd libcurl-dev", b"./configure --with-curl", b"cd $SRC/curl/lib", b"chmod 755 x", b"# curl x", b"chmod u+w x"],
)
def test_what_only_looks_alike_is_not_told(line):
    assert advice(FULL.replace(RUN, RUN + b"      " + line + b"\n")) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        (b"run-as: app", b"run-as: root", "spec.runs-as-root", "image.accounts.run-as"),
        (b"run-as: app", b"run-as: '0'", "spec.runs-as-root", "image.accounts.run-as"),
        (b"PYTHONPATH: /app/lib", b"DB_PASSWORD: x", "spec.secret-in-env", "image.config.env.DB_PASSWORD"),
        (b"PYTHONPATH: /app/lib", b"X: -----BEGIN RSA PRIVATE KEY-----", "spec.secret-in-env", "image.config.env.X"),
        (b"path: src, to: /app", b"path: src, to: /app, mode: '0777'", "spec.world-writable", "image.install[3].mode"),
    ],
)
def test_a_field_is_told_with_its_place(old, new, code, path):
    (found,) = advice(FULL.replace(old, new))
    assert found[0] == code
    assert found[1].endswith(" " + path)
    line = FULL[: FULL.index(old)].count(b"\n") + 1
    assert found[1].startswith(f"s.yaml:{line}:")


@pytest.mark.parametrize("text", [b"TOKEN_FILE: /run/token", b"PASSWORD: ''", b"SECRETARY: x"])
def test_the_place_of_a_secret_is_none(text):
    assert advice(FULL.replace(b"PYTHONPATH: /app/lib", text)) == []
