"""Go: the modules and the toolchain a program was built from, as its own build information tells.

`go version -m` prints the same. The standard library is a component (`pkg:golang/stdlib`): advisories speak of it.
"""

import re

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.formats.executable import PROGRAM_MAGIC
from assay.formats.gobuildinfo import GoBuild, GoModule, read_go_build
from assay.model.inventory import Confidence, Gap, Licence
from assay.model.patterns import lazy

_NO_LICENCE = Licence(reason="Go build information records no licence")
_DEVEL = "(devel)"
_RELEASE = lazy(r"go(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?=$|[^\w.])")
_LINKER_VARIABLE = lazy(r"""-X[=\s]+['"]?[^\s'"=]*?\.(\w+)=([^\s'"]+)""")
_VERSION_NAMES = frozenset(
    ["version", "gitversion", "appversion", "buildversion", "releaseversion", "progversion", "tag", "gittag", "semver"]
)
_VERSION = lazy(r"v?\d+\.\d+(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?")
_SETTINGS = {"vcs.revision": "go:vcs.revision", "vcs.time": "go:vcs.time", "vcs.modified": "go:vcs.modified"}


def catalogue(file: File) -> Fragment:
    """A program; nothing for one that Go did not make.

    Returns:
        The main module first (when it is recorded), the standard library, then the modules in their order. A program
        without module data gives the standard library and a gap that says so.

    Raises:
        MalformedError: build information that is there and cannot be read.
    """
    build = read_go_build(file.view, file.limits)
    if build is None:
        return Fragment()
    main = (_main(build, build.main),) if build.main else ()
    parent = 0 if main else None
    packages = (*main, _stdlib(build, parent), *(_module(module, parent) for module in build.dependencies))
    return Fragment(packages=packages, gaps=_gaps(build, file.path))


def _gaps(build: GoBuild, path: str) -> tuple[Gap, ...]:
    if build.main or build.dependencies:
        return ()
    what = f"Go program {build.path}" if build.path else "Go program"
    reason = f"{what} was built without module data: its modules are unknown"
    return (Gap(kind="unreadable", path=path, layer=None, reason=reason, by="golang"),)


def _stdlib(build: GoBuild, parent: int | None) -> Package:
    """The toolchain's version without `go`; a development toolchain has none that advisories could speak of."""
    release = _RELEASE.match(build.toolchain)
    return Package(
        ecosystem="golang",
        name="stdlib",
        version=release[1] if release else "",
        licence=Licence(expression="BSD-3-Clause", declared=("BSD-3-Clause",)),
        properties=(("go:toolchain", build.toolchain),),
        kind="build-info",
        confidence="certain" if release else "weak",
        parent=parent,
    )


def _main(build: GoBuild, module: GoModule) -> Package:
    """The module of the program itself: `(devel)` is no version, so a version given to the linker stands in, weakly."""
    properties = {"go:main": "true", **_replaced(module)}
    for key, name in _SETTINGS.items():
        if value := build.setting(key):
            properties[name] = value
    if build.path:
        properties["go:package"] = build.path
    effective = _effective(module)
    version, confidence = effective.version, _certainty(module)
    if version in ("", _DEVEL):
        properties["go:version"] = version or _DEVEL
        version, confidence = linker_version(build.setting("-ldflags")), "weak"
        if version:
            properties["go:version-source"] = "-ldflags"
    elif version.endswith("+dirty"):
        properties["go:dirty"] = "true"
    return _package(effective, version, properties, confidence, None)


def linker_version(flags: str) -> str:
    """A version among the `-X package.variable=value` flags; that of package `main` before others; else empty."""
    found: list[tuple[bool, str]] = []
    for match in _LINKER_VARIABLE.finditer(flags):
        if match[1].lower() in _VERSION_NAMES and _VERSION.fullmatch(match[2]):
            elsewhere = not re.search(rf"(?<![\w/.])main\.{match[1]}=", match[0])
            found.append((elsewhere, match[2]))
    return min(found, key=lambda item: item[0])[1] if found else ""


def _module(module: GoModule, parent: int | None) -> Package:
    """A dependency. A replacement by another module is that module; one by a folder keeps the name, weakly: what
    lies in the folder is not recorded.
    """
    effective = _effective(module)
    version = "" if effective.version == _DEVEL else effective.version
    return _package(effective, version, _replaced(module), _certainty(module), parent)


def _effective(module: GoModule) -> GoModule:
    """What was really built: the replacement if it is a module (a folder begins with a dot or a slash)."""
    new = module.replaced_by
    return module if new is None or new.path.startswith((".", "/")) else new


def _certainty(module: GoModule) -> Confidence:
    return "weak" if module.replaced_by is not None and _effective(module) is module else "certain"


def _replaced(module: GoModule) -> dict[str, str]:
    if module.replaced_by is None:
        return {}
    if _effective(module) is module:
        return {"go:replaced-by": module.replaced_by.path}
    return {"go:replaces": f"{module.path}@{module.version}"}


def _package(
    module: GoModule, version: str, properties: dict[str, str], confidence: Confidence, parent: int | None
) -> Package:
    namespace, _, base = module.path.rpartition("/")
    if module.sum:
        properties["go:h1"] = module.sum
    return Package(
        ecosystem="golang",
        name=module.path,
        version=version,
        namespace=namespace,
        purl_name=base if namespace else "",
        licence=_NO_LICENCE,
        properties=tuple(sorted(properties.items())),
        kind="build-info",
        confidence=confidence,
        parent=parent,
    )


CATALOGUER = Cataloguer(
    name="golang",
    version=2,
    ecosystem="golang",
    wants=Wanted(magic=PROGRAM_MAGIC, limit="program_bytes"),
    catalogue=catalogue,
)
