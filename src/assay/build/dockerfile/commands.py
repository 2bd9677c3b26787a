"""What each command of a RUN becomes: one row a command name."""

import re
from collections.abc import Callable, Mapping

from assay.build.dockerfile import packages
from assay.build.dockerfile.caches import is_cache
from assay.build.dockerfile.packages import Answer
from assay.build.dockerfile.shell import Command
from assay.build.dockerfile.stage import Account, Copied, Stage, Work
from assay.build.dockerfile.verdicts import Judgement, Remark

Row = Callable[[Work, Stage, Command], Answer]
_SHELLS = ("sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "ruby", "node")
NO_DIGEST = "what is fetched has no digest: add its sha256 to the source"
_URL = re.compile(r"https?://[^\s'\"]+", re.ASCII)
_SHA256 = re.compile(r"\b([0-9a-f]{64})\b", re.ASCII)
_OPEN_MODE = re.compile(r"0?[0-7]?[0-7]?[0-7][2367]", re.ASCII)
_SET_ID_MODE = re.compile(r"0?[2-7][0-7]{3}", re.ASCII)


def judge(work: Work, stage: Stage, command: Command, line: int) -> Judgement:
    """One command: what becomes of it, and why.

    Args:
        work: all stages; sources and warnings are added.
        stage: what the command changes.
        command: of the RUN.
        line: where it stands in the file, for warnings.
    """
    piped = next((_shell_of(text) for text in command.pipes_to if _shell_of(text)), "")
    if piped and command.name in ("curl", "wget"):
        why = f"what {command.name} fetches is run by {piped} unseen"
        work.warnings.append(Remark(code="pipe-to-shell", severity="high", line=line, why=why))
        return Judgement(outcome="needs-human", text=command.text, line=line, why=f"{why}: name a source with a digest")
    fetched = _FETCHED.search(command.text) if _runs_text(command) else None
    if fetched:
        why = f"what {fetched[1]} fetches is run by {command.name.rsplit('/', 1)[-1]} unseen"
        work.warnings.append(Remark(code="pipe-to-shell", severity="high", line=line, why=why))
        return Judgement(outcome="needs-human", text=command.text, line=line, why=f"{why}: name a source with a digest")
    row = ROWS.get(command.name.rsplit("/", 1)[-1]) if not command.name.startswith("./") else _built
    if row is None:
        return Judgement(
            outcome="needs-human", text=command.text, line=line, why=f"what {command.name[:60]!a} does is not known"
        )
    before = len(work.warnings)
    outcome, why = row(work, stage, command)
    work.warnings[before:] = [
        Remark(code=w.code, severity=w.severity, line=line, why=w.why) for w in work.warnings[before:]
    ]
    if command.is_maybe and outcome == "translated" and row is not _built:
        outcome, why = "needs-human", "it runs only under a condition"
    return Judgement(outcome=outcome, text=command.text, line=line, why=why)


_FETCHED = re.compile(r"(?:\$\(|`|<\()\s{0,20}(?:sudo\s{1,20})?(curl|wget)\s", re.ASCII)


def _runs_text(command: Command) -> bool:
    """Whether what a substitution gives is run: `sh -c "$(curl …)"`, `bash <(curl …)`, `eval`, `source`, `.`."""
    return command.name.rsplit("/", 1)[-1] in (*_SHELLS, "eval", "source", ".", "sudo", "exec")


def _shell_of(text: str) -> str:
    """The interpreter a part of a pipeline is, past `sudo` and `env`."""
    words = [word.rsplit("/", 1)[-1] for word in text.split() if not word.startswith("-") and "=" not in word]
    while words and words[0] in ("sudo", "env", "exec"):
        words.pop(0)
    return words[0] if words and words[0] in _SHELLS else ""


def _nothing(why: str) -> Row:
    return lambda work, stage, command: ("dropped", why)


def _built(work: Work, stage: Stage, command: Command) -> Answer:
    """A command of a build step. In the last stage it would change the image itself, which only a person can place."""
    if not stage.is_last:
        return "translated", "a command of the build step"
    if (command.name in _LOOKING and not command.writes_to) or command.arguments == ("--version",):
        return "dropped", "it changes nothing in the image"
    return "needs-human", "it changes the image's tree: make it a step and install what it leaves"


def _human(why: str) -> Row:
    return lambda work, stage, command: ("needs-human", why)


def _remove(work: Work, stage: Stage, command: Command) -> Answer:
    if command.plain and all(is_cache(stage.absolute(p) if not p.startswith(("~", "$")) else p) for p in command.plain):
        return "dropped", "nothing is there that would have to be removed"
    return _built(work, stage, command)


def _download(work: Work, stage: Stage, command: Command) -> Answer:
    urls = [match[0] for word in command.arguments for match in [_URL.search(word)] if match]
    if not urls:
        return "needs-human", "what it fetches is computed when it runs"
    if any("$" in url for url in urls) or command.is_computed:
        return "needs-human", "the address is computed when it runs"
    for url in urls:
        work.sources.setdefault(source_name(url, work), {"type": "file", "url": url})
    why = f"{urls[0]}: {NO_DIGEST}"
    work.warnings.append(Remark(code="unverified-download", severity="medium", line=0, why=why))
    return "needs-human", NO_DIGEST


def output_of(text: str) -> str:
    """The file a download is written to, as `curl -o` and `wget -O` name it; empty where another way is taken.

    >>> output_of("curl -fsSL -o /tmp/a.tar.gz https://example.org/a.tar.gz")
    '/tmp/a.tar.gz'
    """
    words = text.split()
    option = "-O" if words[:1] == ["wget"] else "-o"
    for place, word in enumerate(words[:-1]):
        if word in (option, "--output", "--output-document") or re.fullmatch(rf"-[A-Za-z]+{option[1]}", word):
            return words[place + 1]
    if "-O" in words or "--remote-name" in words or words[:1] == ["wget"]:
        return next((word.rsplit("/", 1)[-1] for word in words if _URL.fullmatch(word)), "")
    return ""


def source_name(url: str, work: Work) -> str:
    """A name for what an address brings, the same each time."""
    last = url.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1].lower()
    name = re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:48] or "download"
    same = next((key for key, source in work.sources.items() if source.get("url") == url), "")
    number = sum(key.startswith(name) for key in work.sources)
    return same or (f"{name}-{number}" if number else name)


