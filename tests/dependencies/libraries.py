"""Made-up Java libraries in several versions, their archives, and fingerprints of them."""

from assay.dependencies.fingerprint_making import make_libraries, sample
from assay.dependencies.fingerprints import Fingerprints
from assay.formats.fingerprints import read_fingerprints, write_fingerprints
from assay.model.limits import DEFAULT_LIMITS
from dependencies.jars import jar

ROOT = "org/acme/engine/"
VERSIONS = ("1.0", "1.1", "1.2", "2.0")


def classes(version: str, count: int = 30, name: str = "Engine") -> dict[str, bytes | str]:
    """Versions differ: 1.1 changes one class of 1.0, 1.2 adds one, 2.0 is compiled anew and drops one."""
    major = version.partition(".")[0]
    found: dict[str, bytes | str] = {
        f"{ROOT}part{i % 3}/{name}Part{i:03}.class": f"class {name} {i} of {major}" for i in range(count)
    }
    if version in ("1.1", "1.2"):
        found[f"{ROOT}part0/{name}Part000.class"] = "the first class, mended"
    if version == "1.2":
        found[f"{ROOT}{name}Extra.class"] = "one more"
    if version == "2.0":
        del found[f"{ROOT}part2/{name}Part002.class"]
    return found


def moved(members: dict[str, bytes | str], prefix: str) -> dict[str, bytes | str]:
    """The same classes relocated to another package: every one of them is rewritten."""
    return {prefix + path.removeprefix(ROOT): f"relocated {data!r}" for path, data in members.items()}


def app(count: int = 40) -> dict[str, bytes | str]:
    """Classes of an application nobody knows."""
    return {f"com/example/app/Thing{i}.class": f"application {i}" for i in range(count)}


def fingerprint_file(versions: tuple[str, ...] = VERSIONS) -> bytes:
    """A file of the fingerprints of these versions of `org.acme:engine`."""
    samples = [sample("org.acme", "engine", version, jar(classes(version)), DEFAULT_LIMITS) for version in versions]
    return write_fingerprints(make_libraries(samples))


def fingerprints(versions: tuple[str, ...] = VERSIONS) -> Fingerprints:
    """The same, ready to be asked."""
    return Fingerprints(read_fingerprints(fingerprint_file(versions), "test"), "test")
