"""Repositories for tests: made by the `git` program with fixed names and times, and objects made by hand."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.model.errors import UnavailableError
from assay.source import gitobjects

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed here")
TIME = 1_700_000_000


class Repository:
    """A repository with a work tree."""

    def __init__(self, folder: Path, *, wide: bool = False) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.url = f"file://{folder}"
        self.git("init", "-q", "-b", "main", *(["--object-format=sha256"] if wide else []))

    def git(self, *words: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        plain = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": f"{TIME} +0000",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_COMMITTER_DATE": f"{TIME} +0000",
        }  # fmt: skip
        done = subprocess.run(
            ["git", "-C", str(self.folder), "-c", "protocol.file.allow=always", *words],
            input=stdin, capture_output=True, env=plain | (env or {}), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, **files: str | bytes) -> None:
        """Files by path; `__` stands for a slash and `_dot_` for a dot."""
        for name, content in files.items():
            self.put(name.replace("__", "/").replace("_dot_", "."), content)

    def put(self, name: str, content: str | bytes, mode: int = 0o644) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    def commit(self, *words: str, env: dict[str, str] | None = None) -> str:
        self.git("add", "-A", "-f", ".")
        self.git("commit", "-q", "--allow-empty", "-m", "change", *words, env=env)
        return self.git("rev-parse", "HEAD")


class HandMade:
    """The `GitFetcher` and `GitObjects` ports over objects made by hand."""

    def __init__(self, *, wide: bool = False) -> None:
        self.like = "0" * (64 if wide else 40)
        self.known: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.asked = 0

    @contextmanager
    def fetch(self, url, *, commit, tag):
        yield self

    def add(self, kind, data):
        identifier = gitobjects.object_id(kind, data, self.like)
        self.known[identifier] = kind, data
        return identifier

    def tree(self, *items):
        """A tree of (mode, name, id)."""
        return self.add("tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(one) for mode, name, one in items))

    def commit(self, tree):
        return self.add(
            "commit", f"tree {tree}\nauthor A <a> 1 +0000\ncommitter C <c> {TIME} +0000\n\nhello\n".encode()
        )

    def annotated(self, target, name, kind="commit", rest=b""):
        head = f"object {target}\ntype {kind}\ntag {name}\ntagger C <c> {TIME} +0000\n\nhello\n".encode()
        self.tags[name] = self.add("tag", head + rest)
        return self.tags[name]

    def read(self, identifier):
        self.asked += 1
        if identifier not in self.known:
            raise UnavailableError("a git object is not there", where=identifier)
        return self.known[identifier]

    def tag(self, name):
        return self.tags.get(name)
