"""Commands of package managers: what they ask for becomes names in the spec; versions are the lock's business."""

import re

from assay.build.dockerfile.shell import Command
from assay.build.dockerfile.stage import Stage, Work
from assay.build.dockerfile.verdicts import Outcome

Answer = tuple[Outcome, str]
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^=;\s]+)", re.ASCII)
_APT_DROPPED = frozenset({"update", "clean", "autoclean", "autoremove", "upgrade", "dist-upgrade", "full-upgrade"})
_APT_VALUES = frozenset({"-t", "--target-release", "-o", "--option", "-c"})
_PIP_FILES = frozenset({"-r", "--requirement"})
_PIP_VALUES = frozenset(
    {"-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-t", "--target", "--prefix", "--root",
     "--platform", "--find-links", "-f", "--trusted-host", "--timeout", "--retries", "--cache-dir", "--src"}
)  # fmt: skip
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})


def apt(work: Work, stage: Stage, command: Command) -> Answer:
    """`apt-get`, `apt`, `aptitude`: packages; lists and caches are not kept, upgrades come with the lock."""
    verbs = command.plain
    verb = verbs[0] if verbs else ""
    if verb in _APT_DROPPED:
        return "dropped", "a lock takes the newest of the suite, and no lists or caches are kept"
    if verb in ("purge", "remove"):
        return _removed(stage, verbs[1:])
    if verb == "build-dep":
        return "needs-human", "name the packages that building needs"
    if verb != "install":
        return "needs-human", f"apt {verb}: not known"
    if not stage.distribution:
        return "needs-human", "the base is not known, so neither is the release these packages come from"
    if command.is_computed:
        return "needs-human", "a name is computed when it runs"
    wanted, skipping, pinned = [], False, False
    for word in command.arguments:
        if skipping or word.startswith("-"):
            skipping = word in _APT_VALUES
            continue
        name, _, version = word.partition("=")
        name = name.partition(":")[0].partition("/")[0]
        pinned = pinned or bool(version)
        if not _NAME.fullmatch(name):
            return "needs-human", f"{word[:60]!a} is no name of a package"
        wanted.append(name)
    wanted.remove("install") if "install" in wanted else None
    stage.packages += [name for name in wanted if name not in stage.packages]
    return "translated", "the version in the text gives way to the lock's" if pinned else ""


def _removed(stage: Stage, names: tuple[str, ...]) -> Answer:
    """What this Dockerfile itself brought and takes away again is needed for building alone."""
    if not names or any(name not in stage.packages for name in names):
        return "needs-human", "it removes what the base brought: leave the package out of the spec instead"
    for name in names:
        stage.packages.remove(name)
        stage.toolchain.append(name)
    return "translated", "these packages are in the toolchain of the step, not in the image"


def foreign(work: Work, stage: Stage, command: Command) -> Answer:
    """`apk`, `dnf`, `yum`, …: another distribution's names are not Debian's; they are given as a hint."""
    names = [word for word in command.plain[1:] if _NAME.fullmatch(word)]
    hint = f"; asked for: {', '.join(names[:12])}" if names else ""
    return "needs-human", f"{command.name} installs packages of another distribution: name those of Debian{hint}"


def pip(work: Work, stage: Stage, command: Command) -> Answer:
    """`pip`, `python -m pip`, `uv pip`: a requirements file with hashes; what is named alone needs one first."""
    words = list(command.arguments)
    while words and words[0] in ("-m", "pip", "pip3", "uv"):
        words.pop(0)
    verb = next((word for word in words if not word.startswith("-")), "")
    if verb in ("cache", "check", "list", "freeze", "config", "--version"):
        return "dropped", "nothing of it stays in the image"
    if verb != "install":
        return "needs-human", f"pip {verb}: not known"
    if command.is_computed:
        return "needs-human", "a name is computed when it runs"
    files, named, skipping = [], [], ""
    for word in words[words.index("install") + 1 :]:
        if skipping:
            files += [word] if skipping in _PIP_FILES else []
            skipping = ""
        elif word in _PIP_FILES or word in _PIP_VALUES:
            skipping = word
        elif word.startswith("--requirement="):
            files.append(word.removeprefix("--requirement="))
        elif word.startswith("-r"):
            files.append(word.removeprefix("-r"))
        elif not word.startswith("-"):
            named.append(word)
    projects = [word for word in named if word in (".", "..") or word.startswith(("./", "/", "../", ".["))]
    others = [word for word in named if word not in projects and _bare(word) not in _TOOLS]
    if others:
        pins = all(_PIN.fullmatch(word) for word in others)
        why = "write a requirements file with hashes" if pins else "write a requirements file with versions and hashes"
        return "needs-human", f"{', '.join(others[:6])}: {why}"
    stage.pip += [stage.absolute(name) for name in files]
    stage.places += _places(stage, words) if files else []
    if projects:
        return "translated-needs-lock", "a wheel is built in a step; what it needs must be locked with hashes"
    if files:
        return "translated-needs-lock", "every line of the requirements file must have a version and a hash"
    return "dropped", "the builder brings its own installer"


