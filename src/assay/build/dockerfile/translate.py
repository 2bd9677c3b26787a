"""From stages to a spec: what was understood, in the spec's words; what was not is a hole that no build accepts."""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from assay.build.dockerfile import bases
from assay.build.dockerfile.stage import Account, Copied, Stage, Work

Kind = Literal["file", "directory"]
Spec = dict[str, object]
HOLE = "NEEDS A PERSON"
"""Stands where a value is missing: no field with a form accepts it, so the spec is refused with its place."""
ROOT = "/build/root"
"""Where a step keeps the tree its stage had at `/`."""
_FIRST_UID = 1000


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the Dockerfile does not say."""

    name: str
    version: str = "0"
    context: str = "."
    """The build context, relative to the spec."""
    epoch: int = 0
    keys: str = "keys/debian.gpg"
    kind: Callable[[str], Kind | None] = lambda path: None
    """Whether a path of the context is a file or a folder; None where nobody knows."""


def translate(work: Work, named: Named) -> Spec:
    """The spec of the last stage and of the stages it takes something from.

    Args:
        work: what `read` made of the file.
        named: what the file does not say.
    """
    if not work.stages:
        return {}
    last = work.stages[-1]
    steps, needed = _steps(work, last)
    sources: dict[str, object] = {}
    if any(one.source == "context" for stage in (last, *needed) for one in stage.copied):
        sources["context"] = {"type": "directory", "path": named.context}
    sources |= {name: {"sha256": HOLE, **source} for name, source in sorted(work.sources.items())}
    releases = sorted({stage.distribution for stage in (last, *needed) if stage.distribution})
    dependencies, installed = _dependencies(last)
    spec: Spec = {
        "apiVersion": "assay.build/v1",
        "kind": "Image",
        "metadata": {"name": named.name, "version": named.version},
        "epoch": named.epoch,
        "sources": sources,
        "debian": {release: _debian(release, named.keys) for release in releases},
        "toolchains": {_tools(name): _toolchain(stage) for name, stage in steps.items()},
        "dependencies": dependencies,
        "steps": [_step(work, name, stage, last, named) for name, stage in steps.items()],
        "image": _image(work, last, installed, named),
    }
    return {key: value for key, value in spec.items() if value not in ({}, [])}


def _debian(release: str, keys: str) -> dict[str, object]:
    suites = [release, f"{release}-updates", f"{release}-security"] if release != "sid" else [release]
    return {"suites": suites, "keys": keys}


def _step_name(work: Work, stage: Stage) -> str:
    name = re.sub(r"[^a-z0-9_-]+", "-", stage.name).strip("-")
    return name or f"stage-{work.stages.index(stage)}"


def _tools(step: str) -> str:
    return f"{step}-tools"


def _steps(work: Work, last: Stage) -> tuple[dict[str, Stage], list[Stage]]:
    """The stages the last one takes something from; in the order of the file."""
    wanted = {int(one.source.split()[1]) for one in last.copied if one.source.startswith("stage ")}
    needed = [stage for number, stage in enumerate(work.stages) if number in wanted and stage is not last]
    return {_step_name(work, stage): stage for stage in needed}, needed


def _toolchain(stage: Stage) -> dict[str, object]:
    packages = [*stage.packages, *stage.toolchain]
    return {"debian": stage.distribution or HOLE, "packages": sorted(set(packages)) or [HOLE]}


def _step(work: Work, name: str, stage: Stage, last: Stage, named: Named) -> dict[str, object]:
    taken = [one for one in last.copied if one.source == f"stage {work.stages.index(stage)}"]
    lines = ["set -eu", f"mkdir -p {ROOT}{stage.workdir}"]
    own = {stage.workdir}
    for one in stage.copied:
        own.add(one.to.rstrip("/") or "/")
        lines += _laid(one, named)
    lines.append(f"cd {ROOT}{stage.workdir}")
    lines += [_moved(text, own) for text in stage.script]
    outputs: dict[str, str] = {}
    for number, one in enumerate(taken):
        output = f"part-{number}"
        outputs[output] = f"{output}/*"
        lines.append(f'mkdir -p "$OUT/{output}"')
        lines += [f'cp -a {_moved(path, own)}{_inside(one)} "$OUT/{output}/{_leaf(one)}"' for path in one.paths]
    inputs = ["sources.context"] if any(one.source == "context" for one in stage.copied) else []
    inputs += [f"sources.{source}" for source in sorted(set(stage.fetched))]
    step: dict[str, object] = {"name": name, "toolchain": _tools(name)}
    if inputs:
        step["inputs"] = inputs
    if stage.env:
        step["env"] = dict(sorted(stage.env.items()))
    step["run"] = "\n".join(lines) + "\n"
    step["outputs"] = outputs or {"all": HOLE}
    return step


def _laid(one: Copied, named: Named) -> list[str]:
    """COPY into a step's tree."""
    if one.source != "context":
        return [f"# {HOLE}: {one.source} {' '.join(one.paths)} → {one.to}"]
    lines = []
    for path in one.paths:
        clean = path.strip("/").removeprefix("./") or "."
        is_folder = _kind(clean, named) == "directory"
        into = one.to.rstrip("/")
        place = f"$SRC/context/{clean}/." if is_folder and clean != "." else f"$SRC/context/{clean}"
        if clean == ".":
            place = "$SRC/context/."
        if is_folder or one.to.endswith("/"):
            lines.append(f'mkdir -p {ROOT}{into} && cp -a "{place}" {ROOT}{into}/')
        else:
            lines.append(f'mkdir -p "$(dirname {ROOT}{into})" && cp -a "{place}" {ROOT}{into}')
    return lines


