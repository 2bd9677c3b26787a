"""Dart: packages in the cache of `dart pub`, `hosted/HOST/NAME-VERSION/pubspec.yaml` and `git/NAME-COMMIT/`.

dart.dev, "Glossary: system cache" and "The pubspec file": programs run from there, as the cache is where packages are
installed. The folder names what `pub` took; its author's file is asked only where the folder names a commit.
"""

import re

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_HOSTED = lazy(
    r"(?:.*/)?hosted/(?P<host>[^/]{1,200})/(?P<name>[A-Za-z_][A-Za-z0-9_]{0,100})-(?P<version>[0-9][^/]{0,100})/pubspec\.yaml",
    re.ASCII | re.DOTALL,
)
_GIT = lazy(r"(?:.*/)?git/(?P<name>[A-Za-z_][A-Za-z0-9_-]{0,100})-(?P<commit>[0-9a-f]{40})/pubspec\.yaml", re.DOTALL)
_VERSION = lazy(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_LINE = lazy(r"^(name|version):[ \t]*[\"']?([^\s\"'#]{1,200})", re.MULTILINE)
_NAME = lazy(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_USUAL = frozenset(["pub.dev", "pub.dartlang.org"])
_LICENCE = Licence(reason="pubspec.yaml records no licence")


def catalogue(file: File) -> Fragment:
    """One package of the cache; nothing for a `pubspec.yaml` elsewhere, which is a program's own or an example's.

    Returns:
        The package, or a gap for one from a repository whose file does not tell its name or version.
    """
    if hosted := _HOSTED.fullmatch(file.path):
        name, version, host = hosted["name"], hosted["version"], hosted["host"]
        facts = () if host in _USUAL else (("pub:source", host.replace("%58", ":").replace("%47", "/")),)
        return _fragment(name, version, facts) if _VERSION.fullmatch(version) else Fragment()
    checkout = _GIT.fullmatch(file.path)
    if checkout is None:
        return Fragment()
    said = dict(reversed(_LINE.findall(file.data().decode("utf-8", "replace"))))
    name, version = said.get("name", ""), said.get("version", "")
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        reason = "a Dart package from a repository without a name or version that can be read"
        return Fragment(gaps=(Gap("skipped", file.path, None, reason, "pub-cache"),))
    return _fragment(name, version, (("pub:commit", checkout["commit"]),))


def _fragment(name: str, version: str, facts: tuple[tuple[str, str], ...]) -> Fragment:
    package = Package(
        ecosystem="pub", name=name, version=version, licence=_LICENCE, properties=facts, confidence="strong"
    )
    return Fragment(packages=(package,))


CATALOGUER = Cataloguer(
    name="pub-cache",
    version=1,
    ecosystem="pub",
    wants=Wanted(names=frozenset(["pubspec.yaml"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
