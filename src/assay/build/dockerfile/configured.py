"""Instructions that say how the image is run: a function each, for the table of `instructions`."""

import re
from collections.abc import Callable

from assay.build.dockerfile.secrets import is_secret
from assay.build.dockerfile.stage import Stage, Work
from assay.build.dockerfile.variables import expand, unquoted
from assay.build.dockerfile.verdicts import Judgement, Outcome, Remark
from assay.formats.dockerfile import Instruction

Answer = tuple[Outcome, str, tuple[Judgement, ...]]
"""Outcome, why, and the commands it holds."""
Row = Callable[[Work, Stage, Instruction], Answer]
_MANAGERS = frozenset({"npm", "npx", "yarn", "pnpm", "bunx", "poetry", "pipenv", "uv", "cargo", "go", "mvn", "gradle"})
SHELLS = {"sh": "dash", "dash": "dash", "ash": "dash", "bash": "bash"}
"""Name of a shell → Debian package."""
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def env(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """ENV: variables of the image; a secret is refused."""
    pairs = list(zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False))
    if not pairs:
        return "needs-human", "it sets nothing", ()
    before = stage.known
    for name, text in pairs:
        value, missing = expand(text, before)
        if is_secret(name, unquoted(value)):
            why = f"{name} looks like a secret, and everybody who has the image can read it"
            work.warnings.append(Remark(code="secret", severity="critical", line=instruction.start, why=why))
            return "needs-human", f"{why}: hand it in when the program runs", ()
        # The builder puts nothing in place of a name without a value, but for PATH, which the base brings.
        stage.env[unquoted(name)] = unquoted(_without(value, missing))
    return "translated", "", ()


def _without(text: str, names: tuple[str, ...]) -> str:
    for name in set(names):
        standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" if name == "PATH" else ""
        text = text.replace(f"${{{name}}}", standard).replace(f"${name}", standard)
    return text


