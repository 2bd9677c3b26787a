"""From stages to a spec: what was understood, in the spec's words; what was not is a hole that no build accepts."""

import re
import shlex
from collections import Counter
from dataclasses import astuple

import msgspec

from assay.build.dockerfile import bases, copies, places
from assay.build.dockerfile.configured import SHELLS
from assay.build.dockerfile.copies import HOLE, ROOT, Context
from assay.build.dockerfile.stage import Account, Copied, Stage, Work

Spec = dict[str, object]
Key = tuple[object, ...]
_FIRST_UID = 1000
_SYSTEM = {
    f"/{name}" for name in ("", "bin", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "tmp", "usr", "var")
}
"""Folders of the root a step runs in: what lies there is the toolchain's."""
_USERS = {"nobody": (65534, "/nonexistent"), "www-data": (33, "/var/www"), "node": (1000, "/home/node")}
"""Users that well-known bases have."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the Dockerfile does not say."""

    name: str
    version: str = "0"
    context: str = "."
    """The build context, relative to the spec."""
    epoch: int = 0
    keys: str = "/usr/share/keyrings/debian-archive-keyring.gpg"
    files: Context = Context()
    """What is known of what lies in the context."""
    exclude: tuple[str, ...] = ()
    """Patterns of paths of the context that are left out."""


def translate(work: Work, named: Named) -> Spec:
    """The spec of the last stage and of the stages it takes something from.

    Args:
        work: what `read` made of the file.
        named: what the file does not say.
    """
    if not work.stages:
        return {}
    last = work.stages[-1]
    for stage in work.stages:
        stage.copied = copies.settled(stage.copied, named.files)
    _carried(work, last)
    steps, needed = _steps(work, last)
    sources: dict[str, object] = {}
    copied = {one.source for stage in (last, *needed) for one in stage.copied}
    if last.pip or last.carried or last.npm or last.modules or "context" in copied:
        sources["context"] = {"type": "directory", "path": named.context}
        if named.exclude:
            sources["context"] = {"type": "directory", "path": named.context, "exclude": list(named.exclude)}
    sources |= {name: {"sha256": HOLE, **source} for name, source in sorted(work.sources.items())}
    releases = sorted({stage.distribution for stage in (last, *needed) if stage.distribution})
    dependencies, installed = _dependencies(last, steps, named)
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
    source = f"stage {work.stages.index(stage)}"
    taken = [one for one in last.copied if one.source == source]
    moved = places.mover(_own(stage, taken))
    lines = ["set -eu", f"mkdir -p {shlex.quote(ROOT + stage.workdir)}"]
    for one in stage.copied:
        lines += copies.into_tree(one, named.files)
    brought, laying = _brought(name, stage, named)
    lines += laying
    lines.append(f"cd {shlex.quote(ROOT + stage.workdir)}")
    lines += [f"mkdir -p {shlex.quote(ROOT + folder)}" for folder in _above(stage, taken)]
    lines += [moved(text) for text in stage.script]
    outputs: dict[str, str] = {}
    for number, one in enumerate(taken):
        output = f"part-{number}"
        outputs[output] = f"{output}/*"
        lines += copies.out_of_step(one, output, lambda path: moved(f"/{path.lstrip('/')}"))
    inputs = ["sources.context"] if any(one.source == "context" for one in stage.copied) else []
    inputs += [f"sources.{source}" for source in sorted(set(stage.fetched))] + brought
    step: dict[str, object] = {"name": name, "toolchain": _tools(name)}
    if inputs:
        step["inputs"] = inputs
    env = {key: value for key, value in stage.env.items() if key != "PATH"} | (_GO if stage.go else {})
    if env:
        step["env"] = dict(sorted(env.items()))
    step["run"] = "\n".join(lines) + "\n"
    step["outputs"] = outputs or {"all": HOLE}
    if stage.go:
        step["limits"] = {"memory-mib": 16384}  # of address space: Go reserves much and uses little
    return step


def _own(stage: Stage, taken: list[Copied]) -> set[str]:
    """Folders of the stage's tree that are not the root's: where it works, copies to, and what others take from it."""
    own = {stage.workdir, *(one.to.rstrip("/") or "/" for one in stage.copied)}
    tops = {f"/{path.strip('/').partition('/')[0]}" for one in taken for path in one.paths}
    return (own | {top for top in tops if top not in _SYSTEM} | _written(stage, taken)) - {"/"}


def _written(stage: Stage, taken: list[Copied]) -> set[str]:
    """Files among the root's own folders that the stage writes and others take (`go build -o /bin/app`).

    The root is read-only, so such a file comes to lie in the step's tree. What is only read stays where its package
    put it.
    """
    return places.written(stage.script, {f"/{path.strip('/')}" for one in taken for path in one.paths})


def _above(stage: Stage, taken: list[Copied]) -> list[str]:
    """Folders that files of the root's own places need in the step's tree."""
    return sorted({path.rpartition("/")[0] for path in _written(stage, taken)} - {""})


