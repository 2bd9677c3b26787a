"""RubyGems: installed gems by their `specifications/*.gemspec`, read as text and never run.

RubyGems writes these files itself (`Gem::Specification#to_ruby`): a comment `# stub: name version platform paths`, and
plain assignments. Default gems lie in `specifications/default`. A gem that Bundler took from a repository
(`bundler/gems/NAME-COMMIT`) keeps its author's own program instead: what that would compute is not known.
"""

import re
from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.model.errors import MalformedError
from assay.model.inventory import Gap
from assay.model.patterns import lazy

_STUB = lazy(r"^# stub: (\S+) (\S+) (\S+) ", re.MULTILINE)
_TEXT = r"""(?:"((?:[^"\\#]|\\.|#(?!\{)){0,300}+)"|'((?:[^'\\]|\\.){0,300}+)'|%q<([^<>]{0,300}+)>)"""
_STRING = lazy(_TEXT)
_FIELD = lazy(
    r"^[ \t]*\w+\.(name|version|platform|licenses?|authors?|email)[ \t]*=[ \t]*"
    r"(?:Gem::Version\.new[ \t]*\(?[ \t]*|Gem::Platform\.new[ \t]*\(?[ \t]*)?(\[[^\]]{0,2000}+\]|[^\n]{0,2000}+)",
    re.MULTILINE,
)
_NEED = lazy(rf"\.add_(runtime_|development_|)dependency[ \t]*\(?[ \t]*{_TEXT}")
_NAME = lazy(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}", re.ASCII)
_VERSION = lazy(r"[0-9][0-9A-Za-z.-]{0,200}", re.ASCII)
_CHECKOUT = lazy(r"(?:^|/)bundler/gems/[^/]*-([0-9a-f]{7,40})/[^/]*$")


def catalogue(file: File) -> Fragment:
    """One gemspec of a folder of installed gems; those among a gem's own files say nothing new.

    Raises:
        MalformedError: a specification without a name or version that can be read.
    """
    directory = file.path.rpartition("/")[0]
    checkout = _CHECKOUT.search(file.path)
    default = directory.endswith("specifications/default")
    if not (default or checkout or directory.endswith("specifications")):
        return Fragment()
    text = file.data().decode("utf-8", "replace")
    fields = _fields(text)
    name, version, platform = _identity(text, fields)
    if not (name and version):
        if checkout:
            reason = "a gem from a repository whose name or version only its program tells"
            return Fragment(gaps=(Gap("skipped", file.path, None, reason, "gem"),))
        raise MalformedError(
            "a gem without a readable name or version", where=file.path, why="no stub line, no plain assignment",
            remedy="install the gem again",
        )  # fmt: skip
    facts = {"gem:default": "true" if default else "", "gem:commit": checkout[1] if checkout else ""}
    return Fragment(
        packages=(
            Package(
                ecosystem="gem",
                name=name,
                version=version,
                qualifiers=(("platform", platform),) if platform not in ("", "ruby") else (),
                licence=licence([*fields.get("licenses", ()), *fields.get("license", ())], "the gemspec"),
                maintainer=", ".join([*fields.get("authors", ()), *fields.get("author", ())])[:500],
                properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
                confidence="strong" if checkout else "certain",
                depends=tuple(sorted(_needs(text))),
                scope="runtime",
            ),
        )
    )


def _identity(text: str, fields: dict[str, list[str]]) -> tuple[str, str, str]:
    """Name, version, platform: of the stub line, which RubyGems itself trusts, else of the assignments."""
    stub = _STUB.search(text[:4_096])
    name, version, platform = stub.groups() if stub else (_one(fields, key) for key in ("name", "version", "platform"))
    return name if _NAME.fullmatch(name) else "", version if _VERSION.fullmatch(version) else "", platform


def _fields(text: str) -> dict[str, list[str]]:
    """The strings of each assignment; one that computes its value has none."""
    return {match[1]: list(_strings(match[2])) for match in _FIELD.finditer(text)}


def _one(fields: dict[str, list[str]], key: str) -> str:
    return next(iter(fields.get(key, ())), "")


def _strings(text: str) -> Iterator[str]:
    for match in _STRING.finditer(text):
        yield next((value for value in match.groups() if value is not None), "")


def _needs(text: str) -> set[str]:
    """Names of the gems it needs to run; old RubyGems lists those for development a second time as plain ones."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for match in _NEED.finditer(text):
        kind, *values = match.groups()
        name = next((value for value in values if value is not None), "")
        if _NAME.fullmatch(name):
            found[kind == "development_"].add(name)
    return found[False] - found[True]


CATALOGUER = Cataloguer(
    name="gem",
    version=2,
    ecosystem="gem",
    wants=Wanted(suffixes=frozenset([".gemspec"]), limit="description_bytes"),
    catalogue=catalogue,
)