def _moved(text: str, own: set[str]) -> str:
    """A command's text with the stage's own absolute paths under the step's tree."""
    for path in sorted((path for path in own if path != "/"), key=len, reverse=True):
        text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?=[/\s'\";:]|$)", f"{ROOT}{path}", text)
    return text


def _inside(one: Copied) -> str:
    """COPY lays the content of a folder, not the folder itself; a single file goes by its own name."""
    return "" if _is_file_name(one) else "/."


def _is_file_name(one: Copied) -> bool:
    return all("." in path.rsplit("/", 1)[-1] or not one.to.endswith("/") for path in one.paths)


def _leaf(one: Copied) -> str:
    return "" if one.to.endswith("/") or not _is_file_name(one) else one.to.rsplit("/", 1)[-1]


def _kind(path: str, named: Named) -> Kind:
    """Whether a path of the context is a folder: as its owner says, else by its looks."""
    known = named.kind(path)
    if known is not None:
        return known
    return "file" if "." in path.rsplit("/", 1)[-1].lstrip(".") and path != "." else "directory"


def _dependencies(last: Stage) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Requirements and package locks as dependencies, and where they are installed."""
    found: dict[str, object] = {}
    installed: list[dict[str, object]] = []
    python = last.python or next((bases.PYTHONS[last.distribution] for _ in [0] if last.distribution), "")
    for number, path in enumerate(last.pip):
        name = "py" if number == 0 else f"py-{number}"
        found[name] = {"type": "pip", "source": "context", "file": _in_context(last, path) or HOLE}
        installed.append({"from": f"dependencies.{name}", "to": f"/usr/local/lib/python{python}/dist-packages"})
    for number, folder in enumerate(last.npm):
        name = "web" if number == 0 else f"web-{number}"
        lock = _in_context(last, f"{folder.rstrip('/')}/package-lock.json") or HOLE
        found[name] = {"type": "npm", "source": "context", "file": lock}
        installed.append({"from": f"dependencies.{name}", "to": f"{folder.rstrip('/')}/node_modules"})
    return found, installed


def _in_context(stage: Stage, path: str) -> str:
    """Where in the context a file of the tree comes from."""
    for one in reversed(stage.copied):
        into = one.to.rstrip("/")
        for source in one.paths if one.source == "context" else ():
            clean = source.strip("/").removeprefix("./")
            leaf = clean.rsplit("/", 1)[-1]
            if path == one.to or (one.to.endswith("/") and path == f"{into}/{leaf}"):
                return clean
            if clean in ("", ".") and path.startswith(f"{into}/"):
                return path.removeprefix(f"{into}/")
            if (
                "*" in leaf
                and path.startswith(f"{into}/")
                and re.fullmatch(re.escape(leaf).replace(r"\*", "[^/]*"), path.removeprefix(f"{into}/"))
            ):
                folder = clean.rpartition("/")[0]
                return f"{folder}/{path.removeprefix(f'{into}/')}".lstrip("/")
    return ""


def _image(work: Work, last: Stage, installed: list[dict[str, object]], named: Named) -> dict[str, object]:
    users = _users(last)
    image: dict[str, object] = {}
    if last.distribution:
        image["debian"] = last.distribution
    packages = list(dict.fromkeys(last.packages))
    processes = [last.config.get("command"), last.config.get("entrypoint")]
    if any(isinstance(words, list) and "/bin/sh" in words for words in processes):
        packages.append("dash")
    if packages:
        image["packages"] = packages
    entries = installed + [entry for one in last.copied for entry in _entries(work, one, users, named)]
    if entries:
        image["install"] = entries
    accounts = _accounts(last, users)
    if accounts:
        image["accounts"] = accounts
    config = _config(last)
    if config:
        image["config"] = config
    return image


def _entries(work: Work, one: Copied, users: dict[str, Account], named: Named) -> list[dict[str, object]]:
    """COPY and ADD into the image."""
    owner: dict[str, object] = {}
    if one.owner:
        name, _, group = one.owner.partition(":")
        uid = int(name) if name.isdecimal() else users[name].uid if name in users else None
        gid = int(group) if group.isdecimal() else uid
        owner = {"uid": HOLE, "gid": HOLE} if uid is None else {"uid": uid, "gid": gid}
    if re.fullmatch(r"0?[0-7]{3,4}", one.mode):
        owner["mode"] = one.mode
    if one.source.startswith("stage "):
        stage = work.stages[int(one.source.split()[1])]
        taken = [c for c in work.stages[-1].copied if c.source == one.source]
        output = f"steps.{_step_name(work, stage)}.part-{taken.index(one)}"
        folder = one.to if not _leaf(one) else one.to.rpartition("/")[0] or "/"
        return [{"from": output, "to": folder.rstrip("/") or "/", **owner}]
    if one.source.startswith("source "):
        return [{"from": f"sources.{one.source.split()[1]}", "to": one.to.rstrip("/") or "/", **owner}]
    entries = []
    for path in one.paths:
        clean = path.strip("/").removeprefix("./") or "."
        entry: dict[str, object] = {"from": "sources.context", "to": one.to.rstrip("/") or "/"}
        if clean != ".":
            entry["path"] = clean
        entries.append({**entry, **owner})
    return entries


def _users(last: Stage) -> dict[str, Account]:
    """Users with a number each: the one asked for, else the next free one as `useradd` would give it."""
    taken = {user.uid for user in last.users if user.uid is not None}
    found: dict[str, Account] = {}
    following = _FIRST_UID
    for user in last.users:
        if user.uid is None:
            while following in taken:
                following += 1
            user = Account(user.name, following, user.gid, user.home, user.shell)
            taken.add(following)
        found[user.name] = user
    return found


def _accounts(last: Stage, users: dict[str, Account]) -> dict[str, object]:
    accounts: dict[str, object] = {}
    name = last.user.partition(":")[0]
    if name and name not in ("root", "0"):
        accounts["run-as"] = last.user
        if not name.isdecimal() and name not in users:
            accounts["users"] = [{"name": name, "uid": HOLE}]
    if users:
        accounts["users"] = [
            {"name": user.name, "uid": user.uid, **({"gid": user.gid} if user.gid is not None else {}),
             "home": user.home or f"/home/{user.name}", **({"shell": user.shell} if user.shell else {})}
            for user in users.values()
        ]  # fmt: skip
    groups = [group for group in last.groups if group.uid is not None and group.name not in users]
    if groups:
        accounts["groups"] = [{"name": group.name, "gid": group.uid} for group in groups]
    return accounts


def _config(last: Stage) -> dict[str, object]:
    config = {key: value for key, value in last.config.items() if value not in ([], {})}
    for field in ("entrypoint", "command"):
        words = config.get(field)
        if isinstance(words, list) and words[:1] in (["python"], ["python3"]):
            config[field] = ["/usr/bin/python3", *words[1:]]
    if last.env:
        config["env"] = dict(sorted(last.env.items()))
    if last.workdir != "/":
        config["working-dir"] = last.workdir
    return config