def _chmod(work: Work, stage: Stage, command: Command) -> Answer:
    mode = command.plain[0] if command.plain else ""
    opened = _OPEN_MODE.fullmatch(mode) or re.search(r"(?:^|,)[ugoa]*[oa][ugoa]*\+[rwxXst]*w|^\+[rx]*w", mode)
    if opened:
        why = f"chmod {mode} lets everybody write"
        work.warnings.append(Remark(code="world-writable", severity="high", line=0, why=why))
        return "needs-human", why
    if _SET_ID_MODE.fullmatch(mode) or re.search(r"\+[rwx]*s", mode):
        why = f"chmod {mode} sets the set-id bit"
        work.warnings.append(Remark(code="set-id", severity="high", line=0, why=why))
        return "needs-human", why
    paths = command.plain[1:] if stage.is_last and not command.is_computed and not command.is_maybe else ()
    if paths and all(_remoded(stage, mode, path) for path in paths):
        return "translated", "the mode of what is copied there"
    return _with_hint(work, stage, command, "--chmod on the COPY that lays it")


def _remoded(stage: Stage, mode: str, path: str) -> bool:
    """Give a single copied file its mode; false where it is not the place of one."""
    place = stage.absolute(path)
    for number, one in enumerate(stage.copied):
        for source in one.paths if one.source == "context" else ():
            lands = f"{one.to}{source.rsplit('/', 1)[-1]}" if one.to.endswith("/") else one.to
            if lands != place or any(sign in source for sign in "*?["):
                continue
            before = int(one.mode, 8) if one.mode else 0o644
            octal = re.fullmatch(r"0?[0-7]{3}", mode, re.ASCII)
            new = int(mode, 8) if octal else before | 0o111 if mode in ("+x", "a+x") else None
            if new is None:
                return False
            others = tuple(name for name in one.paths if name != source)
            alone = Copied(one.source, (source,), one.to, mode=f"{new:04o}", owner=one.owner)
            kept = [Copied(one.source, others, one.to, mode=one.mode, owner=one.owner)] if others else []
            stage.copied[number : number + 1] = [*kept, alone]
            return True
    return False


