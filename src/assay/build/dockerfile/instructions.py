"""What each instruction becomes: one row an instruction name."""

import copy
import re
from collections.abc import Mapping

import msgspec

from assay.build.dockerfile import bases, commands, configured, shell
from assay.build.dockerfile.configured import Answer, Row
from assay.build.dockerfile.secrets import is_secret_file
from assay.build.dockerfile.stage import Account, Copied, Stage, Work
from assay.build.dockerfile.variables import expand, unquoted
from assay.build.dockerfile.verdicts import Judgement, Remark, worst
from assay.formats.dockerfile import Instruction
from assay.model.errors import UnsupportedError

_SHA256 = re.compile(r"\b[0-9a-f]{64}\b", re.ASCII)
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.[a-z0-9]{2,4})$", re.ASCII | re.IGNORECASE)


def _from(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """The stage itself is begun by the reader; here its base is judged."""
    if not stage.base:
        return "needs-human", "it names no image", ()
    before = next((other for other in work.stages[:-1] if other.name and other.name == stage.base.casefold()), None)
    if before is not None:
        stage.distribution, stage.python = before.distribution, before.python
        stage.packages, stage.env = list(before.packages), dict(before.env)
        stage.users, stage.groups = list(before.users), list(before.groups)
        stage.copied, stage.workdir, stage.user = list(before.copied), before.workdir, before.user
        stage.pip, stage.npm, stage.config = list(before.pip), list(before.npm), copy.deepcopy(before.config)
        stage.places, stage.develops, stage.go = list(before.places), before.develops, list(before.go)
        stage.shell = before.shell
        if stage.is_last and before.script:
            return "needs-human", f"the stage {stage.base} runs commands: take what they leave by COPY --from", ()
        stage.script, stage.toolchain = list(before.script), list(before.toolchain)
        stage.fetched = list(before.fetched)
        return "translated", "", ()
    name, missing = expand(stage.base, stage.arguments)
    if missing:
        return "needs-human", f"the argument {missing[0]} has no default", ()
    known = bases.base(name)
    if known.why:
        if "@sha256:" not in name:
            why = f"{name} is named by a tag, which moves"
            work.warnings.append(Remark(code="no-digest", severity="medium", line=instruction.start, why=why))
        return "needs-human", known.why, ()
    stage.distribution, stage.python, stage.packages = known.distribution, known.python, list(known.packages)
    stage.user = known.user
    stage.users += [Account(name, uid, home=home) for name, uid, home in known.users]
    return "translated", "the packages of the base, pinned by the lock" if known.packages else "", ()


def _run(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    for flag in instruction.flags:
        if flag.startswith("--mount=") and "type=secret" in flag:
            return "needs-human", "a step gets no secrets", ()
        if flag.startswith("--mount=") and "type=ssh" in flag:
            return "needs-human", "a step has no network and no keys", ()
        if flag.startswith(("--network=host", "--security=insecure")):
            return "needs-human", f"{flag}: a step has neither network nor privileges", ()
    if instruction.is_json:
        text = " ".join(_quoted(word) for word in instruction.arguments)
    elif instruction.heredocs:
        script = "\n".join(document.content for document in instruction.heredocs)
        command = instruction.arguments[0].partition("<<")[0].strip() if instruction.arguments else ""
        if command and command.rsplit("/", 1)[-1] not in ("sh", "bash", "bash -e", "sh -e"):
            return "needs-human", f"a here-document for {command[:40]!a}", ()
        text = script
    else:
        text = instruction.arguments[0] if instruction.arguments else ""
    if stage.shell[0].rsplit("/", 1)[-1] not in ("sh", "bash", "ash", "dash"):
        return "needs-human", f"the shell {stage.shell[0][:40]!a} is not known", ()
    expanded, _ = expand(text, stage.known)
    where = f"line {instruction.start}"
    try:
        found, whole = shell.commands(expanded, where)
    except UnsupportedError as error:
        return "needs-human", error.why, ()
    if not whole:
        return "needs-human", "the shell grammar does not understand it", ()
    judged = tuple(commands.judge(work, stage, one, instruction.start) for one in found)
    expanded, judged = _pinned(work, stage, expanded, judged)
    outcome, why = worst(judged)
    if not stage.is_last and any(one.why.endswith("a command of the build step") for one in judged):
        stage.script.append(_without_done(expanded, found, judged))
    return outcome, why, judged


def _without_done(text: str, found: tuple[shell.Command, ...], judged: tuple[Judgement, ...]) -> str:
    """A step's text with `:` in place of the commands the spec does elsewhere: no step has apt or pip."""
    at = 0
    for command, one in zip(found, judged, strict=True):
        place = text.find(command.text, at)
        is_kept = one.outcome == "needs-human" or one.why.endswith("a command of the build step")
        if place < 0 or is_kept or command.name in commands.SETTINGS:
            continue
        text = text[:place] + ":" + text[place + len(command.text) :]
        at = place + 1
    return text


def _pinned(work: Work, stage: Stage, text: str, judged: tuple[Judgement, ...]) -> tuple[str, tuple[Judgement, ...]]:
    """Where the same RUN checks what it fetched against one literal digest, the source has its digest.

    Returns:
        The text with a copy in place of the fetching, and the judgements.
    """
    digests = set(_SHA256.findall(text))
    fetched = [name for name, one in work.sources.items() if "sha256" not in one and str(one["url"]) in text]
    if len(digests) != 1 or len(fetched) != 1 or ("sha256sum" not in text and "shasum" not in text):
        return text, judged
    source = work.sources[fetched[0]]
    source["sha256"] = digests.pop()
    place = f"{source['url']}:"
    work.warnings[:] = [w for w in work.warnings if w.code != "unverified-download" or not w.why.startswith(place)]
    changed = []
    for one in judged:
        if one.why != commands.NO_DIGEST:
            changed.append(one)
            continue
        output = commands.output_of(one.text)
        copied = f'cp "$SRC/{fetched[0]}/{str(source["url"]).rsplit("/", 1)[-1]}" {output}'
        if stage.is_last or not output or one.text not in text:
            why = "it is a source with its digest now: install it where it belongs"
            changed.append(msgspec.structs.replace(one, why=why))
            continue
        text = text.replace(one.text, copied)
        stage.fetched.append(fetched[0])
        why = "a source with the digest it is checked by; a command of the build step"
        changed.append(msgspec.structs.replace(one, outcome="translated", why=why))
    return text, tuple(changed)


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_./:=@%+,-]+", word) else "'" + word.replace("'", "'\\''") + "'"


def _copy(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    words = [expand(flag.removeprefix("--"), stage.known) for flag in instruction.flags]
    flags = dict(text.partition("=")[::2] for text, _ in words)
    if instruction.heredocs:
        return "needs-human", "write the here-document as a file of the context", ()
    if unknown_flags := sorted(flags.keys() - {"from", "chown", "chmod", "link"}):
        return "needs-human", f"--{unknown_flags[0][:40]} is not known", ()
    if not re.fullmatch(r"(?:0?[0-7]{3,4})?", flags.get("chmod", ""), re.ASCII):
        return "needs-human", f"--chmod={flags['chmod'][:40]}: write the mode in octal", ()
    words += [expand(word, stage.known) for word in instruction.arguments]
    missing = [name for _, names in words for name in names]
    if missing:
        return "needs-human", f"the variable {missing[0]} has no value", ()
    paths = tuple(unquoted(text) for text, _ in words[len(instruction.flags) :])
    if len(paths) < 2:
        return "needs-human", "it needs a source and a destination", ()
    *sources, to = paths
    origin = "context"
    if "from" in flags:
        named = flags["from"]
        other = work.stage(named)
        if other is None or other is stage:
            return "needs-human", f"{named} is an image: name what is taken from it as a source with its digest", ()
        origin = f"stage {work.stages.index(other)}"
    if any("*" in path or "?" in path for path in sources) and origin != "context":
        return "needs-human", "a pattern in another stage: name the files", ()
    kept = next((path for path in sources if is_secret_file(path)), "") if origin == "context" else ""
    if kept:
        why = f"{kept[:80]} is a file that secrets are kept in, and everybody who has the image can read it"
        work.warnings.append(Remark(code="secret", severity="critical", line=instruction.start, why=why))
        return "needs-human", f"{why}: hand it in when the program runs", ()
    target = stage.place(to, several=len(sources) > 1)
    stage.copied.append(
        Copied(origin, tuple(sources), target, mode=flags.get("chmod", ""), owner=flags.get("chown", ""))
    )
    return "translated", "", ()


def _add(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    sources = instruction.arguments[:-1]
    remote = [path for path in sources if re.match(r"(?:https?|git|ssh)://|git@", path)]
    if not remote:
        if any(_ARCHIVE.search(path) for path in sources):
            return "needs-human", "ADD unpacks an archive: name it as an archive source with its digest", ()
        return _copy(work, stage, instruction)
    if len(sources) != 1 or not remote[0].startswith("http") or remote[0].split("?")[0].endswith(".git"):
        return "needs-human", "name it as a git source with its commit", ()
    flags = dict(flag.removeprefix("--").partition("=")[::2] for flag in instruction.flags)
    digest = flags.get("checksum", "").removeprefix("sha256:")
    url, missing = expand(remote[0], stage.known)
    if missing:
        return "needs-human", f"the variable {missing[0]} has no value", ()
    name = commands.source_name(url, work)
    source: dict[str, object] = {"type": "file", "url": url}
    if _SHA256.fullmatch(digest):
        source["sha256"] = digest
    work.sources.setdefault(name, source)
    stage.copied.append(Copied(f"source {name}", (), stage.place(unquoted(instruction.arguments[-1]))))
    if "sha256" not in source:
        why = f"{url}: {commands.NO_DIGEST}"
        work.warnings.append(Remark(code="unverified-download", severity="medium", line=instruction.start, why=why))
        return "needs-human", commands.NO_DIGEST, ()
    return "translated", "", ()


ROWS: Mapping[str, Row] = {
    "FROM": _from,
    "RUN": _run,
    "COPY": _copy,
    "ADD": _add,
    "ENV": configured.env,
    "ARG": configured.arg,
    "LABEL": configured.label,
    "MAINTAINER": configured.maintainer,
    "CMD": configured.process("command"),
    "ENTRYPOINT": configured.process("entrypoint"),
    "EXPOSE": configured.expose,
    "VOLUME": configured.volume,
    "WORKDIR": configured.workdir,
    "USER": configured.user,
    "STOPSIGNAL": configured.stopsignal,
    "HEALTHCHECK": configured.healthcheck,
    "SHELL": configured.shell,
    "ONBUILD": configured.onbuild,
}
