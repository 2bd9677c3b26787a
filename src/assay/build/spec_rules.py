"""What the parts of a spec owe each other: names that lead somewhere, names given once. One function a rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

import msgspec

from assay.build.spec import ArchiveSource, FileSource, GitSource, Spec
from assay.build.typed import join

FIXED_ENVIRONMENT = frozenset({"PATH", "HOME", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH", "PYTHONHASHSEED", "SRC", "OUT"})
"""Variables every step has with the same value; a spec cannot change them."""

_ARCHITECTURES = frozenset(
    ("386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
     "s390x")
)  # fmt: skip
"""GOARCH of Linux."""
_OTHER_NAMES = {
    "aarch64": "arm64", "armv8": "arm64", "x64": "amd64", "i386": "386", "i486": "386", "i586": "386", "i686": "386",
    "x86": "386", "armhf": "arm/v7", "armv7": "arm/v7", "armv7l": "arm/v7", "armel": "arm/v5", "armv6": "arm/v6",
    "armv6l": "arm/v6", "ppc64el": "ppc64le", "mipsel": "mipsle", "mips64el": "mips64le", "loongarch64": "loong64",
    "riscv": "riscv64", "s390": "s390x",
}  # fmt: skip
"""What kernels, compilers and distributions call them."""
_RESERVED = "org.opencontainers."
_PREDEFINED = tuple(
    f"image.{name}" for name in (
        "authors", "base.digest", "base.name", "description", "documentation", "licenses", "revision", "source",
        "title", "url", "vendor", "version",
    )
)  # fmt: skip
"""annotations.md, "Pre-Defined Annotation Keys"."""
_OURS = {
    "org.opencontainers.image.created": "it is the epoch: set `epoch`",
    "org.opencontainers.image.ref.name": "it is the tag, and stands in the index of a layout: give it to --output",
}
"""Names with one place already."""


class Fault(msgspec.Struct, frozen=True):
    """A part that does not fit."""

    path: str
    why: str
    remedy: str


def _epoch(spec: Spec) -> Iterator[Fault]:
    if not isinstance(spec.epoch, int) and not isinstance(spec.sources.get(spec.epoch.commit_of), GitSource):
        yield _unknown("epoch.commit-of", "git source", spec.epoch.commit_of, _git(spec))


def _platforms(spec: Spec) -> Iterator[Fault]:
    """An architecture has one name here: Go's (OCI image-spec 1.1, config.md, "architecture")."""
    named = [(f"platforms[{number}]", text) for number, text in enumerate(spec.platforms)]
    for number, item in enumerate(spec.image.install):
        named += [(f"image.install[{number}].platforms[{index}]", text) for index, text in enumerate(item.platforms)]
    for path, text in named:
        architecture = text.split("/")[1]
        if architecture not in _ARCHITECTURES:
            near = _OTHER_NAMES.get(architecture) or next(iter(get_close_matches(architecture, _ARCHITECTURES)), "")
            known = f"choose among {', '.join(sorted(_ARCHITECTURES))}"
            yield Fault(
                path, f"there is no architecture {architecture!r}", f"did you mean linux/{near}?" if near else known
            )


def _annotations(spec: Spec) -> Iterator[Fault]:
    """annotations.md, "Rules": nobody but the specification adds names under its own prefix."""
    for key in sorted(spec.image.annotations):
        path, name = join("image.annotations", key), key.removeprefix(_RESERVED)
        if key in _OURS:
            yield Fault(path, f"{key} is not the spec's to say", _OURS[key])
        elif key.startswith(_RESERVED) and name not in _PREDEFINED:
            near = next(iter(get_close_matches(name, _PREDEFINED)), "")
            yield Fault(
                path, f"{key[:100]} is none of the names OCI has defined",
                f"did you mean {_RESERVED}{near}?" if near else "use a name under your own domain",
            )  # fmt: skip


def _origins(spec: Spec) -> Iterator[Fault]:
    for name, source in spec.sources.items():
        if isinstance(source, ArchiveSource | FileSource) and (source.url is None) == (source.path is None):
            why = "it has neither `url` nor `path`" if source.url is None else "it has both `url` and `path`"
            yield Fault(join("sources", name), why, "keep exactly one: where the bytes come from")


def _mirrors(spec: Spec) -> Iterator[Fault]:
    for name, debian in spec.debian.items():
        for suite in debian.mirrors.keys() - set(debian.suites):
            yield _unknown(join(f"debian.{name}.mirrors", suite), "suite", suite, debian.suites)


def _archives(spec: Spec) -> Iterator[Fault]:
    for name, toolchain in spec.toolchains.items():
        if toolchain.debian not in spec.debian:
            yield _unknown(f"toolchains.{name}.debian", "Debian archive", toolchain.debian, spec.debian)
    if spec.image.debian is not None and spec.image.debian not in spec.debian:
        yield _unknown("image.debian", "Debian archive", spec.image.debian, spec.debian)
    if spec.image.packages and spec.image.debian is None:
        yield Fault("image.packages", "packages of no archive", "add `debian:` beside it")


def _dependencies(spec: Spec) -> Iterator[Fault]:
    for name, wanted in spec.dependencies.items():
        if wanted.source not in spec.sources:
            yield _unknown(f"dependencies.{name}.source", "source", wanted.source, spec.sources)


