"""GitHub workflows and actions of source trees: what their `uses` take in, and whether it is pinned to a commit.

GitHub documentation, "Workflow syntax", `jobs.<id>.steps[*].uses` and `jobs.<id>.uses`. Read line by line, not as YAML
(the files may use all of it): a `uses:` key on a line of its own counts, one inside a block scalar (a script) does not.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.image_names import image_package
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_USES = lazy(r"[ \t]*(?:-[ \t]+)?uses:[ \t]+(?:\"([^\"]*)\"|'([^']*)'|([^\s#\"'][^\s#]*))[ \t]*(?:#[ \t]*(.*))?")
_BLOCK = lazy(r"[ \t]*(?:-[ \t]+)*(?:[A-Za-z0-9_.-]+|\"[^\"]*\"|'[^']*'):[ \t]+[|>][0-9+-]{0,2}[ \t]*(?:#.*)?")
_ACTION = lazy(r"([A-Za-z0-9_-]{1,100})/([A-Za-z0-9_.-]{1,100})((?:/[A-Za-z0-9_.-]+){0,20})@(\S{1,250})")
_COMMIT = lazy(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VERSION = lazy(r"(?:tag[=:] ?)?(v?[0-9][0-9A-Za-z.+-]{0,40})(?:\s.*)?")
_NO_LICENCE = Licence(reason="a workflow records no licence")


def catalogue(file: File) -> Fragment:
    """One workflow, or one `action.yml`; in an image it is a wish, and nothing is read.

    Returns:
        Actions and reusable workflows (`github`), images (`docker`). `github:pinned` tells whether the reference is a
        commit; `github:commit-comment` is the version the author noted beside it.
    """
    if file.installed or not _is_workflow(file.path):
        return Fragment()
    packages: dict[tuple[str, str, str], Package] = {}
    gaps: list[Gap] = []
    for number, text, comment in _uses(file.data().decode("utf-8", "replace").splitlines()):
        if text.startswith(("./", "../")):
            continue
        package = _image(text) if text.startswith("docker://") else _action(text, comment)
        if package is None:
            reason = f"line {number}: uses {text[:100]!a} names no action"
            gaps.append(Gap("unsupported", file.path, None, reason, "workflow-uses"))
        else:
            packages.setdefault((package.name, package.version, package.subpath), package)
    return Fragment(packages=tuple(packages[key] for key in sorted(packages)), gaps=tuple(gaps))


def _is_workflow(path: str) -> bool:
    directory, _, name = path.rpartition("/")
    folders = f"/{directory}"
    return folders.endswith("/.github/workflows") or name in ("action.yml", "action.yaml")


def _uses(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """(line, what is used, comment) of every `uses` key outside block scalars."""
    block = -1
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip(" "))
        if block >= 0 and (indent > block or not line.strip()):
            continue
        block = indent if _BLOCK.fullmatch(line) else -1
        match = _USES.fullmatch(line)
        if match:
            yield number, match[1] or match[2] or match[3] or "", match[4] or ""


def _image(text: str) -> Package | None:
    return image_package(text.removeprefix("docker://"), {"docker:by": "uses"})


def _action(text: str, comment: str) -> Package | None:
    match = _ACTION.fullmatch(text)
    if match is None:
        return None
    owner, name, path, reference = match.groups()
    pinned = _COMMIT.fullmatch(reference) is not None
    noted = _VERSION.fullmatch(comment.strip()) if pinned else None
    properties = {"github:pinned": "true" if pinned else "false", "github:commit-comment": noted[1] if noted else ""}
    return Package(
        ecosystem="github",
        name=f"{owner}/{name}",
        version=reference,
        namespace=owner,
        purl_name=name,
        subpath=path.strip("/"),
        licence=_NO_LICENCE,
        properties=tuple(sorted((key, value) for key, value in properties.items() if value)),
        kind="lock-file",
        confidence="strong" if pinned else "weak",
    )


ROWS = (
    Cataloguer(
        name="workflow-uses",
        version=1,
        ecosystem="github",
        wants=Wanted(suffixes=frozenset([".yml", ".yaml"]), folders=frozenset(["workflows"]), limit="metadata_bytes"),
        catalogue=catalogue,
    ),
    Cataloguer(
        name="action-uses",
        version=1,
        ecosystem="github",
        wants=Wanted(names=frozenset(["action.yml", "action.yaml"]), limit="metadata_bytes"),
        catalogue=catalogue,
    ),
)