def _carried(work: Work, last: Stage) -> None:
    """What pip installed in another stage and the last one copies from there is a dependency of the last one."""
    kept: list[Copied] = []
    for one in last.copied:
        other = work.stages[int(one.source.split()[1])] if one.source.startswith("stage ") else None
        modules = [f"{folder.rstrip('/')}/node_modules" for folder in other.npm] if other is not None else []
        if other is not None and len(one.paths) == 1 and one.paths[0].rstrip("/") in modules:
            folder = other.npm[modules.index(one.paths[0].rstrip("/"))]
            last.modules.append((other, folder, one.to.rstrip("/") or "/"))
            continue
        places = other.places if other is not None and other.pip else []
        if other is None or not places or not all(path.rstrip("/") in places for path in one.paths):
            kept.append(one)
            continue
        wanted = [(other, path) for path in other.pip if (other, path) not in last.carried]
        last.carried += wanted
        last.moved += [(path.rstrip("/"), one.to.rstrip("/")) for path in one.paths]
    last.copied = kept


def _dependencies(
    last: Stage, needed: dict[str, Stage], named: Named
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Requirements and package locks of the image and of its steps, and where the image's are installed."""
    found: dict[str, object] = {}
    installed: list[dict[str, object]] = []
    python = _python(last)
    wanted = [*((last, path) for path in last.pip), *last.carried]
    for number, (stage, path) in enumerate(wanted):
        name = "py" if number == 0 else f"py-{number}"
        found[name] = _pip(stage, path, named)
        installed.append({"from": f"dependencies.{name}", "to": f"/usr/local/lib/python{python}/dist-packages"})
    own = [(last, folder, f"{folder.rstrip('/')}/node_modules") for folder in last.npm]
    for number, (stage, folder, to) in enumerate([*own, *last.modules]):
        name = "web" if number == 0 else f"web-{number}"
        found[name] = _npm(stage, folder, named) | ({"dev": True} if stage.develops else {})
        installed.append({"from": f"dependencies.{name}", "to": to})
    for step, stage in needed.items():
        found |= {name: _pip(stage, path, named) for name, path in _own_pip(step, stage)}
        for name, folder in _own_npm(step, stage):
            found[name] = _npm(stage, folder, named) | ({"dev": True} if stage.develops else {})
        for name, folder in _own_go(step, stage):
            if file := _sums(stage, folder, named):
                found[name] = {"type": "go", "source": "context", "file": file}
    return found, installed


def _python(last: Stage) -> str:
    return last.python or (bases.PYTHONS.get(last.distribution, "") if last.distribution else "")


def _own_pip(step: str, stage: Stage) -> list[tuple[str, str]]:
    return [(f"py-{step}" if number == 0 else f"py-{step}-{number}", path) for number, path in enumerate(stage.pip)]


def _own_npm(step: str, stage: Stage) -> list[tuple[str, str]]:
    return [(f"web-{step}" if number == 0 else f"web-{step}-{number}", path) for number, path in enumerate(stage.npm)]


def _own_go(step: str, stage: Stage) -> list[tuple[str, str]]:
    return [(f"modules-{step}" if number == 0 else f"modules-{step}-{number}", f) for number, f in enumerate(stage.go)]


def _sums(stage: Stage, folder: str, named: Named) -> str:
    """The go.sum of a folder; empty where it has none, as a program without modules."""
    file = copies.origin(stage.copied, f"{folder.rstrip('/')}/go.sum", named.files)
    is_looked_up = named.files.kind(".") == "directory"
    return "" if is_looked_up and named.files.kind(file) is None else file


_GO = {
    "GOSUMDB": "off", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOPATH": "/build/go", "GOCACHE": "/build/cache",
    "GOTOOLCHAIN": "local",
}  # fmt: skip
"""What Go is told in a step: modules come from a folder, and nothing else is asked."""


def _pip(stage: Stage, path: str, named: Named) -> dict[str, object]:
    """As the Dockerfile does: wheels with native code are taken as they are published."""
    file = copies.origin(stage.copied, path, named.files) or HOLE
    return {"type": "pip", "source": "context", "file": file, "native": "wheels"}


def _npm(stage: Stage, folder: str, named: Named) -> dict[str, object]:
    lock = copies.origin(stage.copied, f"{folder.rstrip('/')}/package-lock.json", named.files) or HOLE
    return {"type": "npm", "source": "context", "file": lock}


_NPM = r"""npm() {
  case "$1" in
    run | run-script) shift ;;
    test | t) set -- test ;;
    *) echo "npm $1: no step has npm" >&2; return 1 ;;
  esac
  script=$1; shift; if [ "${1:-}" = -- ]; then shift; fi
  for part in "pre$script" "$script" "post$script"; do
    text=$(node -p "(require('./package.json').scripts || {})['$part'] || ''")
    if [ "$part" != "$script" ]; then PATH="$PWD/node_modules/.bin:$PATH" sh -c "$text"
    elif [ -n "$text" ]; then PATH="$PWD/node_modules/.bin:$PATH" sh -c "$text \"\$@\"" sh "$@"
    else echo "npm: no script $script" >&2; return 1; fi
  done
}"""
"""`npm run` by Node.js alone: the scripts of package.json (npm documentation, "scripts")."""


def _brought(step: str, stage: Stage, named: Named) -> tuple[list[str], list[str]]:
    """Inputs of a step that are its dependencies, and the lines that lay them."""
    inputs, lines = [], []
    for name, folder in _own_go(step, stage):
        if _sums(stage, folder, named):
            inputs.append(f"dependencies.{name}")
    if stage.go:
        proxies = ",".join(f"file://$SRC/{one.partition('.')[2]}" for one in inputs)
        lines.append(f'export GOPROXY="{proxies or "off"}"')
    for name, folder in _own_npm(step, stage):
        inputs.append(f"dependencies.{name}")
        goal = shlex.quote(f"{ROOT}{folder.rstrip('/')}/node_modules")
        lines.append(f'mkdir -p {goal} && cp -a "$SRC"/{name}/. {goal}/')
    for name, _ in _own_pip(step, stage):
        inputs.append(f"dependencies.{name}")
        lines.append(f'export PYTHONPATH="$SRC/{name}:${{PYTHONPATH:-}}" PATH="$SRC/{name}/bin:$PATH"')
    if any(re.search(r"(?<![\w./-])npm\s", text) for text in stage.script):
        lines.append(_NPM)
    return inputs, lines


def _image(work: Work, last: Stage, installed: list[dict[str, object]], named: Named) -> dict[str, object]:
    users = _users(last)
    image: dict[str, object] = {}
    if last.distribution:
        image["debian"] = last.distribution
    packages = list(dict.fromkeys(last.packages))
    packages += [name for name in _shells(last) if name not in packages]
    if packages:
        image["packages"] = packages
    numbers = _numbers(last)
    entries = installed + [entry for one in last.copied for entry in _entries(work, one, numbers, users)]
    if entries:
        image["install"] = entries
    accounts = _accounts(last, users)
    if accounts:
        image["accounts"] = accounts
    config = _config(last)
    if config:
        image["config"] = config
    return image


def _shells(last: Stage) -> list[str]:
    """Packages of the shells that the processes begin with; a script is taken for one of `sh`."""
    found = []
    for words in (last.config.get("entrypoint"), last.config.get("command")):
        if last.distribution and isinstance(words, list) and words:
            name = str(words[0]).rpartition("/")[2]
            found.append(SHELLS.get(name, "dash" if name.endswith(".sh") else ""))
    return sorted({*found} - {""})


def _numbers(last: Stage) -> dict[Key, int]:
    """What is copied from a stage → its number among all that is copied from there; the same copied twice has one."""
    found: dict[Key, int] = {}
    counts: Counter[str] = Counter()
    for one in last.copied:
        found.setdefault(astuple(one), counts[one.source])
        counts[one.source] += 1
    return found


def _entries(work: Work, one: Copied, numbers: dict[Key, int], users: dict[str, Account]) -> list[dict[str, object]]:
    """COPY and ADD into the image."""
    owner = copies.owned(one, users, work.stages[-1])
    if one.source.startswith("stage "):
        stage = work.stages[int(one.source.split()[1])]
        output = f"steps.{_step_name(work, stage)}.part-{numbers[astuple(one)]}"
        return [{"from": output, "to": one.to.rpartition("/")[0] or "/", **owner}]
    if one.source.startswith("source "):
        return [{"from": f"sources.{one.source.split()[1]}", "to": one.to, **owner}]
    return copies.into_image(one, owner)


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
            uid, home = _USERS.get(name, (HOLE, ""))
            accounts["users"] = [{"name": name, "uid": uid, **({"home": home} if home else {})}]
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
        if isinstance(words, list) and words:
            config[field] = [_program(str(words[0]), last), *words[1:]]
    env = dict(last.env)
    if (last.pip or last.carried) and _python(last):  # programs that packages bring lie beside them
        env["PATH"] = f"/usr/local/lib/python{_python(last)}/dist-packages/bin:{env.get('PATH', _PATH)}"
    if env:
        config["env"] = dict(sorted(env.items()))
    if last.workdir != "/":
        config["working-dir"] = last.workdir
    return config


def _program(word: str, last: Stage) -> str:
    """The first word of a process, where the image has it otherwise than the base: Python, and what pip installed."""
    folder, _, name = word.rpartition("/")
    ours = {f"{to}/bin" for _, to in last.moved} | {"/usr/local/bin"}
    if name in ("python", "python3") and (not folder or folder in ours):
        return "/usr/bin/python3"
    if folder in {f"{to}/bin" for _, to in last.moved} and folder != "/usr/local/bin":
        return f"/usr/local/lib/python{_python(last)}/dist-packages/bin/{name}"
    return word