def _chown(work: Work, stage: Stage, command: Command) -> Answer:
    return _with_hint(work, stage, command, "--chown on the COPY that lays it")


def _with_hint(work: Work, stage: Stage, command: Command, hint: str) -> Answer:
    outcome, why = _built(work, stage, command)
    return outcome, f"it changes the image's tree: say it by {hint}" if outcome == "needs-human" else why


def _mkdir(work: Work, stage: Stage, command: Command) -> Answer:
    """A folder that is there anyway needs no making; an empty one is nothing a spec can lay."""
    if not stage.is_last:
        return _built(work, stage, command)
    places = [f"{place.rstrip('/')}/" for place in (stage.workdir, *(one.to for one in stage.copied))]
    if (
        command.plain
        and not command.is_computed
        and all(any(place.startswith(f"{stage.absolute(path)}/") for place in places) for path in command.plain)
    ):
        return "dropped", "the folder is there anyway"
    return "needs-human", "an empty folder: name it under volumes, or install something that is in it"


def _account(work: Work, stage: Stage, command: Command) -> Answer:
    """`useradd`, `adduser`, `groupadd`, `addgroup`."""
    if command.is_computed:
        return "needs-human", "a name or number is computed when it runs"
    is_group = command.name.rsplit("/", 1)[-1] in ("groupadd", "addgroup")
    account, plain = Account(""), []
    words = iter(command.arguments)
    for word in words:
        option, _, value = word.partition("=")
        if option in ("-u", "--uid"):
            account.uid = _number(value or next(words, ""))
        elif option in ("-g", "--gid", "--ingroup", "-G", "--groups"):
            number = _number(value or next(words, ""))
            account.gid = number if option in ("-g", "--gid") else account.gid
        elif option in ("-d", "--home", "--home-dir", "-h"):
            account.home = value or next(words, "")
        elif option in ("-s", "--shell"):
            account.shell = value or next(words, "")
        elif option in ("-c", "--comment", "--gecos", "-k", "-p", "--password", "-K", "-e", "-f", "-b"):
            if not value:
                next(words, "")
        elif not word.startswith("-"):
            plain.append(word)
    if not plain:
        return "needs-human", "it names nobody"
    account.name = plain[0]
    if is_group and account.uid is None:
        account.uid = account.gid
    (stage.groups if is_group else stage.users).append(account)
    return "translated", "" if account.uid is not None else "it had no number: the spec gives it one"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _checksum(work: Work, stage: Stage, command: Command) -> Answer:
    return "translated", "the digest belongs to the source"


def _python(work: Work, stage: Stage, command: Command) -> Answer:
    words = command.arguments
    if words[:2] == ("-m", "pip"):
        return packages.pip(work, stage, command)
    if words[:2] == ("-m", "venv"):
        stage.places += [stage.absolute(word) for word in command.plain[1:]]
        return "dropped", "packages are installed without a virtual environment"
    return _built(work, stage, command)


def _uv(work: Work, stage: Stage, command: Command) -> Answer:
    if command.arguments[:1] == ("pip",):
        return packages.pip(work, stage, command)
    return packages.networked(work, stage, command)