def _places(stage: Stage, words: list[str]) -> list[str]:
    """Where pip lays what it installs, as far as its options tell."""
    for number, word in enumerate(words):
        option, _, value = word.partition("=")
        if option in ("-t", "--target", "--prefix", "--root"):
            return [stage.absolute(value or "".join(words[number + 1 : number + 2]))]
    if "--user" in words:
        return [f"{stage.env.get('HOME', '/root')}/.local"]
    return [f"/usr/local/lib/python{stage.python}/site-packages", "/usr/local/bin"]


def _bare(requirement: str) -> str:
    return re.split(r"[=<>!~\[; ]", requirement, maxsplit=1)[0].lower()


def npm(work: Work, stage: Stage, command: Command) -> Answer:
    """`npm ci` and `npm install` by the lock file; `npm run` is a build command."""
    verbs = command.plain
    verb = verbs[0] if verbs else ""
    if verb in ("cache", "config", "set", "version", "-v", "audit", "fund"):
        return "dropped", "nothing of it stays in the image"
    if verb in ("ci", "install", "i", "clean-install") and len(verbs) == 1:
        if {"-g", "--global"} & set(command.arguments):
            return "needs-human", "name the package in a package.json with a lock"
        if stage.workdir not in stage.npm:
            stage.npm.append(stage.workdir)
        if not stage.is_last and not _is_production(stage, command):
            stage.develops = True
        return "translated-needs-lock", "by package-lock.json, version 2 or 3, with an integrity for each package"
    if verb in ("install", "i", "add"):
        return "needs-human", f"{', '.join(verbs[1:6])}: name it in a package.json with a lock"
    if verb == "rebuild":
        return "needs-human", "native code of packages is built by a step of its own"
    if verb in ("run", "run-script", "test", "t"):
        if stage.is_last:
            return "needs-human", "it changes the image's tree: make it a step and install what it leaves"
        return "translated", "a command of the build step"
    return "needs-human", f"npm {verb}: not known"


def go(work: Work, stage: Stage, command: Command) -> Answer:
    """`go mod download` by go.sum; `go build` is a build command, its modules served from a folder."""
    verb = command.plain[0] if command.plain else ""
    if stage.is_last or not stage.distribution:
        return networked(work, stage, command)
    if command.plain[:2] in (("mod", "download"), ("mod", "verify")) and len(command.plain) == 2:
        if stage.workdir not in stage.go:
            stage.go.append(stage.workdir)
        return "translated-needs-lock", "by go.sum, which has a hash for each module"
    if verb in ("version", "env", "vet", "fmt"):
        return "translated", "a command of the build step"
    if verb in ("build", "test", "generate") or (verb == "install" and "@" not in " ".join(command.plain)):
        if stage.workdir not in stage.go:
            stage.go.append(stage.workdir)
        return "translated", "a command of the build step"
    return networked(work, stage, command)


def _is_production(stage: Stage, command: Command) -> bool:
    """Whether npm is told to leave out what only development needs (npm-install(1), `omit`)."""
    words = " ".join(command.arguments).replace("=", " ")
    if re.search(r"--(?:omit dev|only prod(?:uction)?|production)(?!\S)", words):
        return True
    return stage.env.get("NODE_ENV") == "production" and "--include dev" not in words


def networked(work: Work, stage: Stage, command: Command) -> Answer:
    """Build tools that fetch while they build: a step has no network, so what they fetch must be locked first."""
    return "needs-human", f"{command.name} fetches while it builds: lock what it needs as sources or dependencies"
