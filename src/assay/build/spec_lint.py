"""What a spec may say and should not: allowed, and told with its place. One row a rule, one function a look."""

import re
from collections.abc import Callable, Iterator

import msgspec

from assay.build.spec import Spec
from assay.build.spec_read import PlacedSpec
from assay.build.typed import join
from assay.formats.strictyaml import Mark


class Advice(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing a reviewer should look at."""

    mark: Mark
    code: str
    """`spec.native-code`, `spec.fetch-in-step`, `spec.runs-as-root`, `spec.secret-in-env`, `spec.world-writable`."""
    where: str
    """`file:line:column path`."""
    why: str
    remedy: str


class _Look(msgspec.Struct, frozen=True):
    path: str
    why: str
    line: int = 0


_NATIVE = re.compile(r"-m(?:arch|tune|cpu)=native\b")
_FETCH = re.compile(
    r"(?<![\w./-])(?:/(?:usr/)?bin/)?(?:curl|wget|git[ \t]+clone|pip3?[ \t]+download|npm[ \t]+(?:ci|install))"
    r"(?=[\s;&|\"')]|$)"
)
_WORLD = re.compile(r"\bchmod\b[^\n;&|]{0,200}?[ \t](?:0?[0-7]?[0-7]{2}[2367]|[ugoa]*[oa][ugoa]*\+[rwxst]*w)\b")
_SECRET_NAME = re.compile(
    r"(?i)(?:^|_)(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credentials?)(?:_|$)"
)
_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36}|\bAKIA[0-9A-Z]{16}\b|\bglpat-[\w-]{20}"
)
_FILE_NAME = re.compile(r"(?i)_(?:file|path|dir)$")


def lint(placed: PlacedSpec) -> tuple[Advice, ...]:
    """Everything worth a look, in the order of the text."""
    found = [
        Advice(
            mark=placed.places.mark(look.path, look.line),
            code=code,
            where=placed.places.where(look.path, look.line),
            why=look.why,
            remedy=remedy,
        )
        for code, remedy, rule in _RULES
        for look in rule(placed.spec)
    ]
    return tuple(sorted(found))


def _in_steps(pattern: re.Pattern[str]) -> Callable[[Spec], Iterator[_Look]]:
    """A look for a pattern in what steps run and in their variables."""

    def rule(spec: Spec) -> Iterator[_Look]:
        for number, step in enumerate(spec.steps):
            for line, text in enumerate(step.run.split("\n")):
                if (found := pattern.search(text)) and not text.lstrip().startswith("#"):
                    yield _Look(f"steps[{number}].run", f"{found.group().strip()!r}", line)
            for name, value in sorted(step.env.items()):
                if found := pattern.search(value):
                    yield _Look(join(f"steps[{number}].env", name), f"{found.group().strip()!r}")

    return rule


def _root(spec: Spec) -> Iterator[_Look]:
    if spec.image.accounts.run_as.partition(":")[0] in ("root", "0"):
        yield _Look("image.accounts.run-as", "the image runs as root")


def _secrets(spec: Spec) -> Iterator[_Look]:
    places = [("image.config.env", spec.image.config.env)]
    places += [(f"steps[{number}].env", step.env) for number, step in enumerate(spec.steps)]
    for path, env in places:
        for name, value in sorted(env.items()):
            named = _SECRET_NAME.search(name) and not _FILE_NAME.search(name)
            if (named and value) or _SECRET_TEXT.search(value):
                yield _Look(join(path, name), f"{name[:60]} looks like a secret")


def _modes(spec: Spec) -> Iterator[_Look]:
    yield from _in_steps(_WORLD)(spec)
    for number, item in enumerate(spec.image.install):
        if item.mode is not None and int(item.mode, 8) & 0o002:
            yield _Look(f"image.install[{number}].mode", f"mode {item.mode} lets everybody write")


_RULES: tuple[tuple[str, str, Callable[[Spec], Iterator[_Look]]], ...] = (
    ("spec.native-code", "name a processor: the result depends on the machine that builds", _in_steps(_NATIVE)),
    ("spec.fetch-in-step", "declare it under sources or dependencies: a step has no network", _in_steps(_FETCH)),
    ("spec.runs-as-root", "add a user under accounts and name it in run-as", _root),
    ("spec.secret-in-env", "hand it over at run time: everybody can read it in the image", _secrets),
    ("spec.world-writable", "give it to one user: mode 0755 or 0750", _modes),
)
