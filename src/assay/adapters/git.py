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
_SAFE = (
    "core.hooksPath=/dev/null", "transfer.fsckObjects=true", "fetch.recurseSubmodules=no", "gc.auto=0",
    "protocol.allow=never", "protocol.https.allow=always", "protocol.http.allow=always", "protocol.ssh.allow=always",
    "protocol.git.allow=always", "protocol.file.allow=always",
)  # fmt: skip
"""Nothing of the repository runs, and no address starts a program of its own choice (gitremote-helpers(7))."""


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
            wide = len(commit or _target(run, url, tag)) == 64
            run("init", "--quiet", "--bare", *(["--object-format=sha256"] if wide else []), folder)
            if tag and not _brought(run, url, f"+refs/tags/{tag}:refs/tags/{tag}"):
                raise UsageError(
                    "no such tag, or no such repository", where=url, why=run.why, remedy="check url and tag"
                )
            if commit:
                _bring_commit(run, url, commit)
            with _Objects(run) as objects:
                yield objects


def _target(run: "_Runner", url: str, tag: str) -> str:
    """What a tag points at, as the repository says: it tells the hash the repository works with."""
    if not run.tried("ls-remote", "--quiet", "--", url, f"refs/tags/{tag}"):
        raise UnavailableError("the repository does not answer", where=url, why=run.why)
    words = run.said.split()
    if not words:
        raise UsageError("no such tag", where=url, why=tag, remedy="check url and tag")
    return words[0]


def _brought(run: "_Runner", url: str, wanted: str, *, whole: bool = False) -> bool:
    depth = () if whole else ("--depth", "1")
    return run.tried("fetch", "--quiet", "--no-tags", *depth, "--", url, wanted)


def _bring_commit(run: "_Runner", url: str, commit: str) -> None:
    there = ("cat-file", "-e", f"{commit}^{{commit}}")
    if run.tried(*there):
        return
    # A server may refuse to give a commit by its id; then everything is asked for.
    if not _brought(run, url, commit) and not _brought(run, url, _ALL, whole=True):
        raise UnavailableError("the repository does not answer", where=url, why=run.why)
    if not run.tried(*there):
        raise UsageError("no such commit", where=url, why=commit, remedy="check url and commit")


class _Runner:
    """git in one folder, with nothing of the caller's repository around it."""

    def __init__(self, program: str, folder: str) -> None:
        self.program, self.why, self.said = program, "", ""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        kept |= {name: value for name, value in os.environ.items() if name in _KEPT_VARIABLES}
        self.environment = {
            **kept, "GIT_TERMINAL_PROMPT": "0", "GIT_DIR": folder, "LC_ALL": "C", "GIT_ASKPASS": "true",
        }  # fmt: skip

    def words(self, *words: str) -> list[str]:
        """The command line."""
        return [self.program, *(word for setting in _SAFE for word in ("-c", setting)), *words]

    def tried(self, *words: str) -> bool:
        """Whether it went well; what it said and why not are kept."""
        try:
            done = subprocess.run(  # noqa: S603
                self.words(*words), capture_output=True, timeout=_SECONDS, check=False, env=self.environment,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise UnavailableError("git does not run", why=str(error)) from error
        self.said = done.stdout.decode("utf-8", "replace")
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
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
        try:
            sink.write(identifier.encode() + b"\n")
            sink.flush()
        except OSError as error:
            raise UnavailableError("git does not answer", where=identifier, why=str(error)) from error
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
        found = self._run.tried("rev-parse", "--verify", "--quiet", f"refs/tags/{name}")
        return self._run.said.strip() or None if found else None
