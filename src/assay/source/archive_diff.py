"""A release archive against the tree of its tag: what stands only in the archive, graded; by git blob ids.

Rules A-01, A-02 and A-04 of the source layer. Nothing is unpacked to disk. What a release process generates is listed
exactly, and a file the tag has too is never excused as generated.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Code = Literal[
    "source.archive-changed-file",
    "source.archive-phantom-build-script",
    "source.archive-phantom-executable",
    "source.archive-phantom-other",
    "source.archive-missing-file",
    "source.test-blob-read-in-build",
]
Severity = Literal["critical", "high", "medium", "low"]
_BUILD = re.compile(
    r"(?:.*/)?(?:[^/]+\.m4|configure(?:\.(?:ac|in))?|[Mm]akefile(?:\.(?:am|in|PL))?|GNUmakefile|CMakeLists\.txt|"
    r"[^/]+\.(?:cmake|mk|sh|am|bzl|gemspec|gradle|gyp|gypi|pth)|setup\.(?:py|cfg)|pyproject\.toml|MANIFEST\.in|"
    r"build\.(?:rs|zig|xml|gradle\.kts)|Cargo\.toml|go\.mod|meson(?:\.build|_options\.txt)|Rakefile|extconf\.rb|"
    r"Build\.PL|package\.json|pom\.xml|SConstruct|SConscript|wscript|BUILD(?:\.bazel)?|WORKSPACE|[Jj]ustfile|"
    r"conftest\.py|sitecustomize\.py|\.npmrc|\.gitattributes)",
    re.DOTALL,
)
"""Files a build runs, or is told by."""
_HOOKS = re.compile(r"(?:.*/)?(?:hooks|\.husky|\.github|\.cargo|debian)/.*", re.DOTALL)
_TESTS = re.compile(
    r"(?:.*/)?(?:tests?|testdata|test[-_]data|fixtures|specs?|corpus|fuzz|samples)/.*", re.IGNORECASE | re.DOTALL
)

_AUXILIARY = (
    "config.guess", "config.sub", "install-sh", "missing", "depcomp", "compile", "ltmain.sh", "test-driver", "ar-lib",
    "mkinstalldirs", "ylwrap", "texinfo.tex", "mdate-sh", "py-compile", "config.rpath", "elisp-comp",
)  # fmt: skip
_M4 = ("libtool.m4", "ltoptions.m4", "ltsugar.m4", "ltversion.m4", "lt~obsolete.m4")
_EGG_INFO = (
    "PKG-INFO", "SOURCES.txt", "dependency_links.txt", "top_level.txt", "requires.txt", "entry_points.txt",
    "not-zip-safe", "zip-safe", "namespace_packages.txt", "native_libs.txt", "eager_resources.txt",
)  # fmt: skip


def _any(names: Iterable[str]) -> str:
    return f"(?:{'|'.join(re.escape(name) for name in names)})"


GENERATED: Mapping[str, re.Pattern[str]] = {
    "none": re.compile(r"(?!)"),
    "autotools": re.compile(
        rf"configure|aclocal\.m4|config(?:ure)?\.h\.in|stamp-h\.in|INSTALL|ChangeLog|(?:[^/]+/){{0,8}}Makefile\.in|"
        rf"(?:(?:build-aux|config|build|aux|autotools|scripts)/)?{_any(_AUXILIARY)}|(?:(?:m4|config)/)?{_any(_M4)}"
    ),
    "python-sdist": re.compile(rf"PKG-INFO|setup\.cfg|(?:(?:src|lib)/)?[^/]+\.egg-info/{_any(_EGG_INFO)}"),
    "npm-pack": re.compile(r"(?!)"),
}
"""What a kind of release may hold that its tag does not: exact places, for every pattern is a place to hide in."""


class Content(msgspec.Struct, frozen=True):
    """A file on one side."""

    id: str
    """Git blob id; of a link, that of where it leads; empty for a device or pipe."""
    is_program: bool = False
    is_link: bool = False
    is_binary: bool = False
    """A NUL among its first bytes, as git tells text from binary."""


class Difference(msgspec.Struct, frozen=True, order=True):
    """A file that is not the same on both sides."""

    code: Code
    severity: Severity
    path: str
    why: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """An archive against a tree."""

    same_count: int
    generated: tuple[str, ...]
    """Files the release process is known to make, and which nobody compared."""
    differences: tuple[Difference, ...]
    test_blobs: tuple[str, ...] = ()
    """Binary files among the tests, the same on both sides or not: no build has a reason to open one."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing but generated files differs; missing files do no harm."""
        return all(one.code == "source.archive-missing-file" for one in self.differences)


def compare(
    archive: Mapping[str, Content],
    tree: Mapping[str, Content],
    *,
    generated: str,
    declared: Mapping[str, str] = {},
) -> Comparison:
    """Compare an archive with the tree of its tag.

    Args:
        archive: path without the top folder → content.
        tree: path → content.
        generated: key of `GENERATED`.
        declared: path → why this change is one the tag itself declares (see `source.archive_rewriting`).
    """
    known = GENERATED[generated]
    same, made, found = 0, [], []
    for path, content in archive.items():
        origin = tree.get(path)
        if origin is not None and (origin.id, origin.is_link) == (content.id, content.is_link):
            same += 1
        elif origin is not None and path in declared:
            found.append(Difference("source.archive-changed-file", "low", path, declared[path]))
        elif origin is not None:
            grade: Severity = "high" if _is_run(path, content) else "medium"
            found.append(Difference("source.archive-changed-file", grade, path, "not the bytes the tag has"))
        elif known.fullmatch(path) and content.id and not content.is_link:
            made.append(path)
        else:
            found.append(_phantom(path, content))
    for path in tree.keys() - archive.keys():
        found.append(Difference("source.archive-missing-file", "low", path, "in the tag alone"))
    return Comparison(
        same_count=same,
        generated=tuple(sorted(made)),
        differences=tuple(sorted(found)),
        test_blobs=tuple(sorted(path for path, content in archive.items() if is_test_blob(path, content))),
    )


def is_test_blob(path: str, content: Content) -> bool:
    """Whether a file is a binary one among the tests (rule A-05)."""
    return content.is_binary and bool(_TESTS.fullmatch(path))


def _is_run(path: str, content: Content) -> bool:
    return content.is_program or bool(_BUILD.fullmatch(path) or _HOOKS.fullmatch(path))


def _phantom(path: str, content: Content) -> Difference:
    why = "in the archive alone: nobody reviewed it in the repository"
    if _BUILD.fullmatch(path) or _HOOKS.fullmatch(path):
        return Difference("source.archive-phantom-build-script", "high", path, why)
    if content.is_program:
        return Difference("source.archive-phantom-executable", "high", path, why)
    return Difference("source.archive-phantom-other", "medium", path, why)
