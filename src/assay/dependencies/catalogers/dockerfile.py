"""Dockerfiles of source trees: the images that `FROM`, `COPY --from` and `RUN --mount=from` name.

Dockerfile reference (docs of BuildKit): parser directives, line continuation, here-documents, `ARG` before the first
`FROM` and its defaults, stages. Nothing is run: an image whose name an argument without default decides is a gap.
"""

import re
from collections.abc import Sequence

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.image_names import image_package
from assay.formats import dockerfile
from assay.formats.dockerfile import Instruction
from assay.model.inventory import Gap
from assay.model.patterns import lazy

_VARIABLE = lazy(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)(?::?([-+])([^{}$]*))?\}|([A-Za-z_][A-Za-z0-9_]*))")


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
    for instruction in dockerfile.read_leniently(file.data(), where=file.path, limits=file.limits):
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

    def read(self, instruction: Instruction) -> None:
        """One instruction."""
        if instruction.name == "ARG" and not self._begun:
            for word in instruction.arguments:
                name, _, value = word.partition("=")
                self._arguments[name] = self._filled(value.strip("\"'"))[0]
        elif instruction.name == "FROM":
            self._from(instruction.arguments)
        for name, value in (flag.removeprefix("--").partition("=")[::2] for flag in instruction.flags):
            if name == "from" and instruction.name in ("COPY", "ADD"):
                self._image(value, {"docker:by": "COPY --from"})
            elif name == "mount" and instruction.name == "RUN":
                for image in (part[5:] for part in value.split(",") if part.startswith("from=")):
                    self._image(image, {"docker:by": "RUN --mount"})

    def _from(self, words: Sequence[str]) -> None:
        self._begun = True
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


CATALOGUER = Cataloguer(
    name="dockerfile",
    version=2,
    ecosystem="docker",
    wants=Wanted(
        names=frozenset(["Dockerfile", "Containerfile"]),
        suffixes=frozenset([".dockerfile", ".containerfile"]),
        limit="metadata_bytes",
    ),
    catalogue=catalogue,
)