def _steps(spec: Spec) -> Iterator[Fault]:
    earlier: dict[str, set[str]] = {}
    for number, step in enumerate(spec.steps):
        path = f"steps[{number}]"
        if step.name in earlier:
            yield _twice(f"{path}.name", step.name)
        if step.toolchain not in spec.toolchains:
            yield _unknown(f"{path}.toolchain", "toolchain", step.toolchain, spec.toolchains)
        for index, wanted in enumerate(step.inputs):
            yield from _leads(spec, earlier, wanted, f"{path}.inputs[{index}]")
        for variable in sorted(step.env.keys() & FIXED_ENVIRONMENT):
            yield Fault(f"{path}.env.{variable}", "every step has this variable with a fixed value", "choose another")
        earlier[step.name] = set(step.outputs)


def _install(spec: Spec) -> Iterator[Fault]:
    outputs = {step.name: set(step.outputs) for step in spec.steps}
    for number, item in enumerate(spec.image.install):
        yield from _leads(spec, outputs, item.from_, f"image.install[{number}].from")
        for index, platform in enumerate(item.platforms):
            if platform not in spec.platforms:
                path = f"image.install[{number}].platforms[{index}]"
                yield _unknown(path, "platform of the image", platform, spec.platforms)
        if item.as_ == "wheel" and not item.from_.startswith("steps."):
            why = "only a step's output can be laid out as a wheel"
            yield Fault(f"image.install[{number}].as", why, "remove `as`, or name a step's output")


def _leads(spec: Spec, outputs: dict[str, set[str]], wanted: str, path: str) -> Iterator[Fault]:
    """Whether `sources.X`, `dependencies.X` or `steps.X.Y` is there."""
    kind, _, rest = wanted.partition(".")
    step, _, output = rest.partition(".")
    known: dict[str, Iterable[str]] = {
        "sources": spec.sources,
        "dependencies": spec.dependencies,
        "steps": (f"{name}.{one}" for name, names in outputs.items() for one in names),
    }
    if kind not in known:
        yield Fault(path, f"{wanted[:80]!r} names nothing", "write sources.X, dependencies.X or steps.X.OUTPUT")
    elif kind == "steps" and output not in outputs.get(step, set()):
        yield _unknown(path, "earlier step's output", rest, known[kind])
    elif kind != "steps" and rest not in known[kind]:
        yield _unknown(path, _WORDS[kind], rest, known[kind])


_WORDS = {"sources": "source", "dependencies": "dependencies called"}
"""What one entry of a section is called."""


def _accounts(spec: Spec) -> Iterator[Fault]:
    accounts = spec.image.accounts
    users_seen: set[str | int] = {"root", 0}
    for number, one in enumerate(accounts.users):
        yield from _new(users_seen, f"image.accounts.users[{number}]", ("name", one.name), ("uid", one.uid))
    groups_seen: set[str | int] = {"root", 0}
    for number, group in enumerate(accounts.groups):
        yield from _new(groups_seen, f"image.accounts.groups[{number}]", ("name", group.name), ("gid", group.gid))
    users = {"root", *(one.name for one in accounts.users)}
    groups = {"root", *users, *(one.name for one in accounts.groups)}
    user, _, owner = accounts.run_as.partition(":")
    if not user.isdecimal() and user not in users:
        yield _unknown("image.accounts.run-as", "user", user, users)
    if owner and not owner.isdecimal() and owner not in groups:
        yield _unknown("image.accounts.run-as", "group", owner, groups)
    for number, group in enumerate(accounts.groups):
        for index, member in enumerate(group.members):
            if member not in users:
                yield _unknown(f"image.accounts.groups[{number}].members[{index}]", "user", member, users)


def _new(seen: set[str | int], path: str, *facts: tuple[str, str | int]) -> Iterator[Fault]:
    for key, value in facts:
        if value in seen:
            yield _twice(f"{path}.{key}", str(value))
        seen.add(value)


def _once(spec: Spec) -> Iterator[Fault]:
    lists: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("platforms", spec.platforms),
        ("image.packages", spec.image.packages),
        ("image.tests", tuple(test.name for test in spec.image.tests)),
        ("assurance.rebuild.vary", spec.assurance.rebuild.vary),
        ("assurance.sbom", spec.assurance.sbom),
    )
    for path, names in lists:
        for name, count in Counter(names).items():
            if count > 1:
                yield _twice(f"{path}[{len(names) - 1 - names[::-1].index(name)}]", name)


def _twice(path: str, name: str) -> Fault:
    return Fault(path, f"{name!r} is there already", "give each its own")


def _unknown(path: str, what: str, name: str, known: Iterable[str]) -> Fault:
    names = ", ".join(sorted(known)[:20])
    return Fault(path, f"there is no {what} {name[:80]!r}", f"known: {names}" if names else f"declare the {what} first")


def _git(spec: Spec) -> Iterator[str]:
    return (name for name, source in spec.sources.items() if isinstance(source, GitSource))


RULES: tuple[Callable[[Spec], Iterator[Fault]], ...] = (
    _epoch, _platforms, _annotations, _origins, _mirrors, _archives, _dependencies, _steps, _install, _accounts, _once,
)  # fmt: skip
