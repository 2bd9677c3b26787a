"""Gradle: `gradle.lockfile`, one line a module: `group:artifact:version=configuration,…` ("Locking versions")."""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.formats.edges import strongest
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_LINE = lazy(r"([^:=\s]+):([^:=\s]+):([^:=\s]+)(?:=(\S*))?")
_NO_LICENCE = Licence(reason="gradle.lockfile records no licence")
SCOPE = "maven:scope"
"""Property: what the configurations that hold a module are for, the strongest of them."""
_TESTS = ("test", "androidtest", "jmh")
_BUILT = (
    "annotationProcessor", "kapt", "ksp", "checkstyle", "pmd", "spotbugs", "jacoco", "detekt", "ktlint",
    "kotlinCompiler", "kotlinBuildTools", "errorprone", "spotless",
)  # fmt: skip


def catalogue(file: File) -> Fragment:
    """One lock; in an image it is a wish, and nothing is read. Lines of another form become one gap.

    Returns:
        Modules, each with `maven:scope`; `maven:test` marks those that only configurations for tests need.

    Raises:
        UnsupportedError: more than `packages_count`.
    """
    directory, _, base = file.path.rpartition("/")
    if file.installed or not (base.endswith("gradle.lockfile") or directory.endswith("dependency-locks")):
        return Fragment()
    wrong: list[int] = []
    lines = file.data().decode("utf-8", "replace").split("\n")
    if len(lines) > file.limits.packages_count:
        raise UnsupportedError("the lock file has too many lines", where=file.path, why=f"{len(lines)}")
    found = tuple(_packages(lines, wrong))
    reason = f"{len(wrong)} lines are not as Gradle writes them, first line {wrong[0]}" if wrong else ""
    return Fragment(packages=found, gaps=(Gap("unreadable", file.path, None, reason, "gradle-lock"),) if wrong else ())


def _packages(lines: list[str], wrong: list[int]) -> Iterator[Package]:
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith(("#", "empty=")):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            wrong.append(number)
            continue
        group, artifact, version, configurations = match.groups()
        names = [name for name in (configurations or "").split(",") if name]
        scopes = {configured(name) for name in names}
        scope = strongest(scopes) if names else ""
        facts = {SCOPE: scope, "maven:test": "true" if scopes == {"test"} else ""}
        yield Package(
            ecosystem="maven",
            name=f"{group}:{artifact}",
            version=version,
            namespace=group,
            purl_name=artifact,
            licence=_NO_LICENCE,
            properties=tuple((key, value) for key, value in facts.items() if value),
            kind="lock-file",
            confidence="strong",
        )


def configured(configuration: str) -> str:
    """What a configuration of Gradle is for; "" for one that is not known here.

    >>> [configured(one) for one in ("runtimeClasspath", "compileClasspath", "testRuntimeClasspath", "kapt", "mine")]
    ['runtime', 'provided', 'test', 'build', '']
    """
    lower = configuration.lower()
    if any(word in lower for word in _TESTS):
        return "test"
    if configuration.startswith(_BUILT) or configuration.endswith("AnnotationProcessor") or lower == "classpath":
        return "build"
    if lower.endswith("runtimeclasspath"):
        return "runtime"
    if lower.endswith("compileclasspath"):
        return "provided"
    return "dev" if lower == "developmentonly" else ""


def locked(file: File) -> tuple[str, ...]:
    """The names of the configurations a lock speaks of, those without any module too."""
    found: set[str] = set()
    for line in file.data().decode("utf-8", "replace").split("\n"):
        if not line.startswith("#"):
            found.update(line.strip().partition("=")[2].split(","))
    return tuple(sorted(found - {""}))


CATALOGUER = Cataloguer(
    name="gradle-lock",
    version=2,
    ecosystem="maven",
    wants=Wanted(suffixes=frozenset([".lockfile"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
