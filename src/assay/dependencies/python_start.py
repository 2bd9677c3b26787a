"""Which Python program an image starts, by its config: script, module, or a server with the application it serves.

Only what stands there plainly is read: a command that needs a shell to be understood, or a program that is no Python
script, gives the reason why nothing is known.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from posixpath import join, normpath

import msgspec

_PYTHON = re.compile(r"(?:python|pypy)(?:[23](?:\.\d{1,2})?)?", re.ASCII)
_SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_SHELL_SIGNS = re.compile(r"[;&|<>()`$*?\[\]{}~\n]")
_WRAPPERS = frozenset({"tini", "dumb-init", "exec", "env", "nohup", "nice", "catatonit"})
_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
"""Options of the interpreter whose value is the next word."""
_SERVERS = frozenset(
    {"gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "waitress-serve", "waitress", "gunicorn.app.wsgiapp"}
)
"""Programs and modules that are told which application to import as MODULE:NAME."""
_APPLICATION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_][\w.]*(?:\(\))?")
_PREFIXES_COUNT = 32
"""Directories of PATH beside which an interpreter's packages are looked for."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What the config of an image starts."""

    words: tuple[str, ...]
    working_dir: str = ""
    environment: tuple[tuple[str, str], ...] = ()


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Python program begins; paths are those of the image, without a leading slash."""

    says: str = ""
    """The command, for people."""
    reason: str = ""
    """Why nothing is known of it; then all else is empty."""
    script: str = ""
    modules: tuple[str, ...] = ()
    code: str = ""
    """Of `python -c`."""
    first: tuple[str, ...] = ()
    """Directories before all others on the module path, in their order."""
    prefixes: tuple[str, ...] = ()
    """Of the interpreters that may run it, the likeliest first (`usr/local`)."""
    doubt: str = ""
    """Why more may be imported than follows from this."""


Shebang = Callable[[str], str | None]
"""Path of a file → its first line after `#!`; None where there is no such file or no such line."""


def start(command: Command, shebang: Shebang) -> Start:
    """What the command starts; `shebang` looks into the image's final root."""
    words, why = _plain(command.words)
    says = " ".join(words or command.words)[:200]
    if why:
        return Start(says=says, reason=why)
    environment = dict(command.environment)
    folders = [f.strip("/") for f in environment.get("PATH", _PATH).split(":") if f.startswith("/")]
    here = normpath(command.working_dir or "/").strip("/").removeprefix(".")
    first, doubt = _python_path(environment, here)
    found = Start(says=says, first=first, doubt=doubt, prefixes=_prefixes(folders))
    name, rest = words[0].rpartition("/")[2], words[1:]
    if _PYTHON.fullmatch(name):
        if words[0].startswith("/"):
            found = msgspec.structs.replace(found, prefixes=(_prefix(words[0]),))
        return _interpreted(found, rest, here, environment)
    if name in _SHELLS or name.endswith(".sh"):
        return Start(says=says, reason=f"{words[0][:80]} is a shell or its script: what it starts is not followed")
    path = _found(words[0], here, folders, shebang)
    line = shebang(path) if path else None
    if line is None:
        return Start(says=says, reason=f"{words[0][:80]} is no Python script, nor a link that can be followed")
    interpreter = [w for w in line.split() if not w.startswith("-")]
    program = interpreter[-1].rpartition("/")[2] if interpreter else ""
    if not _PYTHON.fullmatch(program):
        return Start(says=says, reason=f"{path} is run by {program[:40] or 'nothing'}, not by Python")
    if not interpreter[0].endswith("/env"):
        found = msgspec.structs.replace(found, prefixes=(_prefix(interpreter[0]),))
    first = (path.rpartition("/")[0], *found.first)
    return _serving(msgspec.structs.replace(found, script=path, first=first), name, rest, here, environment)


