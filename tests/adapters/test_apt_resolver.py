"""apt as a resolver in a private root: it reads what it is handed, prints, and touches nothing of the machine."""

import shutil
from pathlib import Path

import pytest

from assay.adapters.apt import Apt, AptSources
from assay.model.errors import UnavailableError, UsageError
from assay.ports.packages import Resolved
from debianworld import packed

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not installed")
INDEX = "\n".join(
    one.stanza()
    for one in (
        packed("aaa", version="1:1.0~rc1-1", more="Depends: bbb (>= 2) | zzz\nRecommends: ddd\n"), packed("bbb", version="2"),
        packed("bbb", version="3"), packed("ccc", more="Conflicts: bbb\n"), packed("ddd"), packed("eee", architecture="all"),
        packed("fff", more="Depends: gone\n"),
    )
).encode()  # fmt: skip


@needs_apt
def test_dependencies_come_with_their_newest_version_and_recommendations_do_not():
    found = Apt().resolve([INDEX], ["aaa", "eee"], "amd64")
    assert found == (Resolved("aaa", "1:1.0~rc1-1"), Resolved("bbb", "3"), Resolved("eee", "1.0-1"))


@needs_apt
def test_another_architecture_is_resolved_on_this_machine():
    index = packed("aaa", architecture="arm64").stanza().encode()
    assert Apt().resolve([index, b""], ["aaa"], "arm64") == (Resolved("aaa", "1.0-1"),)


@needs_apt
@pytest.mark.parametrize("wanted", [["gone"], ["aaa", "ccc"], ["fff"], ["aaa=9"], ["--help"], ["./x.deb"]])
def test_what_cannot_be_had_is_a_usage_error(wanted):
    with pytest.raises(UsageError, match="cannot be had together"):
        Apt().resolve([INDEX], wanted, "amd64")


@needs_apt
@pytest.mark.parametrize(
    "index", [b"junk\n", b"\xff\0\n", b"Package: aaa\n", b"Package: aaa\nVersion: 1\nDepends: (((\n"]
)
def test_an_index_that_is_none_is_a_usage_error(index):
    with pytest.raises(UsageError):
        Apt().resolve([index], ["aaa"], "amd64")


def test_without_apt_the_remedy_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnavailableError, match="apt-get not found"):
        Apt().resolve([], [], "amd64")
    assert AptSources().mirror("bookworm", "Debian") is None


def test_a_program_that_prints_no_text_is_no_traceback(monkeypatch, tmp_path):
    program = Path(tmp_path, "apt-get")
    program.write_text("#!/bin/sh\nprintf '\\377\\376'\nprintf '\\377' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UsageError):
        Apt().resolve([], ["aaa"], "amd64")
