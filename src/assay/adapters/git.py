"""Repositories by the `git` program, into a bare folder: no checkout, no hooks, no submodules, no prompts."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from assay.model.errors import UnavailableError, UnsupportedError, UsageError

_SECONDS = 900
_OBJECT_BYTES = 512 << 20
_ALL = "+refs/heads/*:refs/heads/*"
_KEPT_VARIABLES = frozenset({"GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSH", "GIT_SSH_COMMAND"})
"""How to reach a server; every other variable of git could point it at another repository."""


class Git:
    """The `GitFetcher` port."""

    @contextmanager
    def fetch(self, url: str, *, commit: str, tag: str) -> "Iterator[_Objects]":
        """Fetch a commit, and a tag where one is named."""
        program = shutil.which("git")
        if program is None:
            raise UnavailableError(
                "git not found", why="the spec names a repository", remedy="apt-get install git; archives need none"
            )
        with tempfile.TemporaryDirectory() as folder:
            run = _Runner(program, folder)
            run("init", "--quiet", "--bare", *(["--object-format=sha256"] if len(commit) == 64 else []), folder)
            refs = [f"+refs/tags/{tag}:refs/tags/{tag}"] if tag else []
            if tag and not run.tried("fetch", "--quiet", "--no-tags", "--depth", "1", "--", url, *refs):
                raise UsageError(
                    "no such tag, or no such repository", where=url, why=run.why, remedy="check url and tag"
                )
            if not run.tried("cat-file", "-e", f"{commit}^{{commit}}"):
                # A server may refuse to give a commit by its id; then everything is asked for.
                shallow = run.tried("fetch", "--quiet", "--no-tags", "--depth", "1", "--", url, commit)
                if not shallow and not run.tried(
                    "fetch", "--quiet", "--no-tags", "--", url, "+refs/heads/*:refs/heads/*"
                ):
                    raise UnavailableError("the repository does not answer", where=url, why=run.why)
                if not run.tried("cat-file", "-e", f"{commit}^{{commit}}"):
                    raise UsageError("no such commit", where=url, why=commit, remedy="check url and commit")
            with _Objects(run) as objects:
                yield objects


class _Runner:
    """git in one folder, with nothing of the caller's repository around it."""

    def __init__(self, program: str, folder: str) -> None:
        self.program, self.folder, self.why = program, folder, ""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name == "GIT_SSL_CAINFO"
        }
        self.environment = {
            **kept, "GIT_TERMINAL_PROMPT": "0", "GIT_DIR": folder, "LC_ALL": "C", "GIT_ASKPASS": "true",
        }  # fmt: skip

    def words(self, *words: str) -> list[str]:
        """The command line."""
        safe = ["-c", "core.hooksPath=/dev/null", "-c", "transfer.fsckObjects=true", "-c", "fetch.recurseSubmodules=no",
                "-c", "protocol.ext.allow=never"]  # fmt: skip
        return [self.program, *safe, *words]

    def tried(self, *words: str) -> bool:
        """Whether it went well."""
        try:
            done = subprocess.run(  # noqa: S603
                self.words(*words), capture_output=True, text=True, timeout=_SECONDS, check=False, env=self.environment,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError("git does not run", why=str(error)) from error
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        self.why = lines[-1][:300] if lines else ""
        return done.returncode == 0

    def __call__(self, *words: str) -> None:
        if not self.tried(*words):
            raise UnavailableError("git does not do what it was asked", why=self.why)


class _Objects:
    """One long-lived `git cat-file --batch`."""

    def __init__(self, run: _Runner) -> None:
        self._run = run
        self._process = subprocess.Popen(  # noqa: S603
            run.words("cat-file", "--batch"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=run.environment,
        )  # fmt: skip

    def __enter__(self) -> "_Objects":
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._process.wait()

    def read(self, identifier: str) -> tuple[str, bytes]:
        """Kind and bytes of an object."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise UnavailableError("git does not answer")
        sink.write(identifier.encode() + b"\n")
        sink.flush()
        words = source.readline().decode("ascii", "replace").split()
        if len(words) != 3 or not words[2].isdecimal():
            raise UnavailableError("a git object is not there", where=identifier, why=" ".join(words)[:100])
        size = int(words[2])
        if size > _OBJECT_BYTES:
            raise UnsupportedError("a git object is too large", where=identifier, why=f"{size} bytes")
        data = source.read(size)
        source.read(1)
        return words[1], data

    def tag(self, name: str) -> str | None:
        """The object a tag points at."""
        try:
            done = subprocess.run(  # noqa: S603
                self._run.words("rev-parse", "--verify", "--quiet", f"refs/tags/{name}"), capture_output=True,
                text=True, timeout=_SECONDS, check=False, env=self._run.environment,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError("git does not run", why=str(error)) from error
        return done.stdout.strip() or None
