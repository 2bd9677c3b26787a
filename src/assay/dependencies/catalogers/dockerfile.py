"""Dockerfiles of source trees: the images that `FROM`, `COPY --from` and `RUN --mount=from` name.

Dockerfile reference (docs of BuildKit): parser directives, line continuation, here-documents, `ARG` before the first
`FROM` and its defaults, stages. Nothing is run: an image whose name an argument without default decides is a gap.
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.image_names import image_package
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap

_DIRECTIVE = re.compile(r"#[ \t]*([A-Za-z]+)[ \t]*=[ \t]*(\S+)[ \t]*")
_HEREDOC = re.compile(r"<<-?([\"']?)([A-Za-z0-9_.]+)\1")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?::?([-+])([^{}$]*))?\}|([A-Za-z_][A-Za-z0-9_]*))")
_ARGUMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_MOUNT = re.compile(r"--mount=(\S*)")
_FROM_FLAG = re.compile(r"--from=(\S+)")
_INSTRUCTIONS_COUNT = 10_000
_WITH_DOCUMENTS = frozenset({"RUN", "COPY", "ADD"})
_DIRECTIVES = frozenset({"syntax", "escape", "check"})


def catalogue(file: File) -> Fragment:
    """One Dockerfile; in an image it built nothing that is there, and nothing is read.

    Returns:
        An image for each name that is no stage: `docker:by` tells the instruction, `docker:stage` the stage it begins.

    Raises:
        UnsupportedError: more instructions than anybody writes.
    """
    if file.installed:
        return Fragment()
    reader = _Reader(file.path)
    for number, instruction in enumerate(_instructions(file.data().decode("utf-8", "replace"))):
        if number == _INSTRUCTIONS_COUNT:
            raise UnsupportedError("the Dockerfile has too many instructions", where=file.path, why=f"limit {number}")
        reader.read(instruction)
    packages = {(package.name, package.version, package.properties): package for package in reader.packages}
    return Fragment(packages=tuple(packages[key] for key in sorted(packages)), gaps=tuple(sorted(set(reader.gaps))))


class _Reader:
    """Follows arguments and stages from instruction to instruction."""

    def __init__(self, path: str) -> None:
        self.packages: list[Package] = []
        self.gaps: list[Gap] = []
        self._path = path
        self._arguments: dict[str, str] = {}
        self._stages: set[str] = set()
        self._begun = False

    def read(self, instruction: str) -> None:
        """One instruction on one line."""
        word, rest = _parted(instruction)
        if word == "ARG" and not self._begun:
            for name, value in _ARGUMENT.findall(rest):
                self._arguments[name] = self._filled(value.strip("\"'"))[0]
        elif word == "FROM":
            self._from(rest)
        elif word in ("COPY", "ADD"):
            for name in _FROM_FLAG.findall(_flags(rest)):
                self._image(name, {"docker:by": "COPY --from"})
        elif word == "RUN":
            for mount in _MOUNT.findall(_flags(rest)):
                for name in (part[5:] for part in mount.split(",") if part.startswith("from=")):
                    self._image(name, {"docker:by": "RUN --mount"})

    def _from(self, rest: str) -> None:
        self._begun = True
        words = [word for word in rest.split() if not word.startswith("--")]
        stage = words[2] if len(words) == 3 and words[1].upper() == "AS" else ""
        if words and words[0] != "scratch":
            self._image(words[0], {"docker:by": "FROM", "docker:stage": stage[:100]})
        if stage:
            self._stages.add(stage.casefold())

    def _image(self, text: str, properties: dict[str, str]) -> None:
        name, missing = self._filled(text.strip("\"'"))
        if name.casefold() in self._stages or name.isdecimal() or name == "scratch":
            return
        package = None if missing else image_package(name, properties)
        if package is not None:
            self.packages.append(package)
            return
        why = f"the argument {missing} has no default" if missing else "it is no name of an image"
        reason = f"{properties['docker:by']} {text[:100]!a}: {why}"
        self.gaps.append(Gap("unsupported", self._path, None, reason, "dockerfile"))

    def _filled(self, text: str) -> tuple[str, str]:
        """The text with the arguments' defaults, and the name of one that has none."""
        missing = ""

        def value(match: re.Match[str]) -> str:
            nonlocal missing
            name = match[1] or match[4]
            known = self._arguments.get(name, "")
            if match[2] == "+":
                return match[3] if known else ""
            if not known and match[2] != "-":
                missing = missing or name
            return known or (match[3] or "" if match[2] == "-" else "")

        return _VARIABLE.sub(value, text)[:2_000], missing


def _parted(instruction: str) -> tuple[str, str]:
    """The instruction's name in capitals, and its arguments."""
    words = instruction.split(None, 1)
    return words[0].upper(), words[1] if len(words) > 1 else ""


def _flags(rest: str) -> str:
    """The flags that stand before an instruction's arguments."""
    words = []
    for word in rest.split():
        if not word.startswith("--"):
            break
        words.append(word)
    return " ".join(words)


def _instructions(text: str) -> Iterator[str]:
    """Logical lines: comments left out, continuations joined, here-documents skipped."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape, at = _directives(lines)
    while at < len(lines):
        parts: list[str] = []
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or not line:  # also between the lines of one instruction
                if not parts:
                    break
                continue
            going = line.endswith(escape)
            parts.append(line[:-1].rstrip() if going else line)
            if not going:
                break
        whole = " ".join(parts).strip()
        if not whole:
            continue
        yield whole
        word, rest = _parted(whole)
        for _, end in _HEREDOC.findall(rest) if word in _WITH_DOCUMENTS else ():
            while at < len(lines) and lines[at].lstrip("\t") != end:
                at += 1
            at += 1


def _directives(lines: list[str]) -> tuple[str, int]:
    """The escape character, and the line the instructions begin at."""
    escape, at = "\\", 0
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() not in _DIRECTIVES:
            break
        if match[1].lower() == "escape" and match[2] in ("`", "\\"):
            escape = match[2]
        at += 1
    return escape, at


CATALOGUER = Cataloguer(
    name="dockerfile",
    version=1,
    ecosystem="docker",
    wants=Wanted(
        names=frozenset(["Dockerfile", "Containerfile"]),
        suffixes=frozenset([".dockerfile", ".containerfile"]),
        limit="metadata_bytes",
    ),
    catalogue=catalogue,
)