def arg(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """ARG: values for what follows; a secret is refused."""
    for word in instruction.arguments:
        name, equals, text = word.partition("=")
        value = unquoted(expand(text, stage.known)[0])
        if is_secret(name, value):
            why = f"{name} looks like a secret, and the image's history keeps it"
            work.warnings.append(Remark(code="secret", severity="critical", line=instruction.start, why=why))
            return "needs-human", f"{why}: leave it out", ()
        if equals:
            stage.arguments.setdefault(name, value)
            stage.arguments[name] = value
        elif name not in stage.arguments and _is_secret_name(name):
            why = f"{name} asks for a secret, and the image's history would keep it"
            work.warnings.append(Remark(code="secret", severity="critical", line=instruction.start, why=why))
            return "needs-human", f"{why}: leave it out", ()
    return "translated", "a value from outside is not taken: the spec holds what is built", ()


def _is_secret_name(name: str) -> bool:
    return is_secret(name, "something-with-a-value")


def label(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """LABEL: pairs of text."""
    pairs = zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False)
    labels = stage.config.setdefault("labels", {})
    for name, text in pairs:
        value, missing = expand(text, stage.known)
        labels[unquoted(name)] = unquoted(_without(value, missing))  # type: ignore[index]
    return "translated", "", ()


def maintainer(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """MAINTAINER: the label of its successor."""
    labels = stage.config.setdefault("labels", {})
    labels["org.opencontainers.image.authors"] = instruction.arguments[0] if instruction.arguments else ""  # type: ignore[index]
    return "translated", "the label org.opencontainers.image.authors", ()


def process(field: str) -> Row:
    """CMD and ENTRYPOINT, in the exec form or through the shell."""

    def row(work: Work, stage: Stage, instruction: Instruction) -> Answer:
        if field == "command":
            stage.has_command = True
        elif not stage.has_command:
            stage.config.pop("command", None)
        words = list(instruction.arguments)
        first = (words[0] if instruction.is_json else words[0].partition(" ")[0]).rpartition("/")[2] if words else ""
        if first in _MANAGERS:
            return "needs-human", f"the image has no {first}: name the program that it starts", ()
        stage.config[field] = words if instruction.is_json or not words else [*stage.shell, words[0]]
        if words and not instruction.is_json:
            return "translated", "the shell form: the image gets a shell, and nothing else its commands may need", ()
        if first.endswith(".sh") and first == words[0] and not _brought(stage, first):
            return (
                "needs-human",
                f"{first} is a script of the base: no COPY brings it, and packages alone have none",
                (),
            )
        if first in SHELLS or first.endswith(".sh"):
            return "translated", "a script: the image gets a shell, and nothing else the script may need", ()
        return "translated", "", ()

    return row


def _brought(stage: Stage, name: str) -> bool:
    """Whether a COPY brings a program of this name to where programs are looked for, or may do so."""
    for one in stage.copied:
        goal = one.to.rstrip("/")
        named = name in {path.rpartition("/")[2] for path in (*one.paths, one.to)}
        if named or goal in ("", "/usr", "/usr/local") or goal.endswith("bin"):
            return True
    return "PATH" in stage.env


def expose(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """EXPOSE: single ports."""
    ports = stage.config.setdefault("ports", [])
    for word in instruction.arguments:
        text, missing = expand(word, stage.known)
        if missing or not re.fullmatch(r"[1-9][0-9]{0,4}(?:/(?:tcp|udp))?", text.lower(), re.ASCII):
            return "needs-human", f"{word[:40]!a} is no single port", ()
        ports.append(text.lower())  # type: ignore[attr-defined]
    return "translated", "", ()


def volume(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """VOLUME: places that a runtime mounts something at."""
    volumes = stage.config.setdefault("volumes", [])
    for word in instruction.arguments:
        text, missing = expand(word, stage.known)
        if missing:
            return "needs-human", f"the variable {missing[0]} has no value", ()
        volumes.append(stage.absolute(unquoted(text)))  # type: ignore[attr-defined]
    return "translated", "", ()


def workdir(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """WORKDIR: the folder that what follows starts from."""
    text, missing = expand(instruction.arguments[0] if instruction.arguments else "", stage.known)
    if missing or not text:
        return "needs-human", f"the variable {missing[0]} has no value" if missing else "it names no folder", ()
    stage.workdir = stage.absolute(unquoted(text))
    return "translated", "", ()


def user(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """USER: who runs what follows, and the image."""
    text, missing = expand(instruction.arguments[0] if instruction.arguments else "", stage.known)
    if missing or not text:
        return "needs-human", f"the variable {missing[0]} has no value" if missing else "it names nobody", ()
    stage.user = unquoted(text)
    return "translated", "", ()


def stopsignal(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """STOPSIGNAL: name or number."""
    text, missing = expand(instruction.arguments[0] if instruction.arguments else "", stage.known)
    if missing or not re.fullmatch(r"SIG[A-Z0-9+]+|[0-9]+", text, re.ASCII):
        return "needs-human", "it is no name or number of a signal", ()
    stage.config["stop-signal"] = text
    return "translated", "", ()


def healthcheck(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """HEALTHCHECK: a command and its times."""
    if instruction.arguments[:1] in (("NONE",), ("none",)):
        return "dropped", "nothing is inherited that would have to be taken away", ()
    if not instruction.arguments or instruction.arguments[0].upper() != "CMD" or len(instruction.arguments) < 2:
        return "needs-human", "HEALTHCHECK is NONE, or CMD with a command", ()
    command = list(instruction.arguments[1:])
    check: dict[str, object] = {"test": ["CMD", *command] if instruction.is_json else ["CMD-SHELL", *command]}
    for flag in instruction.flags:
        name, _, value = flag.removeprefix("--").partition("=")
        if name == "retries" and value.isdecimal():
            check["retries"] = int(value)
            continue
        match = re.fullmatch(r"(\d{1,6})(ms|s|m|h)", value, re.ASCII)
        if match is None or name not in ("interval", "timeout", "start-period"):
            return "needs-human", f"{flag[:60]!a} is not known", ()
        check[f"{name}-seconds"] = round(int(match[1]) * _SECONDS[match[2]])
    stage.config["healthcheck"] = check
    return "translated", "", ()


def shell(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """SHELL: what the shell forms that follow run in."""
    if not instruction.is_json or not instruction.arguments:
        return "needs-human", "SHELL is a JSON array", ()
    stage.shell = instruction.arguments
    if stage.shell[0].rsplit("/", 1)[-1] not in ("sh", "bash", "ash", "dash"):
        return "needs-human", f"the shell {stage.shell[0][:40]!a} is not known", ()
    return "translated", "", ()


def onbuild(work: Work, stage: Stage, instruction: Instruction) -> Answer:
    """ONBUILD: postponed to another build."""
    return "needs-human", "a spec postpones nothing: write it where it is to happen", ()