_BUILD = (
    "make", "cmake", "ninja", "meson", "gcc", "g++", "cc", "c++", "clang", "ld", "ar", "strip", "install",
    "cp", "mv", "ln", "touch", "sed", "awk", "grep", "find", "xargs", "tar", "unzip", "gunzip", "xz", "bzip2", "zip",
    "patch", "autoconf", "automake", "autoreconf", "libtoolize", "configure", "pkg-config", "test", "[", "[[", "cat",
    "printf", "tee", "head", "tail", "cut", "sort", "tr", "node", "javac", "jar", "perl", "sh", "bash", "dirname",
    "basename", "ls", "uname", "nproc", "dpkg-architecture", "=", "export", "cd", "pushd", "popd",
    "echo", "rustc", "protoc", "msgfmt", "diff", "cmp", "readlink", "realpath", "wc", "id", "which", "command", "time",
)  # fmt: skip
SETTINGS = frozenset({"set", "true", ":", "shopt", "ulimit", "exit"})
"""Commands a step's script keeps although nothing comes of them but how the others run."""
_LOOKING = frozenset(
    {"test", "[", "[[", "ls", "uname", "nproc", "echo", "printf", "which", "id", "command", "cat", "grep", "find", "=",
     "export", "cd", "head", "tail", "wc"}
)  # fmt: skip
"""Commands that leave nothing behind unless their output goes to a file."""
_FETCHING = (
    "cargo", "mvn", "mvnw", "gradle", "gradlew", "bundle", "composer", "gem", "yarn", "pnpm", "bun", "npx",
    "dotnet", "conda", "mamba", "micromamba", "poetry", "pipenv", "pdm", "rustup", "corepack", "cpan", "cpanm", "stack",
    "cabal", "mix", "sbt", "lein", "bazel", "easy_install", "pecl", "pear", "luarocks", "opam", "R", "Rscript", "julia",
)  # fmt: skip
ROWS: Mapping[str, Row] = {
    **dict.fromkeys(_BUILD, _built),
    **dict.fromkeys(_FETCHING, packages.networked),
    **dict.fromkeys(("apt-get", "apt", "aptitude"), packages.apt),
    **dict.fromkeys(
        ("apk", "dnf", "yum", "microdnf", "zypper", "pacman", "tdnf", "emerge", "xbps-install", "brew"),
        packages.foreign,
    ),
    **dict.fromkeys(("pip", "pip3", "pip2"), packages.pip),
    **dict.fromkeys(("python", "python3"), _python),
    "uv": _uv,
    "go": packages.go,
    "npm": packages.npm,
    **dict.fromkeys(("curl", "wget"), _download),
    **dict.fromkeys(("sha256sum", "shasum"), _checksum),
    **dict.fromkeys(("sha1sum", "md5sum", "sha512sum"), _human("pin the source by sha256 instead")),
    **dict.fromkeys(("useradd", "adduser", "groupadd", "addgroup"), _account),
    "usermod": _human("say in the accounts what the user is"),
    "chmod": _chmod,
    **dict.fromkeys(("chown", "chgrp"), _chown),
    "mkdir": _mkdir,
    **dict.fromkeys(("rm", "rmdir"), _remove),
    **dict.fromkeys(("set", "true", ":", "shopt", "ulimit", "sync", "exit"), _nothing("the shell's own setting")),
    "ldconfig": _nothing("the loader finds libraries without its cache"),
    "update-ca-certificates": _nothing("the bundle of certificates is made by the builder"),
    "apt-mark": _nothing("nothing is installed or removed automatically"),
    "debconf-set-selections": _nothing("no maintainer script runs"),
    "groups": _nothing("nothing of it stays in the image"),
    **dict.fromkeys(("git",), _human("name a git source with its commit")),
    **dict.fromkeys(("gpg", "apt-key"), _human("name the key in the source, or pin by digest")),
    **dict.fromkeys(("dpkg",), _human("name the package in the spec, or the file as a source with its digest")),
    **dict.fromkeys(
        ("dpkg-reconfigure", "locale-gen", "localedef", "update-alternatives", "systemctl", "service"),
        _human("it runs what no builder runs: lay the resulting files into the image as a source"),
    ),
    "setcap": _human("file capabilities must be declared"),
    "sudo": _human("a build runs as one user: leave sudo out"),
    "su": _human("a build runs as one user"),
    "ssh-keyscan": _human("it asks the network: name the known hosts as a source"),
}  # fmt: skip
"""Command name (last part of its path) → what becomes of it."""