def _plain(words: Sequence[str]) -> tuple[list[str], str]:
    """The words without what only wraps them, or why they cannot be known."""
    left = list(words)
    for _ in range(8):
        if not left:
            return [], "the image's config names no command"
        name = left[0].rpartition("/")[2]
        if name in _SHELLS and len(left) >= 3 and left[1] in ("-c", "-ec", "-lc"):
            if len(left) > 3 or _SHELL_SIGNS.search(left[2]):
                return [], "its command is a shell's, not one program"
            try:
                left = shlex.split(left[2])
            except ValueError:
                return [], "its command is no plain line of a shell"
        elif name in _WRAPPERS:
            left = left[1:]
            while left and (left[0].startswith("-") or (name == "env" and "=" in left[0])):
                if left[0] not in ("--", "-g", "-s", "-i", "-u"):
                    break
                left = left[1:]
            if left and (left[0].startswith("-") or "=" in left[0]):
                return [], f"its command runs through {name} with options"
        else:
            return left, ""
    return [], "its command is wrapped too often"


def _interpreted(found: Start, words: Sequence[str], here: str, environment: dict[str, str]) -> Start:
    """`python [options] script | -m module | -c code`."""
    left = list(words)
    while left and left[0].startswith("-") and left[0] != "-":
        option = left.pop(0)
        if option in ("-m", "-c") and left:
            told, first = left.pop(0), (here, *found.first)
            if option == "-c":
                return msgspec.structs.replace(found, code=told, first=first)
            if not re.fullmatch(r"[A-Za-z_][\w.]*", told):
                break
            run = msgspec.structs.replace(found, modules=(told,), first=first)
            return _serving(run, told, left, here, environment)
        if option in _WITH_VALUE and left:
            left.pop(0)
        elif "m" in option or "c" in option or "I" in option or "E" in option or "P" in option:
            return Start(says=found.says, reason=f"the interpreter is started with {option[:20]}")
    if not left or left[0].startswith("-"):
        return Start(says=found.says, reason="the interpreter is started without a script")
    script = _absolute(left[0], here)
    first = (script.rpartition("/")[0], *found.first)
    run = msgspec.structs.replace(found, script=script, first=first)
    return _serving(run, script.rpartition("/")[2], left[1:], here, environment)


def _serving(found: Start, name: str, words: Sequence[str], here: str, environment: dict[str, str]) -> Start:
    """With the application a server is told to import."""
    told: list[str] = []
    if name in _SERVERS:
        told = [match[1] for word in words if (match := _APPLICATION.fullmatch(word))]
        if len(told) != 1 or any(word.startswith(("--app-dir", "--chdir", "--pythonpath", "-c")) for word in words):
            return msgspec.structs.replace(found, doubt=found.doubt or f"what {name} serves is not said plainly")
    elif name == "flask":
        told = _option(words, ("--app", "-A")) or [environment.get("FLASK_APP", "app")]
    elif name == "celery":
        told = _option(words, ("--app", "-A"))
    modules = tuple(t.partition(":")[0].removesuffix(".py") for t in told)
    first = found.first if not modules or here in found.first else (*found.first, here)
    return msgspec.structs.replace(found, modules=(*found.modules, *modules), first=first)


def _option(words: Sequence[str], names: tuple[str, ...]) -> list[str]:
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return [value] if equals else [*words[number + 1 : number + 2]]
    return []


def _python_path(environment: dict[str, str], here: str) -> tuple[tuple[str, ...], str]:
    """PYTHONPATH, and what makes the module path another one than its directories say."""
    parts = [part for part in environment.get("PYTHONPATH", "").split(":") if part]
    doubt = next((f"{name} is set" for name in ("PYTHONHOME", "PYTHONSTARTUP") if environment.get(name)), "")
    if any(part.endswith((".zip", ".egg", ".whl")) for part in parts):
        doubt = "an archive is on PYTHONPATH"
    return tuple(_absolute(part, here) for part in parts), doubt


def _absolute(path: str, here: str) -> str:
    return normpath(join("/", here, path)).lstrip("/")


def _found(word: str, here: str, folders: Sequence[str], shebang: Shebang) -> str:
    """Path of the file a command's first word names."""
    if "/" in word:
        return _absolute(word, here)
    return next((f"{folder}/{word}" for folder in folders if shebang(f"{folder}/{word}") is not None), "")


def _prefix(interpreter: str) -> str:
    return normpath(interpreter).strip("/").rpartition("/")[0].rpartition("/")[0]


def _prefixes(folders: Sequence[str]) -> tuple[str, ...]:
    found = dict.fromkeys(folder.rpartition("/")[0] for folder in folders[:_PREFIXES_COUNT] if folder)
    return tuple(found)
