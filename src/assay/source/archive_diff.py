"""A release archive against the tree of its tag: what stands only in the archive, graded; by git blob ids.

Rules A-01, A-02 of the source layer. Nothing is unpacked to disk. What a release process generates is listed exactly.
"""

import fnmatch
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

Code = Literal[
    "source.archive-changed-file",
    "source.archive-phantom-build-script",
    "source.archive-phantom-executable",
    "source.archive-phantom-other",
    "source.archive-missing-file",
]
_BUILD = re.compile(
    r"(?:.*/)?(?:[^/]+\.m4|configure(?:\.(?:ac|in))?|Makefile(?:\.(?:am|in))?|GNUmakefile|CMakeLists\.txt|[^/]+\.cmake|"
    r"setup\.(?:py|cfg)|pyproject\.toml|build\.rs|meson\.build|binding\.gyp|Rakefile|[^/]+\.mk|[^/]+\.sh|package\.json)"
)
_HOOKS = re.compile(r"(?:.*/)?(?:hooks|\.husky|\.github)/.*")
_AUTOTOOLS = (
    "configure", "aclocal.m4", "config.h.in", "config.guess", "config.sub", "install-sh", "missing", "depcomp",
    "compile", "ltmain.sh", "test-driver", "ar-lib", "mkinstalldirs", "ylwrap", "INSTALL", "ChangeLog", "Makefile.in",
    "libtool.m4", "ltoptions.m4", "ltsugar.m4", "ltversion.m4", "lt~obsolete.m4", "stamp-h.in", "texinfo.tex",
)  # fmt: skip
GENERATED: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "autotools": (*_AUTOTOOLS, "*/Makefile.in", *(f"*/{name}" for name in _AUTOTOOLS)),
    "python-sdist": ("PKG-INFO", "setup.cfg", "*.egg-info/*", "*/*.egg-info/*"),
    "npm-pack": (),
}
"""What a kind of release may hold that its tag does not: exact names, for every pattern is a place to hide in."""


class Content(msgspec.Struct, frozen=True):
    """A file on one side."""

    id: str
    """Git blob id."""
    is_program: bool = False


class Difference(msgspec.Struct, frozen=True, order=True):
    """A file that is not the same on both sides."""

    code: Code
    severity: Literal["high", "medium", "low"]
    path: str
    why: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """An archive against a tree."""

    same_count: int
    generated: tuple[str, ...]
    """Files the release process is known to make, and which nobody compared."""
    differences: tuple[Difference, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing but generated files differs; missing files do no harm."""
        return all(one.code == "source.archive-missing-file" for one in self.differences)


def compare(archive: Mapping[str, Content], tree: Mapping[str, Content], *, generated: str) -> Comparison:
    """Compare an archive with the tree of its tag.

    Args:
        archive: path without the top folder → content.
        tree: path → content.
        generated: key of `GENERATED`.
    """
    known = GENERATED[generated]
    same, made, found = 0, [], []
    for path, content in sorted(archive.items()):
        origin = tree.get(path)
        if origin is not None and origin.id == content.id:
            same += 1
        elif any(fnmatch.fnmatchcase(path, pattern) for pattern in known):
            made.append(path)
        elif origin is not None:
            grade = _severity(path, content)
            found.append(Difference("source.archive-changed-file", grade, path, "not the bytes the tag has"))
        else:
            found.append(_phantom(path, content))
    for path in sorted(tree.keys() - archive.keys()):
        found.append(Difference("source.archive-missing-file", "low", path, "in the tag alone"))
    return Comparison(same_count=same, generated=tuple(made), differences=tuple(sorted(found)))


def _severity(path: str, content: Content) -> Literal["high", "medium"]:
    return "high" if content.is_program or _BUILD.fullmatch(path) or _HOOKS.fullmatch(path) else "medium"


def _phantom(path: str, content: Content) -> Difference:
    why = "in the archive alone: nobody reviewed it in the repository"
    if _BUILD.fullmatch(path) or _HOOKS.fullmatch(path):
        return Difference("source.archive-phantom-build-script", "high", path, why)
    if content.is_program:
        return Difference("source.archive-phantom-executable", "high", path, why)
    return Difference("source.archive-phantom-other", "medium", path, why)
